"""The decision about an action, by the built-in limits, the ceiling, the channel's databases and its rules."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bot.core.approvers import ApproverSet
from bot.core.catalogue import CommandCatalogue
from bot.core.model import Action, Confirm, Decision, Lifetime, Never, Risk, Subject, Target, Verdict, Visibility
from bot.core.parsing.durations import duration_text
from bot.core.policy import refusals
from bot.core.policy.built_in_limits import refuses_person, refuses_place, standing_of
from bot.core.policy.people import Membership, People
from bot.core.policy.refusals import deny
from bot.core.policy.rules import Binding, Miss, Policy, Rule
from bot.core.policy.strictest import STRICTNESS, strictest

_CONFIRM = {Risk.READ: Confirm.NONE, Risk.LOW: Confirm.NONE, Risk.MEDIUM: Confirm.BUTTON, Risk.HIGH: Confirm.TYPE_NAME}
_NOBODY = ApproverSet()
_Follow = Callable[[Rule], Decision]


def decide(policy: Policy, subject: Subject, action: Action) -> Decision:
    """Decide whether `subject` may do `action` in their channel. The first matching rule decides. The default is DENY.

    An action on several databases is decided for each of them. The strictest verdict and settings apply to all.
    """
    refusal = refuses_person(policy, subject.person) or refuses_place(policy, subject, action.command)
    if refusal:
        return deny(refusal, "floor")
    if action.command in policy.catalogue.open_to_all:
        return Decision(Verdict.ALLOW, "Everyone here can use this.", "floor", visibility=Visibility.EPHEMERAL)
    binding = policy.binding(subject)
    if binding is None:
        return _unbound(policy, subject, action)
    if action.organization not in ("", binding.organization):
        return deny(refusals.of_another_organization(action), binding.where)
    follow = _following(policy, subject, binding, action)
    if len(action.databases) < 2:
        return _decide_on(policy, subject, binding, action, action.databases[0] if action.databases else None, follow)
    targets = dict.fromkeys(action.databases)
    return strictest(_decide_on(policy, subject, binding, action, target, follow) for target in targets)


def undo_approvers(policy: Policy, subject: Subject, action: Action, decision: Decision) -> tuple[ApproverSet, ...]:
    """Return the sets of people who may undo what `subject` did, given the current `decision` about that operation.

    An undo only restores the earlier state. So even if the operation itself is denied now, for example by the ceiling,
    the people who may undo or approve it by the channel's rules may still undo it.
    """
    if decision.verdict is not Verdict.DENY:
        return decision.undo_by, decision.approvers, ApproverSet(also=frozenset({subject.person.id}))
    binding = policy.binding(subject)
    target = action.databases[0] if action.databases else None
    rules = policy.rules(subject, binding) if binding and (target is None or binding.databases.matches(target)) else ()
    meant = [
        rule
        for rule in rules
        if rule.verdict is not Verdict.DENY
        and any(flags <= action.options for flags in rule.names(action.command))
        and rule.applies_to(target)
    ]
    named = [people for rule in meant for people in (rule.undo_by, rule.by) if people is not None]
    return tuple(ApproverSet((people,), groups=subject.groups) for people in named)


def _decide_on(
    policy: Policy, subject: Subject, binding: Binding, action: Action, target: Target | None, follow: _Follow
) -> Decision:
    if target is not None and target is not action.databases[0] and not binding.databases.matches(target):
        return deny(refusals.reaches_others(binding), binding.where, elsewhere=True)
    if banned := _banned(policy, action, target):
        return banned
    if target is not None and not binding.databases.matches(target):
        return deny(refusals.not_here(binding, target), binding.where, elsewhere=True)
    decision = _by_rules(policy, subject, binding, action, target, follow)
    if decision.verdict is Verdict.DENY:
        return decision
    return _denied_outcome(policy, subject, binding, action, target) or decision


def _banned(policy: Policy, action: Action, target: Target | None) -> Decision | None:
    """Return a denial if the ceiling forbids the action, or None."""
    for ban in policy.ceiling.deny:
        if ban.forbids(action, target):
            return deny(refusals.banned(action, target), f"{ban.where}: {ban.says}")
    return None


def _denied_outcome(
    policy: Policy, subject: Subject, binding: Binding, action: Action, target: Target | None
) -> Decision | None:
    """Return the denial of the command that a command runs at its end, such as a destroy. None if it isn't denied.

    Only bans and rules that deny it count, or may deny it because a group is unknown. Everything else is decided by the
    rules about the command itself.
    """
    if (outcome := policy.catalogue.outcome_of(action.command)) is None:
        return None
    other = replace(action, command=outcome[0], options=outcome[1])
    if banned := _banned(policy, other, target):
        return banned
    standing = standing_of(policy, subject.person)
    for rule in policy.rules(subject, binding):
        miss = rule.miss(subject, standing, other, target)
        if miss is Miss.UNCHECKED and rule.verdict is Verdict.DENY:
            return deny(refusals.GROUPS_UNKNOWN, rule.locator)
        if miss is None:
            return deny(refusals.denied_by(other), rule.locator) if rule.verdict is Verdict.DENY else None
    return None


def _by_rules(
    policy: Policy, subject: Subject, binding: Binding, action: Action, target: Target | None, follow: _Follow
) -> Decision:
    standing = standing_of(policy, subject.person)
    ceiling = policy.ceiling.token_lifetime
    doubt: Rule | None = None
    too_short: list[Rule] = []
    for rule in policy.rules(subject, binding):
        miss = miss_of(policy, rule, subject, standing, action, target)
        if miss is Miss.LIFETIME:
            too_short.append(rule)
        elif miss is Miss.UNCHECKED:
            doubt = doubt if doubt and STRICTNESS[doubt.verdict] >= STRICTNESS[rule.verdict] else rule
        elif miss is None:
            if doubt and STRICTNESS[doubt.verdict] > STRICTNESS[rule.verdict]:
                break
            return follow(rule)
    if doubt:
        return replace(deny(refusals.GROUPS_UNKNOWN, doubt.locator), escalation=_escalation(doubt))
    if too_short:
        return deny(refusals.too_long(action, target, too_short, ceiling), too_short[0].locator)
    why = refusals.no_rule(policy, subject, binding, action, target)
    return _responder_decision(policy, subject, action) or deny(why, elsewhere=True)


def miss_of(
    policy: Policy, rule: Rule, subject: Subject, standing: Membership, action: Action, target: Target | None
) -> Miss | None:
    """Return why a rule doesn't match, or None if it does. The ceiling limits the lifetime of a token, too."""
    miss = rule.miss(subject, standing, action, target)
    if miss is None and rule.verdict is not Verdict.DENY and not _under(policy.ceiling.token_lifetime, action.lifetime):
        return Miss.LIFETIME
    return miss


