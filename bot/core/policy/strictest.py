"""Combines the decisions on an action for several databases into the strictest one."""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from itertools import zip_longest
from operator import and_
from typing import Final

from bot.core.model import Confirm, Decision, Verdict, Visibility
from bot.core.policy import refusals
from bot.core.policy.refusals import deny

STRICTNESS: Final = {Verdict.ALLOW: 0, Verdict.BREAK_GLASS: 1, Verdict.APPROVE: 2, Verdict.DENY: 3}
_CAREFUL: Final = {Confirm.NONE: 0, Confirm.BUTTON: 1, Confirm.TYPE_NAME: 2}


def strictest(decisions: Iterable[Decision]) -> Decision:
    """Return the first denial, or else the strictest verdict with the strictest settings of all decisions.

    It is a denial if too few people may approve all of them, or if nobody may review all of them.
    """
    different: dict[int, Decision] = {}
    for decision in decisions:
        if decision.verdict is Verdict.DENY:
            return decision
        different[id(decision)] = decision
    every = sorted(different.values(), key=lambda one: -STRICTNESS[one.verdict])
    worst = every[0]
    same = [one for one in every if one.verdict is worst.verdict]
    approvers = reduce(and_, (one.approvers for one in same))
    quorum = max(one.quorum for one in same)
    direct_message = any(one.direct_message for one in every)
    escalation = tuple(
        tuple(dict.fromkeys(mention for level in levels for mention in level))
        for levels in zip_longest(*(one.escalation for one in every), fillvalue=())
    )
    if worst.verdict is Verdict.APPROVE and len(approvers.ids) < quorum:
        too_few = deny(refusals.nobody_for_all(quorum, len(approvers.ids)), worst.rule)
        return replace(too_few, escalation=escalation, direct_message=direct_message)
    reviewers = reduce(and_, (one.reviewers for one in same))
    if worst.verdict is Verdict.BREAK_GLASS and not reviewers.ids:
        why = "No one else can review this for all of these databases. Request each one separately."
        return replace(deny(why, worst.rule), reviewers=reviewers)
    within = [one.review_within for one in same if one.review_within is not None]
    limits = [one.max_lifetime for one in every if one.max_lifetime is not None]
    return replace(
        worst,
        approvers=approvers,
        quorum=quorum,
        confirm=max((one.confirm for one in every), key=_CAREFUL.__getitem__),
        expires=min(one.expires for one in every),
        start_within=min(one.start_within for one in every),
        requires=frozenset().union(*(one.requires for one in every)),
        max_lifetime=min(limits, default=None),
        allow_never=all(one.allow_never for one in every),
        countdown=max(one.countdown for one in every),
        undo_by=reduce(and_, (one.undo_by for one in every)),
        notify=tuple(dict.fromkeys(mention for one in every for mention in one.notify)),
        direct_message=direct_message,
        escalation=escalation,
        reviewers=reviewers,
        review_within=min(within, default=None),
        blocks_while_owed=any(one.blocks_while_owed for one in every),
        visibility=max((one.visibility for one in every), key=lambda seen: seen is Visibility.EPHEMERAL),
    )
