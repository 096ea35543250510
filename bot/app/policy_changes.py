"""Records each policy change once in the audit log, and announces it if the policy names a channel for that."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from bot.core.policy import Policy
from bot.core.policy.change_summary import ChangeSummary, summarize_changes
from bot.core.records.audit_entry import POLICY_FILE, AuditEntry
from bot.core.requests.incoming import Incoming, Kind
from bot.errors import Unavailable
from bot.pipeline.environment import Environment, new_id
from bot.pipeline.outcomes.policy_notices import CHANNELS, EVENT, announce_policy_change, subject_of
from bot.store.store import SqlStore

log = structlog.get_logger(__name__)

COMPARE_SECONDS: Final = 2.0
"""The longest time for comparing two policies. For large policies, some differences may be missing."""
_PAGE: Final = 200


@dataclass(slots=True)
class PolicyChanges:
    """Records and announces policy changes. Only the first of several processes does so."""

    env: Environment
    store: SqlStore
    _won: set[str] = field(default_factory=set)

    async def record(self, old: Policy | None, new: Policy) -> None:
        """Record that `new` replaced `old`, unless it is the same or already the newest policy in the audit log.

        At startup, `old` is None, and the newest policy in the audit log takes its place. If there is none, nothing is
        recorded.
        """
        seq, before = await self._recorded()
        known = old.hash if old is not None else before
        if new.hash in (known, before) or known is None:
            return
        summary = await self._compare(old, new)
        key = f"policy:{'change' if old else 'start'}:{seq}:{new.hash}"
        if not await self._first_to(key):
            return
        channels = sorted({one.policy_channel for one in (old, new) if one and one.policy_channel})
        subject = await self.store.audit.append_and_owe(self._entry(known, new, summary, channels), EVENT, subject_of)
        self._won.discard(key)
        await self._announce(subject)

    async def _recorded(self) -> tuple[int, str | None]:
        """Return the number of the newest `policy_changed` entry, and the hash of the policy that it put in force.

        Without such an entry, return 0, and the hash in the newest entry that has one, or None.
        """
        for seq, entry in await self.store.audit.page(before_seq=None, limit=1, user_id=POLICY_FILE):
            return seq, str(entry.detail.get("new"))
        before = None
        while page := await self.store.audit.page(before_seq=before, limit=_PAGE):
            if found := next((entry.policy_hash for _, entry in page if entry.policy_hash), None):
                return 0, found
            before = page[-1][0]
        return 0, None

    async def _compare(self, old: Policy | None, new: Policy) -> ChangeSummary | None:
        if old is None:
            return None
        until = time.monotonic() + COMPARE_SECONDS
        return await asyncio.to_thread(
            summarize_changes, old, new, self.env.grammar, enough=lambda: time.monotonic() > until
        )

    async def _first_to(self, key: str) -> bool:
        """Return True only in the process that records `key` first.

        That process gets True again until the change is recorded, so that it can retry.
        """
        if key not in self._won:
            now = self.env.clock.now()
            mark = Incoming(id=new_id("i"), key=key, kind=Kind.HOME, at=now, user_id="", channel_id="")
            if not await self.store.intents.record(mark, actionable=False):
                return False
            self._won.add(key)
        return True

    def _entry(self, old_hash: str, new: Policy, found: ChangeSummary | None, channels: list[str]) -> AuditEntry:
        detail: dict[str, Any] = {"old": old_hash, "new": new.hash, CHANNELS: channels}
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

    async def _announce(self, subject: str) -> None:
        """Announce the change now. A timer retries if Slack doesn't accept it."""
        try:
            await announce_policy_change(self.env, subject)
        except Unavailable as error:
            log.warning("a policy change will be announced later", subject=subject, why=str(error))
