"""The bot's log has a line for each incoming event and each operation, with reference and cause, without secrets."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.app import serving
from bot.app.compose import secrets_of
from bot.app.logs import set_up_logs
from bot.core.requests.request import ENDS, Request, State
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.invariants import KeptLog, keep_log
from tests.scenarios.policies import TWO_APPROVERS
from tests.scenarios.requesting import make_request, reaches, stored
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEPT: list[KeptLog] = []
EXECUTED = (State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.STALE, State.QUARANTINED, State.RESTORED)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a sandbox with the log level DEBUG, in which requests have ended in many ways."""
    data = tmp_path_factory.mktemp("world")
    (policy := data / "policy.yaml").write_text(TWO_APPROVERS)
    async with checked_sandbox(data, policy=policy) as found:
        assert found.bot is not None
        set_up_logs("DEBUG", "json", secrets_of(found.bot.settings))
        KEPT[:] = [keep_log()]
        await _day(found)
        await found.wait_until_idle()
        yield found


async def _day(world: World) -> None:
    """Send commands, forms and presses, so that requests reach many different states."""
    ana, dana, remy = (world.person(one) for one in (ANA, DANA, REMY))
    for line in ("ls", "show orders", "usage", "nonsense", "show nothing-there", "db create made --group default"):
        await dana.types(f"/turso {line}")
    await dana.types("/turso token orders --read-only")
    await dana.types("/turso db freeze orders")
    rotation = await make_request(world, "/turso rotate {} --reason leak")
    for one in (ANA, BEN):
        await world.person(one).presses_and_reads("Approve", rotation)
    denied = await make_request(world, "/turso token {} --reason work")
    await ana.presses("Deny", denied)
    await ana.submits({"comment": "no"})
    await reaches(world, denied, State.DENIED)
    withdrawn = await make_request(world, "/turso token {} --reason work")
    await dana.presses_and_reads("Withdraw", withdrawn)
    revealed = await make_request(world, "/turso token {} --reason work")
    await ana.presses_and_reads("Approve", revealed)
    await dana.presses_and_reads("Reveal", await world.wait_for_content(revealed, button="Reveal"))
    frozen = await make_request(world, "/turso freeze {} --for 30m", by=REMY)
    await remy.presses("Freeze writes", frozen)
    destroyed = await make_request(world, "/turso db destroy {} --reason old")
    await _approves_by_name(world, destroyed)
    await ana.presses_and_reads("Undo", await world.wait_for_content(destroyed, button="Undo"))
    await reaches(world, destroyed, State.RESTORED)
    failing = await make_request(world, "/turso db destroy {} --now --reason old")
    world.turso.faults.add("status", method="DELETE", path="*/databases/*", status=422, count=1)
    await _approves_by_name(world, failing)
    await make_request(world, "/turso protect {} on")
    await world.pass_time(seconds=40)
    await until(lambda: world.card(holding="No one approved or denied it in time"), what="the expiry")


async def _approves_by_name(world: World, card: Any) -> None:
    """Let Ana approve a request, for which she types the database's name."""
    target = (await stored(world, card)).plan.target
    assert target is not None
    await world.person(ANA).presses("Approve", card)
    await world.person(ANA).submits({"typed_name": target.name})
    await until(lambda: "Approve" not in words(world.current(card)).split(), what="the approval")


def lines(**wanted: Any) -> list[dict[str, Any]]:
    """Return the lines of the bot's own log that have these values, in order."""
    every = [json.loads(line) for line in KEPT[0].own]
    return [one for one in every if all(one.get(key) == value for key, value in wanted.items())]


async def all_requests(world: World) -> list[Request]:
    assert world.bot is not None
    return list(await world.bot.store.requests.find(states=list(State)))


async def test_the_requests_in_this_sandbox_have_ended_in_many_ways(world: World) -> None:
    states = {one.state for one in await all_requests(world)}
    assert states >= {State.SUCCEEDED, State.DENIED, State.CANCELLED, State.EXPIRED, State.RESTORED, State.FAILED}


