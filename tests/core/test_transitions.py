"""A move to an end brings an audit entry: one without it can't be made."""

import pytest

from bot.core.requests.request import ON_RECORD, State
from bot.core.requests.transition import Transition
from tests.store.conftest import NOON
from tests.store.samples import entry


@pytest.mark.parametrize("state", sorted(ON_RECORD))
def test_an_end_without_an_audit_entry_cannot_be_made(state: State) -> None:
    with pytest.raises(ValueError, match="no audit entry"):
        Transition(to=state, at=NOON, changes={})

    assert Transition(to=state, at=NOON, changes={}, entries=[entry("executed")]).to is state


@pytest.mark.parametrize("state", sorted(set(State) - ON_RECORD))
def test_a_step_on_the_way_needs_none(state: State) -> None:
    assert Transition(to=state, at=NOON, changes={}).entries == ()
