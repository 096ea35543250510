"""Intents that are older than `TAKEN_UP_WITHIN` when the bot resumes them aren't carried out."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.blocks import forms
from bot.core.records.audit_entry import AuditEntry
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.request import State, Vote
from bot.pipeline.approval import votes
from bot.pipeline.dispatch.button_actions import CLICKS
from bot.pipeline.dispatch.dispatcher import TAKEN_UP_WITHIN
from bot.pipeline.environment import Environment, new_id
from bot.pipeline.replies import entry
from tests.authorization.entries import incoming, make_request, quarantined, ready_token
from tests.authorization.lost import POLICY
from tests.scenarios import forging
from tests.world import ANA, DANA, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN_POLICY = POLICY.replace("confirm: button", "confirm: none").replace("by: dba, to: asking", "by: dba")
Left = Callable[[World, str], Awaitable[Incoming]]
"""A function that creates a database with this name, and returns an intent about it that isn't stored yet."""
MOMENT = timedelta(seconds=30)


def press(who: str, action_id: str, prepare: Callable[[World, str], Awaitable[str]]) -> Left:
    """Return a function that prepares the press of a button. `prepare` returns the button's value."""

    async def left(world: World, name: str) -> Incoming:
        return incoming(world, who, action_id, await prepare(world, name))

    return left


def line(kind: Kind) -> Left:
    """Return a function that prepares a line that freezes the database: a command, a mention or a button with it."""

    async def left(world: World, name: str) -> Incoming:
        await world.create_databases(name)
        text = f"db freeze {name} --reason noise"
        one = incoming(world, DANA, "run.1" if kind is Kind.ACTION else "", text if kind is Kind.ACTION else "")
        return replace(one, kind=kind, text="" if kind is Kind.ACTION else text)

    return left


async def form(world: World, name: str) -> Incoming:
    """Prepare the submission of a form that freezes the database."""
    assert world.bot is not None
    await world.create_databases(name)
    opened = replace(incoming(world, DANA, "", ""), kind=Kind.COMMAND, text="db freeze")
    await world.bot.store.intents.record(opened, actionable=False)
    one = incoming(world, DANA, "form.freeze", opened.id)
    return replace(one, kind=Kind.SUBMISSION, values={"arg.name": name, "reason": "noise"})


def typed(who: str, callback_id: str, prepare: Callable[[World, str], Awaitable[str]]) -> Left:
    """Return a function that prepares the submission of a form with the database's name.

    `prepare` returns the ID of the request that the form is about.
    """

    async def left(world: World, name: str) -> Incoming:
        about = forms.pack_metadata(await prepare(world, name), who)
        one = incoming(world, who, callback_id, about)
        return replace(one, kind=Kind.SUBMISSION, channel_id="", values={forms.NAME_INPUT: name})

    return left


async def waiting(world: World, name: str) -> str:
    """Request to destroy the database immediately, and return the ID of the request, which waits for approval."""
    return await make_request(world, name, "db destroy {} --now")


LEFT: dict[str, Left] = {
    "line": line(Kind.COMMAND),
    "mention": line(Kind.MENTION),
    "run-button": line(Kind.ACTION),
    "form": form,
    "approve": press(ANA, "approval.approve", waiting),
    "name-typed": typed(ANA, "approval.type_name", waiting),
    "undo": press(DANA, "quarantine.undo", quarantined),
    "reveal": press(DANA, "token.reveal", ready_token),
    "withdraw": press(DANA, "approval.withdraw", waiting),
}


async def changes_and_requests(world: World) -> list[object]:
    """Return the number of changes that Turso got, and each request with its state and number of votes."""
    assert world.bot is not None
    requests = await world.bot.store.requests.find(states=list(State))
    changes = [one for method in ("POST", "PATCH", "DELETE") for one in world.changes(method)]
    return [len(changes), sorted((one.id, one.state, len(one.votes)) for one in requests)]


