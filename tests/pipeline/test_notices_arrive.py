"""Notices besides outcomes reach the right people: reminders, alarms, pending reviews, revoked tokens and digests.

Each is sent once, and to no one else, after every temporary failure and after a crash.
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
from bot.pipeline.outcomes.delivery import ALARM
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.timers import digests
from bot.pipeline.timers.alarm import MOST_FAILURES
from bot.pipeline.timers.due import fire
from tests.pipeline.fake_slack import EVERYBODY, Notifier, notifier
from tests.pipeline.test_everyone_is_notified import CLOSED, ENTRIES, OPEN, opened, request_for, troubled
from tests.present import present
from tests.soak import pairs
from tests.store import samples
from tests.store.conftest import NOON

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLED = ("<@U0DAN>", "<!subteam^S0DBA>")
"""The mentions of the people whom a rule notifies: Dan, and Cat's user group."""
NOTIFIED = ("U0CAT", "U0DAN")
REVIEWERS = ("U0BEN", "U0EVE")
HOUR = timedelta(hours=1)
SOON = digests.PAUSE


@dataclass(frozen=True)
class Expected:
    """Who must get a notice: `open` if the channel may see it, and `closed` if not."""

    open: tuple[str, ...]
    closed: tuple[str, ...]
    timer: Timer | None = None
    """The timer that sends the notice. None if it is the timer of an outcome."""


Notice = Callable[[Notifier], Awaitable[Expected]]


async def reminder(notifier: Notifier) -> Expected:
    """Open a request, and return who must get its reminder."""
    now = notifier.clock.now()
    request = await opened(notifier, replace(request_for(), notify=CALLED, expires_at=now + HOUR), card=True)
    return Expected((EVERYBODY,), NOTIFIED, Timer(TimerKind.REMIND, request.id, now, attempt=1))


def owed_review(due_in: timedelta, attempt: int, *, escalates: bool = False) -> Notice:
    """Return a function that stores a break-glass operation whose review is still open."""

    async def owed(notifier: Notifier) -> Expected:
        now = notifier.clock.now()
        request = await opened(notifier, request_for(Mode.BREAK_GLASS), card=True)
        review = Review(f"v-{request.id}", request.id, "U0ANA", "C0DBOPS", NOON, now + due_in, REVIEWERS, CALLED)
        done = Transition(to=State.SUCCEEDED, at=NOON, changes={}, entries=ENTRIES, reviews=[review])
        await notifier.store.requests.move(request.id, expect=[State.PENDING], move=done)
        await notifier.store.notices.set_notified(request.id, State.SUCCEEDED, how="channel")
        everybody = (*REVIEWERS, *NOTIFIED)
        here = (EVERYBODY, *everybody) if escalates else (EVERYBODY,)
        return Expected(here, everybody, Timer(TimerKind.REVIEW, review.id, now, attempt))

    return owed


async def alarm(notifier: Notifier) -> Expected:
    """Open a break-glass operation, whose alarm is sent privately to the people whom the rule notifies."""
    request = await opened(notifier, replace(request_for(Mode.BREAK_GLASS), notify=(*CALLED, "<@U0ANA>")), card=True)
    return Expected(NOTIFIED, NOTIFIED, Timer(TimerKind.ALARM, request.id, notifier.clock.now()))


async def revoked(notifier: Notifier) -> Expected:
    """Store a rotation by Ana that revokes tokens of Dan, of Eve and of herself, and notify people."""
    asked = request_for()
    plan = replace(asked.plan, holders=("U0ANA", "U0DAN", "U0EVE"), ends_tokens_of=("db-1",))
    request = await opened(notifier, replace(asked, command="rotate", plan=plan), card=True)
    done = Transition(
        to=State.SUCCEEDED, at=notifier.clock.now(), changes={"outcome": "It succeeded."}, entries=ENTRIES
    )
    assert await notifier.store.requests.move(request.id, expect=[State.PENDING], move=done)
    await notify_outcome(notifier.env, request.id)
    return Expected((EVERYBODY, "U0DAN", "U0EVE"), ("U0ANA", "U0BEN", "U0CAT", "U0DAN", "U0EVE"))


async def digest(notifier: Notifier) -> Expected:
    """Store a daily digest that Ana turned on. Turso doesn't respond, so after some tries the digest reports that."""
    now = notifier.clock.now()
    await notifier.store.digests.schedule(Digest("C0DBOPS", "acme", "daily", 0, "09:30", "UTC", "U0ANA", now))
    return Expected((EVERYBODY,), ("U0ANA",), Timer(TimerKind.DIGEST, "C0DBOPS", now, attempt=digests.TRIES - 1))


NOTICES: dict[str, Notice] = {
    "a request still waits": reminder,
    "a review is pending": owed_review(HOUR, 0),
    "a review is due": owed_review(-HOUR, 0, escalates=True),
    "a review is overdue": owed_review(-HOUR, 3),
    "a break-glass operation": alarm,
    "tokens are revoked": revoked,
    "a digest": digest,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Notifier]:
    async with notifier(tmp_path_factory.mktemp("notifier")) as found:
        for number, holder in enumerate(("U0ANA", "U0DAN", "U0EVE")):
            await found.store.tokens.add(samples.token(number, holder=holder, expires_at=None))
        yield found


@pytest.fixture
def here(made: Notifier) -> Notifier:
    """Return the shared notifier just before a full hour, with its fake Slack reset."""
    slack = made.slack
    slack.channel, slack.received, slack.gone, slack.no_threads = Channel("C0DBOPS"), [], set(), ""
    slack.refuses, slack.troubles, slack.dead = {}, {}, set()
    made.clock.time = made.clock.time.replace(minute=59, second=56) + 2 * HOUR
    return made


