"""How many calls to Turso and Slack one command costs, counted in the logs of the local Turso and Slack."""

from typing import Any

import pytest

from bot.commands.databases import _new_database
from bot.core.requests.request import State
from tests.scenarios import forging
from tests.scenarios.outcomes import outcomes_of
from tests.world import ANA, DANA, DB_OPS, REMY, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

D = "/v1/organizations/acme/databases"


async def turso_calls(world: World, line: str, *, outcome: str = "answered") -> list[Any]:
    """Run a command, assert its outcome, and return its calls to Turso."""
    await world.wait_until_idle()
    before, outcomes = len(world.turso.calls.control()), outcomes_of(world)
    await forging.forge_command(world, DANA, DB_OPS, line)
    await world.wait_until_idle()
    assert outcomes() == [outcome]
    found: list[Any] = world.turso.calls.control()[before:]
    return found


def usages(calls: list[Any]) -> list[str]:
    """Return the paths of the calls that read usage."""
    return [one.path for one in calls if one.path.endswith("/usage")]


async def test_a_list_of_few_databases_is_read_in_one_call_with_a_high_limit(world: World) -> None:
    calls = await turso_calls(world, "ls")

    assert [one.path for one in calls if one.path == D] == [D]
    limits = [part.removeprefix("limit=") for one in calls for part in one.query.split("&") if "limit=" in part]
    assert [int(limit) >= 100 for limit in limits] == [True]
    assert len(calls) <= 2


async def test_show_makes_at_most_six_calls_and_none_waits_for_another(world: World) -> None:
    slow = world.turso.faults.add("latency", method="GET", path=f"{D}/orders*", seconds=0.4, count=None)

    calls = await turso_calls(world, "show orders")
    world.turso.faults.remove(slow.id)

    assert 2 <= len(calls) <= 6
    starts = sorted(one.time for one in calls)
    assert starts[-1] - starts[0] < 0.4, "no call waits for another"


async def test_usage_of_one_database_is_at_most_two_usage_calls(world: World) -> None:
    assert 1 <= len(usages(await turso_calls(world, "usage orders"))) <= 2
    assert 1 <= len(usages(await turso_calls(world, "usage orders --since 7d"))) <= 2


@pytest.mark.parametrize("line", ["usage", "usage --top 50", "usage --since 7d", "digest now"])
async def test_usage_of_the_organization_never_asks_each_database(world: World, line: str) -> None:
    calls = await turso_calls(world, line)

    assert 1 <= len(calls) <= 6
    assert not [one for one in calls if one.path.startswith(f"{D}/")]


@pytest.mark.parametrize("line", ["triage orders", "tokens orders", "audit", "requests", "help", "whoami", ""])
async def test_other_reading_commands_need_few_calls(world: World, line: str) -> None:
    most = 9 if line.startswith("triage") else 1

    assert len(await turso_calls(world, line)) <= most


@pytest.mark.parametrize(
    "line",
    ["", "help", "whoami", "ls", "show orders", "usage", "usage orders", "triage orders", "tokens", "requests",
     "audit", "policy explain token orders", "token orders --read-only"],
)  # fmt: skip
async def test_a_repeated_command_makes_at_most_two_slack_calls_besides_the_answer(world: World, line: str) -> None:
    await forging.forge_command(world, DANA, DB_OPS, line)
    await world.wait_until_idle()
    before, outcomes = len(world.workspace.calls), outcomes_of(world)

    await forging.forge_command(world, DANA, DB_OPS, line)
    await world.wait_until_idle()

    assert outcomes()[0] in ("answered", "revealed")
    methods = [call.method for call in world.workspace.calls[before:]]
    assert methods.count("response_url") + methods.count("chat.postMessage") == 1, "the answer"
    assert len(methods) - 1 <= 2, methods


