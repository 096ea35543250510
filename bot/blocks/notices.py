"""Short notices around a request: to its asker, to those who should decide, to holders of tokens that have ended."""

from datetime import datetime

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, duration, joined, mention, mrkdwn, person, when
from bot.blocks.verbs import verb_of
from bot.core.reply import Reply
from bot.core.request import Request


def reminder(request: Request, *, now: datetime) -> Reply:
    """Remind those whom the rule notifies that somebody waits."""
    to = joined(" ", (mention(one) for one in request.notify[:10]))
    head = mrkdwn(":bell: {} {} still waits for an answer to *{}* `{}`.", to, person(request.asker),
                  verb_of(request.command), buttons.subject(request))  # fmt: skip
    left = mrkdwn("It waits since {}", duration(now - request.created_at))
    until = mrkdwn("until {}", when(request.expires_at)) if request.expires_at else Mrkdwn("")
    return reply(head, [kit.section(head), kit.context(joined(" ", (left, until)))])


def token_ended_notice(request: Request) -> Reply:
    """Tell a holder that their token no longer works."""
    databases = joined(", ", (mrkdwn("`{}`", name) for name, _ in request.plan.databases[:10]))
    deed = mrkdwn(
        "{} asked for *{}* of `{}`", person(request.asker), verb_of(request.command), buttons.subject(request)
    )
    head = mrkdwn(":warning: Your token for {} has ended: {}.", databases or Mrkdwn("a database"), deed)
    note = mrkdwn("Ask for a new one with `/turso token NAME` where you may.")
    return reply(head, [kit.section(head), kit.context(note)], private=True)
