"""The rules become stricter while a request is open: at each step, the stricter of old and new rules applies."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.app.workflow_steps import WorkSteps
from bot.core.model import Confirm, Decision, Verdict, Visibility
from bot.core.requests.decision import with_rules_of_now
from bot.core.requests.request import Mode, Request, State, Vote
from bot.core.requests.transition import Transition
from bot.errors import BotError
from bot.pipeline.timers.due import fire
from tests.authorization import lost
from tests.authorization.entries import destroy, make_request, pressing, stored
from tests.store.conftest import NOON
from tests.store.samples import request as sample
from tests.world import ANA, DANA, World, set_policy, words

BEFORE = "{approve: [destroy, rotate], by: dba, to: asking, confirm: none, undo_by: dba}"
OWN_POLICY = lost.POLICY.replace("confirm: type-name", "confirm: button")
OWN_POLICY = OWN_POLICY.replace(BEFORE, BEFORE.replace("}", ", expires: 4h, start_within: 2h, countdown: 2h}"))
assert "start_within" in OWN_POLICY

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
RULES = Decision(Verdict.APPROVE, "", confirm=Confirm.BUTTON, countdown=24 * HOUR, expires=HOUR, start_within=HOUR)
VOTES = (Vote("r", ANA, True, NOON),)
WAITS: dict[str, Any] = {"state": State.PENDING, "mode": Mode.APPROVAL, "created_at": NOON}
STARTS = WAITS | {"state": State.APPROVED, "votes": VOTES}
DIRECT = WAITS | {"state": State.APPROVED, "mode": Mode.DIRECT, "confirm": Confirm.NONE}
EPHEMERAL = Visibility.EPHEMERAL
KEYS = [
    ("confirm", {"confirm": Confirm.NONE}, {"confirm": Confirm.TYPE_NAME}, Confirm.TYPE_NAME),
    ("confirm", {"confirm": Confirm.TYPE_NAME}, {"confirm": Confirm.BUTTON}, Confirm.TYPE_NAME),
    ("confirm", {"confirm": Confirm.NONE}, {"confirm": Confirm.BUTTON}, Confirm.BUTTON),
    ("countdown", {"countdown": HOUR}, {"countdown": 72 * HOUR}, 72 * HOUR),
    ("countdown", {"countdown": 72 * HOUR}, {"countdown": HOUR}, 72 * HOUR),
    ("visibility", {}, {"visibility": EPHEMERAL}, EPHEMERAL),
    ("visibility", {"visibility": EPHEMERAL}, {}, EPHEMERAL),
    ("visibility", {}, {}, Visibility.CHANNEL),
    ("expires_at", WAITS | {"expires_at": NOON + 4 * HOUR}, {"expires": HOUR}, NOON + HOUR),
    ("expires_at", WAITS | {"expires_at": NOON + HOUR}, {"expires": 4 * HOUR}, NOON + HOUR),
    ("expires_at", WAITS | {"expires_at": NOON + 4 * HOUR}, {"verdict": Verdict.ALLOW}, NOON + 4 * HOUR),
    ("expires_at", STARTS | {"expires_at": NOON + 2 * HOUR}, {"start_within": MINUTE}, NOON + MINUTE),
    ("expires_at", STARTS | {"expires_at": NOON + HOUR}, {"start_within": 2 * HOUR}, NOON + HOUR),
    ("expires_at", DIRECT | {"expires_at": NOON + HOUR}, {"start_within": MINUTE}, NOON + MINUTE),
    ("expires_at", DIRECT | {"expires_at": NOON + HOUR, "confirm": Confirm.BUTTON}, {}, NOON + HOUR),
]


IDS = [
    "a name must be typed now", "a name had to be typed", "a button must be pressed now", "a longer countdown",
    "a shorter countdown", "private now", "private then", "public then and now", "an earlier expiry", "a later expiry",
    "no approval is needed now", "less time to start", "more time to start", "less time to start without approval",
    "no limit before the confirmation",
]  # fmt: skip


@pytest.mark.parametrize(("key", "then", "now", "holds"), KEYS, ids=IDS)
def test_the_stricter_rule_applies(key: str, then: dict[str, Any], now: dict[str, Any], holds: object) -> None:
    assert getattr(with_rules_of_now(sample(**then), replace(RULES, **now)), key) == holds


def rule(**keys: str) -> str:
    """Return the policy with these keys in its rule for `destroy` and `rotate`."""
    given = {"confirm": "none", "expires": "4h", "start_within": "2h", "countdown": "2h"} | keys
    written = ", ".join(f"{key}: {value}" for key, value in given.items())
    was = next(line for line in OWN_POLICY.splitlines() if "undo_by" in line)
    return OWN_POLICY.replace(
        was, f"      - {{approve: [destroy, rotate], by: dba, to: asking, undo_by: dba, {written}}}"
    )


async def request_and_tighten(world: World, name: str, policy: str, *, line: str = "db destroy {}") -> str:
    """Make a request, make the rules stricter, and return the ID of the request."""
    set_policy(world, OWN_POLICY)
    request_id = await make_request(world, name, line)
    set_policy(world, policy)
    return request_id


@pytest.mark.asyncio(loop_scope="module")
async def test_an_approver_must_type_the_name_if_the_rules_require_it_now(world: World) -> None:
    request_id = await request_and_tighten(world, "typed-vote", rule(confirm="type-name"))

    assert await pressing(ANA, "approval.approve")(world, request_id) == "name_asked"

    assert (await stored(world, request_id)).votes == ()
    assert "typed-vote" in words(await world.person(ANA).modal("typed-vote"))


@pytest.mark.asyncio(loop_scope="module")
async def test_the_requester_must_type_the_name_if_the_rules_require_it_now(world: World) -> None:
    stricter = OWN_POLICY.replace("{allow: [freeze], to: asking, confirm: button}",
                                  "{allow: [freeze], to: asking, confirm: type-name}")  # fmt: skip
    request_id = await request_and_tighten(world, "typed-own", stricter, line="db freeze {}")

    assert await pressing(DANA, "request.confirm")(world, request_id) == "name_asked"

    assert (await stored(world, request_id)).state is State.PENDING


@pytest.mark.asyncio(loop_scope="module")
async def test_a_longer_countdown_applies(world: World) -> None:
    request_id = await request_and_tighten(world, "counted", rule(countdown="72h"))
    await pressing(ANA, "approval.approve")(world, request_id)
    await world.wait_until_idle()

    request = await stored(world, request_id)
    assert world.bot is not None
    assert request.state is State.QUARANTINED
    assert request.due_at is not None
    assert request.due_at - world.bot.env.clock.now() > 71 * HOUR


@pytest.mark.parametrize(("now", "lasts"), [("72h", 72), ("1h", 2)], ids=["longer", "shorter"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_running_countdown_lasts_as_long_as_the_longer_of_the_old_and_the_new_one(
    world: World, now: str, lasts: int
) -> None:
    request_id = await request_and_tighten(world, f"running-{now}", OWN_POLICY)
    await pressing(ANA, "approval.approve")(world, request_id)
    await world.wait_until_idle()
    due = (await stored(world, request_id)).due_at
    assert due is not None
    set_policy(world, rule(countdown=now))

    await pass_time_until(world, request_id, due - HOUR + MINUTE)
    request = await stored(world, request_id)
    assert request.state is State.QUARANTINED

    await pass_time_until(world, request_id, due + MINUTE)
    request = await stored(world, request_id)
    if lasts == 2:
        assert request.state is State.SUCCEEDED
        return
    assert (request.state, request.due_at) == (State.QUARANTINED, due + (lasts - 2) * HOUR)
    assert "countdown of 3 days" in request.outcome
    message = world.card(holding="countdown of 3 days")
    assert message is not None

    await pass_time_until(world, request_id, due + (lasts - 2) * HOUR - MINUTE)
    assert (await stored(world, request_id)).state is State.QUARANTINED
    await pass_time_until(world, request_id, due + (lasts - 2) * HOUR + MINUTE)
    assert (await stored(world, request_id)).state is State.SUCCEEDED


async def pass_time_until(world: World, request_id: str, moment: datetime) -> None:
    """Let time pass until `moment`, and then run the work of a request's due timers, as a sweep does."""
    assert world.bot is not None
    env = world.bot.env
    await world.pass_time(seconds=max(0.0, (moment - env.clock.now()).total_seconds()))
    for timer in await env.store.timers.due(env.clock.now()):
        if timer.subject == request_id:
            await env.store.timers.replace(timer, await fire(env, timer))
    await world.wait_until_idle()


