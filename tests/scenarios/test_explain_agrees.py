"""`policy explain --as --in` predicts the decision about that person in that channel, or says that it can't."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import pytest
import pytest_asyncio

from bot.blocks.text import sentence
from bot.core.model import Verdict
from bot.pipeline.requests.explain import ARCHIVED, NO_SUCH_PERSON, NOT_IN_IT, NOT_SHOWN
from bot.sandbox.workspace.model import Channel, Message
from tests.authorization.lost import clear_caches
from tests.policies import WITH_DBA_GROUP
from tests.scenarios import forging
from tests.scenarios.decisions import record_decisions
from tests.scenarios.outcomes import outcomes_of
from tests.soak import pairs
from tests.world import ANA, BEN, DANA, DB_OPS, GIL, ORDERS, REMY, SHARED, STELLA, ZED, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
PRIVATE, OLD, PARTNERS, QUIET = "C0PRIVATE", "C0OLD", "C0PARTNERS", "C0QUIET"
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
  responders: {usergroup: S0RESPOND}
channels:
  C0DBOPS:
    databases: ["*"]
    visibility: ephemeral
    rules:
      - {allow: [list], to: "guest:U0REMY"}
      - {allow: read}
      - {allow: [freeze], to: responders, confirm: button}
      - {approve: [token, destroy], by: dba, confirm: none}
      - {break_glass: [protect], to: responders, review_by: dba}
  C0ORDERS:
    databases: ["orders*"]
    rules:
      - {allow: [list, show], to: ["guest:U0GIL", "user:U0DANA", "user:U0ANA"]}
      - {approve: token, by: dba, to: "usergroup:S0ORDERS"}
  C0PRIVATE:
    databases: ["*"]
    rules: [{allow: read}, {approve: token, by: dba}]
  C0OLD:
    databases: ["*"]
    rules: [{allow: read}, {approve: token, by: dba}]
  C0QUIET:
    databases: ["*"]
    rules: [{allow: read}, {approve: token, by: dba}]
  C0SHARED:
    databases: ["orders*"]
    externally_shared: true
    rules: [{allow: list, to: "external:U0STELLA"}, {allow: read}]
  C0PARTNERS:
    databases: ["*"]
    rules: [{allow: read}]
"""
)
EVERYBODY = [ANA, BEN, DANA, REMY, GIL, STELLA, ZED]
PEOPLE = {
    "an admin": ANA, "a member": DANA, "a responder": REMY, "a guest": GIL, "an external": STELLA,
    "a deactivated person": ZED,
}  # fmt: skip
CHANNELS = {
    "public": DB_OPS, "private, with the requester": ORDERS, "archived": OLD,
    "shared": SHARED, "shared against the policy": PARTNERS, "public, with few members": QUIET,
}  # fmt: skip
LINES = (
    "ls", "show orders", "show analytics", "token orders", "token orders --read-only", "freeze orders --for 30m",
    "protect orders on", "destroy orders", "rotate orders", "freeze", "help", "incident start INC-1",
)  # fmt: skip
VERDICTS = {
    "*Allowed*": Verdict.ALLOW, "*Needs approval*": Verdict.APPROVE, "*Denied*": Verdict.DENY,
    "*Break-glass*": Verdict.BREAK_GLASS,
}  # fmt: skip
CANT_TELL = "*I can't tell*"
NO_DRY_RUN = ("ls", "show orders", "show analytics", "help", "freeze")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def channels(world: World) -> AsyncIterator[None]:
    """Create channels of other kinds than the seeded ones. Put all people into three of the seeded ones."""
    workspace = world.workspace
    workspace.limits.rates = "off"
    bot, long_ago = workspace.app.bot_user_id, workspace.now() - timedelta(days=9)

    def channel(channel_id: str, members: list[str], **kind: Any) -> None:
        name = channel_id.removeprefix("C0").lower()
        made = Channel(id=channel_id, name=name, created=long_ago, creator=BEN, members=[*members, bot], **kind)
        workspace.channels[channel_id] = made

    channel(PRIVATE, [BEN, DANA, REMY, GIL], is_private=True)
    channel(OLD, EVERYBODY, is_archived=True)
    channel(PARTNERS, EVERYBODY, is_ext_shared=True)
    channel(QUIET, [ANA, BEN])
    for known in (DB_OPS, ORDERS, SHARED):
        workspace.channels[known].members[:] = [*EVERYBODY, bot]
    yield


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict and the sentence with its reason.

    The verdict is None if `policy explain` can't tell, and `refused` if it may not or cannot answer at all.
    """

    verdict: Verdict | Literal["refused"] | None
    why: str
    is_form: bool = False


def sections(message: Message) -> list[str]:
    """Return the texts of a message's sections."""
    return [block["text"]["text"] for block in message.blocks if block["type"] == "section" and "text" in block]


