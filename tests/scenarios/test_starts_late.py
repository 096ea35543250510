"""The requester of a change that can't start yet soon learns why and until when it waits, and later the outcome."""

from typing import Any

import pytest

from bot.core.requests.request import Request
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.execution import begin
from bot.pipeline.outcomes import start_delay
from bot.sandbox.workspace.model import Message
from tests.policies import WITH_DBA_GROUP
from tests.scenarios import forging
from tests.world import DANA, DB_OPS, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, thaw], confirm: none}
      - {allow: [freeze], confirm: none, start_within: 20m}
      - {allow: [protect], confirm: button}
      - {break_glass: [rotate], review_by: dba}
"""
)
WAITS = "can't start yet"
LINES = {
    "typed": "/turso freeze {} --reason fire",
    "mentioned": "<@{bot}> freeze {} --reason fire",
    "private": "/turso freeze {} --reason fire --private",
    "break-glass": "/turso rotate {} --reason leak",
}


def waiting_notes(world: World, name: str) -> list[Message]:
    """Return the private messages which tell Dana that a change of a database can't start yet."""
    return [one for one in forging.private_messages(world, DANA) if WAITS in words(one) and name in words(one)]


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which the ID of a request is added whenever the bot tries to start it."""
    found: list[str] = []
    real = authorize

    async def counted(env: Any, request: Request, *arguments: Any, **more: Any) -> Any:
        found.append(request.id)
        return await real(env, request, *arguments, **more)

    monkeypatch.setattr(begin, "authorize", counted)
    return found


async def outcome(world: World, holding: str) -> Message:
    """Wait for a private message to the requester that contains `holding`, and return it."""
    found: Message = await until(
        lambda: next((one for one in forging.private_messages(world, DANA) if holding in words(one)), None),
        what=holding,
    )
    return found


@pytest.mark.parametrize("how", LINES)
async def test_a_change_without_approval_is_reported_as_waiting_and_later_with_its_outcome(
    world: World, tries: list[str], how: str
) -> None:
    await world.create_databases(name := f"late-{how}")
    silent = world.workspace.faults.add("api_error", "conversations.members", error="internal_error")
    line = LINES[how].format(name, bot=world.workspace.app.bot_user_id)
    await world.workspace.say(DANA, DB_OPS, line)

    await until(lambda: waiting_notes(world, name), what="the note that it waits", within=10)
    await until(lambda: len(tries) >= 4, what="more tries")
    (note,) = waiting_notes(world, name)
    assert "Slack" in words(note)
    assert "Try again in a moment" not in words(note), "the bot tries again by itself"
    assert "I'll keep trying until <!date^" in words(note)
    assert "The outcome will appear here" in words(note)
    assert "Withdraw" in buttons(note)

    world.workspace.faults.remove(silent)
    await outcome(world, f"*{name}*")
    await world.wait_until_idle()
    assert len(waiting_notes(world, name)) == 1


async def test_a_change_that_waits_for_turso_says_so_instead_of_saying_that_it_starts(world: World) -> None:
    await world.create_databases(name := "late-confirmed")
    dana = world.person(DANA)
    question = await dana.types(f"/turso db protect {name} on")
    silent = world.turso.faults.add("status", method="GET", path=f"*/databases/{name}*", status=503, count=None)
    await dana.presses("Change delete protection", question)

    await until(lambda: waiting_notes(world, name), what="the note that it waits", within=20)
    assert not [one for one in forging.private_messages(world, DANA) if "Confirmed." in words(one)], (
        "the note was replaced"
    )
    world.turso.faults.remove(silent.id)
    await world.wait_until_idle()
    assert not waiting_notes(world, name), "the outcome replaced the note"


async def test_a_requester_is_soon_notified_if_turso_does_not_respond_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_delay, "SLOW_SECONDS", 0.2)
    await world.create_databases(name := "late-held")
    dana = world.person(DANA)
    question = await dana.types(f"/turso db protect {name} on")
    held = world.turso.faults.add("hold_before", method="GET", path=f"*/databases/{name}*", count=None)
    await dana.presses("Change delete protection", question)

    await until(lambda: waiting_notes(world, name), what="the note that it waits", within=10)
    assert start_delay.SLOW in words(waiting_notes(world, name)[0])
    world.turso.faults.remove(held.id)
    await world.wait_until_idle()
    assert world.changes("PATCH", f"/{name}/configuration")


async def test_withdraw_on_the_note_that_a_request_waits_ends_the_request(world: World) -> None:
    await world.create_databases(name := "late-withdrawn")
    silent = world.workspace.faults.add("api_error", "conversations.members", error="internal_error")
    await world.workspace.say(DANA, DB_OPS, f"/turso freeze {name} --reason fire")
    await until(lambda: waiting_notes(world, name), what="the note that it waits", within=10)
    (note,) = waiting_notes(world, name)

    answer = await forging.answer_to(world, DANA, world.person(DANA).presses("Withdraw", note))
    world.workspace.faults.remove(silent)
    await world.wait_until_idle()

    assert "Withdrawn" in words(answer)
    assert not world.changes("PATCH", f"/{name}/configuration")
