"""Every entry point that can lead to a change is in `ENTRIES`, or is listed here with the reason why not."""

from dataclasses import replace

import pytest

from bot.commands import COMMANDS
from bot.core.model import Target
from bot.core.records.timers import TimerKind
from bot.core.requests.plan import Plan
from bot.core.requests.request import State
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.steps import Step
from bot.pipeline.dispatch import button_actions, modal_submissions
from tests.authorization import lost
from tests.authorization.entries import ENTRIES, freeze, stored
from tests.world import DANA, World, set_policy

OWN_POLICY = lost.POLICY
CHANGING = [command.name for command in COMMANDS if command.changes]
NEED_NO_RIGHT = {
    "approval.withdraw": "a requester may always withdraw their own request",
    "request.dismiss": "a requester may always dismiss their own request",
    "request.again": "it runs a command line, which is decided as if it were typed",
    "request.freeze": "it runs a command line, which is decided as if it were typed",
    "incident.extend": "it runs a command line, which is decided as if it were typed",
    "incident.end": "it runs a command line, which is decided as if it were typed",
    "channel.rights": "it only shows the person's own permissions",
    "alert.triage": "it runs a command line, which is decided as if it were typed",
    "alert.freeze": "it runs a command line, which is decided as if it were typed",
    "alert.overages": "it runs a command line, which is decided as if it were typed",
    "alert.incident": "it runs a command line, which is decided as if it were typed",
    "alert.mute_hour": "it runs a command line, which is decided as if it were typed",
    "alert.mute_day": "it runs a command line, which is decided as if it were typed",
    "chooser": "it opens a form, whose command line is decided as if it were typed",
    "timer: expire": "it ends a request that hasn't started",
    "timer: lapse": "it ends a request that hasn't started",
    "timer: remind": "it only sends a message",
    "timer: notify": "it only sends a message",
    "timer: review": "it only sends a message",
    "timer: alarm": "it only sends a message",
    "timer: finish": "it runs the step `countdown_end`",
    "timer: thaw": "it ends a freeze, which was allowed only for a while",
    "timer: incident_end": "it removes permissions",
    "timer: reconcile": "it only reads from Turso",
    "timer: prove": "it only reads from Turso",
    "timer: digest": "it only reads from Turso",
    "timer: sample": "it only reads from Turso",
    "timer: unblock": "it removes blocks that no hold needs any more",
    "timer: branch_end": "it opens a request, whose start is decided as usual",
}
OFFERED = {
    *button_actions.CLICKS,
    *modal_submissions.CHECKS,
    *(f"step: {one}" for one in Step),
    *(f"timer: {one}" for one in TimerKind),
}
COVERED = {entry.covers for entry in ENTRIES if entry.covers}


def test_every_button_form_step_and_timer_is_listed_or_exempt() -> None:
    assert OFFERED - COVERED - set(NEED_NO_RIGHT) == set()


def test_everything_that_is_listed_or_exempt_exists() -> None:
    assert COVERED | set(NEED_NO_RIGHT) <= OFFERED
    assert not COVERED & set(NEED_NO_RIGHT)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("command", CHANGING)
async def test_the_start_of_every_changing_command_is_authorized(world: World, command: str) -> None:
    assert world.bot is not None
    name = f"starts-{CHANGING.index(command)}"
    request = await stored(world, await freeze(world, name))
    plan = replace(Plan(None), command=command, databases=(Target(name, "default"),))
    request = replace(request, command=command, plan=plan, state=State.APPROVED)
    everything = lost.POLICY.replace("{allow: read}", f"{{allow: [read, {command!r}], to: asking}}")
    denied = lost.POLICY.replace("{allow: read}", f"{{deny: [{command!r}]}}\n      - {{allow: [read, {command!r}]}}")
    try:
        set_policy(world, everything)
        assert (await authorize(world.bot.env, request, Step.START, compares=False)).allowed
        set_policy(world, denied)
        assert not (await authorize(world.bot.env, request, Step.START, compares=False)).allowed
        set_policy(world, everything)
        with lost.out_of_the_groups(world, DANA):
            assert not (await authorize(world.bot.env, request, Step.START, compares=False)).allowed
    finally:
        set_policy(world, lost.POLICY)
        lost.clear_caches(world)
