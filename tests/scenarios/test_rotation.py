"""A rotation first reports that Turso accepted it. Probe tokens then show whether old tokens are refused."""

from collections.abc import AsyncIterator
from typing import Any

import apsw
import pytest
import pytest_asyncio

from bot.core.records.tokens import TokenState
from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import State
from bot.errors import Unavailable
from bot.pipeline import rotation_proof
from bot.sandbox.platform.catalog import groups
from bot.sandbox.workspace.model import Message
from tests.present import present
from tests.scenarios.requesting import reaches, stored
from tests.world import BEN, DANA, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOUR = 3600.0
ACCEPTED = "Turso accepted the rotation. Old tokens may still work for up to an hour"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def no_faults(world: World) -> AsyncIterator[None]:
    yield
    world.turso.faults.clear()


async def pair(world: World, name: str) -> str:
    """Create a group with two databases, `name` and its sibling `{name}-z`. Return `name`."""
    await world.turso.change(_group, f"g-{name}")
    await world.create_databases(name, f"{name}-z", group=f"g-{name}")
    return name


async def alone(world: World, name: str) -> str:
    """Create a group with one database, and return the database's name."""
    await world.turso.change(_group, f"g-{name}")
    await world.create_databases(name, group=f"g-{name}")
    return name


def _group(connection: apsw.Connection, name: str) -> None:
    groups.create(connection, "acme", name, "local")


async def rotates(world: World, name: str) -> Message:
    """Request a rotation and approve it. Return the card as it was before the approval."""
    card = await world.person(DANA).types(f"/turso rotate {name} --reason leak", holding=name)
    await world.person(BEN).presses("Approve", card)
    await world.person(BEN).submits({"typed_name": name})
    return card


async def test_the_form_for_typing_the_name_shows_every_warning_of_the_card(world: World) -> None:
    name = await pair(world, "warned")
    card = await world.person(DANA).types(f"/turso rotate {name} --reason leak", holding=name)
    plan = (await stored(world, card)).plan

    await world.person(BEN).presses("Approve", card)
    form = await world.person(BEN).modal("type the name")

    assert any(f"{name}-z" in one for one in plan.warnings), "the sibling is named"
    for line in (*plan.steps, *plan.warnings):
        assert line in words(form)
    await world.person(BEN).submits({"typed_name": name}, form)
    await reaches(world, card, State.SUCCEEDED)
    await world.wait_until_idle()


async def proof_of(world: World, card: Message) -> Proof:
    found = Proof.of((await stored(world, card)).facts)
    assert found is not None
    return found


async def test_a_slow_rotation_is_reported_as_accepted_and_later_as_proven(world: World) -> None:
    assert world.bot is not None
    name, dana = await pair(world, "late"), world.person(DANA)
    await dana.types(f"/turso token {name} --read-only --expiration 8h", holding="eyJ")
    world.turso.faults.add("late_rotation", seconds=600)
    card = await dana.types(f"/turso rotate {name} --reason leak", holding=name)
    asked = await stored(world, card)
    await world.person(BEN).presses("Approve", card)
    await world.person(BEN).submits({"typed_name": name})

    accepted = await world.wait_for_content(card, holding=ACCEPTED)
    (old,) = await world.bot.store.tokens.find(organization="acme", database_ids=[present(asked.plan.target).id])
    assert old.state is TokenState.REVOKED
    assert "revoked, but may still work" in words(await dana.types(f"/turso tokens {name}"))
    assert "Freeze first" in buttons(accepted)
    await dana.types(f"/turso token {name} --read-only", holding="eyJ")
    await world.pass_time(minutes=11)
    proven = await world.wait_for_content(card, holding="Old tokens no longer work (tested")

    def notices() -> list[str]:
        below = [one for one in dana.sees(card.channel_id) if one.thread_ts == card.ts]
        return [words(one) for one in below if "old tokens" in words(one).lower()]

    await until(lambda: len(notices()) == 2, what="both notices in the thread")
    assert ACCEPTED in notices()[0]
    assert "Old tokens no longer work" in notices()[1]
    states = {
        one.state
        for one in await world.bot.store.tokens.find(organization="acme", database_ids=[present(asked.plan.target).id])
    }
    assert states == {TokenState.ENDED, TokenState.LIVE}, "a token minted afterwards still works"
    assert f"tokens for {name}-z" in words(proven).replace("`", "")
    assert "Freeze first" not in buttons(proven)
    assert len(world.changes("POST", f"/{name}/auth/rotate")) == 1


