"""The check for blocked databases without a known reason reads every organization, and names what it couldn't check."""

from typing import Any, cast

import pytest

from bot.app.checks import Unhealthy
from bot.app.unexplained_blocks import check_blocks
from bot.errors import BotError
from bot.turso.models.database import Configuration
from bot.turso.models.listing import Listed, Listing


class Clients:
    """The clients of organizations, each with the names of its databases. One without databases has no token.

    `left_out` is the number of databases in each list that can't be read.
    """

    def __init__(self, left_out: int = 0, **databases: list[str]) -> None:
        self.databases, self.left_out = databases, left_out

    def turso(self, organization: str) -> Any:
        if not self.databases[organization]:
            raise BotError("The token isn't set.")
        return Client(self.databases[organization], self.left_out)


class Client:
    """The client of one organization.

    Writes to a database are blocked if its name begins with `blocked`. Reading its configuration fails if the name
    begins with `silent`.
    """

    def __init__(self, names: list[str], left_out: int) -> None:
        self.names, self.left_out = names, left_out

    async def listed(self) -> Listing:
        return Listing((Listed(one, "default", {"DbId": f"id-{one}"}) for one in self.names), self.left_out)

    async def configuration(self, name: str) -> Configuration:
        if name.startswith("silent"):
            raise BotError("Turso doesn't respond.")
        return Configuration(block_reads=False, block_writes=name.startswith("blocked"))


class NoHolds:
    async def find(self, **_: object) -> list[Any]:
        return []


async def checked(clients: Clients) -> str:
    return await check_blocks(cast(Any, clients), list(clients.databases), cast(Any, NoHolds()))


async def test_a_block_in_any_organization_is_found() -> None:
    with pytest.raises(Unhealthy, match="2 databases are blocked") as found:
        await checked(Clients(second=["blocked-2", "open"], acme=["orders", "blocked-1"]))

    assert "`blocked-1` in `acme`, `blocked-2` in `second`." in str(found.value)


async def test_everything_that_could_not_be_checked_is_named_with_its_organization() -> None:
    said = await checked(Clients(acme=["orders", "silent"], second=[]))

    assert "couldn't be checked: `silent` in `acme`, `second`." in said


async def test_an_entry_of_the_list_that_cannot_be_read_is_reported_as_unchecked() -> None:
    assert "couldn't be checked: 1 database in `acme`." in await checked(Clients(acme=["orders"], left_out=1))


async def test_without_a_block_every_reason_is_known() -> None:
    assert await checked(Clients(acme=["orders"], second=["users"])) == "The reason for every block is known."