async def start_request(world: World, name: str, policy: str, **delta: float) -> tuple[str, Request]:
    """Approve a request, make the rules stricter, let time pass, and start the request as its workflow does.

    Returns the result of the start, and the request.
    """
    assert world.bot is not None
    set_policy(world, OWN_POLICY)
    request_id, store, now = await destroy(world, name), world.bot.store, world.bot.env.clock.now()
    move = Transition(
        to=State.APPROVED, at=now, changes={"expires_at": now + 2 * HOUR}, votes=[Vote(request_id, ANA, True, now)]
    )
    assert await store.requests.move(request_id, expect=[State.PENDING], move=move)
    set_policy(world, policy)
    await world.pass_time(**delta)
    return await WorkSteps(world.bot.env).begin(request_id, "execute"), await stored(world, request_id)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_approved_request_starts_under_the_stricter_rules(world: World) -> None:
    went, request = await start_request(world, "counted-late", rule(countdown="72h", visibility="ephemeral"), minutes=1)

    assert (went, request.state) == ("go", State.EXECUTING)
    assert (request.countdown, request.visibility) == (72 * HOUR, EPHEMERAL)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_request_that_must_now_start_sooner_does_not_start_late(world: World) -> None:
    went, request = await start_request(world, "late", rule(start_within="10m"), minutes=20)

    assert (went, request.state) == ("stop", State.EXPIRED)


@pytest.mark.parametrize(("who", "button"), [(ANA, "approval.approve"), (DANA, "approval.remind")])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_request_that_now_expires_sooner_has_expired(world: World, who: str, button: str) -> None:
    request_id = await request_and_tighten(world, f"expired-{who.lower()}", rule(expires="5m"))
    await world.pass_time(minutes=6)

    with pytest.raises(BotError, match="has expired"):
        await pressing(who, button)(world, request_id)

    assert (await stored(world, request_id)).state is State.EXPIRED
