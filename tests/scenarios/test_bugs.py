"""If any step of a request has a bug, the request ends, the people concerned are notified, and operators see it."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from bot.app.workflow_steps import WorkSteps
from bot.commands import COMMANDS
from bot.commands.base import ChangeCommand
from bot.core.requests.request import Request, State
from bot.core.requests.step_results import PhaseResult, VerifyResult
from tests.policies import ACME
from tests.scenarios.conftest import shorten_pauses_between_posts
from tests.world import ANA, DANA, DB_OPS, World, running_sandbox, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
POLICY = (
    ACME
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, create], confirm: none}
      - {approve: [freeze, destroy], by: [user:U0ANA]}
"""
)
ENDED = (State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.STALE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    data = tmp_path_factory.mktemp("world")
    (data / "policy.yaml").write_text(POLICY)
    async with running_sandbox(data, policy=data / "policy.yaml") as found:
        shorten_pauses_between_posts(found)
        yield found


async def newest(world: World) -> Request:
    assert world.bot is not None
    return max(await world.bot.store.requests.find(states=list(State)), key=lambda one: one.created_at)


async def is_over(world: World) -> Request:
    """Wait until the bot is idle, and return the newest request, which must have ended."""
    await world.wait_until_idle()
    found = await newest(world)
    assert found.state in ENDED
    return found


async def approve(world: World, name: str) -> None:
    await world.create_databases(name)
    card = await world.person(DANA).types(f"/turso freeze {name} --reason x", holding=name)
    await world.person(ANA).presses("Approve", await world.wait_for_content(card, button="Approve"))


def metric(world: World, step: str) -> bool:
    assert world.bot is not None
    return f'turso_ops_faults_total{{step="{step}"}}' in world.bot.metrics.text().decode()


async def raises(*_: Any, **__: Any) -> Any:
    raise KeyError("a bug")


async def test_a_card_that_cannot_be_rendered_is_replaced_by_plain_text(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def message(*_: Any) -> Any:
        raise KeyError("a missing field")

    freeze = next(one for one in COMMANDS if one.name == "freeze")
    assert isinstance(freeze, ChangeCommand)
    own = tuple(replace(one, message=message) if one is freeze else one for one in COMMANDS)
    assert world.bot is not None
    before = world.bot.env.commands
    object.__setattr__(world.bot.env, "commands", own)
    try:
        await approve(world, "plain1")
        said = await until(lambda: world.card(holding="The card can't be shown"), what="the card in plain text")
        request = await is_over(world)
    finally:
        object.__setattr__(world.bot.env, "commands", before)

    assert request.state is State.SUCCEEDED
    assert "(freeze plain1) succeeded" in words(said).replace("`", "").replace("*", "")
    messages = [one for one in world.person(DANA).sees() if "The card can't be shown" in words(one)]
    assert len(messages) == 1
    assert metric(world, "tell")
    found = {name: (well, text) for name, well, text in await world.bot.health.doctor()}
    assert found["outcomes"][0] is False
    assert request.id in found["outcomes"][1]


@pytest.mark.parametrize(
    ("step", "ends", "is_done"),
    [
        ("begin", State.STALE, False),
        ("act", State.FAILED, False),
        ("see", State.UNKNOWN, True),
        ("finish", State.UNKNOWN, True),
    ],
)
async def test_a_step_that_fails_for_good_ends_the_request_and_its_requester_is_notified(
    world: World, step: str, ends: State, is_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real = len(world.changes("PATCH")), WorkSteps.finish

    async def finish(self: WorkSteps, request_id: str, phase: str, seen: VerifyResult) -> None:
        """Raise an error when recording a success, but not when recording that the outcome is unknown."""
        await (raises() if seen.result is PhaseResult.SUCCEEDED else real(self, request_id, phase, seen))

    method = {"see": "verify"}.get(step, step)  # the step is stored under the name `see`, but its method is `verify`
    monkeypatch.setattr(WorkSteps, method, finish if step == "finish" else raises)
    name = f"step-{step}"
    await approve(world, name)
    notice = await until(
        lambda: next((m for m in world.person(DANA).sees() if "in Turso Ops" in words(m) and name in words(m)), None),
        what="the notice",
    )
    assert f"<@{DANA}>" in words(notice)

    request = await is_over(world)
    assert request.state is ends
    assert (len(world.changes("PATCH")) > before) is is_done, "a change that was sent isn't reported as not made"
    assert metric(world, step)


@pytest.mark.parametrize("host", ["newone.turso.io:99999", "a:b", "["])
async def test_a_host_name_that_cannot_be_parsed_does_not_prevent_the_outcome(world: World, host: str) -> None:
    name = f"newone{len(host)}"
    made = {"Name": name, "DbId": "01a21d3c-565d-7b16-9c6e-a13b1bee8b4d", "Hostname": host}
    body, path = json.dumps({"database": made}), "*/acme/databases"
    created = world.turso.faults.add("status", method="POST", path=path, status=200, body=body)
    missing = json.dumps({"error": f"could not find database with name {name}: record not found"})
    lookup_fault = world.turso.faults.add(
        "status", method="GET", path=f"{path}/{name}", status=404, body=missing, count=None
    )
    await world.workspace.say(DANA, DB_OPS, f"/turso db create {name} --group default --reason x")
    await until(lambda: created.struck, what="the call")
    lookup_fault.status, lookup_fault.body = 200, body

    request = await is_over(world)
    assert request.state in (State.SUCCEEDED, State.UNKNOWN)
    assert world.card(holding=f"*{name}* was created but isn't ready yet")
    answer = await world.person(DANA).types(f"/turso show {name}", holding=name)
    assert "went wrong" not in words(answer)
    world.turso.faults.clear()
