"""The daily post of the audit head: the latest entry's hash, which later proves that no entry up to it was removed."""

from datetime import datetime
from typing import Final

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import counted, mrkdwn
from bot.core.reply import Reply
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import CHANNEL, NOBODY, post_openly

EVENT: Final = "audit_head"
_SUBJECT: Final = "audit-head:"


def subject_of(now: datetime) -> str:
    """Return the `subject` of the notice with a day's audit head."""
    return f"{_SUBJECT}{now:%Y-%m-%d}"


def is_audit_head(subject: str) -> bool:
    """Return True if a notice's subject is a day's audit head."""
    return subject.startswith(_SUBJECT)


async def post_audit_head(env: Environment, subject: str) -> None:
    """Post the current audit head to the policy's channel for it. Safe to run again.

    Raises:
        Unavailable: Slack doesn't accept the message now. The timer tries again.
    """
    async with env.notification_lock(subject):
        if await env.store.notices.was_notified(subject, EVENT):
            return
        how, channel_id = NOBODY, env.rules.policy.audit_head_channel
        seq, head = await env.store.audit.head()
        message = head_message(subject.removeprefix(_SUBJECT), seq, head)
        if channel_id and await post_openly(env, channel_id, message, what="the latest hash of the audit log"):
            how = CHANNEL
        # If the policy no longer names a channel, there is nowhere to post.
        await env.store.notices.set_notified(subject, EVENT, how=how if channel_id else "superseded")


def head_message(day: str, seq: int, head: str) -> Reply:
    """Build the message with the audit head."""
    text = mrkdwn(":link: Audit log on {}: {}, latest hash `{}`", day, counted(seq, "entry", "entries"), head)
    note = mrkdwn("Check it with `turso-ops audit verify --head {}`.", head)
    return reply(text, [kit.section(text), kit.context(note)])
