"""The endpoints that change logical databases: create, destroy, tokens, configuration."""

import contextlib
from datetime import datetime
from typing import Final

from pydantic import SecretStr
from pydantic_core import from_json

from bot.turso import answers
from bot.turso.calls import read_body, rfc3339
from bot.turso.databases import CONFIGURATION, DATABASE, DATABASES, INSTANCES, DatabaseEndpoints
from bot.turso.errors import (
    DatabaseNotFound,
    DestroyProtected,
    NotSent,
    OutcomeUnknown,
    PartlyDone,
    TursoError,
    TursoRejected,
)
from bot.turso.models import Configuration, Database, Minted

_NO_SOURCE: Final = "find database with name"


class DatabaseChanges(DatabaseEndpoints):
    """Methods that change databases.

    Each may raise `TursoUnavailable` and every kind of `TursoRejected`, such as `TursoUnauthorized`, `TursoForbidden`
    and `TursoRateLimited`, even if its docstring doesn't list them.
    """

    async def create_database(
        self, name: str, *, group: str | None = None, location: str | None = None, image: str | None = None
    ) -> Database:
        """Create a database. Return it as read afterwards, because the response leaves fields out.

        The database may take many seconds to respond: see `is_served`. In the 2023 API, a database without a group has
        no instance at first. Then this method creates its primary at `location`. The default is `ams`, or the first
        location that Turso lists if `ams` isn't among them.

        Args:
            group: today's API requires one; see `default_group_of`.
            location: a location code. Leave it out where the API or the group doesn't take one.
            image: `latest` or `canary`, for the API of 2023.
        Raises:
            AlreadyExists: the name is taken.
            GroupNotFound: no such group.
            NotSent: nothing was created.
            OutcomeUnknown: it may have been created.
            PartlyDone: it was created, but not its first instance.
        Source: https://docs.turso.tech/api-reference/databases/create
        """
        wanted = {"name": name, "group": group, "location": location, "image": image}
        body = {key: value for key, value in wanted.items() if value}
        subject = {"database": name} | ({"group": group} if group else {})
        answer = await self._change("POST", DATABASES, subject, body=body, creates=True)
        created = await self._read_again(name, answer)
        if created.group == "" and await self._has_no_instance(name):
            await self._create_primary(name, location, image)
            created = await self._read_again(name, answer)
        return created

    async def create_copy(self, name: str, *, group: str, source: str, at: datetime | None = None) -> Database:
        """Create a database as a copy of another. Return it as read afterwards: the response leaves fields out.

        The copy has its own host and no tokens, and is never written over an existing database. It may take many
        seconds to respond: see `is_served`.

        Args:
            group: where the copy is created.
            source: the database to copy.
            at: an aware datetime. The copy has the source's data of this time or of up to 15 seconds earlier. None
                copies the source as it is now.
        Raises:
            AlreadyExists: the name is taken.
            DatabaseNotFound: there is no such source.
            GroupNotFound: no such group.
            TursoRejected: Turso refuses the time, for example because the plan keeps less history (400).
            NotSent: nothing was created.
            OutcomeUnknown: it may have been created.
        Source: https://docs.turso.tech/features/point-in-time-recovery
        """
        seed = {"type": "database", "name": source} | ({"timestamp": rfc3339(at)} if at is not None else {})
        subject = {"database": name, "group": group}
        body = {"name": name, "group": group, "seed": seed}
        try:
            answer = await self._change("POST", DATABASES, subject, body=body, creates=True)
        except TursoRejected as refused:
            if isinstance(refused, DatabaseNotFound) or _NO_SOURCE in (refused.message or "").lower():
                raise DatabaseNotFound(source, refused.answer) from None
            raise
        return await self._read_again(name, answer)

    async def destroy_database(self, name: str) -> None:
        """Destroy a database with all its instances and data.

        On paid plans, an admin may be able to restore it in Turso for up to five days.

        Raises:
            DatabaseNotFound: there is no such database, or no longer (404).
            DestroyProtected: the database or its group has delete protection.
            NotSent: nothing was destroyed.
            OutcomeUnknown: it may have been destroyed.
        Source: https://docs.turso.tech/api-reference/databases/delete
        """
        try:
            await self._change("DELETE", DATABASE, {"database": name})
        except DatabaseNotFound:
            raise
        except TursoRejected as refused:
            if refused.status in (401, 429) or not (owner := await self._protected_by(name)):
                raise
            protected = f"`{name}` wasn't destroyed because delete protection is on for {owner}."
            raise DestroyProtected(protected, refused.answer, name=name) from None

    async def mint_token(self, name: str, *, expiration: str, read_only: bool) -> Minted:
        """Mint a database token. Turso returns it once, doesn't store it and can't revoke it individually.

        Args:
            expiration: in Turso's grammar (`1h`, `2w1d30m`, `never`). It isn't checked here.
        Raises:
            DatabaseNotFound: no such database (404).
            TursoRejected: Turso refuses this expiration (400).
            NotSent: no token was minted.
            OutcomeUnknown: a token may exist, but no one has it.
        Source: https://docs.turso.tech/api-reference/databases/create-token
        """
        authorization = "read-only" if read_only else "full-access"
        params = {"expiration": expiration, "authorization": authorization}
        body = await self._change("POST", DATABASE + "/auth/tokens", {"database": name}, params=params)
        return read_body(_minted, body, writes=True)

    async def invalidate_tokens(self, name: str) -> None:
        """Revoke every token of a database, and possibly of its whole group.

        This can't be undone. Open connections drop.

        Raises:
            DatabaseNotFound: no such database (404).
            NotSent: nothing was revoked.
            OutcomeUnknown: the tokens may have been revoked. This is also raised for a page instead of a response.
        Source: https://docs.turso.tech/api-reference/databases/invalidate-tokens
        """
        body = await self._change("POST", DATABASE + "/auth/rotate", {"database": name})
        if body.strip():  # Turso's response is empty, and nothing can be read back
            read_body(from_json, body, writes=True)

    async def configure(
        self,
        name: str,
        *,
        block_reads: bool | None = None,
        block_writes: bool | None = None,
        delete_protection: bool | None = None,
        size_limit: str | None = None,
    ) -> Configuration:
        """Set the given values, leave the others as they are, and return the configuration afterwards.

        Args:
            size_limit: in bytes, or with a unit: `256mb`, `1gb`.
        Raises:
            DatabaseNotFound: no such database (404).
            TursoRejected: Turso refuses the value (400), or doesn't allow the change.
            NotSent: nothing was set.
            OutcomeUnknown: it may have been set.
            TursoUnavailable: (any other) it was set, but neither the response nor the configuration can be read.
        Source: https://docs.turso.tech/api-reference/databases/update-configuration
        """
        wanted = {
            "block_reads": block_reads,
            "block_writes": block_writes,
            "delete_protection": delete_protection,
            "size_limit": size_limit,
        }
        body = {key: value for key, value in wanted.items() if value is not None}
        answer = await self._change("PATCH", CONFIGURATION, {"database": name}, body=body)
        try:
            return read_body(Configuration.model_validate_json, answer, writes=True)
        except OutcomeUnknown:  # the status showed success, so only the body is unreadable
            return await self.configuration(name)

    async def _read_again(self, name: str, answer: bytes) -> Database:
        """Return the new database. If it can't be read, return the three fields of the response to its creation."""
        try:
            return await self.database(name)
        except TursoError:
            return read_body(answers.database, answer, writes=True)

    async def _has_no_instance(self, name: str) -> bool:
        try:
            return not await self.instances(name)
        except TursoError:  # the database exists, so an error here must not make its creation look failed
            return False

    async def _create_primary(self, name: str, location: str | None, image: str | None) -> None:
        code = location or await self._default_location()
        body = {"location": code} | ({"image": image} if image else {})
        try:
            await self._change("POST", INSTANCES, {"database": name}, body=body)
        except TursoRejected as refused:
            sentence = f"`{name}` was created, but Turso refused its first instance in {code}: {refused.message}."
            raise PartlyDone(sentence, refused.answer, name=name) from None
        except NotSent as error:
            sentence = f"`{name}` was created, but without its first instance in {code}. {error}"
            raise PartlyDone(sentence, name=name) from None

    async def _default_location(self) -> str:
        codes: list[str] = []
        with contextlib.suppress(TursoError):
            codes = [location.code for location in await self.locations()]
        # `ams` is what the CLI uses when it can't find the nearest location.
        return codes[0] if codes and "ams" not in codes else "ams"

    async def _protected_by(self, name: str) -> str | None:
        """Return what delete protection is on for: the database or its group. None if for neither, or not known.

        This is looked up because Turso documents neither the status nor the text of a refusal to destroy.
        """
        with contextlib.suppress(TursoError):
            database = await self.database(name)
            if database.delete_protection:
                return "the database"
            if database.group and (await self.group(database.group)).delete_protection:
                return f"its group `{database.group}`"
        return None


def _minted(body: bytes) -> Minted:
    return Minted(token=SecretStr(from_json(body)["jwt"]))
