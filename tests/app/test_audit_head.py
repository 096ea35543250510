"""The head of the audit log is posted once a day, even after crashes and failures of Slack."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bot.app.checks import Unhealthy
from bot.app.health import Health
from bot.app.maintenance import Maintenance
from bot.commands import CATALOGUE
from bot.core.policy import load
from bot.slack.outgoing.delivery import Delivery
from tests.pipeline.fake_slack import POLICY, Notifier, Rules, notifier
from tests.store.samples import entry


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Notifier]:
    async with notifier(tmp_path) as found:
        load_policy(found, "audit_head_channel: C0AUDIT\n")
        await found.store.audit.append(entry("asked"))
        yield found


def load_policy(notifier: Notifier, line: str) -> None:
    """Load the policy of `fake_slack` with one more line."""
    notifier.env.rules.policy = load(POLICY + line, CATALOGUE)  # type: ignore[misc]
    assert isinstance(notifier.env.rules, Rules)


def process(notifier: Notifier) -> Maintenance:
    """Return the maintenance of another process on the same store."""
    return Maintenance(notifier.env, notifier.store, cast(Any, None), 30)


def heads(notifier: Notifier) -> list[str]:
    return [one.text for one in notifier.slack.received]


async def test_several_processes_post_the_head_once_a_day(here: Notifier) -> None:
    for _ in range(2):
        await asyncio.gather(*(process(here).audit_head() for _ in range(3)))
        await here.run_timers()
        assert len(heads(here)) == 1
        here.slack.received.clear()
        here.clock.pass_(timedelta(days=1))


@pytest.mark.parametrize("cut", ["a crash", "Slack fails", "channel lookup fails"])
async def test_a_head_whose_posting_was_interrupted_is_posted_once(
    here: Notifier, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: Any, **__: Any) -> None:
        raise asyncio.CancelledError

    if cut == "a crash":
        monkeypatch.setattr(Delivery, "post", killed)
        with pytest.raises(asyncio.CancelledError):
            await process(here).audit_head()
        monkeypatch.undo()
    else:
        here.slack.troubles = {"chat.postMessage": ["http_520", "timeout"]}
        here.directory.silent = 2 if cut == "channel lookup fails" else 0
        await process(here).audit_head()
    assert heads(here) == []

    await process(here).audit_head()  # after a restart
    await here.run_timers()

    seq, head = await here.store.audit.head()
    (text,) = heads(here)
    assert f"{seq} {'entry' if seq == 1 else 'entries'}, latest hash {head}" in text


async def test_a_head_that_cannot_be_posted_is_reported_by_doctor(here: Notifier) -> None:
    here.slack.channel = replace(here.slack.channel, is_archived=True)
    await process(here).audit_head()
    await here.run_timers()

    nothing = cast(Any, None)
    health = Health(here.store, here.clock, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing)
    assert heads(here) == []
    with pytest.raises(
        Unhealthy, match=r"These posts weren't delivered: `audit-head:2\d{3}-\d\d-\d\d`\. The log says why\.$"
    ):
        await health.outcomes()


async def test_without_a_channel_no_head_is_posted_or_reported_as_missing(here: Notifier) -> None:
    load_policy(here, "")
    await process(here).audit_head()

    assert heads(here) == []
    assert (
        await here.store.notices.undelivered(since=here.clock.now(), before=here.clock.now() + timedelta(days=1)) == []
    )
