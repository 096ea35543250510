"""The announcement of a policy change.

It is pending from the commit of its audit entry until it is posted in each of its channels, or that is impossible.
"""

import re
from typing import Final

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, mrkdwn
from bot.blocks.text import channel as channel_link
from bot.core.records.audit_entry import AuditEntry
from bot.core.reply import Reply
from bot.errors import Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import CHANNEL, NOBODY, post_openly

EVENT: Final = "policy_changed"
CHANNELS: Final = "announced_in"
"""Key in the audit entry: the channels in which the change is announced."""
_CHANNEL: Final = re.compile(r"(?<=^• )[CG][A-Z0-9]+\b")
_SUBJECT: Final = "policy:"


def subject_of(seq: int) -> str:
    """Return the `subject` of the notice about a policy change, from the number of its audit entry."""
    return f"{_SUBJECT}{seq}"


def is_policy_change(subject: str) -> bool:
    """Return True if a notice's subject is a policy change."""
    return subject.startswith(_SUBJECT)


async def announce_policy_change(env: Environment, subject: str) -> None:
    """Announce a policy change once in each of its channels. Safe to run again.

    Raises:
        Unavailable: Slack doesn't accept a message now. The timer tries again.
    """
    if await env.store.notices.was_notified(subject, EVENT):
        return
    seq = int(subject.removeprefix(_SUBJECT))
    entries = await env.store.audit.page(before_seq=seq + 1, limit=1)
    how, later = CHANNEL, list[Unavailable]()
    for entry in (entry for number, entry in entries if number == seq):
        for channel_id in entry.detail.get(CHANNELS, ()):
            try:
                how = how if await _announce_in(env, subject, channel_id, entry) else NOBODY
            except Unavailable as error:  # announce it in the other channels first
                later.append(error)
    if later:
        raise later[0]
    await env.store.notices.set_notified(subject, EVENT, how=how)


async def _announce_in(env: Environment, subject: str, channel_id: str, entry: AuditEntry) -> bool:
    """Announce a change in one channel, once. Returns False if that is impossible. Raises Unavailable."""
    if await env.store.notices.was_notified(subject, EVENT, channel_id):
        return True
    if not await post_openly(env, channel_id, announcement(entry), what="a policy change"):
        return False
    await env.store.notices.set_notified(subject, EVENT, how=CHANNEL, person=channel_id)
    return True


def announcement(entry: AuditEntry) -> Reply:
    """Build the message about a policy change: both hashes and, if it is known, who gains or loses what."""
    title = mrkdwn(":scroll: The policy changed from `{}` to `{}`.", entry.detail["old"], entry.detail["new"])
    if "gains_and_losses" not in entry.detail:
        note = "It changed while the bot wasn't running, so the changes aren't listed here."
        return reply(title, [kit.section(title), kit.context(mrkdwn("{}", note))])
    found, is_complete = [str(line) for line in entry.detail["gains_and_losses"]], bool(entry.detail["complete"])
    lines = [Mrkdwn("\n".join(map(_line, found[at : at + 5]))) for at in range(0, len(found), 5)]
    end = "These are all the changes." if is_complete else "There are more changes. See `turso-ops policy diff`."
    if not lines:
        end = "No one gains or loses a permission." if is_complete else "See the changes with `turso-ops policy diff`."
    return reply(title, [kit.section(title), *map(kit.section, lines), kit.context(Mrkdwn(end))])


def _line(line: str) -> str:
    """Format a difference, with its channel as a link.

    People and groups are shown by ID, because a mention would notify them.
    """
    text = mrkdwn("• {}", line)
    return _CHANNEL.sub(lambda found: channel_link(found[0]), text, count=1)
