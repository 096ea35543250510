"""The main commands from end to end, as each person sees them, over signed HTTP and over Socket Mode."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from bot.core.requests.request import State
from bot.sandbox.platform.catalog import usage
from bot.sandbox.platform.catalog.usage import Period
from tests.scenarios import forging
from tests.scenarios.conftest import checked_sandbox
from tests.world import ANA, BEN, DANA, GIL, ORDERS, STELLA, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["http", "socket"])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run the sandbox, with the bot connected over HTTP or over Socket Mode."""
    async with checked_sandbox(tmp_path_factory.mktemp("world"), over=request.param) as found:
        await found.create_databases("crew", "fleet", "harbour", "orders-pier")
        yield found


async def outcome(world: World, holding: str) -> str:
    """Wait for a public message that contains `holding`, and return its text."""
    card = await until(lambda: world.card(holding=holding), what=f"the outcome {holding!r}")
    return words(card)


async def test_every_delivery_uses_the_chosen_transport(world: World) -> None:
    await world.person(DANA).types("/turso whoami")

    over = "http" if world.workspace.events_url else "socket"
    assert {one.over for one in world.workspace.deliveries} == {over}


async def test_a_list_is_public_and_has_only_the_channels_databases(world: World) -> None:
    dana = world.person(DANA)

    everything = await dana.types("/turso ls")
    orders = await dana.types("/turso ls", ORDERS)

    assert not everything.only_for
    assert "crew" in words(everything)
    assert "orders-pier" in words(orders)
    assert "crew" not in words(orders)


async def most_read(world: World) -> list[str]:
    """Return the names of the databases from which most rows were read this month, as the local Turso counted."""
    await world.turso.flush()
    now = datetime.now(UTC)
    month = Period(f"{now:%Y-%m}-01", f"{now:%Y-%m-%d}")
    used = await world.turso.read(usage.of_organization, "acme", month)
    names = {one["DbId"]: one["Name"] for one in (await world.call_turso("GET", "/databases")).json()["databases"]}
    rows = {names[id_]: usage.total(by_instance.values()).rows_read for id_, by_instance in used.items()}
    return sorted(rows, key=lambda name: rows[name], reverse=True)


async def test_usage_is_ranked_for_the_organization_and_shown_for_one_database(world: World) -> None:
    dana = world.person(DANA)

    ranked = await dana.types("/turso usage")
    one = await dana.types("/turso usage crew")

    shown = words(ranked).partition("Top 10 by rows read bar rows read ")[2].split()
    assert shown[:5] == (await most_read(world))[:5]
    assert "*crew*: 0 rows read and 0 written this month" in words(one)
    assert not ranked.only_for
    assert not one.only_for


async def test_a_database_is_created_with_one_call_and_reported_as_ready(world: World) -> None:
    before = len(world.changes("POST", "/organizations/acme/databases"))

    answer = await world.person(DANA).types("/turso db create shop --reason launch")

    assert "*shop* is ready" in words(answer)
    assert len(world.changes("POST", "/organizations/acme/databases")) == before + 1


async def test_a_read_only_token_is_shown_only_to_its_requester(world: World) -> None:
    dana, ana = world.person(DANA), world.person(ANA)

    shown = await dana.types("/turso token crew --read-only --expiration 1h")

    assert shown.only_for == DANA
    assert "eyJ" in words(shown)
    assert "eyJ" not in shown.text
    assert not any("eyJ" in words(one) for one in ana.sees())


async def test_a_full_token_is_approved_by_another_person_and_created_at_reveal(world: World) -> None:
    dana, ana = world.person(DANA), world.person(ANA)
    before = len(world.changes("POST", "/databases/fleet/auth/tokens"))

    card = await dana.types('/turso token fleet --expiration 1h --reason "a migration"')
    assert "Approved." in words(await ana.presses_and_reads("Approve", card))
    ready = await world.wait_for_content(card, button="Reveal")
    assert len(world.changes("POST", "/databases/fleet/auth/tokens")) == before
    stolen = await ana.presses_and_reads("Reveal", ready)
    assert "Only the requester" in words(stolen)
    shown = await dana.presses_and_reads("Reveal", ready)

    assert "eyJ" in words(shown)
    assert "eyJ" not in shown.text
    assert not any("eyJ" in words(one) for one in ana.sees())
    assert len(world.changes("POST", "/databases/fleet/auth/tokens")) == before + 1


async def test_a_destroy_is_approved_by_another_person_who_types_the_name(world: World) -> None:
    dana, ana = world.person(DANA), world.person(ANA)

    card = await dana.types('/turso db destroy harbour --now --reason "moved to the warehouse"')
    assert not card.only_for
    assert all(part in words(card) for part in ("harbour", f"<@{DANA}>", "moved to the warehouse"))
    refused = await dana.presses_and_reads("Approve", card)
    assert "your own" in words(refused)
    for stranger in (GIL, STELLA):
        assert "Nothing was changed" in words(await forging.forge_press(world, stranger, "Approve", card))

    await ana.presses("Approve", card)
    wrong = await ana.submits({"typed_name": "harbor"})
    assert wrong.errors
    assert not world.changes("DELETE")
    await ana.submits({"typed_name": "harbour"})

    await outcome(world, "*harbour* was destroyed")
    assert len(world.changes("DELETE", "/databases/harbour")) == 1
    assert not {"Approve", "Deny", "Withdraw"} & set(buttons(world.card(holding="*harbour* was destroyed")))


async def test_a_rotation_names_the_holders_of_tokens_and_revokes_them(world: World) -> None:
    dana, ben = world.person(DANA), world.person(BEN)
    await dana.types("/turso token crew --read-only")

    card = await dana.types("/turso rotate crew --reason leak")
    assert f"<@{DANA}>" in words(card)
    assert "fleet" in words(card)
    await ben.presses("Approve", card)
    await ben.submits({"typed_name": "crew"})

    await outcome(world, "*crew* · Old tokens no longer work")
    assert len(world.changes("POST", "/databases/crew/auth/rotate")) == 1


async def test_the_audit_log_names_what_happened_and_is_valid(world: World) -> None:
    assert world.bot is not None
    await world.wait_until_idle()

    answer = await world.person(ANA).types("/turso audit --since 1d")

    text = words(answer)
    assert all(word in text for word in ("harbour", "crew", f"<@{DANA}>"))
    states = [one.state for one in await world.bot.store.requests.find(states=list(State))]
    assert states.count(State.SUCCEEDED) >= 4
    findings = {name: well for name, well, _ in await world.bot.health.doctor()}
    assert findings["audit chain"]
