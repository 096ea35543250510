"""Every command works with Turso's API of 2023 and of today, and with every documented difference between the two."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio

from bot.commands import COMMANDS
from bot.core.requests.request import State
from bot.pipeline.execution import verify
from tests.present import present
from tests.scenarios import forging
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.generated import example_of
from tests.scenarios.outcomes import outcomes_of
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

D = "/v1/organizations/acme/databases"
GIVEN = {
    "home": "", "help": "help", "whoami": "whoami", "list": "ls", "show": "show gen", "usage": "usage gen",
    "triage": "triage gen", "tokens": "tokens gen", "requests": "requests", "audit": "audit", "doctor": "doctor",
    "policy explain": "policy explain token gen", "incident status": "incident status",
    "incident report": "incident report", "digest now": "digest now", "create": "create gen-made",
    "branch": "branch gen gen-branch --for 3d",
    "token": "token gen --read-only", "freeze": "freeze gen --for 30m", "thaw": "thaw gen-blocked",
    "protect": "protect gen on", "rotate": "rotate gen", "destroy": "destroy gen --now", "restore": "restore gen-gone",
    "incident start": "incident start INC-1 --dry-run", "incident end": "incident end --dry-run",
    "rewind": "rewind gen --to 15m ago", "away": f"away --until 3h --to <@{REMY}> --dry-run",
    "digest on": "digest on --daily 09:00 --dry-run", "digest off": "digest off --dry-run",
}  # fmt: skip
"""By command: a line to type, for commands whose usage isn't enough. The fixture and `BEFORE` prepare what it needs."""
LINES = {one.name: GIVEN.get(one.name, example_of(one).replace("{}", "gen")) for one in COMMANDS}
BEFORE = {
    "alert off": "alert on", "alert mute": "alert on", "alert unmute": "alert mute --for 1d",
    "away off": f"away --until 3h --to <@{REMY}>",
}  # fmt: skip
"""By command: a line that must be run first."""
WITHOUT_SUBJECT = {"wake", "restore", "incident end", "incident report", "digest off"}
"""Commands that are refused, because there is no archived group, quarantine, incident or digest."""
WORKS = {"answered", "planned", "accepted", "confirmation_asked", "approval_asked", "revealed"}
"""Outcomes of a command that isn't refused: it is done, it has begun, or it waits for a person."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["2023", "now"])
async def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run the sandbox with a Turso of one generation."""
    async with checked_sandbox(tmp_path_factory.mktemp("world")) as found:
        await found.create_databases("gen", "gen-blocked", "gen-more", "gen-gone")
        await found.pass_time(minutes=20)
        card = await found.person(DANA).types("/turso rewind gen --to 5m ago --reason mistake", holding="gen")
        await found.person(ANA).presses("Approve", card)
        await until(lambda: found.card(holding="Compared with"), what="the copy of a rewind")
        await found.wait_until_idle()
        found.turso.generation = request.param
        yield found


@pytest.mark.parametrize("name", LINES)
async def test_every_command_works_with_this_generation(world: World, name: str) -> None:
    if name == "thaw":
        blocks = await world.call_turso("PATCH", "/databases/gen-blocked/configuration", json={"block_writes": True})
        assert blocks.status_code == 200
    if name in BEFORE:
        await forging.forge_command(world, BEN, DB_OPS, BEFORE[name])
        await world.wait_until_idle()
    outcomes = outcomes_of(world)

    delivery, _, _ = await forging.forge_command(world, BEN, DB_OPS, LINES[name])
    await world.wait_until_idle()

    assert delivery.status == 200
    has_no_groups = name in ("branch", "rewind") and world.turso.generation == "2023"
    (outcome,) = outcomes()
    assert outcome in ({"refused"} if has_no_groups or name in WITHOUT_SUBJECT else WORKS)
    assert await present(world.bot).store.requests.find(states=[State.UNKNOWN, State.FAILED]) == []


async def test_a_database_is_created_and_destroyed_with_this_generation(world: World) -> None:
    assert world.bot is not None
    dana, ana = world.person(DANA), world.person(ANA)
    made = await dana.types("/turso db create gen-job")
    assert "*gen-job* is ready" in words(made)
    card = await dana.types("/turso db destroy gen-job --now --reason done")
    await ana.presses("Approve", card)
    await ana.submits({"typed_name": "gen-job"})

    await world.wait_for_content(card, holding="*gen-job* was destroyed")
    assert [one.state for one in await world.bot.store.requests.find(states=[State.UNKNOWN, State.FAILED])] == []


