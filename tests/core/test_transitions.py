"""A transition to a state in `ON_RECORD` can't be created without an audit entry."""

import pytest

from bot.core.requests.request import ON_RECORD, State
from bot.core.requests.transition import Transition
from tests.store.conftest import NOON
from tests.store.samples import entry


@pytest.mark.parametrize("state", sorted(ON_RECORD))
def test_a_transition_to_a_recorded_state_needs_an_audit_entry(state: State) -> None:
    with pytest.raises(ValueError, match="no audit entry"):
        Transition(to=state, at=NOON, changes={})

    assert Transition(to=state, at=NOON, changes={}, entries=[entry("executed")]).to is state


@pytest.mark.parametrize("state", sorted(set(State) - ON_RECORD))
def test_a_transition_to_another_state_needs_no_audit_entry(state: State) -> None:
    assert Transition(to=state, at=NOON, changes={}).entries == ()
