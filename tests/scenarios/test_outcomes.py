"""What is reported is what happened: stale plans, unknown outcomes, lost responses, ends of freezes and reminders."""

from datetime import timedelta

import pytest

from bot.commands.databases import _new_database
from bot.core.requests.request import Request, State
from bot.pipeline.execution import verify
from bot.sandbox.workspace.model import Message
from tests.scenarios import forging
from tests.scenarios.quarantines import call_turso
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

DATABASES = "/v1/organizations/acme/databases"


async def request_of(world: World, message: Message) -> Request:
    """Return a card's request from the store."""
    assert world.bot is not None
    ids = [one["value"] for one in buttons(message).values()]
    found = await world.bot.store.requests.get(ids[0])
    assert found is not None
    return found


async def approved_destroy(world: World, name: str) -> Message:
    """Request to destroy a database immediately, and approve it. Return the card as it was before the approval."""
    card = await world.person(DANA).types(f"/turso db destroy {name} --now --reason old")
    await world.person(ANA).presses("Approve", card)
    await world.person(ANA).submits({"typed_name": name})
    return card


async def test_another_database_of_the_same_name_is_not_destroyed(world: World) -> None:
    await world.create_databases("twin")
    card = await world.person(DANA).types("/turso db destroy twin --now --reason old")
    await call_turso(world, "DELETE", "twin")
    await world.create_databases("twin")
    before = len(world.changes("DELETE", "/twin"))

    await world.person(ANA).presses("Approve", card)
    await world.person(ANA).submits({"typed_name": "twin"})

    stale = await world.wait_for_content(card, holding="now belongs to a different database")
    assert "Nothing was changed" in words(stale)
    assert "Approve" not in buttons(stale)
    assert len(world.changes("DELETE", "/twin")) == before


async def test_a_database_that_was_protected_after_the_request_is_not_destroyed(world: World) -> None:
    await world.create_databases("guarded")
    card = await world.person(DANA).types("/turso db destroy guarded --now --reason old")
    await call_turso(world, "PATCH", "guarded/configuration", delete_protection=True)

    await world.person(ANA).presses("Approve", card)
    await world.person(ANA).submits({"typed_name": "guarded"})

    await world.wait_for_content(card, holding="elete protection")
    assert not world.changes("DELETE", "/guarded")


async def test_a_destroy_whose_answer_is_lost_is_read_back(world: World) -> None:
    await world.create_databases("lost-answer")
    world.turso.faults.add("lost", method="DELETE", path=f"{DATABASES}/lost-answer")

    card = await approved_destroy(world, "lost-answer")

    await world.wait_for_content(card, holding="*lost-answer* was destroyed")
    assert len(world.changes("DELETE", "/lost-answer")) == 1


async def test_a_destroy_that_turso_refuses_fails_with_tursos_message(world: World) -> None:
    await world.create_databases("refused-one")
    world.turso.faults.add(
        "status",
        method="DELETE",
        path=f"{DATABASES}/refused-one",
        status=400,
        body='{"error":"not on a Monday"}',
        count=None,
    )

    card = await approved_destroy(world, "refused-one")

    failed = await world.wait_for_content(card, holding="not on a Monday")
    assert "was destroyed" not in words(failed)
    assert len(world.changes("DELETE", "/refused-one")) == 1


async def test_a_rotation_whose_answer_is_lost_is_unknown_and_is_not_repeated(world: World) -> None:
    await world.create_databases("turned")
    world.turso.faults.add("lost", method="POST", path=f"{DATABASES}/turned/auth/rotate")
    card = await world.person(DANA).types("/turso rotate turned --reason leak")

    await world.person(BEN).presses("Approve", card)
    await world.person(BEN).submits({"typed_name": "turned"})

    unknown = await world.wait_for_content(card, button="Rotate again")
    assert "may or may not" in words(unknown)
    assert "Old tokens no longer work" in words(unknown), "a token from before shows that the rotation happened"
    assert len(world.changes("POST", "/turned/auth/rotate")) == 1


async def test_a_token_is_reported_as_possibly_created_if_tursos_response_is_lost(world: World) -> None:
    assert world.bot is not None
    await world.create_databases("half-minted")
    world.turso.faults.add("lost", method="POST", path=f"{DATABASES}/half-minted/auth/tokens")

    answer = await world.person(DANA).types("/turso token half-minted --read-only --expiration 1h")
    assert "eyJ" not in words(answer)
    assert "may have been created" in words(answer)
    listed = await world.person(DANA).types("/turso tokens half-minted")

    assert "half-minted" in words(listed)
    assert len(world.changes("POST", "/half-minted/auth/tokens")) == 1