async def test_an_approval_looks_up_few_people_and_groups(world: World) -> None:
    await world.create_databases("cheap")
    card = await world.person(DANA).types("/turso token cheap --reason migration")
    await world.wait_until_idle()
    before = len(world.workspace.calls)

    await world.person(ANA).presses_and_reads("Approve", card)
    await world.wait_until_idle()

    asked = [one.method for one in world.workspace.calls[before:] if one.method.startswith(("users.", "usergroups."))]
    assert len(asked) <= 4, "only the presser and the approvers are looked up again"


@pytest.mark.parametrize(
    ("line", "by", "method", "path"),
    [
        ("create once-made", DANA, "POST", D),
        ("freeze once --for 30m", REMY, "PATCH", f"{D}/once/configuration"),
    ],
    ids=["create", "freeze"],
)
async def test_a_change_is_sent_once(world: World, line: str, by: str, method: str, path: str) -> None:
    if "once-made" not in line:
        await world.create_databases("once")
    before = len([one for one in world.changes(method) if one.path == path])

    await forging.forge_command(world, by, DB_OPS, line)
    if by == REMY:
        question = await until(
            lambda: next((m for m in forging.private_messages(world, REMY) if "once" in words(m)), None),
            what="the confirmation question",
        )
        await world.person(REMY).presses("Freeze writes", question)
    await until(lambda: len([one for one in world.changes(method) if one.path == path]) > before, what="the change")
    await world.wait_until_idle()

    assert len([one for one in world.changes(method) if one.path == path]) == before + 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_lasting_refusal_costs_at_most_three_calls_of_an_endpoint(world: World, status: int) -> None:
    fault = world.turso.faults.add("status", path="/v1/*", status=status, count=None)
    try:
        shown = await turso_calls(world, "usage orders", outcome="refused")
        made = await turso_calls(world, f"create refused-{status}", outcome="refused")
    finally:
        world.turso.faults.remove(fault.id)

    assert len(shown) <= 6
    for path in {one.path for one in [*shown, *made]}:
        assert len([one for one in [*shown, *made] if one.path == path]) <= 3, path
    assert len([one for one in made if one.method == "POST"]) <= 1


async def test_a_refused_change_is_not_sent_again(world: World) -> None:
    before = len([one for one in world.changes("POST") if one.path == D])
    fault = world.turso.faults.add("status", method="POST", path=D, status=403, count=None)

    answer = await world.person(DANA).types("/turso create not-allowed")
    await world.wait_until_idle()
    world.turso.faults.remove(fault.id)

    assert "request to create `not-allowed` failed" in words(answer)
    assert len([one for one in world.changes("POST") if one.path == D]) == before + 1


async def test_a_creation_is_reported_although_the_database_does_not_respond_yet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _new_database.WAITS_SECONDS < 45
    monkeypatch.setattr(_new_database, "WAITS_SECONDS", 1)
    world.turso.faults.add("not_ready", method="POST", path=D, seconds=120)

    answer = await world.person(DANA).types("/turso create slow-one")

    assert "isn't ready yet" in words(answer)


async def test_a_quarantine_sets_both_blocks_by_one_patch_and_deletes_only_at_its_end(world: World) -> None:
    assert world.bot is not None
    await world.create_databases("condemned")
    card = await world.person(DANA).types("/turso db destroy condemned --reason old")
    await world.person(ANA).presses("Approve", card)
    await world.person(ANA).submits({"typed_name": "condemned"})
    await world.wait_for_content(card, button="Undo")
    assert len(world.changes("PATCH", "/condemned/configuration")) == 1

    await world.pass_time(hours=23)
    await world.wait_until_idle()
    assert not world.changes("DELETE", "/condemned")

    await world.pass_time(hours=1, minutes=1)
    await world.wait_for_content(card, holding="*condemned* was destroyed")
    assert len(world.changes("DELETE", "/condemned")) == 1
    assert not await world.bot.store.requests.find(states=[State.QUARANTINED])
