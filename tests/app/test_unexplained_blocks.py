"""The search for blocks without a reason: what could not be checked is not called explained."""

from typing import Any, cast

from bot.app.unexplained_blocks import check_blocks
from bot.turso.models.listing import Listing


class Unreadable:
    """Turso, whose list of `acme` has an entry that can't be read."""

    organization = "acme"

    async def listed(self) -> Listing:
        return Listing([], 1)


async def test_a_database_that_turso_does_not_list_readably_is_named_as_unchecked() -> None:
    said = await check_blocks(lambda: cast(Any, Unreadable()), cast(Any, None))

    assert "couldn't be checked: `1 database of acme`" in said
