"""Checks everything that a process depends on, for `doctor`, `/readyz` and the metrics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot.app.checks import Check, Finding, Unhealthy, run_checks
from bot.app.credential_checks import CredentialChecks
from bot.app.guests import check_guests
from bot.app.heartbeat import Heartbeat
from bot.app.metrics import Stored
from bot.app.policy_book import PolicyBook
from bot.app.readiness import Readiness
from bot.app.stored_figures import stored_figures
from bot.app.turso_clients import TursoClients
from bot.app.turso_tokens import check_tokens
from bot.app.unexplained_blocks import check_blocks
from bot.blocks.text import counted, duration
from bot.core.audit import verify_stream
from bot.core.model import Channel
from bot.core.ports import Clock, Store
from bot.core.records.notices import PendingNotice
from bot.core.records.timers import Backlog
from bot.core.requests.request import BEFORE_SENT, State
from bot.durable.queue import Queue
from bot.pipeline.outcomes.delivery import ALARM, REVOKED
from bot.slack.lookups.directory import SlackDirectory
from bot.slack.lookups.installation import Workspace
from bot.slack.manifest import SCOPES
from bot.store.store import SqlStore

DUE_LATE: Final = timedelta(minutes=2)
CLOCK_MAY_DIFFER: Final = timedelta(minutes=1)
STUCK_FOR: Final = timedelta(minutes=15)
NOTIFIED_WITHIN: Final = timedelta(minutes=10)
NOTIFIED_SINCE: Final = timedelta(days=7)
OPEN_STATES: Final = (*BEFORE_SENT, State.QUARANTINED)
STREAM_MAY_LAG: Final = 1000
"""How many entries the audit stream's receiver may still lack."""


