"""The check for blocked databases without a known reason also names the databases that couldn't be checked."""

from typing import Any, cast

from bot.app.unexplained_blocks import check_blocks
from bot.turso.models.listing import Listing


class Unreadable:
    """A client of Turso whose list of databases has one entry that can't be read."""

    organization = "acme"

    async def listed(self) -> Listing:
        return Listing([], 1)


async def test_a_listed_database_that_cannot_be_read_is_reported_as_unchecked() -> None:
    said = await check_blocks(lambda: cast(Any, Unreadable()), cast(Any, None))

    assert "couldn't be checked: `1 database in acme`" in said
