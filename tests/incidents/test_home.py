"""The Home tab with 0, 1 and 300 objects of each kind. It is updated on changes, and each press is authorized again."""

import json
from dataclasses import replace
from datetime import timedelta
from statistics import quantiles
from typing import Any

import pytest

from bot.core.model import Target
from bot.core.records.holds import Hold, HoldKind
from bot.core.records.incidents import Incident, Review
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import LedgerToken, TokenState
from bot.core.requests.plan import Plan, PlanTarget
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.transition import Transition
from bot.errors import Unavailable
from bot.pipeline.home.home_tab import view_of
from bot.sandbox.workspace.blockkit import validate_view
from bot.sandbox.workspace.model import View
from tests.growth import computing
from tests.incidents import play
from tests.scenarios import forging
from tests.scenarios import quarantines as q
from tests.soak import soaked
from tests.store.samples import entry
from tests.world import ANA, BEN, DANA, DB_OPS, GENERAL, ORDERS, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


def publish_count(world: World, who: str) -> int:
    """Return how many times a person's Home was published."""
    return sum(one.method == "views.publish" and one.args.get("user_id") == who for one in world.workspace.calls)


async def home(world: World, who: str) -> View:
    """Open Home, and wait until it is published."""
    before = publish_count(world, who)
    await world.workspace.open_home(who)
    await until(lambda: publish_count(world, who) > before, what="Home")
    await world.wait_until_idle()
    found = world.workspace.home_of(who)
    assert found is not None
    assert not validate_view(found.source)
    return found


async def press(world: World, who: str, label: str) -> None:
    """Press the first button with this label on a person's Home, as it is now."""
    view = world.workspace.home_of(who)
    assert view is not None
    block, button = next(
        (block, one)
        for block in view.blocks
        for one in [*block.get("elements", []), block.get("accessory") or {}]
        if one.get("type") == "button" and one["text"]["text"] == label
    )
    await world.workspace.click(who, view_id=view.id, action_id=button["action_id"], block_id=block["block_id"])


def request(number: int, world: World, **changes: Any) -> Request:
    """Return a request of Dana for a token, which waits for one approval, with some fields changed."""
    target = PlanTarget(f"db-{number}", f"id-{number}", "default")
    now = world.clock.now()
    made = Request(
        id=f"r-home{number:06}", intent_id=f"i-home{number:06}", mode=Mode.APPROVAL, state=State.PENDING,
        command="token", line=f"token db-{number} --expiration 1h",
        plan=Plan(target, arguments={"expiration": "1h"}, databases=(Target(target.name, "default"),), command="token"),
        organization="acme", channel_id=DB_OPS, thread_ts=None, requester=DANA, requester_team="T0ACME",
        created_at=now + timedelta(milliseconds=number), reason="because", quorum=1,
        expires_at=now + timedelta(hours=1), updated_at=now,
    )  # fmt: skip
    return replace(made, **changes)


async def fill(world: World, many: int, first: int) -> None:
    """Store `many` objects of each kind, all of which concern Ana."""
    assert world.bot is not None
    store, now = world.bot.store, world.clock.now()
    names = [f"db-{at}" for at in range(first, first + many)]
    await world.create_databases(*names)
    listed = await world.bot.env.turso_clients.turso("acme").databases()
    ids = {one.name: one.id for one in listed if one.name in names}
    for at in range(first, first + many):
        waits, own = request(at, world), request(100_000 + at, world, requester=ANA, state=State.READY)
        name, database_id = f"db-{at}", ids[f"db-{at}"]
        gone = request(200_000 + at, world, command="destroy", state=State.QUARANTINED, requester=ANA,
                       due_at=now + timedelta(hours=9))  # fmt: skip
        gone = replace(gone, plan=replace(gone.plan, target=PlanTarget(name, database_id, "default")))
        hold = Hold(f"h-{at}", HoldKind.FREEZE, "acme", name, database_id, False, True, waits.id, DB_OPS, now)
        review = Review(f"v-{at}", waits.id, BEN, DB_OPS, now, now + timedelta(hours=1), (ANA,))
        await store.requests.open(waits, Transition(State.PENDING, now, {}, holds=[hold], reviews=[review]))
        await store.requests.open(own, Transition(State.READY, now, {}))
        await store.requests.open(gone, Transition(State.QUARANTINED, now, {}, [entry()]))
        await store.tokens.add(
            LedgerToken(f"t-{at}", own.id, "acme", name, database_id, "default", True, ANA, DB_OPS, now,
                        now + timedelta(hours=1), "f" * 16, TokenState.LIVE)
        )  # fmt: skip
        incident = Incident(f"n-{at}", f"INC-{at}", f"C0X{at:06}" if at else ORDERS, "acme", "incident", REMY, now,
                            now + timedelta(hours=1))  # fmt: skip
        timer = Timer(TimerKind.INCIDENT_END, incident.id, incident.until)
        await store.incidents.start(incident, timer, entry("incident_started", channel_id=incident.channel_id))


