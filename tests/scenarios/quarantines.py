"""Helpers for scenarios about quarantines: request, approve, and read Turso, the store and the audit log."""

from typing import Any

from bot.core.records.audit_entry import AuditEntry
from bot.core.records.holds import Hold
from bot.core.requests.request import Request, State
from bot.sandbox.workspace.model import Message
from tests.http import local_client
from tests.policies import WITH_DBA_GROUP
from tests.security import stage
from tests.world import ANA, DANA, DB_OPS, World, words

RULES = """
      - {allow: [read, create], confirm: none}
      - {approve: [token, destroy, freeze, thaw, protect, rotate, restore], by: dba, confirm: none}
"""
POLICY = WITH_DBA_GROUP.replace("{usergroup: S0DBA}", "{users: [U0ANA, U0BEN]}") + (
    'channels:\n  C0DBOPS:\n    databases: ["*"]\n    rules:' + RULES
)


async def request_destroy(world: World, name: str, *, by: str = DANA, now: bool = False) -> Message:
    """Request to destroy a database, and return the card."""
    line = f"/turso db destroy {name}{' --now' if now else ''} --reason old"
    return await world.person(by).types(line)


async def quarantined(world: World, name: str, *, by: str = DANA, approver: str = ANA) -> Message:
    """Create a database, put it in quarantine, and return the card."""
    await world.create_databases(name)
    card = await request_destroy(world, name, by=by)
    await world.person(approver).presses("Approve", card)
    await stage.reaches(world, card, State.QUARANTINED)
    await world.wait_until_idle()
    return world.current(card)


async def configuration(world: World, name: str, **changes: Any) -> tuple[bool, bool]:
    """Make `changes` to a database's configuration without the bot. Return whether Turso blocks reads and writes."""
    found = await call_turso(world, "PATCH" if changes else "GET", f"{name}/configuration", **changes)
    return bool(found["block_reads"]), bool(found["block_writes"])


async def call_turso(world: World, method: str, path: str, **body: Any) -> dict[str, Any]:
    """Call the local Turso directly, without the bot. `path` is relative to the databases of the organization."""
    assert world.keys is not None
    headers = {"Authorization": f"Bearer {world.keys.turso_token}"}
    async with local_client(base_url=world.url, headers=headers) as http:
        answer = await http.request(method, f"/v1/organizations/acme/databases/{path}", json=body or None)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def holds(world: World, name: str) -> list[Hold]:
    """Return the holds on a database in the store."""
    assert world.bot is not None
    return [one for one in await world.bot.store.holds.find() if one.database == name]


async def state(world: World, request: Request) -> Request:
    """Return the current version of a request."""
    assert world.bot is not None
    found = await world.bot.store.requests.get(request.id)
    assert found is not None
    return found


async def audited(world: World, request: Request) -> list[AuditEntry]:
    """Return a request's entries among the newest 200 of the audit log, oldest first."""
    assert world.bot is not None
    page = await world.bot.store.audit.page(before_seq=None, limit=200)
    return [entry for _, entry in reversed(page) if entry.request_id == request.id]


def below(world: World, card: Message) -> list[str]:
    """Return the texts in the thread of a card."""
    seen = world.workspace.history(card.channel_id, None)
    return [words(one) for one in seen if one.thread_ts == card.ts and one.ts != card.ts]


def notice_below(world: World, card: Message, says: str) -> str | None:
    """Return the first text in the thread of a card that contains `says`, or None."""
    return next((one for one in below(world, card) if says in one), None)


def destroyed(world: World, name: str) -> int:
    """Return how many calls to destroy a database Turso got."""
    return len(world.changes("DELETE", f"/databases/{name}"))


def public_texts(world: World, holding: str) -> list[str]:
    """Return the texts of the public messages in #db-ops that contain `holding`."""
    seen = world.workspace.history(DB_OPS, None)
    return [words(one) for one in seen if not one.only_for and holding in words(one)]
