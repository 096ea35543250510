"""A decision on several databases is the strictest of the decisions on each.

If too few people could approve or review for all of them, it is a denial.
The time it takes grows linearly with their number.
"""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.core.approvers import ApproverSet
from bot.core.model import Action, Confirm, Decision, Subject, Target, Verdict
from bot.core.policy import Policy, decide
from bot.core.policy.built_in_limits import standing_of
from bot.core.policy.refusals import deny, nobody_for_all, reaches_others
from tests.core.policy.test_always import GROUPS, policies
from tests.core.policy.world import PEOPLE, act, policy, subject
from tests.growth import computing

STRICTEST_FIRST = [Verdict.DENY, Verdict.APPROVE, Verdict.BREAK_GLASS, Verdict.ALLOW]
CAREFUL = [Confirm.NONE, Confirm.BUTTON, Confirm.TYPE_NAME]
NAMES = ["a-1", "a-2", "a-3", "b-1", "c"]
MANY = st.lists(st.builds(Target, st.sampled_from(NAMES), st.sampled_from(["", "eu"])), min_size=2, max_size=8)
ACTIONS = st.builds(
    Action,
    st.sampled_from(["rotate", "rotate", "token", "destroy"]),
    st.sets(st.sampled_from(["--read-only", "--now"])).map(frozenset),
    MANY.map(tuple),
)
SUBJECTS = st.builds(
    lambda who, groups: subject(who, groups=groups), st.sampled_from(["a developer", "Ben, responder"]), GROUPS
)
RULES = [
    "allow: rotate",
    "approve: rotate, by: ['user:U0ANA', 'user:U0CARL', 'user:U0EVE'], quorum: 2",
    "approve: rotate, by: ['usergroup:S0DBA', 'user:U0ANA'], confirm: none",
    "break_glass: rotate, review_by: ['user:U0ANA', 'user:U0CARL']",
    "deny: rotate",
]
BY_DATABASE = st.lists(
    st.tuples(st.sampled_from(RULES), st.sampled_from(["a-1", "a-*", "b-1"])).map(
        "{0[0]}, databases: ['{0[1]}']".format
    ),
    min_size=1,
    max_size=3,
)
POLICIES = policies() | st.tuples(BY_DATABASE, st.sampled_from(RULES)).map(lambda found: policy([*found[0], found[1]]))
LARGEST_GROWTH = 8.0
"""Four times as many databases should take four times as long. It would be sixteen if each were compared with all."""


def on_each(rules: Policy, who: Subject, action: Action) -> list[Decision]:
    """Decide on each database separately, and return the decisions.

    The refusal for a database that is only affected and isn't one of the channel's databases must not name it.
    """
    binding = rules.binding(who)
    assert binding is not None
    found = []
    for at, target in enumerate(dict.fromkeys(action.databases)):
        hidden = at > 0 and not binding.databases.matches(target)
        alone = decide(rules, who, replace(action, databases=(target,)))
        found.append(deny(reaches_others(binding), binding.where, elsewhere=True) if hidden else alone)
    return found


def mentions(decision: Decision) -> set[str]:
    """Return everyone whom the levels of an escalation mention."""
    return {mention for level in decision.escalation for mention in level}


def admitted(rules: Policy, panels: list[ApproverSet]) -> set[str]:
    """Return the people whom every one of these sets of approvers contains."""
    return {name for name, one in PEOPLE.items() if all(panel.admits(one, standing_of(rules, one)) for panel in panels)}


@given(POLICIES, SUBJECTS, ACTIONS)
def test_the_decision_is_the_strictest_of_those_on_each_database(rules: Policy, who: Subject, action: Action) -> None:
    together, alone = decide(rules, who, action), on_each(rules, who, action)
    worst = min(alone, key=lambda one: STRICTEST_FIRST.index(one.verdict))
    same = [one for one in alone if one.verdict is worst.verdict]
    if worst.verdict is Verdict.DENY:
        assert together == worst
        return
    panels = [one.reviewers if worst.verdict is Verdict.BREAK_GLASS else one.approvers for one in same]
    common = frozenset.intersection(*(one.ids for one in panels))
    quorum = max(one.quorum for one in same)
    if worst.verdict is Verdict.APPROVE and len(common) < quorum:
        assert together == replace(
            deny(nobody_for_all(quorum, len(common)), worst.rule),
            escalation=together.escalation,
            direct_message=any(one.direct_message for one in alone),
        )
        assert mentions(together) == {mention for one in alone for mention in mentions(one)}
        return
    if worst.verdict is Verdict.BREAK_GLASS and not common:
        assert (together.verdict, together.rule) == (Verdict.DENY, worst.rule)
        return
    panel = together.reviewers if worst.verdict is Verdict.BREAK_GLASS else together.approvers
    assert (together.verdict, together.reason, together.rule) == (worst.verdict, worst.reason, worst.rule)
    assert (panel.ids, together.quorum) == (common, quorum)
    assert admitted(rules, [panel]) == admitted(rules, panels)
    assert admitted(rules, [together.undo_by]) == admitted(rules, [one.undo_by for one in alone])
    assert together.confirm is max((one.confirm for one in alone), key=CAREFUL.index)
    assert set(together.notify) == {mention for one in alone for mention in one.notify}


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that a piece of work needs: the shortest of three measurements."""
    times: list[float] = []
    for _ in range(3):
        with computing(times):
            work()
    return min(times)


def test_four_times_as_many_databases_take_about_four_times_as_long() -> None:
    rules = policy(["approve: rotate, by: 'user:U0ANA', databases: ['a-*']", "approve: rotate, by: 'user:U0ANA'"])
    few, many = (act("rotate", *(f"{'ab'[at % 2]}-{at}" for at in range(size))) for size in (10_000, 40_000))

    growth = seconds(lambda: decide(rules, subject(), many)) / seconds(lambda: decide(rules, subject(), few))

    assert growth < LARGEST_GROWTH


def test_the_approvers_for_a_thousand_databases_hold_each_rules_people_only_once() -> None:
    rules = policy(
        ["approve: rotate, by: ['user:U0ANA', 'user:U0BEN'], databases: ['a-*']", "approve: rotate, by: 'user:U0ANA'"]
    )

    decision = decide(rules, subject(), act("rotate", *(f"{'ab'[at % 2]}-{at}" for at in range(1_000))))

    assert decision.approvers.ids == {"U0ANA"}
    assert len(decision.approvers.all_of) == 2


def test_a_request_without_a_common_approver_is_still_escalated() -> None:
    """When it was requested, there may have been a common approver, before a shift changed."""
    more = "notify: 'user:U0ANA', escalate_to: 'user:U0BEN', direct_message: true"
    rules = policy(
        [f"approve: rotate, by: 'user:U0ANA', databases: ['a-*'], {more}", "approve: rotate, by: 'user:U0BEN'"]
    )

    decision = decide(rules, subject(), act("rotate", "a-1", "b"))

    assert (decision.verdict, decision.direct_message) == (Verdict.DENY, True)
    assert mentions(decision) == {"<@U0BEN>"}