async def really(world: World, monkeypatch: pytest.MonkeyPatch, who: str, where: str, line: str) -> Answer:
    """Type a line as a person, as a dry run if it changes something. Return the policy's last verdict and reason.

    If the answer is a refusal, the reason is its text.
    """
    clear_caches(world)
    before = {(one.channel_id, one.ts) for one in forging.private_messages(world, who)}
    with monkeypatch.context() as patch:
        decided = record_decisions(patch)
        outcomes = outcomes_of(world)
        await forging.forge_command(world, who, where, line if line in NO_DRY_RUN else f"{line} --dry-run")
        await world.wait_until_idle()
    messages = [one for one in forging.private_messages(world, who) if (one.channel_id, one.ts) not in before]
    _, _, last = decided[-1]
    if outcomes()[0] == "refused":
        return Answer(Verdict.DENY, sections(messages[-1])[0] if messages else sentence(last.reason))
    assert outcomes()[0] in ("answered", "planned", "form_opened"), (line, outcomes())
    return Answer(last.verdict, sentence(last.reason), outcomes()[0] == "form_opened")


async def explained(world: World, line: str, who: str, where: str, *, unsaid: str = "") -> Answer:
    """Run `policy explain` in #db-ops as Ana, about whom the bot has cached all facts.

    `unsaid` is the name of a Slack method that fails meanwhile.
    """
    assert world.bot is not None
    clear_caches(world)
    groups = world.bot.env.rules.policy.groups_in(DB_OPS)
    await world.bot.env.directory.subject_of(ANA, DB_OPS, usergroups=groups)
    asked = f"policy explain {line} --as <@{who}> --in <#{where}>"
    with silent(world, unsaid):
        answer = sections(await forging.answer_to(world, ANA, forging.forge_command(world, ANA, DB_OPS, asked)))
        await world.wait_until_idle()
    verdict = next((one for shown, one in VERDICTS.items() if shown in answer[0]), None)
    if verdict is None and CANT_TELL not in answer[0]:
        return Answer("refused", answer[0])
    return Answer(verdict, answer[1])


@pytest.mark.parametrize(("place", "person"), pairs(CHANNELS, PEOPLE))
async def test_policy_explain_gives_the_verdict_that_the_person_gets(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str, person: str
) -> None:
    who, where = PEOPLE[person], CHANNELS[place]
    channel = world.workspace.channels[where]
    for line in LINES:
        found = await explained(world, line, who, where)
        # A person who isn't in the channel can't type there. A deactivated person's line may still arrive.
        if (who in world.workspace.state.active_members(channel) and not channel.is_archived) or who == ZED:
            typed = await really(world, monkeypatch, who, where, line)
            if typed.is_form:
                assert found.verdict not in (None, Verdict.DENY), line
            else:
                assert found.verdict is typed.verdict, (line, found, typed)
                assert typed.why.startswith(found.why), (line, found, typed)
        else:
            assert found.verdict is Verdict.DENY, (line, found)
            keeps_away = ARCHIVED if channel.is_archived else NOT_IN_IT
            assert found.why == sentence(keeps_away) or "shared with another" in found.why or "by default" in found.why


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("who", [BEN, "U0NOBODY"])
async def test_a_private_channel_without_the_requester_looks_like_one_that_does_not_exist(
    world: World, who: str, line: str
) -> None:
    hidden, none = [await explained(world, line, who, where) for where in (PRIVATE, "C0NOWHERE")]

    assert hidden == none == Answer("refused", sentence(NOT_SHOWN))


async def test_an_unknown_person_is_called_unknown(world: World) -> None:
    assert await explained(world, "ls", "U0NOBODY", DB_OPS) == Answer("refused", sentence(NO_SUCH_PERSON))


@pytest.mark.parametrize("method", ["users.info", "conversations.info", "conversations.members"])
async def test_while_slack_does_not_return_a_fact_there_is_no_verdict(world: World, method: str) -> None:
    facts = [await explained(world, line, DANA, ORDERS, unsaid=method) for line in LINES]

    assert {one.verdict for one in facts} == {None}
    assert all("I couldn't look up" in one.why for one in facts)


@pytest.mark.parametrize(("who", "where"), [(DANA, DB_OPS), (REMY, DB_OPS), (ANA, ORDERS), (DANA, ORDERS)])
async def test_while_slack_does_not_return_groups_only_verdicts_that_depend_on_them_are_unknown(
    world: World, monkeypatch: pytest.MonkeyPatch, who: str, where: str
) -> None:
    for line in LINES:
        found = await explained(world, line, who, where, unsaid="usergroups.users.list")
        with silent(world, "usergroups.users.list"):
            typed = await really(world, monkeypatch, who, where, line)
        if typed.is_form:
            assert found.verdict not in (None, Verdict.DENY), line
        elif typed.why.startswith("I couldn't look up"):
            assert (found.verdict, "I couldn't look up" in found.why) == (None, True), (line, found)
        else:
            assert found.verdict is typed.verdict, (line, found, typed)


@contextmanager
def silent(world: World, method: str) -> Iterator[None]:
    """Make a Slack method fail inside the `with` block. With an empty name, none fails."""
    fault = world.workspace.faults.add("api_error", method or "none.at.all", error="fatal_error")
    try:
        yield
    finally:
        world.workspace.faults.remove(fault)
