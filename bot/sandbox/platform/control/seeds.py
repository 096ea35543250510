"""The content of a new database: empty, or a copy of another database as it is or was."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.sandbox.platform.catalog import databases, organizations
from bot.sandbox.platform.catalog.problems import Missing
from bot.sandbox.platform.catalog.records import Database
from bot.sandbox.platform.control.call import ApiError, Call
from bot.sandbox.platform.recovery.recorder import TooEarly


async def require_room(call: Call) -> None:
    """Raise ApiError if the plan doesn't allow another database."""
    most = (await call.turso.read(organizations.find, call.organization)).plan.quotas["databases"]
    if most is not None and await call.turso.read(databases.count, call.organization) >= most:
        raise ApiError(402, f"maximum database count of {most} reached")


async def fill(call: Call, seed: Any, database_id: str) -> dict[str, Any] | None:
    """Fill the file of a new database from its seed, and return its `parent`. None without a seed. Raises ApiError."""
    if seed is None:
        return None
    if not isinstance(seed, dict) or seed.get("type") not in ("database", "database_upload", "dump"):
        raise ApiError(400, "invalid seed")
    if seed["type"] != "database":
        raise ApiError(400, f"seed type {seed['type']} is not supported by the local platform")
    source = await _source(call, seed)
    at = await _moment(call, seed.get("timestamp"), source)
    try:
        await call.turso.copy(source, database_id, None if at is None else at.timestamp())
    except TooEarly:
        raise ApiError(400, "timestamp is before the oldest recovery point of this database") from None
    return {"id": source.id, "name": source.name, "branched_at": call.turso.clock.now().isoformat()}


async def _source(call: Call, seed: dict[str, Any]) -> Database:
    name = seed.get("name") or seed.get("value")
    if not isinstance(name, str):
        raise ApiError(400, "invalid seed: name is missing")
    try:
        source = (await call.turso.target(call.organization, name)).database
    except Missing as error:
        raise ApiError(400, str(error)) from None
    if call.token.group not in (None, source.group):
        raise ApiError(403, "token does not have access to this database")
    if source.archived:
        raise ApiError(400, f"cannot create database from {name} because it is sleeping")
    if source.encryption_cipher:
        raise ApiError(400, f"database {name} is encrypted, remote_encryption with its key is required")
    return source


async def _moment(call: Call, given: object, source: Database) -> datetime | None:
    """Return the time of the state to copy. None means the present state.

    Raises ApiError if the time is invalid, in the future, or too early for the plan or the database.
    """
    if given is None or given == "":
        return None
    at, now = _parse(given), call.turso.clock.now()
    plan = (await call.turso.read(organizations.find, call.organization)).plan
    if at > now:
        raise ApiError(400, "timestamp is in the future")
    if at.timestamp() < source.created_at:
        raise ApiError(400, f"timestamp is before database {source.name} was created")
    if at < now - plan.retention:
        raise ApiError(400, f"timestamp must be within the last {_length(plan.retention)} on the {plan.name} plan")
    if at.timestamp() < source.recorded_since:
        raise ApiError(400, "timestamp is before the oldest recovery point of this database")
    return at


def _parse(given: object) -> datetime:
    try:
        at = datetime.fromisoformat(given) if isinstance(given, str) and "T" in given else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ApiError(400, f'invalid timestamp: parsing time "{str(given)[:40]}" as "2006-01-02T15:04:05Z07:00"')
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ApiError(400, "invalid timestamp: out of range") from None


def _length(retention: timedelta) -> str:
    return f"{retention.days} days" if retention.days > 1 else "24 hours"
