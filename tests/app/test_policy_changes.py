"""Each change of the policy is recorded and announced once, even if several processes detect it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.app import policy_changes
from bot.app.policy_changes import PolicyChanges
from bot.commands import CATALOGUE, COMMANDS
from bot.core.model import Channel
from bot.core.parsing.grammar import Grammar
from bot.core.policy import Policy, load
from bot.core.records.audit_entry import AuditEntry
from bot.errors import BotError, Unavailable
from bot.pipeline.outcomes.notifications import retry_notification
from bot.store.store import open_store
from tests.stores import copy_store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
GRAMMAR = Grammar(COMMANDS)


def policy(rule: str, channel: str | None = "C0ADMIN", more: str = "") -> Policy:
    announced = f"policy_channel: {channel}\n" if channel else ""
    text = f"version: 1\n{announced}channels:\n  C0DBOPS: {{databases: ['*'], rules: [{{{rule}}}]}}\n{more}"
    return load(text, CATALOGUE, default_organization="acme")


OLD, NEW = policy("allow: destroy"), policy("deny: destroy")


@dataclass
class Installation:
    """Several processes on one store, and what they posted."""

    stores: list[Any]
    posted: list[tuple[str, Any]] = field(default_factory=list)
    closed: bool = False
    """Slack refuses every post, as in an archived channel."""
    shared: bool = False
    """Every channel is shared with another workspace."""
    errors: list[BaseException] = field(default_factory=list)
    """Errors that the next posts raise."""

    def process(self, at: int = 0) -> PolicyChanges:
        """Return a new process on one of the stores' connections. Its current policy is `NEW`."""
        clock = SimpleNamespace(now=lambda: NOON)
        env: Any = SimpleNamespace(
            clock=clock,
            grammar=GRAMMAR,
            messenger=SimpleNamespace(post=self._post),
            store=self.stores[at],
            directory=SimpleNamespace(channel=self._channel),
            rules=SimpleNamespace(policy=NEW),
        )
        return PolicyChanges(env, self.stores[at])

    async def _channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        return Channel(channel_id, is_ext_shared=self.shared)

    async def timers_fire(self, at: int = 0) -> None:
        """Fire the timers that are due within five minutes, in one of the processes."""
        for timer in await self.stores[at].timers.due(NOON + timedelta(minutes=5)):
            await self.stores[at].timers.replace(timer, await retry_notification(self.process(at).env, timer))

    async def _post(self, channel_id: str, reply: Any) -> None:
        if self.errors:
            raise self.errors.pop(0)
        if self.closed:
            raise BotError("The channel is archived.")
        self.posted.append((channel_id, reply))

    async def entries(self) -> list[AuditEntry]:
        return [entry for _, entry in await self.stores[0].audit.page(before_seq=None, limit=50)]

    async def changes(self) -> list[tuple[str, str]]:
        """Return the old and the new hash of each recorded change, newest first."""
        return [(one.detail["old"], one.detail["new"]) for one in await self.entries() if one.event == "policy_changed"]


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[Installation]:
    url = copy_store(tmp_path / "bot.db")
    async with AsyncExitStack() as stack:
        clock: Any = SimpleNamespace(now=lambda: NOON)
        yield Installation([await stack.enter_async_context(open_store(url, clock)) for _ in range(3)])


async def test_a_change_is_recorded_and_announced_with_the_permissions_that_it_removes(
    installation: Installation,
) -> None:
    await installation.process().record(OLD, NEW)

    (entry,) = await installation.entries()
    assert (entry.event, entry.user_id, entry.policy_hash, entry.channel_id) == (
        "policy_changed", "policy", NEW.hash, "C0ADMIN",
    )  # fmt: skip
    assert (entry.detail["old"], entry.detail["new"], entry.detail["complete"]) == (OLD.hash, NEW.hash, True)
    assert list(entry.detail["gains_and_losses"]) == [
        "C0DBOPS: any member: destroy on *, destroy --now on *: allowed → denied"
    ]
    ((channel, reply),) = installation.posted
    assert channel == "C0ADMIN"
    assert (OLD.hash in reply.text, NEW.hash in reply.text) == (True, True)
    shown = str(reply.blocks)
    assert "<#C0DBOPS>: any member" in shown
    assert "allowed → denied" in shown


async def test_several_processes_record_a_change_once(installation: Installation) -> None:
    await asyncio.gather(*(installation.process(at).record(OLD, NEW) for at in range(3)))
    await installation.process(1).record(OLD, NEW)  # a process that detects the change late

    assert await installation.changes() == [(OLD.hash, NEW.hash)]
    assert len(installation.posted) == 1


async def test_a_change_a_revert_and_a_repeat_are_three_changes(installation: Installation) -> None:
    for old, new in ((OLD, NEW), (NEW, OLD), (OLD, NEW)):
        await asyncio.gather(*(installation.process(at).record(old, new) for at in range(3)))

    assert await installation.changes() == [(OLD.hash, NEW.hash), (NEW.hash, OLD.hash), (OLD.hash, NEW.hash)]
    assert len(installation.posted) == 3


async def test_an_edit_with_the_same_meaning_is_not_a_change(installation: Installation) -> None:
    await installation.process().record(OLD, policy("allow: destroy", more="# a comment\n"))

    assert await installation.entries() == []


async def test_the_first_start_is_not_a_change(installation: Installation) -> None:
    await installation.process().record(None, OLD)

    assert await installation.entries() == []