@dataclass(slots=True)
class Health:
    """Checks everything that a process depends on."""

    store: SqlStore
    clock: Clock
    workspace: Workspace
    directory: SlackDirectory
    book: PolicyBook
    clients: TursoClients
    queue: Queue
    heartbeat: Heartbeat
    credentials: CredentialChecks
    on_call: Check
    """The check of the on-call schedules."""
    stream: str = ""
    """The audit stream's key in the store. Empty if there is none."""
    place: str = ""
    """The address of the store."""

    def readiness(self, durable: Callable[[], str]) -> Readiness:
        """Return the check for load balancers. `durable` returns why no durable work is done here, or ''."""
        return Readiness(self._store, {"slack": self._slack, "turso": self._turso}, durable)

    async def doctor(self) -> Sequence[Finding]:
        """Run every live check."""
        return await run_checks(
            {
                "store": self._store,
                "slack": self._slack,
                "scopes": self._scopes,
                "app token": self.credentials.check_app_token,
                "signing secret": self.credentials.check_signing_secret,
                "turso": self._turso,
                "blocks": self._blocks,
                "policy": self._policy,
                "channels": self._channels,
                "clock": self._time,
                "user groups": self._groups,
                "on call": self.on_call,
                "guests": partial(check_guests, self.directory, self.book),
                "approvers": self._approvers,
                "audit chain": self._chain,
                "audit stream": self._stream,
                "timers": self._timers,
                "background work": self._background,
                "durable work": self._work,
                "outcomes": self.outcomes,
            }
        )

    async def _store(self) -> str:
        if trouble := await self.store.trouble():
            raise Unhealthy(trouble)
        return f"The bot's own database accepts writes{f' (`{self.place}`)' if self.place else ''}."

    async def _slack(self) -> str:
        installation = await self.workspace.check()
        wanted = self.book.policy.workspaces
        if wanted and not wanted & {installation.team_id, installation.enterprise_id}:
            others = ", ".join(f"`{one}`" for one in sorted(wanted))
            raise Unhealthy(f"The bot is installed in `{installation.team_id}`, but the policy is for {others}.")
        return f"Slack accepts the bot's token (workspace `{installation.team_id}`)."

    async def _scopes(self) -> str:
        granted = (await self.workspace.check()).scopes
        if not granted:
            return "Slack's response didn't include the granted scopes, so they can't be checked."
        if missing := sorted(set(SCOPES) - granted):
            raise Unhealthy(f"Missing scopes: {', '.join(f'`{one}`' for one in missing)}.")
        unneeded = ", ".join(f"`{one}`" for one in sorted(granted - set(SCOPES)))
        return f"All scopes are granted{f'. Not needed: {unneeded}' if unneeded else ''}."

    async def _time(self) -> str:
        ahead = (await self.workspace.check()).clock_is_ahead
        if ahead is None:
            return "Slack's response didn't include the time, so the clocks can't be compared."
        if abs(ahead) > CLOCK_MAY_DIFFER:
            where = "ahead of" if ahead > timedelta(0) else "behind"
            raise Unhealthy(
                f"This machine's clock is {duration(abs(ahead))} {where} Slack's. Correct it: timers run at the wrong "
                "time, and if the difference reaches 5 minutes, Slack's requests are refused."
            )
        return "This machine's clock matches Slack's."

    async def _turso(self) -> str:
        return await check_tokens(self.clients, self.book.policy.organizations_used, self.clock.now())

    async def _blocks(self) -> str:
        return await check_blocks(self.clients, self.book.policy.organizations_used, self.store.holds)

    async def _policy(self) -> str:
        if self.book.problem:
            raise Unhealthy(f"The policy file can't be used, so the previous policy still applies: {self.book.problem}")
        policy = self.book.policy
        if self.book.is_settling:
            return f"Policy `{policy.hash}` is in force. Its file is being written and will be loaded afterwards."
        if others := sorted({one for one in (await self.heartbeat.others()).values() if one != policy.hash}):
            hashes = ", ".join(f"`{one}`" for one in others)
            raise Unhealthy(f"Policy `{policy.hash}` is in force here, but other processes use {hashes}.")
        return f"Policy `{policy.hash}` is in force: {counted(len(policy.channels), 'channel')}."

    async def _channels(self) -> str:
        channels = {channel_id: await self.directory.channel(channel_id) for channel_id in self.book.policy.channels}
        if wrong := [f"`{name}` {trouble}" for name, channel in channels.items() if (trouble := _trouble(channel))]:
            raise Unhealthy(f"Some channels in the policy can't be used: {'; '.join(wrong)}.")
        return "All channels in the policy exist, and the bot is in them."

    async def _groups(self) -> str:
        names = sorted(self.book.policy.usergroups)
        members = await self.directory.members(names)
        unknown = [f"`{name}`" for name in names if members.get(name) is None]
        if unknown:
            raise Unhealthy(f"These user groups can't be read, so they count as empty: {', '.join(unknown)}.")
        return f"{counted(len(names), 'user group')} can be read." if names else "The policy names no user groups."

    async def _approvers(self) -> str:
        members = await self.directory.members(sorted(self.book.policy.groups))
        short, known = [], ""
        for rule, who, wanted in self.book.policy.approval_rules():
            if who.unchecked(members):
                known = " with known members"  # unknown user groups are reported by another check
                continue
            there = len(await self.directory.present(who.members(members), enough=wanted))
            if there < wanted:
                short.append(f"`{rule.where}` needs {wanted} and has {there}")
        if short:
            raise Unhealthy(f"These rules have too few people who can approve or review: {'; '.join(short)}.")
        return f"Every rule{known} has enough people who can approve or review."

    async def _chain(self) -> str:
        verified = await verify_stream(self.store.audit.chain())
        if verified.fault:
            raise Unhealthy(f"The audit log failed verification (altered or damaged): {verified.fault}")
        if fault := await self.store.audit.index_fault():
            raise Unhealthy(f"The audit log's index failed verification: {fault}")
        return f"The audit log is intact ({counted(verified.entries, 'entry', 'entries')})."

    async def _stream(self) -> str:
        if not self.stream:
            return "The audit log isn't sent anywhere."
        lag, state = await self._stream_lag(), await self.store.audit_streams.state(self.stream)
        if lag and state.fault:
            since = f"since {state.received_at:%Y-%m-%d %H:%M} UTC" if state.received_at else "at all"
            raise Unhealthy(f"The receiver of the audit stream has received nothing {since}: {state.fault}")
        if lag > STREAM_MAY_LAG:
            raise Unhealthy(f"{counted(lag, 'audit entry', 'audit entries')} haven't been sent yet.")
        return f"The audit stream has sent entry {state.seq}."

    async def _stream_lag(self) -> int:
        """Return how many entries the receiver doesn't have yet. 0 without a receiver."""
        last, _ = await self.store.audit.head()
        return last - (await self.store.audit_streams.state(self.stream)).seq if self.stream else 0

    async def backlog(self) -> Backlog:
        """Count the timers that are overdue by more than `DUE_LATE`, and those that have failed."""
        return await self.store.timers.backlog(self.clock.now() - DUE_LATE)

    async def stored(self) -> Stored:
        """Return the store's figures for the metrics."""
        now = self.clock.now()
        return await stored_figures(
            backlog=self.backlog(),
            undelivered=undelivered_outcomes(self.store, now),
            head=self.store.audit.head(),
            lag=self._stream_lag(),
            requests_open=self.store.requests.count(OPEN_STATES),
            stuck=self.queue.stuck(for_=STUCK_FOR),
        )

    async def _timers(self) -> str:
        due = await self.backlog()
        if due.failing:
            some = "; ".join(f"`{one.kind}` of `{one.subject}`, {one.failures}×: {one.cause}" for one in due.examples)
            raise Unhealthy(f"{counted(due.failing, 'timer')} failed and will be retried ({some}).")
        if due.overdue:
            late = f"{counted(due.overdue, 'timer')} {'is' if due.overdue == 1 else 'are'}"
            raise Unhealthy(f"{late} overdue. Check that a worker process is running.")
        return "No timers are overdue."

    async def _background(self) -> str:
        if failing := await self.heartbeat.failing():
            some = "; ".join(f"`{process}`: {loops}" for process, loops in failing.items())
            raise Unhealthy(f"Background work keeps failing and is being retried: {some}. The log says why.")
        return "No background work is failing."

    async def _work(self) -> str:
        if stuck := await self.queue.stuck(for_=STUCK_FOR):
            since, some = STUCK_FOR.seconds // 60, ", ".join(f"`{one}`" for one in stuck[:3])
            raise Unhealthy(
                f"{counted(len(stuck), 'workflow')} didn't finish within {since} minutes ({some}). The log says why."
            )
        return "No workflows are stuck."

    async def outcomes(self) -> str:
        """Check that people were notified of recent outcomes, and that their cards could be built. Raises Unhealthy."""
        if undelivered := await undelivered_outcomes(self.store, self.clock.now()):
            posts = [one for one in undelivered if ":" in one.subject]
            ends = [one for one in undelivered if one not in posts]
            some = ", ".join(f"{_kind(one)} `{one.subject}` ({one.event})" for one in ends[:5])
            more = f" and {len(ends) - 5} more" if len(ends) > 5 else ""
            heard = f"No one was notified of {some}{more}. " if ends else ""
            missing = ", ".join(f"`{one.subject}`" for one in posts[:5])
            posted = f"These posts weren't delivered: {missing}. " if posts else ""
            raise Unhealthy(f"{heard}{posted}The log says why.")
        if plain := await self.store.notices.delivered_plainly(since=self.clock.now() - NOTIFIED_SINCE):
            some = ", ".join(f"`{one.subject}` ({one.event})" for one in plain[:5])
            raise Unhealthy(f"Some cards can't be shown because of an error in Turso Ops: {some}. The log says why.")
        return "All notices about outcomes, break-glass operations and revoked tokens were delivered."


def _kind(undelivered: PendingNotice) -> str:
    """Return what an undelivered notice is about."""
    if undelivered.event == ALARM:
        return "the break-glass operation"
    if undelivered.event.startswith(REVOKED):
        return "tokens revoked by request"
    return _KINDS.get(undelivered.subject[:2], "the end of the incident")


_KINDS: Final = {"r-": "the outcome of request", "h-": "the end of freeze", "v-": "review", "al": "alert"}


async def undelivered_outcomes(store: Store, now: datetime) -> list[PendingNotice]:
    """Return the notices of the last days that should have been delivered by now, but weren't."""
    return await store.notices.undelivered(since=now - NOTIFIED_SINCE, before=now - NOTIFIED_WITHIN)


def _trouble(channel: Channel) -> str:
    if channel.is_archived:
        return "is archived"
    if not channel.bot_is_member:
        return "doesn't exist, or the bot isn't in it"
    return "is shared with another organization" if channel.is_ext_shared else ""
