"""A database has at most one open quarantine. A second request to destroy it becomes stale, or links to the open one.

After the open quarantine has ended, the second request doesn't destroy or block the database either.
"""

import asyncio
from dataclasses import replace

import pytest

from bot.core.records.holds import HoldKind
from bot.core.requests.request import State
from bot.core.requests.transition import Transition
from bot.pipeline.replies import entry
from tests.scenarios import quarantines as q
from tests.security import stage
from tests.world import ANA, BEN, DANA, REMY, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = q.POLICY


async def test_a_destroy_that_is_approved_during_a_quarantine_has_no_effect_even_after_undo(
    world: World,
) -> None:
    await world.create_databases("alpha")
    one, two = await q.request_destroy(world, "alpha"), await q.request_destroy(world, "alpha", by=REMY)
    await world.person(ANA).presses_and_reads("Approve", one)
    first = await stage.reaches(world, one, State.QUARANTINED)
    await world.wait_until_idle()

    await world.person(BEN).presses_and_reads("Approve", two)
    second = await stage.reaches(world, two, State.STALE)

    message = await world.wait_for_content(two, holding="already in quarantine")
    assert first.id in words(message), "the card names the open quarantine"
    assert "Nothing was changed" in words(message)
    await until(lambda: any(f"<@{REMY}>" in one for one in q.below(world, two)), what="the notice to its requester")
    await world.person(DANA).presses_and_reads("Undo", world.current(one))
    await stage.reaches(world, one, State.RESTORED)
    await world.pass_time(hours=25)
    await world.wait_until_idle()
    assert await q.configuration(world, "alpha") == (False, False)
    assert (await q.state(world, second)).state is State.STALE
    assert q.destroyed(world, "alpha") == 0


async def test_only_one_of_two_destroys_approved_at_once_starts_a_quarantine(world: World) -> None:
    await world.create_databases("bravo")
    cards = [await q.request_destroy(world, "bravo"), await q.request_destroy(world, "bravo", by=REMY)]

    await asyncio.gather(world.person(ANA).presses("Approve", cards[0]), world.person(BEN).presses("Approve", cards[1]))

    ends = [await stage.reaches(world, card, State.QUARANTINED, State.STALE) for card in cards]
    assert {one.state for one in ends} == {State.QUARANTINED, State.STALE}
    loser = next(card for card, end in zip(cards, ends, strict=True) if end.state is State.STALE)
    winner = next(end for end in ends if end.state is State.QUARANTINED)
    assert winner.id in words(await world.wait_for_content(loser, holding="already in quarantine"))
    assert [one.request_id for one in await q.holds(world, "bravo")] == [winner.id]
    await world.pass_time(hours=25)
    await until(lambda: q.destroyed(world, "bravo"), what="the end of its countdown")
    await world.wait_until_idle()
    assert q.destroyed(world, "bravo") == 1


async def test_a_destroy_during_a_quarantine_is_refused_with_a_link_to_it(world: World) -> None:
    card = await q.quarantined(world, "charlie")

    refused = await q.request_destroy(world, "charlie", by=REMY)

    assert refused.only_for == REMY
    assert "already in quarantine" in words(refused)
    assert (await stage.request_of(world, card)).id in words(refused)


async def test_restore_undoes_the_open_quarantine_of_a_database(world: World) -> None:
    card = await q.quarantined(world, "delta")
    assert world.bot is not None
    request = await stage.request_of(world, card)
    held = await q.holds(world, "delta")
    assert [(one.kind, one.request_id) for one in held] == [(HoldKind.QUARANTINE, request.id)]

    answer = await world.person(REMY).types("/turso db restore delta --reason wanted")
    await world.person(BEN).presses("Approve", answer)

    await stage.reaches(world, card, State.RESTORED)
    assert not await q.holds(world, "delta")


async def test_destroy_now_ends_the_quarantine_and_notifies_its_requester(world: World) -> None:
    card = await q.quarantined(world, "echo", by=REMY)
    frozen = await world.person(DANA).types("/turso freeze echo --for 2h --reason load")
    await world.person(ANA).presses_and_reads("Approve", frozen)
    await stage.reaches(world, frozen, State.SUCCEEDED)

    at_once = await q.request_destroy(world, "echo", now=True)
    await world.person(ANA).presses_and_reads("Approve", at_once)

    done = await stage.reaches(world, at_once, State.SUCCEEDED)
    ended = await stage.reaches(world, card, State.STALE)
    message = await world.wait_for_content(card, holding="destroyed immediately")
    assert done.id in words(message)
    assert "Undo" not in words(message)
    await until(lambda: any(f"<@{REMY}>" in one for one in q.below(world, card)), what="the notice to its requester")
    assert not await q.holds(world, "echo")
    await world.pass_time(hours=25)
    await world.wait_until_idle()
    assert (await q.state(world, ended)).state is State.STALE
    assert q.destroyed(world, "echo") == 1
    ends = [(one.event, one.outcome, one.user_id) for one in await q.audited(world, ended)]
    assert ends[-1] == ("finished", "stale", DANA)


async def test_a_quarantine_can_be_undone_even_if_many_are_newer(world: World) -> None:
    card = await q.quarantined(world, "oldest")
    assert world.bot is not None
    request = await stage.request_of(world, card)
    newer = replace(request.plan, target=replace(request.plan.target, name="newer"))  # type: ignore[type-var]
    for at in range(120):
        other = replace(request, id=f"r-newer{at:05}", intent_id="", plan=newer, state=State.PENDING, votes=())
        line = entry("executed", "quarantined", at=world.clock.now(), request=other)
        begun = Transition(to=State.QUARANTINED, at=world.clock.now(), changes={}, entries=[line])
        await world.bot.store.requests.open(other, begun)

    answer = await world.person(DANA).types("/turso db restore oldest")

    assert "Undo has started" in words(answer)
    await stage.reaches(world, card, State.RESTORED)
