"""A property test: random actions and crashes cause no change without approval, none twice, and no leaked token."""

from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import rule

from bot.core.requests.request import State
from tests.crash.crashing_bot import NAMES, REQUESTERS, CrashingBot
from tests.crash.simulation import command, press
from tests.soak import LIMIT_SECONDS, soaked

pytestmark = pytest.mark.timeout(LIMIT_SECONDS)

EVERYBODY = (*REQUESTERS, "U0BEN", "U0REMY", "U0ZOE")
LINES = ("db destroy {} --now", "db destroy {}", "rotate {}", "token {}", "token {} --read-only",
         "db freeze {} --for 30m", "db thaw {}", "db restore {}", "db create {}")  # fmt: skip
BUTTONS = {
    State.PENDING: ("approval.approve", "approval.deny", "approval.withdraw", "token.reveal"),
    State.READY: ("token.reveal", "approval.withdraw", "approval.approve"),
    State.UNKNOWN: ("token.reveal",),
    State.QUARANTINED: ("quarantine.undo", "approval.deny"),
    State.SUCCEEDED: ("approval.approve", "token.reveal", "quarantine.undo"),
}
AGAIN = ("once", "redelivered", "double")
EVENTS = (
    "nothing",
    "approver removed",
    "member left",
    "shared",
    "forbidden",
    "recreated",
    "restart",
    "rights restored",
)
CRASH_AFTER = st.one_of(st.none(), st.integers(0, 60))
WHICH = st.integers(0, 99)
"""An index, used modulo the number of choices, because that number may differ when Hypothesis repeats an example."""


class Bot(CrashingBot):
    """People type, press and leave, the policy changes, the channel is shared, time passes, and the process crashes."""

    @rule(
        line=st.sampled_from(LINES),
        name=st.sampled_from(NAMES),
        between=st.sampled_from(EVENTS),
        while_down=st.sampled_from(EVENTS),
        crash_after=st.one_of(st.none(), st.integers(0, 45), st.integers(10, 30)),
    )
    def request_approve_and_execute(
        self, line: str, name: str, between: str, while_down: str, crash_after: int | None
    ) -> None:
        """Request a change and approve it twice, change something else, then execute it, perhaps with a crash."""
        self._apply_event("rights restored", name)
        asked = command(self.world, "U0DANA", line.format(name), self._key())
        self._run_with_crash(None, lambda: self._current.deliver(asked))
        wanted = next((one for one in self._requests() if one.intent_id == asked.id), None)
        if wanted is None:
            return
        for who in ("U0BEN", "U0REMY"):
            self._press(who, "approval.approve", wanted.id, None, "once")
        self._apply_event(between, name)
        if wanted.command == "token":
            self._press(
                "U0DANA", "token.reveal", wanted.id, crash_after, "once", lambda: self._apply_event(while_down, name)
            )
        self._run_with_crash(crash_after, self._run_due_work, lambda: self._apply_event(while_down, name))

    @rule(
        who=st.sampled_from(REQUESTERS),
        line=st.sampled_from(LINES),
        name=st.sampled_from(NAMES),
        crash_after=CRASH_AFTER,
        times=st.integers(1, 2),
    )
    def ask(self, who: str, line: str, name: str, crash_after: int | None, times: int) -> None:
        if who in self.world.outside:
            return  # Slack doesn't let people type in a channel that they have left
        incoming = command(self.world, who, line.format(name), self._key())

        async def come_in() -> None:
            assert await self._current.deliver(incoming, times=times) <= 1, "a redelivery was handled again"

        self._run_with_crash(crash_after, come_in)

    @rule(which=WHICH, who=st.sampled_from(EVERYBODY), crash_after=CRASH_AFTER, again=st.sampled_from(AGAIN))
    def press_a_button(self, which: int, who: str, crash_after: int | None, again: str) -> None:
        fits = [(one.id, button) for one in self._requests() for button in BUTTONS.get(one.state, ())]
        if fits:
            request_id, button = fits[which % len(fits)]
            self._press(who, button, request_id, crash_after, again)

    @rule(which=WHICH, crash_after=CRASH_AFTER, against=st.sampled_from(["approval.approve", "approval.deny"]))
    def two_decide_at_once(self, which: int, crash_after: int | None, against: str) -> None:
        ids = [request.id for request in self._requests() if request.state is State.PENDING]
        if not ids:
            return
        request_id = ids[which % len(ids)]
        presses = [press(self.world, "U0BEN", "approval.approve", request_id, self._key()),
                   press(self.world, "U0REMY", against, request_id, self._key())]  # fmt: skip
        self._run_with_crash(crash_after, lambda: self._deliver_at_once(presses))

    @rule(minutes=st.sampled_from([0, 0, 1, 5, 16, 35, 70]), crash_after=CRASH_AFTER)
    def time_passes(self, minutes: int, crash_after: int | None) -> None:
        self.world.offset += timedelta(minutes=minutes)
        self._run_with_crash(crash_after, self._run_due_work)

    @rule(what=st.sampled_from(EVENTS), name=st.sampled_from(NAMES))
    def something_else_happens(self, what: str, name: str) -> None:
        self._apply_event(what, name)


TestBot = Bot.TestCase
TestBot.settings = settings(
    max_examples=soaked(600, 15),
    stateful_step_count=soaked(20, 12),
    suppress_health_check=list(HealthCheck),
)