async def drawing(world: World, rounds: int = soaked(3, 2), times: int = soaked(40, 10)) -> float:
    """Return the lowest of several 95th percentiles of the CPU seconds that drawing Ana's Home takes."""
    return min([await _percentile(world, times) for _ in range(rounds)])


async def _percentile(world: World, times: int) -> float:
    assert world.bot is not None
    took: list[float] = []
    for _ in range(times):
        with computing(took):
            await view_of(world.bot.env, ANA, "")
    return quantiles(took, n=20)[-1]


async def test_home_with_three_hundred_objects_of_each_kind_is_valid_and_not_much_slower_than_with_one(
    world: World,
) -> None:
    assert "Nothing is waiting for you" in words(await home(world, ANA))

    await fill(world, 1, first=0)
    with_one = await drawing(world)
    view = await home(world, ANA)
    assert {"Approve", "Deny", "Reveal", "Withdraw", "Undo", "Thaw", "Review"} <= set(buttons(view))
    assert " left, until" in words(view), "the time that a token has left"
    assert "INC-0" in words(view)

    await fill(world, 299, first=1)
    with_many = await drawing(world)
    view = await home(world, ANA)

    assert len(view.blocks) <= 100
    assert len(json.dumps(view.source)) < 200_000
    assert with_many <= 3 * with_one + 0.02, f"{with_many:.3f} s against {with_one:.3f} s"


async def test_each_kind_has_its_own_pages(world: World) -> None:
    assert "db-299" in words(await home(world, ANA))
    view = world.workspace.home_of(ANA)
    assert view is not None
    turn = next(one for block in view.blocks for one in block.get("elements", [])
                if str(one.get("action_id", "")).startswith("home.page.decide"))  # fmt: skip
    block = next(block for block in view.blocks if turn in block.get("elements", []))

    await world.workspace.click(ANA, view_id=view.id, action_id=turn["action_id"], block_id=block["block_id"])

    await until(lambda: "page 2" in words(world.workspace.home_of(ANA)), what="the second page")
    turned = world.workspace.home_of(ANA)
    assert turned is not None
    assert not validate_view(turned.source)
    assert "db-294" in words(turned)
    assert words(turned).count("page 2") == 1, "the other kinds stay on their first page"
    assert words(turned).count("page 1") > 1
    assert "‹ Previous" in buttons(turned)


async def test_changes_elsewhere_update_home_for_people_who_have_it_open(world: World) -> None:
    assert world.bot is not None
    await home(world, BEN)
    first = words(world.workspace.home_of(BEN))
    await world.create_databases("fresh")

    await world.person(DANA).types("/turso token fresh --reason please")

    await until(lambda: "fresh" in words(world.workspace.home_of(BEN)), what="Ben's updated Home", within=20)
    assert "fresh" not in first
    await forging.answer_to(world, BEN, press(world, BEN, "Approve"), holding="Approved.")
    await until(lambda: "fresh" not in words(world.workspace.home_of(BEN)), what="Home without the request", within=20)


