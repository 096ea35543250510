"""A form that is submitted twice makes one request, even if its first submission was answered too late."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.core.requests.request import Request, State
from bot.pipeline.dispatch.dispatcher import TAKEN_UP_WITHIN
from bot.slack.incoming import listeners
from tests.policies import ACME
from tests.present import present
from tests.scenarios import forging
from tests.scenarios.entries import an_intent
from tests.scenarios.test_forms import form_of
from tests.world import ANA, DANA, World, running_sandbox, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
IGNORED = "only its first submission counts"
POLICY = (
    ACME
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, protect, freeze, token], confirm: none}
      - {approve: [rotate], by: [user:U0ANA]}
"""
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    data = tmp_path_factory.mktemp("world")
    (data / "policy.yaml").write_text(POLICY)
    async with running_sandbox(data, policy=data / "policy.yaml") as found:
        yield found


async def do_nothing(*given: Any, **more: Any) -> None:
    """Stand in for work that a process didn't begin before it ended."""


async def requests_for(world: World, name: str) -> list[Request]:
    """Return the requests whose line contains the database's name, in any state."""
    found = await present(world.bot).store.requests.find(states=list(State))
    return [one for one in found if name in one.line]


@pytest.mark.parametrize("together", [True, False], ids=["at the same time", "one after the other"])
@pytest.mark.parametrize("command", ["protect", "freeze", "token", "rotate"])
async def test_two_submissions_of_a_form_make_one_request(world: World, command: str, together: bool) -> None:
    await world.create_databases(name := f"twice-{command}-{int(together)}")
    about, view_id = await an_intent(world), f"V0{command.upper()}{int(together)}"
    values = {"arg.name": name, "reason": "x", **({"arg.on": "on"} if command == "protect" else {})}
    first, second = (
        forging.forge_submission(world, DANA, f"form.{command}", about, values, view_id=view_id) for _ in range(2)
    )

    answers = await asyncio.gather(first, second) if together else [await first, await second]
    await world.wait_until_idle()

    assert [one.status for one in answers] == [200, 200]
    assert "" in [one.answer for one in answers]
    assert len(await requests_for(world, name)) == 1


async def test_two_forms_with_the_same_content_make_two_requests(world: World) -> None:
    await world.create_databases("same-form")
    about = await an_intent(world)
    for _ in range(2):
        await forging.forge_submission(world, DANA, "form.token", about, {"arg.name": "same-form", "reason": "x"})
        await world.wait_until_idle()

    assert len(await requests_for(world, "same-form")) == 2


async def test_a_form_that_is_submitted_again_after_a_late_answer_makes_one_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.create_databases("late-form")
    intents, go = present(world.bot).store.intents, asyncio.Event()
    record = intents.record

    async def slow(*given: Any, **more: Any) -> bool:
        await go.wait()
        return await record(*given, **more)

    view = await form_of(world, "/turso protect late-form", name="protect")
    await world.wait_until_idle()
    monkeypatch.setattr(listeners, "ACK_WITHIN_SECONDS", 0.3)
    monkeypatch.setattr(intents, "record", slow)
    dana = world.person(DANA)

    for _ in range(2):
        late = await dana.submits({"arg.on": "on"}, view)
        assert "don't know yet whether this was saved" in str(late.errors)
    go.set()
    await until(lambda: world.changes("PATCH", "late-form/configuration"), what="the change")
    await world.wait_until_idle()

    assert len(await requests_for(world, "late-form")) == 1


async def test_a_form_that_is_changed_and_submitted_again_says_that_the_change_is_ignored(world: World) -> None:
    await world.create_databases("changed-form")
    about = await an_intent(world)

    async def submit(on: str) -> str:
        values = {"arg.name": "changed-form", "arg.on": on, "reason": "x"}
        sent = await forging.forge_submission(world, DANA, "form.protect", about, values, view_id="V0CHANGED")
        await world.wait_until_idle()
        return sent.answer

    first, changed = await submit("on"), await submit("off")

    assert (first, IGNORED in changed) == ("", True)
    (request,) = await requests_for(world, "changed-form")
    assert request.line.startswith("protect changed-form on ")


async def test_a_form_that_is_submitted_again_after_it_was_refused_as_too_old_says_so(world: World) -> None:
    await world.create_databases("offline-form")
    about, bot = await an_intent(world), present(world.bot)
    values = {"arg.name": "offline-form", "reason": "x"}

    async def submit() -> str:
        sent = await forging.forge_submission(world, DANA, "form.freeze", about, values, view_id="V0OFFLINE")
        await world.wait_until_idle()
        return sent.answer

    with pytest.MonkeyPatch.context() as patched:  # the process ends between the commit and the acknowledgement
        patched.setattr(bot.path, "_guarded", do_nothing)
        await submit()
    world.clock.move(TAKEN_UP_WITHIN + timedelta(minutes=1))
    (left,) = [one for one in await bot.store.intents.find_open(before=world.clock.now()) if one.view_id == "V0OFFLINE"]
    await bot.path.resume(left)

    assert IGNORED in await submit()
    assert await requests_for(world, "offline-form") == []


async def test_repeated_submissions_of_a_form_about_a_request_are_one_decision(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.create_databases("once-denied")
    await world.person(DANA).types("/turso rotate once-denied --reason leak", holding="once-denied")
    (request,) = await requests_for(world, "once-denied")
    intents, recorded = present(world.bot).store.intents, list[bool]()
    record = intents.record

    async def noting(*given: Any, **more: Any) -> bool:
        recorded.append(await record(*given, **more))
        return recorded[-1]

    monkeypatch.setattr(intents, "record", noting)
    await asyncio.gather(
        *(
            forging.forge_submission(
                world, ANA, "approval.deny_reason", request.id, {"comment": "no"}, view_id="V0DENYONCE"
            )
            for _ in range(3)
        )
    )
    await world.wait_until_idle()

    assert sorted(recorded) == [False, False, True]
    (now,) = await requests_for(world, "once-denied")
    assert now.state is State.DENIED
