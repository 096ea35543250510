"""A digest that fails before it is sent is tried again. One that fails afterwards is reported. None is posted twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.records.timers import Timer, TimerKind
from bot.errors import Unavailable
from bot.pipeline.timers.digests import BEGUN, post_due_digest
from tests.world import ANA, DB_OPS, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


def posted(world: World, holding: str) -> int:
    """Return the number of messages in the channel that contain `holding`."""
    return sum(holding in words(one) for one in world.workspace.history(DB_OPS, None))


def coming(world: World) -> datetime:
    """Return when the next digest is due: at nine o'clock, today or tomorrow."""
    now = world.clock.now().astimezone(UTC)
    today = now.replace(hour=9, minute=0, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


async def due(world: World) -> Timer:
    """Turn on a daily digest and make it due now. Delete its timer. Return another timer, which only the test fires."""
    assert world.bot is not None
    await world.person(ANA).types("/turso digest on --daily 09:00 --tz UTC")
    await world.wait_until_idle()
    store = world.bot.store
    kept = await store.digests.get(DB_OPS)
    assert kept is not None
    await store.timers.replace(Timer(TimerKind.DIGEST, DB_OPS, kept.next_at), None)
    now = world.clock.now()
    assert await store.digests.mark(DB_OPS, kept.last_period, was=kept.last_period, next_at=now - timedelta(minutes=1))
    return Timer(TimerKind.DIGEST, DB_OPS, now - timedelta(minutes=1))


async def test_while_turso_does_not_answer_a_digest_is_tried_again_and_then_posted_once(world: World) -> None:
    assert world.bot is not None
    timer = await due(world)
    world.turso.faults.add("status", method="GET", path="*/acme/usage", status=500, count=None)

    again = await post_due_digest(world.bot.env, timer)

    assert again is not None
    assert again.attempt == 1
    assert posted(world, "Turso digest") == 0
    world.turso.faults.clear()
    following = await post_due_digest(world.bot.env, again)
    assert following is not None
    assert following.due_at == coming(world)
    await until(lambda: posted(world, "Turso digest") == 1, what="the digest")
    assert (await post_due_digest(world.bot.env, again)) is not None
    assert posted(world, "Turso digest") == 1


async def test_an_interrupted_digest_is_reported_and_not_posted_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.bot is not None
    timer, before = await due(world), posted(world, "Turso digest")

    async def lost(*args: Any, **kwargs: Any) -> None:
        raise Unavailable("Slack isn't responding")

    with monkeypatch.context() as patched:
        patched.setattr(type(world.bot.env.messenger), "post", lost)
        again = await post_due_digest(world.bot.env, timer)
    kept = await world.bot.store.digests.get(DB_OPS)
    assert kept is not None
    assert kept.last_period.endswith(BEGUN)
    assert again is not None

    following = await post_due_digest(world.bot.env, again)

    assert posted(world, "was interrupted") == 1
    assert posted(world, "Turso digest") == before
    assert following is not None
    assert following.due_at == coming(world)


async def test_a_digest_that_may_have_arrived_is_not_sent_again(world: World) -> None:
    assert world.bot is not None
    timer, before = await due(world), posted(world, "Turso digest")
    interrupted = posted(world, "was interrupted")
    world.workspace.faults.add("server_error", method="chat.postMessage", times=1)

    again = await post_due_digest(world.bot.env, timer)

    assert again is not None
    assert posted(world, "Turso digest") == before, "a 503 doesn't show that Slack has not posted it"
    await post_due_digest(world.bot.env, again)
    assert posted(world, "Turso digest") == before
    assert posted(world, "was interrupted") == interrupted + 1


async def test_a_digest_that_was_turned_off_is_not_turned_on_by_its_last_timer(world: World) -> None:
    assert world.bot is not None
    timer = await due(world)
    await world.bot.store.digests.drop(DB_OPS)

    assert await post_due_digest(world.bot.env, timer) is None
    assert not await world.bot.store.digests.mark(DB_OPS, "2026-W01", was="")
    assert await world.bot.store.digests.get(DB_OPS) is None
