"""Everyone concerned is notified of every kind of outcome, even if some delivery methods fail or errors occur.

Each person is notified once, or after a crash perhaps twice, and no one else is.
"""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.core.model import Channel, Visibility
from bot.core.records.holds import Hold, HoldKind
from bot.core.records.incidents import Incident, Review
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.transition import Transition
from bot.errors import Unavailable
from bot.pipeline.outcomes.notifications import CARD_TRIES, notify_outcome, notify_review, retry_notification
from bot.pipeline.timers import incidents
from bot.pipeline.timers.due import fire
from tests.pipeline.fake_slack import EVERYBODY, MEMBERS, Notifier, notifier
from tests.soak import pairs
from tests.store import samples
from tests.store.conftest import NOON

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = itertools.count(1)
CARD = "1.000001"
LATER = ("team_added_to_org", "unreadable", "http_520", "http_525", "ratelimited", "moon_phase_unsuitable", "timeout")
"""Temporary errors. Each of the `TROUBLED` methods fails with each of them once, in this order."""
TROUBLED = ("chat.postMessage", "chat.update", "chat.postEphemeral")

ENTRIES = (samples.entry("executed"),)


@dataclass(frozen=True)
class Ended:
    """The people who must be notified of an outcome, whether the channel must not see it, and whether it has a card."""

    concerned: tuple[str, ...]
    is_private: bool = False
    has_card: bool = True


Kind = Callable[[Notifier], Awaitable[Ended]]


def request_for(mode: Mode = Mode.APPROVAL, **changes: Any) -> Request:
    """Return Ana's request for a freeze. Except in direct mode, Cat is in `notify`, and `opened` adds Ben's vote."""
    number = next(NUMBERS)
    arguments = {"reads": False, "seconds": 1800, "number": number}
    plan = replace(samples.plan(number), arguments=arguments)
    notify = () if mode is Mode.DIRECT else ("<@U0CAT>",)
    return replace(samples.request(number), mode=mode, plan=plan, notify=notify, incident_id=None, **changes)


async def opened(notifier: Notifier, request: Request, *, card: bool) -> Request:
    found = await notifier.store.requests.open(request, samples.move(State.PENDING))
    if request.mode is not Mode.DIRECT:
        vote = replace(samples.vote(1), request_id=request.id)
        await notifier.store.requests.vote(vote, entry=samples.entry("approved"))
    if card:
        await notifier.store.cards.add(request.id, request.channel_id, CARD)
    return found


def ends(to: State, mode: Mode = Mode.APPROVAL, *, card: bool = True, **changes: Any) -> Kind:
    """Return a function that opens a request and ends it in state `to`. With `card`, its card is in the channel."""

    async def end(notifier: Notifier) -> Ended:
        request = await opened(notifier, request_for(mode, **changes), card=card)
        move = Transition(to=to, at=notifier.clock.now(), changes={"outcome": "That is how it ended."}, entries=ENTRIES)
        assert await notifier.store.requests.move(request.id, expect=[State.PENDING], move=move)
        await notify_outcome(notifier.env, request.id)
        hidden = request.private or request.visibility is Visibility.EPHEMERAL
        unseen = mode is Mode.DIRECT and to in (State.EXPIRED, State.CANCELLED, State.DENIED)
        others = () if mode is Mode.DIRECT else ("U0BEN",) if hidden else ("U0BEN", "U0CAT")
        return Ended(("U0ANA", *others), hidden or unseen, card)

    return end


async def thawed(notifier: Notifier) -> Ended:
    """Store a freeze that was just released, with the timer that notifies people."""
    request = request_for()
    hold = Hold(f"h-{request.id}", HoldKind.FREEZE, "acme", "orders-eu", request.id, False, True, request.id, "C0DBOPS",
                NOON)  # fmt: skip
    await opened(notifier, request, card=True)
    done = Transition(to=State.SUCCEEDED, at=NOON, changes={}, entries=ENTRIES, holds=[hold])
    await notifier.store.requests.move(request.id, expect=[State.PENDING], move=done)
    await notifier.store.notices.set_notified(request.id, State.SUCCEEDED, how="channel")
    await notifier.store.timers.schedule(Timer(TimerKind.THAW, hold.id, NOON))
    await notifier.store.holds.release(hold.id, NOON, keeps_timer=True)
    return Ended(("U0ANA", "U0BEN", "U0CAT"))