def _under(ceiling: timedelta | None, lifetime: Lifetime | None) -> bool:
    if ceiling is None or lifetime is None:
        return True
    return not isinstance(lifetime, Never) and lifetime <= ceiling


def _following(policy: Policy, subject: Subject, binding: Binding, action: Action) -> _Follow:
    """Return a function that returns the `_decision_of_rule` for this action, computed once per rule."""
    known: dict[int, Decision] = {}

    def follow(rule: Rule) -> Decision:
        if (found := known.get(id(rule))) is None:
            found = known[id(rule)] = _decision_of_rule(policy, subject, binding, action, rule)
        return found

    return follow


def _decision_of_rule(policy: Policy, subject: Subject, binding: Binding, action: Action, rule: Rule) -> Decision:
    """Return the decision of a matching rule, or a denial if the rule can't be followed.

    It can't if too few others could approve, if nobody else could review, or if the command only reads and the rule
    doesn't simply allow it.
    """
    if rule.verdict is Verdict.DENY:
        return deny(refusals.denied_by(action), rule.locator)
    if action.command in policy.catalogue.reading and rule.verdict is not Verdict.ALLOW:
        return deny(
            f"`{action.command}` only reads, so approval doesn't apply to it. The policy has to allow it outright.",
            rule.locator,
        )
    approvers = reviewers = _NOBODY
    risk = policy.catalogue.risk_of(action.command, action.options)
    if rule.verdict is Verdict.APPROVE:
        approvers = _panel(subject, by := rule.by.up_to(risk))
        if (there := len(approvers.ids)) < rule.quorum:
            too_few = deny(refusals.too_few(subject, by, rule.quorum, there, "approve"), rule.locator)
            # A request that already waits is still escalated, for example if nobody is known to be on call.
            return replace(too_few, escalation=_escalation(rule), direct_message=rule.direct_message)
    if rule.verdict is Verdict.BREAK_GLASS:
        reviewers = _panel(subject, by := rule.review_by.up_to(risk))
        if not reviewers.ids:
            return replace(deny(refusals.too_few(subject, by, 1, 0, "review"), rule.locator), reviewers=reviewers)
    ceiling = policy.ceiling.token_lifetime
    return Decision(
        verdict=rule.verdict,
        reason=refusals.fits(rule),
        rule=rule.locator,
        approvers=approvers,
        quorum=rule.quorum if rule.verdict is Verdict.APPROVE else 0,
        confirm=rule.confirm or _default_confirm(policy.catalogue, action.command, rule, risk),
        expires=rule.expires,
        start_within=rule.start_within,
        requires=rule.requires,
        max_lifetime=rule.max_lifetime if ceiling is None else min(rule.max_lifetime, ceiling),
        allow_never=rule.allow_never and ceiling is None,
        countdown=rule.countdown,
        undo_by=undoers(subject, rule),
        notify=rule.notify.mentions(),
        direct_message=rule.direct_message,
        escalation=_escalation(rule),
        reviewers=reviewers,
        review_within=rule.review_within if rule.verdict is Verdict.BREAK_GLASS else None,
        blocks_while_owed=rule.blocks_while_owed,
        visibility=rule.visibility or binding.visibility,
    )


