"""Intents that a crash left open are resumed, and the person is notified, even if the work can't be done any more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.requests.incoming import Incoming, Kind
from tests.scenarios import forging
from tests.store.samples import incoming
from tests.world import DANA, DB_OPS, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEFT = [
    # (test ID, kind of the intent, its action, a part of the answer)
    ("a form of a command that is gone", Kind.SUBMISSION, "form.gone-command", "too old"),
    ("an unknown form", Kind.SUBMISSION, "no.such.form", "This form is out of date"),
    ("a form about a request that is gone", Kind.SUBMISSION, "approval.type_name", "no longer exists"),
    ("a review without a comment", Kind.SUBMISSION, "review", "couldn't be processed"),
    ("an unknown button", Kind.ACTION, "no.such.button", "This button no longer works"),
    ("a button of a request that is gone", Kind.ACTION, "approval.approve", "I can't find this request"),
    ("a line that cannot be read", Kind.COMMAND, "", "There is no command `no`"),
]


def left(number: int, kind: Kind, action_id: str) -> Incoming:
    """Return an intent of Dana about something that doesn't exist: a request, a form or a command."""
    made = incoming(number, kind=kind, action_id=action_id, value="i-nothere000", user_id=DANA, channel_id=DB_OPS)
    return replace(made, text="no such command at all" if kind is Kind.COMMAND else "", values={})


async def resumed(world: World, one: Incoming) -> str:
    """Store an intent as if a crash had left it open, let the bot resume it, and return the answer to Dana.

    Asserts that the intent is closed afterwards.
    """
    assert world.bot is not None
    await world.bot.store.intents.record(replace(one, at=world.bot.env.clock.now()))
    answer = await forging.answer_to(world, DANA, world.bot.health.queue.enqueue_resume(one.id))
    await world.wait_until_idle()
    later = world.bot.env.clock.now() + timedelta(hours=1)
    assert one.id not in {open_.id for open_ in await world.bot.store.intents.find_open(before=later)}
    return words(answer)


@pytest.mark.parametrize(("kind", "action_id", "says"), [pytest.param(*rest, id=name) for name, *rest in LEFT])
async def test_an_intent_that_a_crash_left_open_is_answered_and_closed(
    world: World, kind: Kind, action_id: str, says: str, request: pytest.FixtureRequest
) -> None:
    number = 7_000 + [name for name, *_ in LEFT].index(request.node.callspec.id)

    assert says in await resumed(world, left(number, kind, action_id))
