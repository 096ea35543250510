"""A delayed card is posted only if the channel may still see it, and never while Slack can't confirm that."""

from collections.abc import Iterator

import pytest

from bot.core.requests.request import Request, State
from tests.authorization.lost import channel_shared
from tests.policies import WITH_NAMED_DBA
from tests.scenarios import forging
from tests.scenarios.slack_faults import forget
from tests.world import DANA, DB_OPS, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_NAMED_DBA
    + """
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {approve: rotate, by: dba, confirm: none, expires: 8h}
"""
)


LATER = "will be posted later"


@pytest.fixture(autouse=True)
def no_faults_left(world: World) -> Iterator[None]:
    forget(world)
    yield
    world.workspace.faults.clear()


def count_private_messages(world: World, what: str) -> int:
    """Return the number of messages that only Dana saw and that contain `what`."""
    return len([one for one in forging.private_messages(world, DANA) if what in words(one)])


async def asks(world: World, name: str, method: str) -> Request:
    """Let Dana request a rotation whose card can't be posted yet, because a Slack method fails. Return the request."""
    assert world.bot is not None
    await world.create_databases(name)
    world.workspace.faults.add("html", method, status=502)
    before = count_private_messages(world, LATER)
    await world.workspace.say(DANA, DB_OPS, f"/turso rotate {name} --reason leak")
    await until(lambda: count_private_messages(world, LATER) > before, what="the note that the card waits")
    found = await world.bot.store.requests.find(states=[State.PENDING])
    return next(one for one in found if one.plan.target and one.plan.target.name == name)


async def state_of(world: World, request: Request) -> State:
    assert world.bot is not None
    found = await world.bot.store.requests.get(request.id)
    assert found is not None
    return found.state


def posted(world: World, name: str) -> list[str]:
    return [
        words(one) for one in world.workspace.history(DB_OPS, None) if not one.only_for and f"`{name}`" in words(one)
    ]


@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.info"])
async def test_a_delayed_card_is_not_posted_if_the_channel_has_been_shared_in_the_meantime(
    world: World, method: str
) -> None:
    """The bot must read the facts about the channel again, although its cached ones are younger than a minute."""
    name = f"shared-{method[:4]}"
    before = count_private_messages(world, "couldn't be posted")
    await world.person(DANA).types("/turso ls", holding="databases")  # lets the bot cache facts about the channel
    if method == "chat.postMessage":
        request = await asks(world, name, method)

    with channel_shared(world, DANA):
        if method == "conversations.info":
            request = await asks(world, name, method)
        world.workspace.faults.clear()
        await world.pass_time(seconds=25)
        await until(
            lambda: count_private_messages(world, "couldn't be posted") > before,
            what="the private notice that the request has ended",
        )
        assert posted(world, name) == []
    assert await state_of(world, request) is State.CANCELLED


@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.info"])
async def test_a_delayed_card_is_posted_after_slack_responds_again(world: World, method: str) -> None:
    name = f"late-{method[:4]}"
    await world.person(DANA).types("/turso ls", holding="databases")
    await asks(world, name, method)
    assert posted(world, name) == []
    world.workspace.faults.clear()
    await world.pass_time(seconds=25)
    await until(lambda: world.card(holding=f"`{name}`"), what="the card")