def _escalation(rule: Rule) -> tuple[tuple[str, ...], ...]:
    """Return the mentions of each level to which a rule escalates."""
    return tuple(one.mentions() for one in rule.escalate_to)


def _panel(subject: Subject, people: People) -> ApproverSet:
    """Return `people` without the subject, as a set of approvers."""
    return ApproverSet((people,), without=frozenset({subject.person.id, subject.person.human}), groups=subject.groups)


def undoers(subject: Subject, rule: Rule) -> ApproverSet:
    """Return who may undo what `subject` does under a rule: its `undo_by`, or else its `by` and the subject."""
    if rule.undo_by:
        return ApproverSet((rule.undo_by,), groups=subject.groups)
    return ApproverSet((rule.by,), also=frozenset({subject.person.id}), groups=subject.groups)


def _default_confirm(catalogue: CommandCatalogue, command: str, rule: Rule, risk: Risk) -> Confirm:
    """Return the default confirmation for the risk. Break-glass and tokens without approval need none."""
    if rule.verdict is Verdict.BREAK_GLASS or (rule.verdict is Verdict.ALLOW and catalogue.reveals(command)):
        return Confirm.NONE
    return _CONFIRM[risk]


def _unbound(policy: Policy, subject: Subject, action: Action) -> Decision:
    return _responder_decision(policy, subject, action) or deny(refusals.UNBOUND, elsewhere=True)


def _responder_decision(policy: Policy, subject: Subject, action: Action) -> Decision | None:
    """Decide on incident commands in a channel without rules, by the policy's `incidents`. None for anything else."""
    incidents = policy.incidents
    if incidents is None or subject.channel.id in policy.channels:
        return None
    if action.command not in policy.catalogue.for_responders:
        return None
    where = f"incidents: to {incidents.to.words}"
    meant = incidents.to.includes(subject.person, standing_of(policy, subject.person), subject.groups)
    if meant:
        longest = duration_text(incidents.longest)
        return Decision(Verdict.ALLOW, f"You can start incidents in any channel, for up to {longest}.", where)
    if meant is None:
        return deny(refusals.GROUPS_UNKNOWN, where)
    return deny(f"Only {incidents.to.readable} can start incidents here.", where)
