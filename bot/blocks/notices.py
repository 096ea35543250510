"""Builds notices about a request, for its requester, approvers and reviewers, and for token holders whom it affects."""

from collections.abc import Sequence
from datetime import datetime

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.request_text import whose_request
from bot.blocks.text import Mrkdwn, Plain, ago, channel, cut, joined, linked, mention, mrkdwn, person, when
from bot.core.catalogue import CommandCatalogue
from bot.core.records.incidents import Review
from bot.core.reply import Reply
from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import Request
from bot.core.requests.seen_times import UNDONE_BY


def reminder(request: Request, catalogue: CommandCatalogue, *, now: datetime) -> Reply:
    """Return a reminder that a request waits for approval, for the people whom the rule notifies."""
    to = joined(" ", (mention(one) for one in request.notify[:10]))
    what = mrkdwn("{} is waiting for approval to {}.", person(request.requester), buttons.to_do(request, catalogue))
    if request.is_branch_end:
        name = buttons.subject(request)
        what = mrkdwn("the branch `{}` has reached its end date. Destroying it needs approval.", name)
    head = mrkdwn(":bell: {}: {}", to, what)
    return reply(head, [kit.section(head), kit.context(*_deadline_lines(request, now))])


def personal_reminder(request: Request, catalogue: CommandCatalogue, link: str, *, now: datetime) -> Reply:
    """Return a reminder for an approver or delegate, for when the rule notifies nobody or `reminder` wasn't posted."""
    wish, where = buttons.to_do(request, catalogue), channel(request.channel_id)
    head = mrkdwn(":bell: {} is waiting for your approval to {} in {}.", person(request.requester), wish, where)
    if request.is_branch_end:
        head = mrkdwn(":bell: {} is waiting for your approval in {}.", whose_request(request, catalogue), where)
    card = linked(link, "Open the card") if link else Mrkdwn("")
    return reply(head, [kit.section(head), kit.context(*_deadline_lines(request, now), card)], private=True)


def direct_call(request: Request, catalogue: CommandCatalogue, link: str, *, now: datetime) -> Reply:
    """Return a direct message to a person whom the rule notifies. They aren't necessarily an approver."""
    wish, where = buttons.to_do(request, catalogue), channel(request.channel_id)
    head = mrkdwn(":raised_hand: {} needs approval to {} in {}.", person(request.requester), wish, where)
    if request.is_branch_end:
        head = mrkdwn(":raised_hand: {} needs approval in {}.", whose_request(request, catalogue), where)
    has_reason = request.reason and not request.is_branch_end
    quoted = kit.quote(Plain("Reason"), Plain(request.reason), at_most=800) if has_reason else None
    card = linked(link, "Open the card") if link else Mrkdwn("")
    blocks = [kit.section(head), *([quoted] if quoted else []), kit.context(*_deadline_lines(request, now), card)]
    return reply(head, blocks, private=True)


def _deadline_lines(request: Request, now: datetime) -> list[Mrkdwn]:
    since = mrkdwn("Requested {}.", ago(request.created_at, now))
    until = mrkdwn("Expires {}.", when(request.expires_at)) if request.expires_at else Mrkdwn("")
    return [since, until]


def break_glass_notice(request: Request, catalogue: CommandCatalogue, link: str | None) -> Reply:
    """Return a notice about a break-glass operation, for those whom the rule notifies."""
    head = mrkdwn(":rotating_light: {} used *break-glass access* in {} to {}.", person(request.requester),
                  channel(request.channel_id), buttons.to_do(request, catalogue))  # fmt: skip
    why = mrkdwn(" Reason: {}", cut(request.reason, 200)) if request.reason else Mrkdwn("")
    where = [kit.context(mrkdwn("{}", linked(link, "Open the card")))] if link else []
    quoted = kit.quote(Plain("Reason"), Plain(request.reason), at_most=800)
    return reply(joined("", (head, why)), [kit.section(head), quoted, *where], private=True)


def review_notice(review: Review, request: Request | None, catalogue: CommandCatalogue, *, overdue: bool) -> Reply:
    """Return a reminder of a missing review, which mentions the reviewers.

    Once the review is overdue, the people whom the rule notifies are mentioned too.
    """
    called = [*(person(one) for one in review.reviewers[:10]), *(mention(one) for one in review.notify[:10] if overdue)]
    operation = mrkdwn(" to {}", buttons.to_do(request, catalogue)) if request else Mrkdwn("")
    late = mrkdwn("The review has been *overdue* since {}.", when(review.due_at))
    due = late if overdue else mrkdwn("The review is due {}.", when(review.due_at))
    sign = Mrkdwn(":rotating_light:") if overdue else Mrkdwn(":eyes:")
    head = mrkdwn("{} {}: {} used break-glass access{}. {}", sign, joined(" ", dict.fromkeys(called)),
                  person(review.actor), operation, due)  # fmt: skip
    return reply(head, [kit.section(head), *kit.actions(buttons.review(review.request_id))])