@pytest.mark.parametrize("known_by", ["a change", "a decision"])
async def test_a_change_while_the_bot_was_down_is_recorded_at_the_next_start(
    installation: Installation, known_by: str
) -> None:
    if known_by == "a change":
        await installation.process().record(NEW, OLD)
    else:
        asked = AuditEntry(NOON, "asked", "allowed", "U0DANA", "C0DBOPS", policy_hash=OLD.hash)
        await installation.stores[0].audit.append(asked)
    installation.posted.clear()
    await installation.process().record(None, OLD)
    assert installation.posted == []
    await asyncio.gather(*(installation.process(at).record(None, NEW) for at in range(3)))

    assert (await installation.changes())[0] == (OLD.hash, NEW.hash)
    assert len(installation.posted) == 1
    assert "wasn't running" in str(installation.posted[0][1].blocks)


async def test_a_channel_that_was_removed_from_the_policy_gets_the_announcement(installation: Installation) -> None:
    silent = policy("allow: destroy", channel=None)
    await installation.process().record(OLD, silent)

    assert [channel for channel, _ in installation.posted] == ["C0ADMIN"]
    assert "No one gains or loses a permission" in str(installation.posted[0][1].blocks)


async def test_without_a_channel_a_change_is_only_recorded(installation: Installation) -> None:
    await installation.process().record(policy("allow: destroy", None), policy("deny: destroy", None))

    assert len(await installation.changes()) == 1
    assert installation.posted == []


async def test_a_channel_that_cannot_be_posted_to_does_not_prevent_the_record(installation: Installation) -> None:
    installation.closed = True
    await installation.process().record(OLD, NEW)

    assert len(await installation.changes()) == 1


async def test_after_a_failure_of_the_store_the_same_process_tries_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, store = installation.process(), installation.stores[0]

    async def failing(*_: Any) -> str:
        raise OSError("the store fails")

    with monkeypatch.context() as patched:
        patched.setattr(type(store.audit), "append_and_owe", failing)
        with pytest.raises(OSError, match="the store fails"):
            await process.record(OLD, NEW)
    await process.record(OLD, NEW)

    assert await installation.changes() == [(OLD.hash, NEW.hash)]


async def test_a_large_change_is_announced_in_part(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_changes, "COMPARE_SECONDS", -1.0)
    await installation.process().record(OLD, NEW)

    (entry,) = await installation.entries()
    assert entry.detail["complete"] is False
    assert "turso-ops policy diff" in str(installation.posted[0][1].blocks)


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError(), Unavailable("Slack doesn't respond.")], ids=["a crash", "Slack fails"]
)
async def test_a_change_whose_announcement_was_interrupted_is_announced_once(
    installation: Installation, error: BaseException
) -> None:
    """The first process ends, or Slack fails, right after the change was recorded."""
    installation.errors = [error]
    try:
        await installation.process().record(OLD, NEW)
    except asyncio.CancelledError:
        pass
    assert installation.posted == []
    assert len(await installation.changes()) == 1

    await installation.process(1).record(None, NEW)  # after a restart
    for at in (1, 2, 1):
        await installation.timers_fire(at)

    ((channel, reply),) = installation.posted
    assert channel == "C0ADMIN"
    assert "allowed → denied" in str(reply.blocks)
    assert len(await installation.changes()) == 1


async def test_the_announcement_is_tried_again_only_for_the_channel_that_did_not_get_it(
    installation: Installation,
) -> None:
    moved = policy("deny: destroy", "C0OTHER")
    posted = installation._post
    calls: list[str] = []

    async def post(channel_id: str, reply: Any) -> None:
        calls.append(channel_id)
        if channel_id == "C0OTHER" and calls.count("C0OTHER") == 1:
            raise Unavailable("Slack doesn't respond.")
        await posted(channel_id, reply)

    installation._post = post  # type: ignore[method-assign]
    await installation.process().record(OLD, moved)
    for _ in range(3):
        await installation.timers_fire()

    assert [channel for channel, _ in installation.posted] == ["C0ADMIN", "C0OTHER"]


async def test_a_channel_that_cannot_be_posted_to_now_does_not_delay_the_others(installation: Installation) -> None:
    moved = policy("deny: destroy", "C0OTHER")
    posted = installation._post

    async def post(channel_id: str, reply: Any) -> None:
        if channel_id == "C0ADMIN":
            raise Unavailable("Slack doesn't respond.")
        await posted(channel_id, reply)

    installation._post = post  # type: ignore[method-assign]
    await installation.process().record(OLD, moved)

    assert [channel for channel, _ in installation.posted] == ["C0OTHER"]


async def test_a_channel_that_has_become_shared_gets_no_announcement(installation: Installation) -> None:
    installation.shared = True
    await installation.process().record(OLD, NEW)
    await installation.timers_fire()

    assert installation.posted == []
    assert len(await installation.changes()) == 1
    assert await installation.stores[0].timers.due(NOON + timedelta(days=1)) == []


async def test_the_previous_policy_is_found_even_if_many_audit_entries_are_newer(installation: Installation) -> None:
    await installation.stores[0].audit.append(
        AuditEntry(NOON, "asked", "allowed", "U0DANA", "C0DBOPS", policy_hash=OLD.hash)
    )
    await installation.stores[0].audit.append(
        *(AuditEntry(NOON, "thawed", "succeeded", "timer", "C0DBOPS") for _ in range(250))
    )

    await installation.process().record(None, NEW)

    assert await installation.changes() == [(OLD.hash, NEW.hash)]
