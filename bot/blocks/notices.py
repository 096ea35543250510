"""Short notices around a request: to its asker, to those who should decide, to holders of tokens that have ended."""

from datetime import datetime

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, Plain, channel, duration, joined, linked, mention, mrkdwn, person, when
from bot.blocks.verbs import verb_of
from bot.core.reply import Reply
from bot.core.request import Request, Review


def reminder(request: Request, *, now: datetime) -> Reply:
    """Remind those whom the rule notifies that somebody waits."""
    to = joined(" ", (mention(one) for one in request.notify[:10]))
    head = mrkdwn(":bell: {} {} still waits for an answer to *{}* `{}`.", to, person(request.asker),
                  verb_of(request.command), buttons.subject(request))  # fmt: skip
    left = mrkdwn("It waits since {}", duration(now - request.created_at))
    until = mrkdwn("until {}", when(request.expires_at)) if request.expires_at else Mrkdwn("")
    return reply(head, [kit.section(head), kit.context(joined(" ", (left, until)))])


def break_glass_notice(request: Request, link: str | None) -> Reply:
    """Tell one whom the rule notifies that something was done without consent."""
    head = mrkdwn(":rotating_light: *Break-glass* by {} in {}: *{}* `{}`", person(request.asker),
                  channel(request.channel_id), verb_of(request.command), buttons.subject(request))  # fmt: skip
    where = [kit.context(mrkdwn("{}", linked(link, "The card in the channel")))] if link else []
    return reply(head, [kit.section(head), kit.quote(Plain("Reason"), Plain(request.reason), at_most=800), *where],
                 private=True)  # fmt: skip


def review_notice(review: Review, request: Request | None, *, overdue: bool) -> Reply:
    """Remind of a review that is owed: first those who may give it, then also those whom the rule notifies."""
    called = [*(person(one) for one in review.reviewers[:10]), *(mention(one) for one in review.notify[:10] if overdue)]
    deed = mrkdwn(" (*{}* `{}`)", verb_of(request.command), buttons.subject(request)) if request else Mrkdwn("")
    late = mrkdwn("It is *overdue* since {}.", when(review.due_at))
    due = late if overdue else mrkdwn("It is due {}.", when(review.due_at))
    sign = Mrkdwn(":rotating_light:") if overdue else Mrkdwn(":eyes:")
    head = mrkdwn("{} {} A review of the break-glass act of {}{} is owed. {}", sign, joined(" ", dict.fromkeys(called)),
                  person(review.actor), deed, due)  # fmt: skip
    return reply(head, [kit.section(head), *kit.actions(buttons.review(review.request_id))])


def token_ended_notice(request: Request) -> Reply:
    """Tell a holder that their token no longer works."""
    databases = joined(", ", (mrkdwn("`{}`", name) for name, _ in request.plan.databases[:10]))
    deed = mrkdwn(
        "{} asked for *{}* of `{}`", person(request.asker), verb_of(request.command), buttons.subject(request)
    )
    head = mrkdwn(":warning: Your token for {} has ended: {}.", databases or Mrkdwn("a database"), deed)
    note = mrkdwn("Ask for a new one with `/turso token NAME` where you may.")
    return reply(head, [kit.section(head), kit.context(note)], private=True)