async def refusals(world: World) -> list[AuditEntry]:
    """Return the refusals in the audit log, newest first."""
    assert world.bot is not None
    return [one for _, one in await world.bot.store.audit.page(before_seq=None, limit=200) if one.event == "refused"]


async def resume(world: World, one: Incoming) -> None:
    """Store an intent as if a crash had left it open, let the bot resume it, and assert that it is closed."""
    assert world.bot is not None
    assert await world.bot.store.intents.record(one)
    await world.bot.health.queue.enqueue_resume(one.id)
    await world.wait_until_idle()
    later = world.bot.env.clock.now() + timedelta(hours=1)
    assert one.id not in {still.id for still in await world.bot.store.intents.find_open(before=later)}


@pytest.mark.parametrize("kind", LEFT)
async def test_an_intent_that_is_too_old_is_not_carried_out_and_its_person_is_notified(world: World, kind: str) -> None:
    one = await LEFT[kind](world, f"old-{kind}")
    one = replace(one, key=new_id("k"), at=one.at - TAKEN_UP_WITHIN - MOMENT)
    await world.wait_until_idle()
    before, refused = await changes_and_requests(world), len(await refusals(world))

    text = words(
        await forging.answer_to(world, one.user_id, resume(world, one), holding="I was offline when you sent this at")
    )

    assert "so nothing was done" in text
    assert await changes_and_requests(world) == before
    newest, *older = await refusals(world)
    assert len(older) == refused
    assert (newest.user_id, "I was offline" in newest.reason) == (one.user_id, True)


@pytest.mark.parametrize("kind", LEFT)
async def test_an_intent_that_is_a_little_younger_than_the_limit_is_carried_out(world: World, kind: str) -> None:
    one = await LEFT[kind](world, f"new-{kind}")
    one = replace(one, key=new_id("k"), at=one.at - TAKEN_UP_WITHIN + MOMENT)
    await world.wait_until_idle()
    before = await changes_and_requests(world)

    await resume(world, one)

    assert await changes_and_requests(world) != before


@pytest.mark.parametrize("kind", ["approve", "name-typed"])
async def test_a_vote_that_was_recorded_before_the_crash_is_not_reported_as_lost(world: World, kind: str) -> None:
    assert world.bot is not None
    one = await LEFT[kind](world, f"voted-{kind}")
    one = replace(one, key=new_id("k"), at=one.at - TAKEN_UP_WITHIN - MOMENT)
    request_id, _ = forms.unpack_metadata(one.value)
    line = entry("approved", "vote", at=one.at, by=one.user_id)
    assert await world.bot.store.requests.vote(Vote(request_id, one.user_id, True, one.at), entry=line)

    text = words(
        await forging.answer_to(world, one.user_id, resume(world, one), holding="I was offline when you sent this at")
    )

    assert "so nothing more was done" in text
    assert "Your decision was recorded." in text


async def deny(env: Environment, one: Incoming) -> str:
    """Deny the request of a press without a reason."""
    return await votes.refuse(env, one, "")


@pytest.mark.parametrize(
    ("kind", "work", "says"),
    [
        ("withdraw", CLICKS["approval.withdraw"].run, "Your request was withdrawn."),
        ("undo", CLICKS["quarantine.undo"].run, "Undo has started."),
        ("reveal", CLICKS["token.reveal"].run, "The token was shown to the requester once."),
        ("approve", deny, "Your decision was recorded."),
    ],
)
async def test_what_was_done_before_the_crash_is_not_reported_as_not_done(
    world: World, kind: str, work: Callable[[Environment, Incoming], Awaitable[str]], says: str
) -> None:
    assert world.bot is not None
    one = await LEFT[kind](world, f"done-{kind}")
    await work(world.bot.env, one)
    await world.wait_until_idle()
    late = replace(one, action_id="approval.deny" if kind == "approve" else one.action_id)
    late = replace(late, at=one.at - TAKEN_UP_WITHIN - MOMENT)

    text = words(
        await forging.answer_to(world, late.user_id, resume(world, late), holding="I was offline when you sent this at")
    )

    assert f"so nothing more was done. {says}" in text