async def incident_over(notifier: Notifier) -> Ended:
    """Start an incident with a timer that ends it an hour later."""
    number = next(NUMBERS)
    incident = Incident(f"n-{number}", f"INC-{number}", "C0DBOPS", "acme", "incident", "U0ANA", NOON,
                        notifier.clock.now() + timedelta(hours=1), timeline_ts=CARD)  # fmt: skip
    timer = Timer(TimerKind.INCIDENT_END, incident.id, incident.until)
    assert await notifier.store.incidents.start(incident, timer, samples.entry("incident_started"))
    return Ended(("U0ANA",))


async def reviewed(notifier: Notifier) -> Ended:
    """Store a break-glass operation, review it, and notify people of the review."""
    request = request_for(Mode.BREAK_GLASS)
    await opened(notifier, request, card=True)
    review = Review(f"v-{request.id}", request.id, "U0ANA", "C0DBOPS", NOON, NOON, ("U0BEN",), ("<@U0CAT>",))
    done = Transition(to=State.SUCCEEDED, at=NOON, changes={}, entries=ENTRIES, reviews=[review])
    await notifier.store.requests.move(request.id, expect=[State.PENDING], move=done)
    await notifier.store.notices.set_notified(request.id, State.SUCCEEDED, how="channel")
    await notifier.store.reviews.settle(
        review.id, "U0BEN", True, "fine", notifier.clock.now(), samples.entry("reviewed")
    )
    await notify_review(notifier.env, review.id)
    return Ended(("U0ANA", "U0BEN", "U0CAT"))


OF_REQUESTS = (
    State.QUARANTINED, State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.DENIED, State.EXPIRED, State.CANCELLED,
    State.STALE, State.RESTORED, State.READY,
)  # fmt: skip
KINDS: dict[str, Kind] = {
    **{f"approved, {state.value}": ends(state) for state in OF_REQUESTS},
    **{f"direct, {state.value}": ends(state, Mode.DIRECT, card=False)
       for state in (State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.STALE, State.EXPIRED)},
    "private, succeeded": ends(State.SUCCEEDED, Mode.DIRECT, card=False, private=True),
    "ephemeral by the rule, failed": ends(State.FAILED, Mode.DIRECT, card=False, visibility=Visibility.EPHEMERAL),
    "private, approved, succeeded": ends(State.SUCCEEDED, private=True),
    "break-glass, succeeded": ends(State.SUCCEEDED, Mode.BREAK_GLASS, card=False),
    "card never posted, cancelled": ends(State.CANCELLED, Mode.DIRECT, card=False),
    "thawed": thawed,
    "incident over": incident_over,
    "reviewed": reviewed,
}  # fmt: skip


def facts(**changes: Any) -> Callable[[Notifier], None]:
    def close(notifier: Notifier) -> None:
        notifier.slack.channel = replace(Channel("C0DBOPS"), **changes)

    return close


def refuses(code: str, *methods: str) -> Callable[[Notifier], None]:
    def close(notifier: Notifier) -> None:
        notifier.slack.refuses = dict.fromkeys(methods or ("chat.postMessage", "chat.postEphemeral"), code)

    return close


def no_threads(code: str) -> Callable[[Notifier], None]:
    def close(notifier: Notifier) -> None:
        notifier.slack.no_threads = code

    return close


def card_deleted(notifier: Notifier) -> None:
    notifier.slack.gone = {CARD}


