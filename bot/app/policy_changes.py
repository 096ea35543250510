"""Each change of the policy: once in the audit log, and once in a channel if the policy names one."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, mrkdwn
from bot.blocks.text import channel as channel_link
from bot.core.policy import Policy
from bot.core.policy.changed import Changed, changed
from bot.core.reply import Reply
from bot.core.request import POLICY_FILE, AuditEntry, Incoming, Kind
from bot.errors import BotError
from bot.pipeline.environment import Environment, new_id
from bot.store.store import Store

log = structlog.get_logger(__name__)

COMPARE_SECONDS: Final = 2.0
"""How long two policies are compared; of large ones the log then has a part of the differences."""
_RECENT: Final = 20
_CHANNEL: Final = re.compile(r"(?<=^• )[CG][A-Z0-9]+\b")


@dataclass(slots=True)
class PolicyChanges:
    """Several processes see the same change; the first of them records and announces it."""

    env: Environment
    store: Store
    _won: set[str] = field(default_factory=set)

    async def record(self, old: Policy | None, new: Policy) -> None:
        """Record that `new` came into force after `old`; at a start (`old` is None) only if another one was before."""
        seq, before = await self._recorded()
        known = old.hash if old is not None else before
        if new.hash in (known, before) or known is None:
            return
        found = await self._compare(old, new)
        key = f"policy:{'change' if old else 'start'}:{seq}:{new.hash}"
        if not await self._first_to(key):
            return
        await self.store.audit(self._entry(known, new, found))
        self._won.discard(key)
        for channel_id in sorted({one.policy_channel for one in (old, new) if one and one.policy_channel}):
            await self._announce(channel_id, known, new, found)

    async def _recorded(self) -> tuple[int, str | None]:
        """Return the newest record of a change, and which policy was in force before; None: nothing tells."""
        for seq, entry in await self.store.audit_page(before_seq=None, limit=1, user_id=POLICY_FILE):
            return seq, str(entry.detail.get("new"))
        recent = await self.store.audit_page(before_seq=None, limit=_RECENT)
        return 0, next((entry.policy_hash for _, entry in recent if entry.policy_hash), None)

    async def _compare(self, old: Policy | None, new: Policy) -> Changed | None:
        if old is None:
            return None
        until = time.monotonic() + COMPARE_SECONDS
        return await asyncio.to_thread(changed, old, new, self.env.grammar, enough=lambda: time.monotonic() > until)

    async def _first_to(self, key: str) -> bool:
        """True for one process; for that one again, if what it then did failed."""
        if key not in self._won:
            now = self.env.clock.now()
            mark = Incoming(id=new_id("i"), key=key, kind=Kind.HOME, at=now, user_id="", channel_id="")
            if not await self.store.record_intent(mark, actionable=False):
                return False
            self._won.add(key)
        return True

    def _entry(self, old_hash: str, new: Policy, found: Changed | None) -> AuditEntry:
        detail: dict[str, Any] = {"old": old_hash, "new": new.hash}
        if found is not None:
            detail |= {"gains_and_losses": list(found.lines), "complete": found.complete}
        return AuditEntry(
            at=self.env.clock.now(),
            event="policy_changed",
            outcome="in_force",
            user_id=POLICY_FILE,
            channel_id=new.policy_channel or "",
            policy_hash=new.hash,
            detail=detail,
        )

    async def _announce(self, channel_id: str, old_hash: str, new: Policy, found: Changed | None) -> None:
        """The record is what counts: a channel that cannot be reached is told in the log."""
        try:
            await self.env.messenger.post(channel_id, announcement(old_hash, new.hash, found))
        except BotError as error:
            log.warning("a change of the policy was not announced", channel=channel_id, why=str(error))


def announcement(old_hash: str, new_hash: str, found: Changed | None) -> Reply:
    """Build the message about a change: which policy is in force, and who gains or loses what."""
    title = mrkdwn(":scroll: The policy changed from `{}` to `{}`.", old_hash, new_hash)
    if found is None:
        note = "It changed while the bot was not running, so the two cannot be compared here."
        return reply(title, [kit.section(title), kit.context(mrkdwn("{}", note))])
    lines = [Mrkdwn("\n".join(map(_line, found.lines[at : at + 5]))) for at in range(0, len(found.lines), 5)]
    end = "These are all the differences." if found.complete else "There are more: see `turso-ops policy diff`."
    if not lines:
        end = (
            "Nobody gains or loses a right." if found.complete else "It is large: compare with `turso-ops policy diff`."
        )
    return reply(title, [kit.section(title), *map(kit.section, lines), kit.context(Mrkdwn(end))])


def _line(line: str) -> str:
    """A difference, with its channel as a link; people and groups stay ids, since a mention would notify them."""
    text = mrkdwn("• {}", line)
    return _CHANNEL.sub(lambda found: channel_link(found[0]), text, count=1)
