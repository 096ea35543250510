"""If the policy changes while a confirmation waits, the rules at the time of the answer and of the operation count.

Changes of the policy are announced and audited.
"""

import asyncio
import re
from typing import Any

import pytest

from bot.app import policy_book, policy_changes
from bot.core.requests.request import State
from bot.pipeline.approval import confirmation, presses
from bot.pipeline.outcomes.policy_notices import announce_policy_change
from tests.policies import WITH_DBA_GROUP
from tests.world import DANA, DB_OPS, PATIENCE, World, buttons, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEMPLATE = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - RULE
"""
)
OWN = "{allow: [freeze, token], confirm: button}"
OWN_POLICY = TEMPLATE.replace("RULE", OWN)
STRICTER = {
    "approval": "{approve: [freeze, token], by: dba, confirm: none}",
    "a reason and a review": "{break_glass: [freeze, token], to: 'user:U0DANA', review_by: dba}",
    "a reason and a ticket": "{allow: [freeze, token], confirm: button, requires: [reason, ticket]}",
}


def rule(world: World, line: str) -> None:
    """Replace the channel's rule at once."""
    set_policy(world, TEMPLATE.replace("RULE", line))


async def question_for(world: World, line: str) -> Any:
    """Type a line under a rule that only asks the requester to confirm, and return the question."""
    rule(world, OWN)
    question = await world.person(DANA).types(line)
    assert {"Cancel"} < set(buttons(question))
    return question


def confirming_button(question: Any) -> str:
    return next(label for label in buttons(question) if label != "Cancel")


@pytest.mark.parametrize("more", STRICTER)
@pytest.mark.parametrize(("command", "method"), [("freeze", "PATCH"), ("token", "POST")])
async def test_a_confirmation_is_refused_if_the_rules_now_require_more(
    world: World, more: str, command: str, method: str
) -> None:
    await world.create_databases(name := f"{command}-{list(STRICTER).index(more)}")
    question = await question_for(world, f"/turso {command} {name}")

    rule(world, STRICTER[more])
    answer = await world.person(DANA).presses_and_reads(confirming_button(question), question)

    assert f"now requires {more}" in words(answer)
    await world.wait_until_idle()
    assert not [one for one in world.turso.calls.control() if one.method == method and f"/{name}/" in one.path]


@pytest.mark.parametrize("more", STRICTER)
async def test_the_rules_are_checked_again_between_the_confirmation_and_the_operation(
    world: World, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.create_databases(name := f"late-{list(STRICTER).index(more)}")
    question = await question_for(world, f"/turso freeze {name}")
    real = presses.start_approved

    async def and_then_the_rules_change(*arguments: Any) -> Any:
        rule(world, STRICTER[more])
        return await real(*arguments)

    monkeypatch.setattr(confirmation, "start_approved", and_then_the_rules_change)
    await world.person(DANA).presses(confirming_button(question), question)

    outcome, dana = re.compile(f"now requires {more} for this.*Nothing was changed"), world.person(DANA)
    await until(lambda: any(outcome.search(words(one)) for one in dana.sees(DB_OPS)), what="the outcome")
    assert world.bot is not None
    stale = await world.bot.store.requests.find(states=[State.STALE])
    assert name in [one.plan.target.name for one in stale if one.plan.target]
    assert not world.changes("PATCH", f"/{name}/configuration")


async def test_an_announcement_that_slack_delays_does_not_delay_the_next_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.bot is not None
    book, begun, may_end = world.bot.health.book, asyncio.Event(), asyncio.Event()

    async def slowly(*arguments: Any) -> None:
        begun.set()
        await may_end.wait()
        await announce_policy_change(*arguments)

    monkeypatch.setattr(policy_changes, "announce_policy_change", slowly)
    monkeypatch.setattr(policy_book, "QUIET_SECONDS", 0.0)
    announced = TEMPLATE.replace("channels:", "policy_channel: C0DBOPS\nchannels:", 1)
    try:
        (world.data / "policy.yaml").write_text(announced.replace("RULE", "{deny: [freeze, thaw]}"))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        before = book.policy.hash
        (world.data / "policy.yaml").write_text(announced.replace("RULE", "{deny: [freeze, thaw, show]}"))
        await until(lambda: book.policy.hash != before, what="the next change", within=10)
    finally:
        may_end.set()


async def test_a_change_of_the_policy_is_in_the_audit_log_and_announced(world: World) -> None:
    assert world.bot is not None
    rule(world, OWN)
    announced = TEMPLATE.replace("channels:", "policy_channel: C0DBOPS\nchannels:", 1)
    (world.data / "policy.yaml").write_text(announced.replace("RULE", "{deny: freeze}"))
    world.bot.health.book.reload()  # at once, instead of when the file has stayed the same for a while
    change = f"to `{world.bot.health.book.policy.hash}`"

    dana = world.person(DANA)
    news = await until(
        lambda: next((words(one) for one in dana.sees(DB_OPS) if change in words(one)), None), what="the announcement"
    )
    assert "The policy changed from" in news
    assert "freeze on" in news
    assert "→ denied" in news
    answer = words(await dana.types("/turso audit", holding="Audit log"))
    assert "The policy changed from" in answer
    assert change in answer
