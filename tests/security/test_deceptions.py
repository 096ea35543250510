"""Deceptive text can't become a mention, a link or other markup, and a lookalike of a name isn't accepted."""

import json
import re

import pytest

from bot.sandbox.workspace.model import Message
from tests.security import stage
from tests.security.canaries import canary_token
from tests.security.test_own_secrets import stored
from tests.world import ANA, DANA, DB_OPS, World, buttons, marked_up, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


DECEPTIONS = {
    "mentions everybody": "<!channel> <!here> <!everyone> please",
    "mentions an approver": "<@U0ANA> said yes; <!subteam^S0DBA> too",
    "hides a link": "see <https://evil.example|the runbook> and <mailto:a@b|mail>",
    "uses entities": "&lt;!channel&gt; &lt;@U0ANA&gt;",
    "is formatted": "*APPROVED by security* _really_ ~not~ `code` :white_check_mark:",
    "is reversed": "\u202eeteled ton lliw siht\u202c \u2066x\u2069",
    "has invisible characters": "harm\u200bless\u2060 \ufeffchange\U000e0041",
    "has line breaks": "ok\n\n*Database*: `test`\n>quoted\u2028Rule: none",
    "imitates a card": "Approved by Ana (1 of 1). Rule: allowed. Nothing else to do.",
    "is very long": "harmless " * 200,
}


@pytest.mark.parametrize("reason", DECEPTIONS.values(), ids=DECEPTIONS.keys())
async def test_a_reason_is_shown_as_quoted_text_and_as_nothing_else(world: World, reason: str) -> None:
    sent = world.workspace.deliver(stage.command(world, f'rotate golf --reason "{reason}" --ticket "{reason[:80]}"'))
    before = {one.ts for one in world.workspace.history(DB_OPS, None)}
    await sent
    card = await until(
        lambda: next((m for m in world.workspace.history(DB_OPS, None) if m.ts not in before and buttons(m)), None),
        what="the card",
    )

    _does_not_deceive(card)
    quotes = [json.dumps(block) for block in card.blocks if block["type"] == "rich_text"]
    assert any("rich_text_quote" in quote and '"Reason"' in quote for quote in quotes)
    assert "golf" in words(card)
    await world.person(DANA).presses_and_reads("Withdraw", card)
    _does_not_deceive(world.current(card))


def _does_not_deceive(message: Message) -> None:
    """Assert that none of the deceptions works in a message.

    It has no mention of a group or of Ana, except in the list of approvers, no link, and no invisible characters.
    """
    mark_up = re.sub(r"`[^`]*`", "", marked_up(message))
    mark_up = re.sub(r"approvals?: (?:<@\w+>(?:, | or )?)+\.", "", mark_up, count=1)
    for sign in ("<!channel", "<!here", "<!everyone", "<!subteam", f"<@{ANA}>", "<https", "<mailto", "*APPROVED"):
        assert sign not in mark_up, sign
    shown = "".join(words(message).splitlines())
    assert not [sign for sign in shown if sign in "\u202e\u202c\u2066\u2069\u200b\u2060\ufeff\u2028\U000e0041"]


@pytest.mark.parametrize(
    "name",
    ["gоlf", "golf\u0301", "GOLF", "golf/../alpha", "..", "%2e%2e", "golf?x=1", "golf;rm", "-golf", "golf\nalpha"],
)
async def test_a_lookalike_or_odd_name_is_refused_without_a_call(world: World, name: str) -> None:
    before = len(world.turso.calls.control())

    answer = await stage.answer_to(world, DANA, world.workspace.deliver(stage.command(world, f'rotate "{name}"')))

    assert "isn't a database name" in words(answer) or "looks like an address" in words(answer)
    assert "Approve" not in buttons(answer)
    assert len(world.turso.calls.control()) == before


@pytest.mark.parametrize("line", ["show <!channel>", "ls <@U0ANA>", "<!here>", "nonsense <https://evil.example|x>"])
async def test_typed_text_is_never_repeated_as_a_mention_or_a_link(world: World, line: str) -> None:
    before = {one.ts for one in world.person(DANA).sees()}
    await world.workspace.deliver(stage.command(world, line))

    message = await until(lambda: [m for m in world.person(DANA).sees() if m.ts not in before], what="the answer")
    _does_not_deceive(message[0])


async def test_a_token_in_a_form_is_refused_at_its_field_and_not_stored(world: World) -> None:
    token, dana = canary_token(), world.person(DANA)
    await world.workspace.say(DANA, DB_OPS, "/turso db create")
    opened = await dana.modal("Reason")

    acted = await dana.submits({"arg.name": "kept", "reason": f"with {token}"}, opened)

    assert set(acted.errors) == {"reason"}
    assert token not in str(acted.errors)
    assert not [one for one in stage.everything_shown(world) if token in words(one)]
    assert stored(world, token) == []