async def test_a_freeze_is_thawed_from_home_in_the_channel_of_its_request(world: World) -> None:
    await world.create_databases("cold")
    ben = world.person(BEN)
    question = await ben.types("/turso freeze cold")
    await ben.presses("Freeze writes", question)
    await until(lambda: world.card(holding="Writes to *cold* are blocked"), what="the freeze")
    await world.wait_until_idle()
    await home(world, BEN)

    asked = await forging.answer_to(world, BEN, press(world, BEN, "Thaw"), holding="Thaw")
    assert asked.channel_id.startswith("D"), "a press on Home is answered by direct message"
    await ben.presses("Thaw", asked)

    await until(lambda: world.card(holding="*cold* is unblocked"), what="the thaw in the channel")
    assert not await play.blocked(world, "cold")


async def test_a_recreated_database_has_none_of_the_rows_and_buttons_of_the_old_one(world: World) -> None:
    assert world.bot is not None
    await world.create_databases("twin", "twin-destroyed")
    ben, dana = world.person(BEN), world.person(DANA)
    question = await ben.types("/turso freeze twin")
    await ben.presses("Freeze writes", question)
    await until(lambda: world.card(holding="Writes to *twin* are blocked"), what="the freeze")
    shown = await forging.answer_to(world, BEN, forging.forge_command(world, BEN, DB_OPS, "token twin --read-only"))
    assert "eyJ" in words(shown)
    card = await dana.types("/turso db destroy twin-destroyed --reason old", holding="twin-destroyed")
    await play.approve_typed(ben, card, "twin-destroyed")
    await world.wait_for_content(card, button="Undo")
    rows = ("`twin`: writes blocked", "`twin`, read-only", "`twin-destroyed`")
    before = words(await home(world, BEN)) + words(await home(world, DANA))
    assert [row for row in rows if row not in before] == []

    for name in ("twin", "twin-destroyed"):
        await q.call_turso(world, "DELETE", name)
    await world.create_databases("twin", "twin-destroyed")

    after = words(await home(world, BEN)) + words(await home(world, DANA))
    assert [row for row in rows if row in after] == []
    restore = forging.forge_command(world, DANA, DB_OPS, "db restore twin-destroyed")
    refused = await forging.answer_to(world, DANA, restore)
    assert "isn't in quarantine" in words(refused)


async def test_a_press_is_refused_if_the_permission_was_lost_since_home_was_published(world: World) -> None:
    await world.create_databases("late")
    await world.person(DANA).types("/turso token late --reason please")
    await until(lambda: world.card(holding="`late`"), what="the card")
    await home(world, BEN)
    assert "late" in words(world.workspace.home_of(BEN))
    world.workspace.usergroups["S0DBA"].users.remove(BEN)
    try:
        why = "aren't an approver for this request"
        await forging.answer_to(world, BEN, press(world, BEN, "Approve"), holding=why)
    finally:
        world.workspace.usergroups["S0DBA"].users.append(BEN)


async def test_operations_in_channels_that_a_person_is_not_in_are_not_shown(world: World) -> None:
    await world.workspace.admin.join(world.workspace.app.bot_user_id, GENERAL)
    await world.workspace.admin.leave(DANA, GENERAL)
    await play.start(world.person(BEN), "INC-HIDDEN", channel=GENERAL)

    assert "INC-HIDDEN" in words(await home(world, BEN))
    assert "INC-HIDDEN" not in words(await home(world, DANA))
    await play.end(world.person(BEN), "INC-HIDDEN", channel=GENERAL)


async def test_while_slack_does_not_return_channel_members_nothing_is_called_empty(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> bool:
        raise Unavailable("Slack doesn't respond.")

    assert world.bot is not None
    assert "couldn't look up" not in words(await home(world, BEN))
    monkeypatch.setattr(type(world.bot.env.directory), "is_in", away)

    said = words(await home(world, BEN))

    assert "I couldn't look up everything" in said
    assert "Nothing is waiting" not in said
    assert "You can't use commands" not in said
