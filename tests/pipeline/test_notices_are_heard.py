"""Everybody hears what is not the end of a request: reminders, alarms, owed reviews, revoked tokens, digests.

Each is told once, to the right people, nowhere else, through every failure that passes, and also after a crash.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import pytest_asyncio

from bot.core.model import Channel
from bot.core.records.incidents import Review
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.usage import Digest
from bot.core.requests.request import Mode, State
from bot.core.requests.transition import Transition
from bot.errors import Unavailable
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.timers import digests
from bot.pipeline.timers.due import fire
from tests.pipeline.listening import EVERYBODY, MEMBERS, House, house
from tests.pipeline.test_everybody_hears import CARD, CLOSED, ENTRIES, OPEN, opened, request_for, troubled
from tests.store import samples
from tests.store.conftest import NOON

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("notices-are-heard")]

CALLED = ("<@U0DAN>", "<!subteam^S0DBA>")
"""Whom a rule notifies: Dan, and the group of Cat."""
NOTIFIED = ("U0CAT", "U0DAN")
REVIEWERS = ("U0BEN", "U0EVE")
HOUR = timedelta(hours=1)
SOON = digests.PAUSE


@dataclass(frozen=True)
class Told:
    """Who is to hear something, where the channel may see it and where it may not."""

    open: tuple[str, ...]
    closed: tuple[str, ...]
    timer: Timer | None = None
    """What tells it; None: the timer of an outcome."""


Notice = Callable[[House], Awaitable[Told]]


async def reminder(house: House) -> Told:
    """A request that still waits."""
    now = house.clock.now()
    request = await opened(house, replace(request_for(), notify=CALLED, expires_at=now + HOUR), card=True)
    return Told((EVERYBODY,), NOTIFIED, Timer(TimerKind.REMIND, request.id, now, attempt=1))


def owed_review(due_in: timedelta, attempt: int, *, escalates: bool = False) -> Notice:
    """A break-glass act that nobody has reviewed."""

    async def owed(house: House) -> Told:
        now = house.clock.now()
        request = await opened(house, request_for(Mode.BREAK_GLASS), card=True)
        review = Review(f"v-{request.id}", request.id, "U0ANA", "C0DBOPS", NOON, now + due_in, REVIEWERS, CALLED)
        done = Transition(to=State.SUCCEEDED, at=NOON, changes={}, entries=ENTRIES, reviews=[review])
        await house.store.requests.move(request.id, expect=[State.PENDING], move=done)
        await house.store.notices.set_notified(request.id, State.SUCCEEDED, how="channel")
        everybody = (*REVIEWERS, *NOTIFIED)
        here = (EVERYBODY, *everybody) if escalates else (EVERYBODY,)
        return Told(here, everybody, Timer(TimerKind.REVIEW, review.id, now, attempt))

    return owed


async def alarm(house: House) -> Told:
    """A break-glass act, of which those whom the rule notifies hear wherever they are."""
    request = await opened(house, replace(request_for(Mode.BREAK_GLASS), notify=(*CALLED, "<@U0ANA>")), card=True)
    return Told(NOTIFIED, NOTIFIED, Timer(TimerKind.ALARM, request.id, house.clock.now()))


async def revoked(house: House) -> Told:
    """A rotation that ends tokens of Dan and Eve, and one of Ana who rotates."""
    asked = request_for()
    plan = replace(asked.plan, holders=("U0ANA", "U0DAN", "U0EVE"), ends_tokens_of=("db-1",))
    request = await opened(house, replace(asked, command="rotate", plan=plan), card=True)
    done = Transition(
        to=State.SUCCEEDED, at=house.clock.now(), changes={"outcome": "That is how it ended."}, entries=ENTRIES
    )
    assert await house.store.requests.move(request.id, expect=[State.PENDING], move=done)
    await notify_outcome(house.env, request.id)
    return Told((EVERYBODY, "U0DAN", "U0EVE"), ("U0ANA", "U0BEN", "U0CAT", "U0DAN", "U0EVE"))


async def digest(house: House) -> Told:
    """A daily digest, which Ana has turned on; Turso does not answer, which it says after some tries."""
    now = house.clock.now()
    await house.store.digests.schedule(Digest("C0DBOPS", "acme", "daily", 0, "09:30", "UTC", "U0ANA", now))
    return Told((EVERYBODY,), ("U0ANA",), Timer(TimerKind.DIGEST, "C0DBOPS", now, attempt=digests.TRIES - 1))


NOTICES: dict[str, Notice] = {
    "a request still waits": reminder,
    "a review is owed": owed_review(HOUR, 0),
    "a review is due": owed_review(-HOUR, 0, escalates=True),
    "a review is overdue": owed_review(-HOUR, 3),
    "a break-glass act": alarm,
    "tokens are revoked": revoked,
    "a digest": digest,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house(tmp_path_factory.mktemp("house")) as found:
        for number, holder in enumerate(("U0ANA", "U0DAN", "U0EVE")):
            await found.store.tokens.add(samples.token(number, holder=holder, expires_at=None))
        yield found


@pytest.fixture
def here(made: House) -> House:
    """The house, with a Slack that is well again, a minute before the next hour."""
    slack = made.slack
    slack.channel, slack.heard, slack.gone, slack.no_threads = Channel("C0DBOPS"), [], set(), ""
    slack.refuses, slack.troubles, slack.dead = {}, {}, set()
    made.clock.time = made.clock.time.replace(minute=59, second=56) + 2 * HOUR
    return made


async def fires(house: House, told: Told) -> None:
    """Let the timer do its work, as often as it fails or asks for another try soon; time goes on meanwhile."""
    if told.timer is None:
        return await house.rests()
    timer = told.timer
    for _ in range(200):
        try:
            following = await fire(house.env, timer)
        except Unavailable:
            house.clock.pass_(timedelta(seconds=1))
            continue
        if following is None or timer.kind is not TimerKind.DIGEST or following.due_at > house.clock.now() + SOON:
            return None
        timer = following
        house.clock.time = max(house.clock.time, timer.due_at)
    raise AssertionError("it does not get through")


def heard(house: House) -> list[str]:
    return sorted(one.who for one in house.slack.heard)


@pytest.mark.parametrize("way", [*OPEN, *CLOSED])
@pytest.mark.parametrize("kind", NOTICES)
async def test_it_is_told_once_to_the_right_people_and_nowhere_else(here: House, kind: str, way: str) -> None:
    (OPEN | CLOSED)[way](here)
    troubled(here)

    told = await NOTICES[kind](here)
    await fires(here, told)

    assert heard(here) == sorted(told.open if way in OPEN else told.closed)


@pytest.mark.parametrize("way", ["all open", "archived"])
@pytest.mark.parametrize("kind", NOTICES)
async def test_a_crash_before_the_timer_goes_on_does_not_tell_it_again(here: House, kind: str, way: str) -> None:
    (OPEN | CLOSED)[way](here)
    told = await NOTICES[kind](here)
    await fires(here, told)
    once = heard(here)

    await fires(here, told)

    assert heard(here) == once == sorted(told.open if way in OPEN else told.closed)


@pytest.mark.parametrize("kind", NOTICES)
async def test_somebody_who_cannot_be_told_keeps_nobody_else_from_hearing_it(here: House, kind: str) -> None:
    CLOSED["archived"](here)
    told = await NOTICES[kind](here) if kind != "tokens are revoked" else None
    here.slack.dead = {"U0DAN", "U0BEN"}
    told = told or await NOTICES[kind](here)

    await fires(here, told)

    assert heard(here) == sorted(set(told.closed) - here.slack.dead)


async def test_a_request_that_is_over_is_not_called_waiting(here: House) -> None:
    """Its end and its reminder may be due together, when no process ran for a while."""
    told = await reminder(here)
    here.clock.pass_(2 * HOUR)

    await fires(here, told)

    assert heard(here) == []


async def test_a_digest_without_a_place_is_told_once_for_all_that_follow(here: House) -> None:
    CLOSED["archived"](here)
    told = await digest(here)
    for _ in range(3):
        kept = await here.store.digests.get("C0DBOPS")
        assert kept is not None
        here.clock.time = max(here.clock.time, kept.next_at)
        assert told.timer is not None
        await fires(here, replace(told, timer=replace(told.timer, due_at=kept.next_at)))

    assert heard(here) == ["U0ANA"]


assert set(NOTIFIED) | set(REVIEWERS) <= MEMBERS
assert CARD
