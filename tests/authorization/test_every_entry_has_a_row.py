"""Every entry point that can lead to a change is in `ENTRIES`, or is listed here with a reason."""

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
from tests.world import DANA, World, enforce

OWN_POLICY = lost.POLICY
CHANGING = [command.name for command in COMMANDS if command.changes]
NEED_NO_RIGHT = {
    "approval.withdraw": "one's own request can always be taken back",
    "request.dismiss": "the same",
    "incident.extend": "its line is decided as if it were typed",
    "incident.end": "its line is decided as if it were typed",
    "channel.rights": "shows its presser's own permissions",
    "alert.triage": "its line is decided as if it were typed",
    "alert.freeze": "its line is decided as if it were typed",
    "alert.overages": "its line is decided as if it were typed",
    "alert.incident": "its line is decided as if it were typed",
    "alert.mute_hour": "its line is decided as if it were typed",
    "alert.mute_day": "its line is decided as if it were typed",
    "chooser": "opens a form, whose line is decided as if it were typed",
    "timer: expire": "ends what has not begun",
    "timer: lapse": "the same",
    "timer: remind": "tells",
    "timer: notify": "tells",
    "timer: review": "tells",
    "timer: alarm": "tells",
    "timer: finish": "the step `countdown_end`",
    "timer: thaw": "takes back what was allowed for a while only",
    "timer: incident_end": "takes rights back",
    "timer: reconcile": "reads",
    "timer: prove": "reads",
    "timer: digest": "reads",
    "timer: sample": "reads",
    "timer: branch_end": "opens a request, whose start is decided as any other's",
}
OFFERED = {
    *button_actions.CLICKS,
    *modal_submissions.CHECKS,
    *(f"step: {one}" for one in Step),
    *(f"timer: {one}" for one in TimerKind),
}
COVERED = {entry.covers for entry in ENTRIES if entry.covers}


def test_every_button_form_step_and_timer_has_a_row_or_a_reason() -> None:
    assert OFFERED - COVERED - set(NEED_NO_RIGHT) == set()


def test_no_row_and_no_reason_is_about_something_that_no_longer_exists() -> None:
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
        enforce(world, everything)
        assert (await authorize(world.bot.env, request, Step.START, compares=False)).allowed
        enforce(world, denied)
        assert not (await authorize(world.bot.env, request, Step.START, compares=False)).allowed
        enforce(world, everything)
        with lost.out_of_the_groups(world, DANA):
            assert not (await authorize(world.bot.env, request, Step.START, compares=False)).allowed
    finally:
        enforce(world, lost.POLICY)
        lost.notice(world)