async def fires(notifier: Notifier, expected: Expected) -> None:
    """Fire the timer until it neither fails nor is due again soon, and move the clock between the attempts."""
    if expected.timer is None:
        return await notifier.run_timers()
    timer = expected.timer
    for _ in range(200):
        try:
            following = await fire(notifier.env, timer)
        except Unavailable:
            notifier.clock.pass_(timedelta(seconds=1))
            continue
        if following is None or timer.kind is not TimerKind.DIGEST or following.due_at > notifier.clock.now() + SOON:
            return None
        timer = following
        notifier.clock.time = max(notifier.clock.time, timer.due_at)
    raise AssertionError("the timer is still due")


def recipients(notifier: Notifier) -> list[str]:
    return sorted(one.who for one in notifier.slack.received)


@pytest.mark.parametrize(("kind", "way"), pairs(NOTICES, [*OPEN, *CLOSED], times=2))
async def test_a_notice_is_sent_once_to_the_right_people_and_no_one_else(here: Notifier, kind: str, way: str) -> None:
    (OPEN | CLOSED)[way](here)
    troubled(here)

    expected = await NOTICES[kind](here)
    await fires(here, expected)

    assert recipients(here) == sorted(expected.open if way in OPEN else expected.closed)


@pytest.mark.parametrize("way", ["all open", "archived"])
@pytest.mark.parametrize("kind", NOTICES)
async def test_a_crash_before_the_timer_is_replaced_sends_the_notice_only_once(
    here: Notifier, kind: str, way: str
) -> None:
    (OPEN | CLOSED)[way](here)
    expected = await NOTICES[kind](here)
    await fires(here, expected)
    once = recipients(here)

    await fires(here, expected)

    assert recipients(here) == once == sorted(expected.open if way in OPEN else expected.closed)


@pytest.mark.parametrize("kind", NOTICES)
async def test_others_get_the_notice_although_one_person_cannot_be_reached(here: Notifier, kind: str) -> None:
    CLOSED["archived"](here)
    expected = await NOTICES[kind](here) if kind != "tokens are revoked" else None
    here.slack.dead = {"U0DAN", "U0BEN"}
    expected = expected or await NOTICES[kind](here)

    await fires(here, expected)

    assert recipients(here) == sorted(set(expected.closed) - here.slack.dead)


async def test_an_alarm_waits_for_slack_to_say_who_is_in_a_user_group(here: Notifier) -> None:
    expected = await alarm(here)
    assert expected.timer is not None
    here.directory.knows_groups = False
    try:
        with pytest.raises(Unavailable, match="the members of a user group"):
            await fire(here.env, expected.timer)
        assert recipients(here) == ["U0DAN"]
    finally:
        here.directory.knows_groups = True

    await fires(here, expected)

    assert recipients(here) == sorted(NOTIFIED)


@pytest.mark.parametrize(
    ("notify", "reached", "reported"),
    [(CALLED, ["U0DAN"], False), (CALLED[1:], [], True)],
    ids=["others were reached", "nobody was"],
)
async def test_an_alarm_for_a_user_group_that_can_never_be_read_ends_and_is_reported(
    here: Notifier, notify: tuple[str, ...], reached: list[str], reported: bool
) -> None:
    asked = replace(request_for(Mode.BREAK_GLASS), notify=notify)
    request, now = await opened(here, asked, card=True), here.clock.now()
    timer = Timer(TimerKind.ALARM, request.id, now)
    here.directory.knows_groups = False
    try:
        with pytest.raises(Unavailable):
            await fire(here.env, replace(timer, failures=MOST_FAILURES - 1))
        assert await fire(here.env, replace(timer, failures=MOST_FAILURES)) is None
    finally:
        here.directory.knows_groups = True

    assert recipients(here) == reached
    undelivered = await here.store.notices.undelivered(since=now - HOUR, before=now - HOUR)
    assert (request.id in [one.subject for one in undelivered if one.event == ALARM]) is reported


async def test_a_reminder_is_not_sent_for_a_request_that_has_ended(here: Notifier) -> None:
    """Its end and its reminder may be due together, if no process ran for a while."""
    expected = await reminder(here)
    here.clock.pass_(2 * HOUR)

    await fires(here, expected)

    assert recipients(here) == []


async def test_digests_that_cannot_be_posted_are_reported_only_once(here: Notifier) -> None:
    CLOSED["archived"](here)
    expected = await digest(here)
    for _ in range(3):
        kept = await here.store.digests.get("C0DBOPS")
        assert kept is not None
        here.clock.time = max(here.clock.time, kept.next_at)
        assert expected.timer is not None
        await fires(here, replace(expected, timer=replace(expected.timer, due_at=kept.next_at)))

    assert recipients(here) == ["U0ANA"]


async def test_a_digest_that_is_due_twice_in_one_period_is_still_reported_once(here: Notifier) -> None:
    CLOSED["archived"](here)
    await here.store.digests.drop("C0DBOPS")
    expected = await digest(here)
    for again in (True, False, False):
        assert expected.timer is not None
        kept = present(await here.store.digests.get("C0DBOPS"))
        here.clock.time = max(here.clock.time, kept.next_at)
        await fires(here, replace(expected, timer=replace(expected.timer, due_at=kept.next_at)))
        if again:
            kept = present(await here.store.digests.get("C0DBOPS"))
            await here.store.digests.schedule(replace(kept, next_at=here.clock.now()))

    assert recipients(here) == ["U0ANA"]