@contextmanager
def answering(world: World, path: str, body: Any, *, status: int = 200, method: str = "GET") -> Iterator[None]:
    """Make Turso answer a path with this body inside the `with` block."""
    fault = world.turso.faults.add("status", method=method, path=path, status=status, body=json.dumps(body), count=None)
    try:
        yield
    finally:
        world.turso.faults.remove(fault.id)


def database(**keys: Any) -> dict[str, Any]:
    """Return Turso's answer about the database `gen-more`, with the given keys."""
    return {"database": {"Name": "gen-more", "DbId": "0193c0de-7a11-7c3e", "Hostname": "gen-more-acme.turso.io"} | keys}


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        pytest.param({"group": "blue", "primaryRegion": "lhr", "regions": ["lhr"]}, "blue", id="group"),
        pytest.param({"primaryRegion": "lhr", "regions": ["ams", "lhr"]}, "lhr", id="primary region"),
        pytest.param({"regions": ["ams", "nrt"]}, "ams, nrt", id="regions alone"),
    ],
)
async def test_the_placement_is_shown_from_the_group_or_the_regions(
    world: World, keys: dict[str, Any], shown: str
) -> None:
    with answering(world, f"{D}/gen-more", database(**keys)):
        answer = await world.person(DANA).types("/turso show gen-more")

    assert shown in words(answer)


USED = {"rows_read": 1204, "rows_written": 37, "storage_bytes": 40960}
SHARES = [{"uuid": "i-1", "usage": {**USED, "rows_read": 1000}}, {"uuid": "i-2", "usage": {**USED, "rows_read": 204}}]
BY_UUID = {share["uuid"]: share["usage"] for share in SHARES}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"database": {"uuid": "u", "usage": USED}}, id="database.usage"),
        pytest.param({"database": {"uuid": "u", "total": USED}}, id="database.total"),
        pytest.param({"database": {"uuid": "u"}, "total": USED}, id="total at the top"),
        pytest.param({"database": {"uuid": "u", "instances": SHARES}}, id="the sum of an array of instances"),
        pytest.param({"database": {"uuid": "u", "usage": USED}, "instances": BY_UUID}, id="instances as an object"),
        pytest.param({"database": {"uuid": "u", "usage": USED, "instances": None}}, id="instances null"),
    ],
)
async def test_usage_is_read_from_every_shape_of_the_answer(world: World, body: dict[str, Any]) -> None:
    with answering(world, f"{D}/gen-more/usage", body):
        answer = await world.person(DANA).types("/turso usage gen-more")

    assert "1,204" in words(answer)


async def test_a_given_period_is_sent_with_both_times(world: World) -> None:
    dana, seen = world.person(DANA), len(world.turso.calls.control())
    await dana.types("/turso usage gen-more --since 2d")
    await world.wait_until_idle()

    periods = [one.query for one in world.turso.calls.control()[seen:] if one.path.endswith("/gen-more/usage")]
    assert periods
    assert all("from=" in one and "to=" in one for one in periods)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            {"database": {"DbId": "0193c0de", "Hostname": "h.turso.io", "Name": "gen-new"}}, id="three keys"
        ),
        pytest.param(
            {"database": {"Name": "gen-new", "DbId": "0eb7", "Hostname": "h.turso.io", "type": "logical",
                          "regions": [], "primaryRegion": "lhr"}, "username": "turso", "password": "hunter2hunter2"},
            id="full object, name and password",
        ),
    ],
)  # fmt: skip
async def test_both_answers_to_a_creation_are_reported_without_a_password(
    world: World, body: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    """Missing values are read with another call, and a password in Turso's answer isn't sent to Slack."""
    number = "a" if "three" in request.node.callspec.id else "b"
    name = f"gen-new-{number}"
    assert world.bot is not None

    sample = json.dumps(body).replace("gen-new", name)
    world.turso.faults.add("status", method="POST", path=D, status=200, body=sample)
    held = world.turso.faults.add("hold_before", method="POST", path=D)
    before = len(world.turso.calls.control())
    await forging.forge_command(world, DANA, DB_OPS, f"create {name}")
    await held.arrived.wait()
    await world.create_databases(name)
    held.released.set()
    seen = await until(lambda: world.card(holding=f"*{name}* is ready"), what="the message with the result")

    await world.wait_until_idle()
    assert "hunter2" not in json.dumps([call.args for call in world.workspace.calls])
    calls = [(one.method, one.path) for one in world.turso.calls.control()[before:]]
    assert ("GET", f"{D}/{name}") in calls[calls.index(("POST", D)) :]
    assert "default" in words(seen), "the group, which the answer to the creation doesn't have"


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"name": "gen-more", "dbId": "42-lower", "hostname": "low.turso.io"}, id="lower"),
        pytest.param({"NAME": "gen-more", "DBID": "42-lower", "HOSTNAME": "low.turso.io"}, id="upper"),
        pytest.param(
            {"Name": "gen-more", "DbId": "42-lower", "Hostname": "low.turso.io", "hostname": "other.turso.io"},
            id="both: the exact key first",
        ),
    ],
)
async def test_keys_are_read_in_any_case(world: World, keys: dict[str, Any]) -> None:
    with answering(world, f"{D}/gen-more", {"database": keys}):
        answer = await world.person(DANA).types("/turso show gen-more")

    assert "*gen-more*" in words(answer)
    assert "low.turso.io" in words(answer)


