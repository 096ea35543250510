"""Runs the regular maintenance of a process: retention, usage samples and the daily audit head."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.core.concurrency.background import Background, Loop
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.incoming import Incoming, Kind
from bot.durable.queue import Queue
from bot.errors import Unavailable
from bot.pipeline.environment import Environment, new_id
from bot.pipeline.outcomes.audit_head import EVENT, post_audit_head, subject_of
from bot.store.store import SqlStore

log = structlog.get_logger(__name__)
EVERY_SECONDS = 60.0
FIRST_SAMPLE = timedelta(minutes=2)
"""The delay of the first sample, because a process that has just started responds to people first."""


@dataclass(slots=True)
class Maintenance:
    """Runs alongside durable work. Each operation is safe if several processes do it."""

    env: Environment
    store: SqlStore
    queue: Queue
    retention_days: int

    def start(self, background: Background) -> list[Loop]:
        """Start the loops. Each continues if another fails."""
        operations = {"audit head": self.audit_head, "samples": self.keep_sampling, "retention": self._prune}
        return [background.start(name, once, every=EVERY_SECONDS) for name, once in operations.items()]

    async def _first_to(self, key: str, channel: str) -> bool:
        """Return True for the process that records the key first, so that the work for the key is done once."""
        now = self.env.clock.now()
        mark = Incoming(id=new_id("i"), key=key, kind=Kind.HOME, at=now, user_id="", channel_id=channel)
        return await self.store.intents.record(mark, actionable=False)

    async def audit_head(self) -> None:
        """Post the audit head once a day, from one process only. A timer retries if Slack doesn't accept it now."""
        seq, _ = await self.store.audit.head()
        subject = subject_of(self.env.clock.now())
        if not seq or not self.env.rules.policy.audit_head_channel:
            return
        if not await self.store.notices.owe_once(subject, EVENT):
            return
        try:
            await post_audit_head(self.env, subject)
        except Unavailable as error:
            log.warning("the audit head will be posted later", subject=subject, why=str(error))

    async def _prune(self) -> None:
        before = self.env.clock.now() - timedelta(days=self.retention_days)
        await self.store.pruning.prune(before)
        await self.store.pruning.prune_measured(self.env.clock.now())
        await self.queue.prune(before)

    async def keep_sampling(self) -> None:
        """Set the sample timer of every organization once a day, and again when the policy turns on alerts for it."""
        now, policy = self.env.clock.now(), self.env.rules.policy
        with_alerts = {one.organization for one in policy.alerts}
        for organization in policy.organizations_used:
            often = ":hourly" if organization in with_alerts else ""
            if await self._first_to(f"samples-of:{organization}:{now:%Y-%m-%d}{often}", ""):
                await self.store.timers.schedule(Timer(TimerKind.SAMPLE, organization, now + FIRST_SAMPLE))