async def test_a_freeze_ends_without_a_person_when_its_time_is_up(world: World) -> None:
    await world.create_databases("cold")
    question = await world.person(REMY).types("/turso freeze cold --for 30m")
    await world.person(REMY).presses("Freeze writes", question)
    await until(lambda: world.card(holding="*cold* are blocked"), what="the freeze")
    assert (await call_turso(world, "GET", "cold/configuration"))["block_writes"]

    await world.pass_time(minutes=29)
    await world.wait_until_idle()
    assert (await call_turso(world, "GET", "cold/configuration"))["block_writes"]
    await world.pass_time(minutes=2)

    await until(lambda: world.card(holding="The freeze on `cold` has ended"), what="the thaw")
    assert not (await call_turso(world, "GET", "cold/configuration"))["block_writes"]


async def test_a_thaw_keeps_blocks_that_others_set(world: World) -> None:
    await world.create_databases("shut")
    await call_turso(world, "PATCH", "shut/configuration", block_writes=True)
    question = await world.person(REMY).types("/turso freeze shut --reads --for 10m")
    await world.person(REMY).presses("Freeze writes", question)
    await until(lambda: world.card(holding="*shut* are blocked"), what="the freeze")

    await world.pass_time(minutes=11)

    await until(lambda: world.card(holding="The freeze on `shut` has ended"), what="the thaw")
    now = await call_turso(world, "GET", "shut/configuration")
    assert (now["block_reads"], now["block_writes"]) == (False, True)


async def test_notified_people_are_reminded_until_the_request_ends(world: World) -> None:
    await world.create_databases("withdrawn", "waiting")
    dana = world.person(DANA)
    cards = [await dana.types(f"/turso freeze {name} --reason load") for name in ("withdrawn", "waiting")]
    await world.wait_until_idle()

    def reminders() -> list[int]:
        return [len(_below(world, card, "<!subteam^S0DBA>")) for card in cards]

    await world.pass_time(minutes=11)
    await until(lambda: reminders() == [1, 1], what="the first reminders")
    await world.wait_until_idle()
    await dana.presses_and_reads("Withdraw", cards[0])
    await world.wait_until_idle()
    await world.pass_time(minutes=21)
    await until(lambda: reminders()[1] == 2, what="the second reminder of the open request")
    await world.wait_until_idle()

    assert reminders() == [1, 2]
    await dana.presses_and_reads("Withdraw", cards[1])


def _below(world: World, card: Message, holding: str) -> list[Message]:
    seen = world.workspace.history(card.channel_id, None)
    return [one for one in seen if one.thread_ts == card.ts and one.ts != card.ts and holding in words(one)]


async def test_repeating_an_open_request_does_not_create_another(world: World) -> None:
    await world.create_databases("asked-twice")
    card = await world.person(DANA).types("/turso rotate asked-twice --reason leak")

    again = await world.person(DANA).types("/turso rotate asked-twice --reason leak")

    assert again.only_for == DANA
    assert "is already open" in words(again)
    assert (await request_of(world, card)).state is State.PENDING
    assert world.bot is not None
    found = await world.bot.store.requests.find(states=list(State))
    assert len([one for one in found if "asked-twice" in one.line]) == 1


async def test_an_unreachable_turso_is_reported_in_a_private_message(world: World) -> None:
    fault = world.turso.faults.add("drop", path="/v1/*", count=None)
    try:
        message = await forging.answer_to(world, DANA, forging.forge_command(world, DANA, DB_OPS, "show orders"))
    finally:
        world.turso.faults.remove(fault.id)

    assert "Turso is unreachable. Try again in a moment." in words(message)
    assert "Reference `i-" in words(message)


async def test_a_creation_that_turso_confirms_succeeds_even_if_the_clocks_differ(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_new_database, "ARRIVES_WITHIN", -timedelta(hours=1))

    await world.person(DANA).types("/turso create far-apart")

    await until(lambda: world.card(holding="*far-apart* is ready"), what="the outcome")


async def test_a_later_read_back_detects_a_database_that_another_person_created(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_new_database, "ARRIVES_WITHIN", -timedelta(hours=1))
    monkeypatch.setattr(verify, "READ_PAUSES", (0.0,))
    world.turso.faults.add("drop", method="POST", path=DATABASES)
    await world.person(DANA).types("/turso create of-others")
    card = await until(lambda: world.card(holding="may or may not"), what="the unknown outcome")
    await world.wait_until_idle()

    await world.create_databases("of-others")
    await world.pass_time(seconds=31)

    message = await world.wait_for_content(card, holding="Someone else created it")
    assert "is ready" not in words(message)
