"""Short notices around a request: to its requester, to those who should decide, to holders of revoked tokens."""

from collections.abc import Sequence
from datetime import datetime

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, Plain, channel, duration, joined, linked, mention, mrkdwn, person, when
from bot.core.catalogue import CommandCatalogue
from bot.core.records.incidents import Review
from bot.core.reply import Reply
from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import Request


def reminder(request: Request, catalogue: CommandCatalogue, *, now: datetime) -> Reply:
    """Remind those whom the rule notifies that somebody waits."""
    to = joined(" ", (mention(one) for one in request.notify[:10]))
    head = mrkdwn(":bell: {} {} still waits for an answer to *{}* `{}`.", to, person(request.requester),
                  catalogue.label_of(request.command), buttons.subject(request))  # fmt: skip
    left = mrkdwn("It waits since {}", duration(now - request.created_at))
    until = mrkdwn("until {}", when(request.expires_at)) if request.expires_at else Mrkdwn("")
    return reply(head, [kit.section(head), kit.context(joined(" ", (left, until)))])


def personal_reminder(request: Request, catalogue: CommandCatalogue, link: str, *, now: datetime) -> Reply:
    """Remind one person who may approve, where the rule notifies nobody."""
    operation = mrkdwn(
        "*{}* `{}` in {}", catalogue.label_of(request.command), buttons.subject(request), channel(request.channel_id)
    )
    head = mrkdwn(":bell: {} is waiting for your approval: {}.", person(request.requester), operation)
    until = mrkdwn("Expires {}.", when(request.expires_at)) if request.expires_at else Mrkdwn("")
    since = mrkdwn("Waiting for {}.", duration(now - request.created_at))
    card = linked(link, "Open the card") if link else Mrkdwn("")
    return reply(head, [kit.section(head), kit.context(since, until, card)], private=True)


def break_glass_notice(request: Request, catalogue: CommandCatalogue, link: str | None) -> Reply:
    """Tell one whom the rule notifies that something was done without approval."""
    head = mrkdwn(":rotating_light: *Break-glass* by {} in {}: *{}* `{}`", person(request.requester),
                  channel(request.channel_id), catalogue.label_of(request.command),
                  buttons.subject(request))  # fmt: skip
    where = [kit.context(mrkdwn("{}", linked(link, "The card in the channel")))] if link else []
    return reply(head, [kit.section(head), kit.quote(Plain("Reason"), Plain(request.reason), at_most=800), *where],
                 private=True)  # fmt: skip


def review_notice(review: Review, request: Request | None, catalogue: CommandCatalogue, *, overdue: bool) -> Reply:
    """Remind of a review that is owed: first those who may give it, then also those whom the rule notifies."""
    called = [*(person(one) for one in review.reviewers[:10]), *(mention(one) for one in review.notify[:10] if overdue)]
    operation = (
        mrkdwn(" (*{}* `{}`)", catalogue.label_of(request.command), buttons.subject(request)) if request else Mrkdwn("")
    )
    late = mrkdwn("It is *overdue* since {}.", when(review.due_at))
    due = late if overdue else mrkdwn("It is due {}.", when(review.due_at))
    sign = Mrkdwn(":rotating_light:") if overdue else Mrkdwn(":eyes:")
    head = mrkdwn("{} {} A review of the break-glass act of {}{} is owed. {}", sign, joined(" ", dict.fromkeys(called)),
                  person(review.actor), operation, due)  # fmt: skip
    return reply(head, [kit.section(head), *kit.actions(buttons.review(review.request_id))])


def reviewed_notice(review: Review, request: Request, catalogue: CommandCatalogue) -> Reply:
    """Tell who acted without an approval, and whom the rule notifies, what the review came to."""
    found = Mrkdwn("justified") if review.justified else Mrkdwn("*not* justified")
    head = mrkdwn(":eyes: {}: {} reviewed the break-glass act *{}* `{}` and found it {}.", person(review.actor),
                  person(review.reviewed_by), catalogue.label_of(request.command), buttons.subject(request),
                  found)  # fmt: skip
    comment = [kit.quote(Plain("Review"), Plain(review.comment), at_most=500)] if review.comment else []
    return reply(head, [kit.section(head), *comment])


def tokens_revoked_notice(request: Request, databases: Sequence[str], proof: Proof | None) -> Reply:
    """Tell a holder what a rotation did to their tokens, as far as it is known."""
    name = buttons.subject(request)
    named = joined(", ", (mrkdwn("`{}`", one) for one in databases[:10])) or mrkdwn("`{}`", name)
    by = mrkdwn("{} rotated the tokens of `{}`", person(request.requester), name)
    head = mrkdwn(":warning: {}. Your tokens for {} {}", by, named, _what_holds(name, databases, proof))
    note = mrkdwn("Ask for a new one with `/turso token NAME` where you may.")
    return reply(head, [kit.section(head), kit.context(note)], private=True)


def _what_holds(name: str, databases: Sequence[str], proof: Proof | None) -> Mrkdwn:
    found = {one.database: one.tokens for one in proof.findings} if proof else {}
    if databases and all(found.get(one) is OldTokens.REFUSED for one in databases):
        return Mrkdwn("no longer work.")
    if name not in databases and databases:
        return Mrkdwn("may have been revoked too: they share its group.")
    return Mrkdwn("are revoked; they may work for up to an hour.")
