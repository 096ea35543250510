"""The time of a change is when the bot saw it in Turso. Later updates of the request don't move it."""

from datetime import timedelta

import pytest

from bot.core.requests.request import COUNTDOWN_OVER, State
from bot.core.requests.seen_times import changed_at, seen_at, seen_fact
from bot.core.requests.step_results import PhaseKind
from tests.store.conftest import NOON
from tests.store.samples import request

EXECUTED, FINISHED, UNDONE, LATER = (NOON + timedelta(minutes=number) for number in (1, 2, 3, 60))
FACTS = {
    **seen_fact(PhaseKind.EXECUTE, EXECUTED),
    **seen_fact(PhaseKind.FINISH, FINISHED),
    **seen_fact(PhaseKind.UNDO, UNDONE),
}


@pytest.mark.parametrize(
    ("state", "facts", "at"),
    [
        pytest.param(State.SUCCEEDED, {"phase": "execute"}, EXECUTED, id="executed"),
        pytest.param(State.SUCCEEDED, {"phase": "finish"}, FINISHED, id="destroyed after a countdown"),
        pytest.param(State.QUARANTINED, {"phase": "execute"}, EXECUTED, id="in quarantine"),
        pytest.param(State.QUARANTINED, {"phase": "undo"}, EXECUTED, id="still in quarantine after a failed Undo"),
        pytest.param(State.QUARANTINED, {COUNTDOWN_OVER: True}, LATER, id="its countdown was stopped"),
        pytest.param(State.RESTORED, {"phase": "undo"}, UNDONE, id="undone"),
        pytest.param(State.FAILED, {"phase": "execute"}, LATER, id="failed"),
    ],
)
def test_a_state_began_when_its_change_was_seen(state: State, facts: dict[str, object], at: object) -> None:
    assert changed_at(request(state=state, facts={**FACTS, **facts}, updated_at=LATER)) == at


def test_a_request_of_an_older_version_has_only_the_time_of_its_last_update() -> None:
    older = request(state=State.SUCCEEDED, facts={"phase": "execute"}, updated_at=LATER)

    assert seen_at(older, PhaseKind.EXECUTE) is None
    assert changed_at(older) == LATER
