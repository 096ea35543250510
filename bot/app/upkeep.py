"""What a process looks after by itself: old records go, the audit head is posted once a day."""

from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn
from bot.core.background import Background, Loop
from bot.core.request import Incoming, Kind, Timer, TimerKind
from bot.durable.queue import Queue
from bot.errors import BotError
from bot.pipeline.environment import Environment, new_id
from bot.pipeline.outcomes import may_be_seen
from bot.store.store import Store

log = structlog.get_logger(__name__)
EVERY_SECONDS = 60.0
FIRST_SAMPLE = timedelta(minutes=2)
"""A process that has just started answers people first."""


@dataclass(slots=True)
class Upkeep:
    """Runs beside the durable work; each of its deeds is harmless when several processes do it."""

    env: Environment
    store: Store
    queue: Queue
    retention_days: int

    def start(self, background: Background) -> list[Loop]:
        """Start its loops; each goes on when another one fails."""
        deeds = {"audit head": self._audit_head, "samples": self._keep_sampling, "retention": self._prune}
        return [background.start(name, once, every=EVERY_SECONDS) for name, once in deeds.items()]

    async def _first_to(self, key: str, channel: str) -> bool:
        """True for the one process that records the key first: what it stands for is done once."""
        now = self.env.clock.now()
        mark = Incoming(id=new_id("i"), key=key, kind=Kind.HOME, at=now, user_id="", channel_id=channel)
        return await self.store.record_intent(mark, actionable=False)

    async def _audit_head(self) -> None:
        now = self.env.clock.now()
        seq, head = await self.store.audit_head()
        await self._post_head(f"{now:%Y-%m-%d}", seq, head)

    async def _prune(self) -> None:
        before = self.env.clock.now() - timedelta(days=self.retention_days)
        await self.store.prune(before)
        await self.queue.prune(before)

    async def _keep_sampling(self) -> None:
        """Make sure, once a day, that each organization of the policy is measured from soon on."""
        now, policy = self.env.clock.now(), self.env.rules.policy
        for organization in {*policy.organizations, policy.organization} - {""}:
            if await self._first_to(f"samples-of:{organization}:{now:%Y-%m-%d}", ""):
                await self.store.set_timer(Timer(TimerKind.SAMPLE, organization, now + FIRST_SAMPLE))

    async def _post_head(self, day: str, seq: int, head: str) -> None:
        """Post the chain's head, once a day over all processes: only a posted head proves that no tail was cut."""
        channel = self.env.rules.policy.audit_head_channel
        if not channel or not seq or not await self._first_to(f"audit-head:{day}", channel):
            return
        text = mrkdwn(":link: Audit log of {}: {} entries, head `{}`", day, seq, head)
        note = mrkdwn("Check it with `turso-ops audit verify --head {}`.", head)
        try:
            if await may_be_seen(self.env, channel):
                await self.env.messenger.post(channel, reply(text, [kit.section(text), kit.context(note)]))
        except BotError as error:
            log.error("the head of the audit log was not posted", channel=channel, why=str(error))
