"""The table of transitions has only the intended ones, and only votes of other people who may still approve count."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.requests.approval import FINAL, OPEN, TRANSITIONS, may_transition, sources, tally
from bot.core.requests.request import State, Vote

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def vote(user: str, approves: Any = True, minute: Any = 0) -> Vote:
    return Vote("r-1", user, approves, NOON + timedelta(minutes=minute))


PATHS = [
    ("pending", "approved", "executing", "succeeded"),
    ("pending", "approved", "executing", "failed"),
    ("pending", "approved", "executing", "unknown", "succeeded"),
    ("pending", "approved", "executing", "unknown", "failed"),
    ("pending", "approved", "executing", "quarantined", "executing", "succeeded"),
    ("pending", "approved", "executing", "quarantined", "executing", "restored"),
    ("pending", "approved", "executing", "quarantined", "stale"),
    ("pending", "approved", "executing", "stale"),
    ("pending", "approved", "stale"),
    ("pending", "ready", "executing", "succeeded"),
    ("pending", "ready", "executing", "unknown", "executing", "succeeded"),
    ("pending", "ready", "executing", "unknown", "stale"),
    ("pending", "ready", "expired"),
    ("pending", "ready", "stale"),
    ("pending", "ready", "cancelled"),
    ("pending", "denied"),
    ("pending", "expired"),
    ("pending", "cancelled"),
    ("pending", "stale"),
]


@pytest.mark.parametrize("path", PATHS, ids=" → ".join)
def test_a_request_may_go_through_these_states(path: Any) -> None:
    assert all(may_transition(State(start), State(end)) for start, end in pairwise(path))
    assert State(path[-1]) in {*FINAL, State.SUCCEEDED}


def test_an_ended_request_stays_ended() -> None:
    assert {State.SUCCEEDED, State.FAILED, State.DENIED, State.EXPIRED, State.CANCELLED, State.STALE} <= FINAL
    assert State.RESTORED in FINAL
    for start, end in product(FINAL, State):
        assert not may_transition(start, end)


def test_nothing_executes_without_being_approved_or_ready() -> None:
    assert set(sources(State.EXECUTING)) == {State.APPROVED, State.READY, State.QUARANTINED, State.UNKNOWN}
    assert set(sources(State.APPROVED)) == {State.PENDING}


def test_every_state_can_lead_to_a_final_state() -> None:
    for start in State:
        assert not may_transition(start, start)
        reachable, edge = set(), {start}
        while edge:
            reachable |= edge
            edge = {end for one in edge for end in TRANSITIONS.get(one, ())} - reachable
        assert reachable & FINAL


def test_only_requests_that_wait_for_a_person_are_open() -> None:
    assert {State.PENDING, State.READY} == OPEN


def test_a_quorum_is_of_distinct_people() -> None:
    count = tally([vote("U0ANA"), vote("U0ANA", minute=1), vote("U0BEN", minute=2)], {"U0ANA", "U0BEN"}, "U0DEV", 2)
    assert (count.approved_by, count.approvals, count.reached, count.missing) == (("U0ANA", "U0BEN"), 2, True, 0)
    assert not tally([vote("U0ANA"), vote("U0ANA", minute=1)], {"U0ANA", "U0BEN"}, "U0DEV", 2).reached


@pytest.mark.parametrize(
    ("voter", "why"),
    [("U0DEV", "the requester"), ("U0GETS", "the recipient"), ("U0GONE", "a person who is no longer an approver")],
)
def test_votes_of_the_requester_the_recipient_and_former_approvers_do_not_count(voter: str, why: str) -> None:
    count = tally([vote(voter)], {"U0ANA", "U0DEV", "U0GETS"}, "U0DEV", 1, recipient="U0GETS")
    assert (count.approvals, count.reached, count.discounted, count.missing) == (0, False, (voter,), 1), why


def test_one_denial_is_enough_but_only_from_a_person_who_may_vote() -> None:
    both = [vote("U0ANA"), vote("U0BEN", approves=False, minute=1)]
    assert tally(both, {"U0ANA", "U0BEN"}, "U0DEV", 1).denied
    assert not tally(both, {"U0ANA", "U0BEN"}, "U0DEV", 1).reached
    assert tally(both, {"U0ANA"}, "U0DEV", 1).reached


def test_a_persons_first_vote_counts() -> None:
    count = tally([vote("U0ANA", minute=5), vote("U0ANA", approves=False)], {"U0ANA"}, "U0DEV", 1)
    assert count.denied_by == ("U0ANA",)


def test_an_empty_quorum_is_never_reached() -> None:
    assert not tally([], {"U0ANA"}, "U0DEV", 0).reached


USERS = st.sampled_from(["U1", "U2", "U3", "U4"])


@given(
    st.lists(st.builds(vote, USERS, st.booleans(), st.integers(0, 9)), max_size=8),
    st.sets(USERS),
    USERS,
    st.integers(1, 3),
)
def test_only_votes_of_approvers_other_than_the_requester_count(
    votes: Any, approvers: Any, requester: Any, quorum: Any
) -> None:
    count = tally(votes, approvers, requester, quorum)
    assert set(count.approved_by) <= approvers - {requester}
    assert set(count.approved_by) <= {one.user_id for one in votes if one.approves}
    assert not set(count.approved_by) & set(count.denied_by)
    assert not count.reached or len(set(count.approved_by)) >= quorum
