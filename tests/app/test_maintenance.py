"""Each organization has one timer for usage samples. It is set once a day, and when the policy turns alerts on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bot.app.maintenance import FIRST_SAMPLE, Maintenance
from bot.commands import CATALOGUE
from bot.core.policy import load
from bot.core.records.timers import TimerKind
from tests.pipeline.fake_slack import POLICY, Notifier, notifier


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Notifier]:
    async with notifier(tmp_path) as found:
        yield found


async def keep_sampling(here: Notifier) -> list[str]:
    """Let three processes set the timers at once. Return the organizations with a sample due within `FIRST_SAMPLE`."""
    await asyncio.gather(*(Maintenance(here.env, here.store, cast(Any, None), 30).keep_sampling() for _ in range(3)))
    due = await here.store.timers.due(here.clock.now() + FIRST_SAMPLE)
    return [one.subject for one in due if one.kind is TimerKind.SAMPLE]


async def take_samples(here: Notifier) -> None:
    """Delete the due timers, as if their samples had been taken. (Taking one would set a timer hours later.)"""
    for one in await here.store.timers.due(here.clock.now() + FIRST_SAMPLE):
        await here.store.timers.replace(one, None)


async def test_each_organization_is_sampled_at_least_once_a_day(here: Notifier) -> None:
    more = POLICY.replace("organizations:\n", "organizations:\n  beta: {token: env:TURSO_BETA_TOKEN}\n")
    here.env.rules.policy = load(more, CATALOGUE)  # type: ignore[misc]

    assert sorted(await keep_sampling(here)) == ["acme", "beta"]
    await take_samples(here)
    assert await keep_sampling(here) == []
    here.clock.pass_(timedelta(days=1))
    assert sorted(await keep_sampling(here)) == ["acme", "beta"]


async def test_a_sample_is_due_soon_after_the_policy_turns_alerts_on(here: Notifier) -> None:
    await keep_sampling(here)
    await take_samples(here)

    here.env.rules.policy = load(POLICY + "alerts: {channel: C0DBOPS, quota: 80}\n", CATALOGUE)  # type: ignore[misc]

    assert await keep_sampling(here) == ["acme"]
    await take_samples(here)
    assert await keep_sampling(here) == []


async def test_an_organization_that_only_a_channel_names_is_sampled_too(here: Notifier) -> None:
    text = f"{POLICY}  C0SECOND: {{organization: second, databases: ['*'], rules: [{{allow: read}}]}}\n"
    text = text.replace("organizations:\n  acme: {token: env:TURSO_API_TOKEN}\n", "")
    here.env.rules.policy = load(text, CATALOGUE, default_organization="acme")  # type: ignore[misc]

    assert sorted(await keep_sampling(here)) == ["acme", "second"]