OPEN: dict[str, Callable[[Notifier], None]] = {
    "all open": lambda notifier: None,
    "card deleted": card_deleted,
    **{code: no_threads(code) for code in ("thread_not_found", "message_not_found", "cannot_reply_to_message")},
}
CLOSED: dict[str, Callable[[Notifier], None]] = {
    "archived": facts(is_archived=True),
    "bot removed": facts(bot_is_member=False),
    "channel shared": facts(is_ext_shared=True),
    **{code: refuses(code) for code in ("is_archived", "not_in_channel", "channel_not_found", "restricted_action")},
    "only ephemeral": refuses("restricted_action", "chat.postMessage"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def quiet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Notifier]:
    async with notifier(tmp_path_factory.mktemp("notifier")) as found:
        yield found


@pytest.fixture
def here(quiet: Notifier) -> Notifier:
    """Return the shared notifier with its fake Slack reset."""
    slack = quiet.slack
    slack.channel, slack.received, slack.gone, slack.no_threads = Channel("C0DBOPS"), [], set(), ""
    slack.refuses, slack.troubles, slack.dead = {}, {}, set()
    return quiet


def troubled(notifier: Notifier) -> None:
    notifier.slack.troubles = {method: list(LATER) for method in TROUBLED}
    notifier.directory.silent = 2


@pytest.mark.parametrize(("kind", "way"), pairs(KINDS, OPEN))
async def test_an_outcome_that_the_channel_may_see_is_posted_there_once(here: Notifier, kind: str, way: str) -> None:
    OPEN[way](here)
    troubled(here)
    ended = await KINDS[kind](here)
    await here.run_timers()

    recipients = [one.who for one in here.slack.received if not one.method.startswith("files.")]
    if ended.is_private:
        new_card = [EVERYBODY] if ended.has_card and way == "card deleted" else []
        assert sorted(recipients) == sorted([*ended.concerned, *new_card]), "only a deleted card is posted again"
    else:
        assert recipients == [EVERYBODY], "posted once, and no one gets a private message as well"
    assert not await here.store.notices.undelivered(since=NOON, before=here.clock.now())


@pytest.mark.parametrize(("kind", "way"), pairs(KINDS, CLOSED))
async def test_an_outcome_that_the_channel_may_not_see_is_sent_once_to_the_people_concerned(
    here: Notifier, kind: str, way: str
) -> None:
    CLOSED[way](here)
    troubled(here)
    ended = await KINDS[kind](here)
    await here.run_timers()

    recipients = [one.who for one in here.slack.received]
    assert sorted(recipients) == sorted(ended.concerned), "each person concerned gets one message, and no one else does"
    assert not await here.store.notices.undelivered(since=NOON, before=here.clock.now())


@pytest.mark.parametrize("way", [*OPEN, *CLOSED])
async def test_without_any_failure_an_outcome_is_sent_at_once(here: Notifier, way: str) -> None:
    (OPEN | CLOSED)[way](here)

    ended = await KINDS["approved, succeeded"](here)

    recipients = [one.who for one in here.slack.received]
    assert sorted(recipients) == sorted([EVERYBODY] if way in OPEN else ended.concerned)


@pytest.mark.parametrize(
    "kind", ["approved, succeeded", "approved, denied", "approved, ready", "private, approved, succeeded", "reviewed"]
)
async def test_a_card_that_cannot_be_updated_now_does_not_delay_the_outcome(here: Notifier, kind: str) -> None:
    here.slack.troubles = {"chat.update": ["internal_error"] * 1000}

    ended = await KINDS[kind](here)

    expected = sorted(ended.concerned if ended.is_private else [EVERYBODY])
    assert sorted(one.who for one in here.slack.received) == expected
    here.slack.troubles, here.slack.changed = {}, []
    await here.run_timers()
    assert CARD in [ts for ts, _ in here.slack.changed], "the card is updated later"
    assert sorted(one.who for one in here.slack.received) == expected, "nobody is notified again"


async def test_a_card_whose_updates_always_fail_is_given_up(here: Notifier) -> None:
    here.slack.troubles = {"chat.update": ["internal_error"] * 1000}
    await KINDS["approved, succeeded"](here)

    for _ in range(3 * CARD_TRIES):
        timers = [one for one in await here.store.timers.due(here.clock.now()) if one.kind is TimerKind.NOTIFY]
        for timer in timers:
            await here.store.timers.replace(timer, await retry_notification(here.env, timer))
        here.clock.pass_(timedelta(minutes=20))

    assert not timers
    assert [one.who for one in here.slack.received] == [EVERYBODY]


async def test_the_end_of_an_incident_is_posted_although_its_first_message_cannot_be_updated(
    here: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: Any, **__: Any) -> None:
        raise Unavailable("Slack isn't responding.")

    monkeypatch.setattr(incidents, "announce_again", unavailable)
    await incident_over(here)
    here.clock.pass_(timedelta(hours=2))
    due = await here.store.timers.due(here.clock.now())
    (timer,) = [one for one in due if one.kind is TimerKind.INCIDENT_END]
    with pytest.raises(Unavailable):
        await fire(here.env, timer)

    assert [one.who for one in here.slack.received if not one.method.startswith("files.")] == [EVERYBODY]
    monkeypatch.undo()
    await here.run_timers()
    assert [one.who for one in here.slack.received if not one.method.startswith("files.")] == [EVERYBODY]


async def test_a_card_in_a_shared_channel_is_not_updated(here: Notifier) -> None:
    CLOSED["channel shared"](here)
    here.slack.changed.clear()

    await KINDS["approved, succeeded"](here)

    assert here.slack.changed == []


@pytest.mark.parametrize("kind", ["approved, denied", "direct, succeeded", "private, succeeded"])
async def test_a_crash_between_the_message_and_its_record_may_repeat_the_message_but_never_loses_it(
    here: Notifier, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def killed(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr(type(here.store.notices), "set_notified", killed)
    with pytest.raises(Killed):
        await KINDS[kind](here)
    assert here.slack.received
    monkeypatch.undo()
    for timer in await here.store.timers.due(here.clock.now() + timedelta(days=1)):
        if timer.kind is TimerKind.NOTIFY:
            await here.store.timers.replace(timer, await retry_notification(here.env, timer))
    assert 1 <= here.message_counts("U0ANA")["U0ANA"] <= 2


async def test_a_crash_before_the_message_leaves_the_timer_that_sends_it(here: Notifier) -> None:
    request = await opened(here, request_for(), card=True)
    move = Transition(to=State.DENIED, at=here.clock.now(), changes={"outcome": "Denied."}, entries=ENTRIES)
    await here.store.requests.move(request.id, expect=[State.PENDING], move=move)

    await here.run_timers()

    assert [one.who for one in here.slack.received] == [EVERYBODY]


async def test_an_outcome_that_reached_no_one_stays_visible_to_operators(here: Notifier) -> None:
    CLOSED["archived"](here)
    here.slack.dead = set(MEMBERS)

    await KINDS["approved, failed"](here)
    await here.run_timers()

    found = await here.store.notices.undelivered(since=NOON, before=NOON)
    assert [(one.event, one.how) for one in found] == [("failed", "nobody")]


async def test_an_outcome_that_is_undelivered_for_long_is_visible_to_operators(here: Notifier) -> None:
    here.slack.troubles = {method: ["timeout"] * 1000 for method in TROUBLED}
    since = here.clock.now()

    await KINDS["direct, succeeded"](here)

    assert not await here.store.notices.undelivered(since=since, before=since - timedelta(minutes=1))
    assert len(await here.store.notices.undelivered(since=since, before=here.clock.now() + timedelta(minutes=1))) == 1
    here.slack.troubles = {}
    await here.run_timers()


async def test_others_are_notified_although_one_person_cannot_be_reached(here: Notifier) -> None:
    CLOSED["archived"](here)
    here.slack.dead = {"U0ANA"}

    await KINDS["approved, failed"](here)

    assert sorted(one.who for one in here.slack.received) == ["U0BEN", "U0CAT"]


async def test_an_outcome_that_another_one_replaced_is_not_sent(here: Notifier) -> None:
    request = await opened(here, request_for(), card=True)
    for expect, to in ((State.PENDING, State.UNKNOWN), (State.UNKNOWN, State.SUCCEEDED)):
        move = Transition(to=to, at=here.clock.now(), changes={"outcome": to.value}, entries=ENTRIES)
        assert await here.store.requests.move(request.id, expect=[expect], move=move)

    await here.run_timers()

    assert len(here.slack.received) == 1
    assert "succeeded" in here.slack.received[0].text
    assert not await here.store.notices.pending(request.id)
