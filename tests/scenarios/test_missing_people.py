"""Home while Slack returns nothing about a requester. Cards and reminders while an approver isn't in the channel."""

from typing import Any

import pytest

from bot.slack.lookups.directory import SlackDirectory
from bot.slack.outgoing.web_api import SlackCalls, SlackTrouble
from tests.authorization import lost
from tests.policies import WITH_DBA_GROUP
from tests.scenarios import forging
from tests.scenarios.requesting import make_request, request_id
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {approve: [destroy, freeze], by: [dba, "user:U0ANA", "user:U0BEN"], confirm: none}
      - {break_glass: [rotate], review_by: ["user:U0ANA", "user:U0BEN"]}
"""
)


@pytest.fixture
def silent_about_dana(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make Slack return nothing about Dana from now on."""
    real = SlackCalls.call

    async def call(self: SlackCalls, method: str, arguments: Any = None) -> Any:
        if method == "users.info" and (arguments or {}).get("user") == DANA:
            raise SlackTrouble(method, "fatal_error")
        return await real(self, method, arguments)

    monkeypatch.setattr(SlackCalls, "call", call)


async def test_home_is_shown_even_if_slack_returns_nothing_about_a_requester(
    world: World, request: pytest.FixtureRequest
) -> None:
    one, two = await make_request(world, "/turso freeze {}"), await make_request(world, "/turso freeze {}", by=REMY)
    await world.wait_until_idle()
    lost.clear_caches(world)
    request.getfixturevalue("silent_about_dana")

    await world.workspace.open_home(ANA)
    home = await until(lambda: world.workspace.home_of(ANA), what="Home")
    assert request_id(two) in words(home)
    assert request_id(one) in words(home), "a request by a person whom Slack doesn't return is shown, too"


def forget_members(world: World) -> None:
    """Remove the members of #db-ops from the bot's cache, so that it reads them again."""
    assert world.bot is not None
    directory = world.bot.env.directory
    assert isinstance(directory, SlackDirectory)
    directory._inside.forget(DB_OPS)


async def test_a_card_names_only_approvers_who_are_in_the_channel(world: World) -> None:
    with lost.out_of_the_channel(world, BEN):
        forget_members(world)
        card = await make_request(world, "/turso db destroy {} --reason tidy")
        assert ANA in words(card)
        assert BEN not in words(card)
    forget_members(world)
    assert BEN in words(await make_request(world, "/turso db destroy {} --reason tidy"))


async def test_only_reviewers_who_are_in_the_channel_are_reminded_of_an_overdue_review(world: World) -> None:
    with lost.out_of_the_channel(world, BEN):
        forget_members(world)
        await make_request(world, "/turso rotate {} --reason leak")
        await world.wait_until_idle()
        before = {one.ts for one in forging.private_messages(world, BEN)}
        await world.pass_time(hours=25)
        await until(
            lambda: [one for one in forging.private_messages(world, ANA) if "overdue" in words(one)],
            what="the reminder",
        )
        await world.wait_until_idle()
        assert not {one.ts for one in forging.private_messages(world, BEN)} - before
    forget_members(world)