def reviewed_notice(review: Review, request: Request, catalogue: CommandCatalogue) -> Reply:
    """Return a notice about the verdict of a review, for the person who used break-glass."""
    verdict = Mrkdwn("justified") if review.justified else Mrkdwn("*not* justified")
    head = mrkdwn(":eyes: {}: {} reviewed your break-glass operation to {} and found it {}.", person(review.actor),
                  person(review.reviewed_by), buttons.to_do(request, catalogue), verdict)  # fmt: skip
    comment = [kit.quote(Plain("Review"), Plain(review.comment), at_most=500)] if review.comment else []
    return reply(head, [kit.section(head), *comment])


def tokens_revoked_notice(request: Request, databases: Sequence[str], proof: Proof | None) -> Reply:
    """Return a notice for a token holder about what a rotation did to their tokens, as far as that is known."""
    name = buttons.subject(request)
    by = mrkdwn("{} revoked all tokens for `{}`.", person(request.requester), name)
    head = mrkdwn(":warning: {} {}", by, joined(" ", _token_effects(name, databases or [name], proof)))
    note = mrkdwn("Get a new one with `/turso token NAME`.")
    return reply(head, [kit.section(head), kit.context(note)], private=True)


def destroyed_notice(request: Request) -> Reply:
    """Return a notice for a token holder whose database was destroyed."""
    name = buttons.subject(request)
    head = mrkdwn(":warning: The database `{}` was destroyed. Your tokens for it no longer work.", name)
    return reply(head, [kit.section(head)], private=True)


def replaced_notice(request: Request, databases: Sequence[str], proof: Proof | None) -> Reply:
    """Return a notice that a copy replaced a token holder's database: the copy's address, and how to get a token."""
    name, new = buttons.subject(request), request.plan.successor
    head = mrkdwn(":twisted_rightwards_arrows: {} replaced `{}` with its copy `{}`.",
                  person(request.requester), name, new["name"])  # fmt: skip
    kept = mrkdwn("`{}` is in quarantine, so clients get errors. Use `{}` from now on.", name, new["name"])
    others = [one for one in databases if one != name]
    reach = _may_be_revoked(others) if others else Mrkdwn("")
    note = mrkdwn("Get a token in {} with `/turso token {}`, or press *New token* on the card there.",
                  channel(request.channel_id), new["name"])  # fmt: skip
    urls = [str(new[key]) for key in ("libsql_url", "https_url") if new.get(key)]
    return reply(
        joined(" ", (head, kept)),
        [kit.section(joined(" ", (head, kept, reach))), *kit.preformatted(*map(Plain, urls)), kit.context(note)],
        private=True,
    )


def switched_back_notice(request: Request) -> Reply:
    """Return a notice that a switch to a copy was undone, so a token holder's original database is in use again."""
    name, other = buttons.subject(request), request.plan.successor["name"]
    by = person(str(request.facts.get(UNDONE_BY) or request.requester))
    head = mrkdwn(":leftwards_arrow_with_hook: {} undid the switch from `{}` to `{}`.", by, name, other)
    back = mrkdwn("Use `{}` again. It doesn't contain anything written to `{}` since the switch.", name, other)
    note = mrkdwn("Your old tokens may have been revoked. Get a new one in {} with `/turso token {}`.",
                  channel(request.channel_id), name)  # fmt: skip
    return reply(joined(" ", (head, back)), [kit.section(joined(" ", (head, back))), kit.context(note)], private=True)


def _token_effects(name: str, databases: Sequence[str], proof: Proof | None) -> list[Mrkdwn]:
    """Return what happened to a holder's tokens: at most one sentence about each group of databases.

    Args:
        name: the database whose tokens were revoked. `databases` may include it.
    """
    refused = {one.database for one in proof.findings if one.tokens is OldTokens.REFUSED} if proof else set()
    gone = [one for one in databases if one in refused]
    own = [one for one in databases if one == name and one not in refused]
    others = [one for one in databases if one != name and one not in refused]
    return [
        *([mrkdwn("Your tokens for {} no longer work.", _names(gone))] if gone else []),
        *(
            [mrkdwn("Your tokens for {} are revoked, but may still work for up to an hour.", _names(own))]
            if own
            else []
        ),
        *([_may_be_revoked(others)] if others else []),
    ]


def _may_be_revoked(databases: Sequence[str]) -> Mrkdwn:
    """Return a sentence about a holder's tokens for other databases of the group."""
    they_are = Mrkdwn("that database is" if len(databases) == 1 else "those databases are")
    return mrkdwn("Your tokens for {} may have been revoked too, because {} in the same group.",
                  _names(databases), they_are)  # fmt: skip


def _names(databases: Sequence[str]) -> Mrkdwn:
    return joined(", ", (mrkdwn("`{}`", one) for one in databases[:10]))