async def test_the_proof_fails_if_old_tokens_still_work_after_65_minutes(world: World) -> None:
    assert world.bot is not None
    name = await pair(world, "never")
    await world.person(DANA).types(f"/turso token {name} --read-only --expiration 8h", holding="eyJ")
    world.turso.faults.add("late_rotation", seconds=10 * HOUR)
    card = await rotates(world, name)
    await world.wait_for_content(card, holding=ACCEPTED)

    await world.pass_time(minutes=64)
    assert (await proof_of(world, card)).target.tokens is OldTokens.WATCHED
    await world.pass_time(minutes=2)
    ended = await world.wait_for_content(card, holding="An old token still worked ")

    assert f"Tokens for {name}-z (same group) still work" in words(ended).replace("`", "")
    plan = (await reaches(world, card, State.SUCCEEDED)).plan
    (token,) = await world.bot.store.tokens.find(organization="acme", database_ids=[present(plan.target).id])
    assert token.state is TokenState.REVOKED, "the card claims nothing that isn't proven"


async def test_a_sibling_shows_that_the_whole_group_was_rotated(world: World) -> None:
    name = await pair(world, "wide")
    world.turso.faults.add("group_rotation")

    card = await rotates(world, name)

    proven = await world.wait_for_content(card, holding="(same group) no longer work either")
    assert f"Old tokens for {name}-z (same group) no longer work either" in words(proven).replace("`", "")
    assert (await proof_of(world, card)).is_watched is False


async def test_a_sibling_that_is_rotated_separately_proves_nothing_about_the_group(world: World) -> None:
    name = await pair(world, "apart")
    card = await rotates(world, name)
    await world.wait_for_content(card, holding="Old tokens no longer work (tested")

    await rotates(world, f"{name}-z")
    await world.wait_for_content(card, holding="I don't know whether tokens for")

    assert "(same group) no longer work" not in words(world.current(card))


async def test_a_bug_in_the_probes_does_not_prevent_the_rotation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.bot is not None
    name = await pair(world, "buggy-probe")

    async def fail(*_: object, **__: object) -> None:
        raise ValueError("eyJhbGciOiJFZERTQSJ9.eyJuIjoxfQ.c2lnbmF0dXJl")

    monkeypatch.setattr(type(world.bot.env.turso_clients.turso("acme")), "mint_token", fail)
    card = await rotates(world, name)

    await world.wait_for_content(card, holding="I couldn't check the old tokens: I couldn't create a test token")
    assert len(world.changes("POST", f"/{name}/auth/rotate")) == 1


async def test_a_rotation_is_made_but_not_proven_if_no_probe_token_can_be_created(world: World) -> None:
    name = await pair(world, "mintless")
    world.turso.faults.add("status", method="POST", path="*/auth/tokens", status=403, count=2)

    card = await rotates(world, name)

    message = await world.wait_for_content(
        card, holding="I couldn't check the old tokens: I couldn't create a test token"
    )
    assert "Turso accepted the rotation" in words(message)
    assert len(world.changes("POST", f"/{name}/auth/rotate")) == 1


async def test_a_probe_that_never_worked_proves_nothing_when_it_is_refused(world: World) -> None:
    name = await pair(world, "deaf")
    world.turso.faults.add("status", path=f"/db/{name}/*", status=401, count=3)

    card = await rotates(world, name)

    await world.wait_for_content(
        card, holding="I couldn't check the old tokens: my test token didn't work before the rotation either"
    )


async def test_a_failing_network_is_not_a_proof(world: World) -> None:
    name = await pair(world, "cut")
    card = await world.person(DANA).types(f"/turso rotate {name} --reason leak", holding=name)
    hold = world.turso.faults.add("hold_before", method="POST", path=f"*/{name}/auth/rotate")
    await world.person(BEN).presses("Approve", card)
    await world.person(BEN).submits({"typed_name": name})
    await until(hold.arrived.is_set)
    world.turso.faults.add("late_rotation", seconds=10 * HOUR)
    for kind in ("drop", "status"):
        world.turso.faults.add(kind, path=f"/db/{name}/*", count=3)
    hold.released.set()

    await world.wait_for_content(card, holding=ACCEPTED)
    assert (await proof_of(world, card)).target.tokens is OldTokens.WATCHED