@pytest.mark.parametrize("status", [400, 409, 422])
async def test_a_taken_name_is_reported_with_tursos_message(world: World, status: int) -> None:
    taken = {"error": "database with name gen-taken already exists", "code": "conflict"}
    before = len(world.changes("POST", D))
    with answering(world, D, taken, status=status, method="POST"):
        await forging.forge_command(world, DANA, DB_OPS, f"create gen-taken-{status}")
        seen = await until(lambda: world.card(holding=f"gen-taken-{status}"), what="the message with the result")
        await world.wait_until_idle()

    assert "already exists" in words(seen)
    assert len(world.changes("POST", D)) == before + 1, "the creation isn't sent again"


async def test_a_rotation_names_the_databases_that_it_may_affect(world: World) -> None:
    card = await world.person(DANA).types("/turso rotate gen-more --reason leak")

    text = words(card)
    if world.turso.generation == "now":
        assert "other databases in the group" in text
        assert "gen-blocked" in text
    assert "Active tokens" in text


async def test_the_region_of_an_instance_is_not_taken_from_its_name(world: World) -> None:
    odd = [{"uuid": "u-1", "name": "loving-squirrel", "type": "primary", "region": "lhr", "hostname": "x.turso.io"}]
    with answering(world, f"{D}/gen-more/instances", {"instances": odd}):
        answer = await world.person(DANA).types("/turso show gen-more")

    assert "loving-squirrel" in words(answer)
    assert "lhr" in words(answer)


QUERIES = [{"query": "SELECT everything FROM slow_things", "rows_read": 5, "rows_written": None}]


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [
        pytest.param((200, QUERIES), None, True, id="a bare array"),
        pytest.param(
            (404, {"error": "route not found"}),
            (200, {"top_queries": QUERIES}),
            True,
            id="wrapped, as in older answers",
        ),
        pytest.param((200, None), None, False, id="null"),
        pytest.param((404, {"error": "route not found"}), (200, {"top_queries": None}), False, id="wrapped null"),
    ],
)
async def test_top_queries_are_read_from_either_endpoint(
    world: World, now: tuple[int, Any], before: tuple[int, Any] | None, shown: bool
) -> None:
    with (
        answering(world, f"{D}/gen-more/usage/queries", now[1], status=now[0]),
        answering(world, f"{D}/gen-more/stats", (before or now)[1], status=(before or now)[0]),
    ):
        answer = await world.person(DANA).types("/turso triage gen-more")

    assert ("slow_things" in words(answer)) is shown


@pytest.mark.parametrize("flag", ["block_writes", "blocked_writes"])
async def test_blocked_flags_are_read_in_both_spellings(world: World, flag: str) -> None:
    with (
        answering(world, f"{D}/gen-more", database(**{flag: True})),
        answering(world, f"{D}/gen-more/configuration", {"size_limit": "0"}),
    ):
        answer = await world.person(DANA).types("/turso show gen-more")

    assert "writes blocked" in words(answer)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("show gen-more", ":file_cabinet: *gen-more*"),
        ("token gen-more --read-only", "eyJ"),
        ("triage gen-more", ":ambulance: *gen-more*"),
    ],
)
async def test_commands_work_for_a_database_with_an_invalid_host_name(world: World, line: str, says: str) -> None:
    with answering(world, f"{D}/gen-more", database(Hostname="gen-more.turso.io:99999")):
        answer = await world.person(DANA).types(f"/turso {line}")

    assert says in words(answer)


async def test_a_failing_check_leaves_the_outcome_unknown_until_a_check_succeeds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> bool:
        raise ValueError("a mistake of ours")

    with monkeypatch.context() as patched:
        patched.setattr(verify, "sees", broken)
        await world.create_databases("gen-mistake")
        card = await world.person(DANA).types("/turso protect gen-mistake on --reason safety")
        await world.person(ANA).presses("Approve", card)
        await world.wait_for_content(card, holding="may or may not have been made")
    await world.pass_time(minutes=2)

    await world.wait_for_content(card, holding="Delete protection for *gen-mistake* is on")
