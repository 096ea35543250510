"""Property tests: what holds for every policy, person, channel and action."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.commands import CATALOGUE
from bot.core.model import Action, Subject, Target, Verdict
from bot.core.policy import Policy, decide, load
from tests.core.policy.world import CHANNELS, PEOPLE, act, subject

USERS = ["U0DEV", "U0EVE", "U0ANA", "U0BEN", "U0CARL"]
PEOPLE_LISTS = st.lists(
    st.sampled_from([*(f"user:{user}" for user in USERS), "usergroup:S0DBA", "guest:U0GUEST", "external:U0OTHER"]),
    min_size=1,
    max_size=3,
)
COMMANDS = st.lists(st.sampled_from(["read", "token", "token --read-only", "rotate", "destroy --now"]), min_size=1)
PATTERNS = st.lists(st.sampled_from(["*", "a-*", "b-1", "group:eu"]), min_size=1, max_size=2)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    verdict = draw(st.sampled_from(["allow", "approve", "break_glass", "deny"]))
    rule: dict[str, Any] = {verdict: draw(COMMANDS)}
    if draw(st.booleans()):
        rule["databases"] = draw(PATTERNS)
    if draw(st.booleans()):
        rule["to"] = draw(PEOPLE_LISTS)
    if verdict == "approve":
        rule["by"] = [*draw(PEOPLE_LISTS), "usergroup:S0DBA"]
        rule["quorum"] = draw(st.integers(1, 3))
    if verdict == "break_glass":
        rule["review_by"] = draw(PEOPLE_LISTS)
    return rule


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    channel = {"databases": draw(PATTERNS), "rules": draw(st.lists(rules(), max_size=4))}
    ceiling = {"deny": draw(st.lists(st.fixed_dictionaries({"commands": COMMANDS, "databases": PATTERNS}), max_size=1))}
    return load(
        json.dumps({"version": 1, "channels": {"C0DBOPS": channel}, "ceiling": ceiling}),
        CATALOGUE,
        default_organization="acme",
    )


GROUPED = st.sampled_from([None, "", "eu"])
TARGETS = st.lists(st.builds(Target, st.sampled_from(["a-1", "b-1", "c"]), GROUPED), max_size=3)
ACTIONS = st.builds(
    Action,
    st.sampled_from(["list", "token", "rotate", "destroy", "help"]),
    st.sets(st.sampled_from(["--read-only", "--now"])).map(frozenset),
    TARGETS.map(tuple),
)
GROUPS = st.fixed_dictionaries({"S0DBA": st.none() | st.sets(st.sampled_from(USERS)).map(frozenset)})
SUBJECTS = st.builds(
    lambda who, where, groups: subject(who, where, groups=groups),
    st.sampled_from(sorted(PEOPLE)),
    st.sampled_from(sorted(CHANNELS)),
    GROUPS,
)


@given(policies(), SUBJECTS, ACTIONS)
def test_no_one_approves_or_reviews_their_own_operation_and_a_quorum_can_be_reached(
    policy: Policy, who: Subject, action: Action
) -> None:
    decision = decide(policy, who, action)
    assert who.person.id not in decision.approvers.ids | decision.reviewers.ids
    assert decision.reason
    if decision.verdict is Verdict.APPROVE:
        assert 1 <= decision.quorum <= len(decision.approvers.ids)
    if decision.verdict is Verdict.BREAK_GLASS:
        assert decision.reviewers.ids


@given(policies(), SUBJECTS, ACTIONS)
def test_nothing_but_help_is_allowed_outside_the_channels_of_the_policy(
    policy: Policy, who: Subject, action: Action
) -> None:
    if who.channel.id != "C0DBOPS" and action.command != "help":
        assert decide(policy, who, action).verdict is Verdict.DENY


@given(policies(), SUBJECTS, ACTIONS)
def test_several_databases_are_never_allowed_more_easily_than_one_of_them(
    policy: Policy, who: Subject, action: Action
) -> None:
    together = decide(policy, who, action)
    for target in action.databases:
        alone = decide(policy, who, Action(action.command, action.options, (target,)))
        assert alone.verdict is not Verdict.DENY or together.verdict is Verdict.DENY
        assert not together.allowed or alone.allowed
        if together.verdict is alone.verdict is Verdict.APPROVE:
            assert together.approvers.ids <= alone.approvers.ids
            assert together.quorum >= alone.quorum


@given(policies(), SUBJECTS, ACTIONS)
def test_a_user_group_that_cannot_be_read_never_gives_a_permission(
    policy: Policy, who: Subject, action: Action
) -> None:
    blind = decide(policy, replace(who, groups={"S0DBA": None}), action)
    order = [Verdict.ALLOW, Verdict.BREAK_GLASS, Verdict.APPROVE, Verdict.DENY]
    me, all_of_them = {who.person.id}, frozenset(USERS)
    possible: tuple[frozenset[str], ...] = (frozenset(), frozenset(me), all_of_them, all_of_them - me)
    seeing = [decide(policy, replace(who, groups={"S0DBA": members}), action) for members in possible]
    best = min(seeing, key=lambda decision: order.index(decision.verdict))
    assert order.index(blind.verdict) >= order.index(best.verdict)


@given(policies(), SUBJECTS, st.sampled_from(["list", "show"]), st.sampled_from(["a-1", "b-1", "c"]))
def test_a_list_shows_every_database_that_its_command_may_be_used_on(
    policy: Policy, who: Subject, command: str, name: str
) -> None:
    target = Target(name, "")
    allowed = decide(policy, who, act(command, target)).verdict is not Verdict.DENY
    covered = policy.scope(who, command).covers(target)
    assert covered or not allowed


@given(policies(), SUBJECTS)
def test_every_command_gets_a_decision_with_a_reason(policy: Policy, who: Subject) -> None:
    for command in CATALOGUE.names:
        assert decide(policy, who, Action(command)).reason