async def test_a_database_that_was_created_again_with_the_same_name_proves_nothing(world: World) -> None:
    name = await pair(world, "again")
    world.turso.faults.add("late_rotation", seconds=10 * HOUR)
    card = await rotates(world, name)
    await world.wait_for_content(card, holding=ACCEPTED)

    assert (await world.call_turso("DELETE", f"/databases/{name}")).status_code == 200
    await world.create_databases(name, group=f"g-{name}")

    await world.wait_for_content(card, holding="I couldn't check the old tokens: the database was destroyed")


async def test_after_a_restart_a_rotation_can_no_longer_be_proven(world: World) -> None:
    assert world.bot is not None
    name = await pair(world, "restart")
    world.turso.faults.add("late_rotation", seconds=10 * HOUR)
    card = await rotates(world, name)
    await world.wait_for_content(card, holding=ACCEPTED)

    await world.bot.env.watches.close()  # a process that ends loses its probe tokens
    await world.pass_time(minutes=2)

    await world.wait_for_content(card, holding="I couldn't check the old tokens: Turso Ops restarted")


async def test_a_proof_that_cannot_be_recorded_at_first_is_recorded_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.bot is not None
    requests, refused = type(world.bot.env.store.requests), list[str]()
    move = requests.move

    async def unavailable_at_first(self: Any, request_id: str, **how: Any) -> Any:
        if not refused and any(one.event == "proof" for one in how["move"].entries):
            refused.append(request_id)
            raise Unavailable("The store is unavailable.")
        return await move(self, request_id, **how)

    monkeypatch.setattr(requests, "move", unavailable_at_first)
    monkeypatch.setattr(rotation_proof, "FIRST_PAUSE", 1000.0)  # so that in this test only the timer probes the tokens
    name = await alone(world, "unrecorded")
    world.turso.faults.add("late_rotation", seconds=600)
    card = await rotates(world, name)
    await world.wait_for_content(card, holding=ACCEPTED)

    await world.pass_time(minutes=11)
    await until(lambda: bool(refused), what="the proof that cannot be recorded")
    await world.pass_time(minutes=3)

    await world.wait_for_content(card, holding="Old tokens no longer work (tested")
    assert "restarted" not in words(world.current(card))


async def test_the_button_freeze_first_works_like_the_typed_command(world: World) -> None:
    name = await pair(world, "leaked")
    card = await world.person(DANA).types(f"/turso rotate {name} --reason leak", holding=name)

    question = await world.person(REMY).presses_and_reads("Freeze first", card)
    assert "Freeze writes" in buttons(question), "a responder may freeze after a confirmation"
    await world.person(REMY).presses("Freeze writes", question)
    await until(lambda: world.card(holding=f"to *{name}* are blocked"), what="the freeze")
    before = len(world.changes("PATCH", f"/{name}/configuration"))
    await world.person(DANA).presses("Freeze first", card)
    asked = await until(lambda: world.card(holding=f"wants to freeze {name}"), what="Dana's request")
    assert "Approve" in buttons(asked)

    assert len(world.changes("PATCH", f"/{name}/configuration")) == before
    assert "Approve" in buttons(world.current(card)), "the rotation still waits for approval"


async def test_a_database_without_siblings_has_one_probe(world: World) -> None:
    card = await rotates(world, await alone(world, "alone"))

    await world.wait_for_content(card, holding="Old tokens no longer work (tested")
    assert (await proof_of(world, card)).sibling is None
    assert len(world.changes("POST", "/alone/auth/tokens")) == 1


@pytest.mark.parametrize("block_reads", [True, False], ids=["reads and writes", "writes"])
async def test_a_rotation_of_a_blocked_database_can_be_proven(world: World, block_reads: bool) -> None:
    name = await alone(world, f"frozen-{block_reads}".lower())
    assert world.bot is not None
    await world.bot.env.turso_clients.turso("acme").configure(name, block_reads=block_reads, block_writes=True)

    card = await rotates(world, name)

    await world.wait_for_content(card, holding="Old tokens no longer work (tested")
