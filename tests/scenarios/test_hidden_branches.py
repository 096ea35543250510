"""A branch holds the data of its source: where that may not be seen, the branch doesn't exist."""

import pytest

from bot.sandbox.workspace.model import Message
from tests.scenarios.test_branches import OWN_POLICY as OWN_POLICY
from tests.scenarios.test_branches import branched
from tests.world import DANA, DB_OPS, ORDERS, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "line", ["show {}", "usage {}", "triage {}", "token {}", "destroy {}", "branch {} orders-copy"]
)
async def test_whose_source_a_channel_may_not_see_doesnt_exist_there(world: World, line: str) -> None:
    """The branch was made in another channel, or with the CLI; its name fits #team-orders, its source doesn't."""
    if not [one for one in world.workspace.history(DB_OPS, None) if "*orders-hidden* of" in words(one)]:
        await world.make("payroll")
        await world.workspace.say(DANA, DB_OPS, "/turso branch payroll orders-hidden")
        await until(lambda: world.card(holding="*orders-hidden* of"), what="the branch")

    hidden = await world.person(DANA).types("/turso " + line.format("orders-hidden"), ORDERS)
    unknown = await world.person(DANA).types("/turso " + line.format("orders-nowhere"), ORDERS)

    def said(message: Message, name: str) -> str:
        return message.text.replace(name, "NAME").split("Did you mean")[0]

    assert said(hidden, "orders-hidden") == said(unknown, "orders-nowhere")
    assert "There is no database" in words(hidden)
    shown = await world.person(DANA).types("/turso show orders-hidden", DB_OPS)
    assert "Branch of" in words(shown)


async def test_a_branch_needs_a_right_on_its_source(world: World) -> None:
    refused = await world.person(DANA).types("/turso branch users orders-users", ORDERS)
    assert "`users` isn't one of this channel's databases" in words(refused)
    assert (await world.at_turso("GET", "/databases/orders-users")).status_code == 404


async def test_a_branch_whose_source_is_seen_here_works_here(world: World) -> None:
    await branched(world, "mix-open", channel=ORDERS)
    shown = await world.person(DANA).types("/turso show mix-open", ORDERS)
    assert "mix-open-source" in words(shown)
    listed = await world.person(DANA).types("/turso ls --branches", ORDERS)
    assert "`mix-open` of `mix-open-source`" in words(listed)
    assert "orders-hidden" not in words(listed)