async def test_every_request_has_a_line_for_its_start_and_for_its_current_state(world: World) -> None:
    for request in await all_requests(world):
        moved = [one for one in lines(request=request.id) if one["event"].startswith("request.")]
        assert [one["event"] for one in moved].count("request.opened") == 1
        assert moved[0]["event"] == "request.opened"
        assert moved[-1]["state"] == request.state.value
        for one in moved:
            about = (one["reference"], one["command"], one["user"], one["channel"])
            assert about == (request.intent_id, request.command, request.requester, DB_OPS)
        if request.state in ENDS and request.outcome:
            assert moved[-1]["why"] == request.outcome


async def test_every_operation_has_a_line_with_its_outcome(world: World) -> None:
    executed = [one for one in await all_requests(world) if one.command != "token" and one.state in EXECUTED]
    assert len(executed) >= 5
    for request in executed:
        ended = lines(event="operation.ended", request=request.id)
        assert ended, request
        assert ended[-1]["outcome"] == request.state.value
        assert {one["reference"] for one in ended} == {request.intent_id}
        assert all(one["phase"] for one in ended)
        begun = lines(event="request.moved", request=request.id, state="executing")
        assert begun or request.state is State.STALE
        assert not begun or any(one.get("ms", -1) >= 0 and one["attempts"] >= 1 for one in ended)


async def test_every_incoming_event_has_one_line_with_its_reference_and_the_reason_of_a_refusal(world: World) -> None:
    answered = lines(event="answered")
    assert len({one["reference"] for one in answered}) == len(answered) == len(world.workspace.deliveries) >= 20
    assert all(one["user"] and one["command"] and one["ms"] >= 0 for one in answered)
    refused = [one for one in answered if one["outcome"] == "refused"]
    assert len(refused) >= 3
    assert all(one["why"].endswith((".", "?")) for one in refused)
    shown = " ".join(words(one) for one in world.person(DANA).sees())
    assert any(one["reference"] in shown for one in refused), "people see the reference that is in the log"


async def test_every_reference_that_was_shown_is_in_the_log_with_its_cause(world: World) -> None:
    """This includes references of errors during an outage of Turso."""
    assert world.bot is not None
    dana = world.person(DANA)
    card = await make_request(world, "/turso rotate {} --reason leak")
    world.turso.faults.add("status", method="GET", path="/v1/*", status=503, count=None)
    for line in ("show orders", "usage", "freeze orders --for 30m", "token orders --read-only", "create outage"):
        await dana.types(f"/turso {line}", holding="Reference")
    await world.person(ANA).presses_and_reads("Approve", card)
    world.turso.faults.clear()
    await world.wait_until_idle()

    shown = {
        reference: person
        for person in (ANA, BEN, DANA, REMY)
        for said in world.person(person).sees()
        for reference in re.findall(r"Reference `(i-[a-z0-9]+)`", words(said))
    }
    assert len(shown) >= 8
    for reference, person in shown.items():
        written = [one for one in lines(reference=reference) if one.get("why")]
        assert written, f"{reference}, shown to {person}"
    outages = [one for one in lines(event="answered", level="warning") if "503" in one["why"]]
    assert len({one["reference"] for one in outages}) >= 5, (
        "Turso's answer is also in the log if only warnings are kept"
    )


async def test_no_line_contains_a_secret(world: World) -> None:
    assert world.bot is not None
    everything_written = "\n".join([*KEPT[0].own, *KEPT[0].lines])
    for secret in (*secrets_of(world.bot.settings), "eyJ", "hooks.slack.com", "/response/"):
        assert secret not in everything_written


async def test_the_first_line_says_which_version_and_settings_run(world: World) -> None:
    assert world.bot is not None
    serving.log_start(world.bot, "serve", address="127.0.0.1:3000", durable=True)

    (line,) = lines(event="started")
    assert set(line) >= {"mode", "version", "python", "store", "policy", "organization", "address", "durable"}
    assert line["policy"] == world.bot.env.rules.policy.hash
    assert line["store"].endswith("turso-ops.db")
