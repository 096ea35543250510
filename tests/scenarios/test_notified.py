"""The people concerned learn the outcome of a request despite archived channels, Slack outages and shutdowns."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from bot.blocks.buttons import CHANNEL_FORM, CHANNEL_RIGHTS
from bot.core.requests.request import State
from bot.sandbox.workspace.faults import Fault
from bot.sandbox.workspace.model import Channel, Message, View
from bot.slack.lookups.directory import SlackDirectory
from tests.policies import WITH_NAMED_DBA
from tests.scenarios import forging
from tests.scenarios.requesting import make_request, reaches, stored
from tests.security import stage
from tests.world import ANA, DANA, DB_OPS, STELLA, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_NAMED_DBA
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {approve: [token, freeze, protect], by: dba, confirm: none, expires: 30m}
"""
)


@pytest_asyncio.fixture(loop_scope="module")
async def place(world: World) -> AsyncIterator[Channel]:
    """Yield #db-ops, which a test may archive or share. Afterwards, undo that, and end all faults."""
    channel = world.workspace.channels[DB_OPS]
    members, teams = list(channel.members), list(channel.connected_team_ids)
    yield channel
    channel.is_archived, channel.is_ext_shared = False, False
    channel.members[:], channel.connected_team_ids[:] = members, teams
    world.workspace.faults.clear()
    assert world.bot is not None
    directory = world.bot.env.directory
    assert isinstance(directory, SlackDirectory)
    directory.forget({"type": "channel_unshared", "channel": DB_OPS})
    await world.wait_until_idle()


def direct(world: World, person_id: str, holding: str) -> list[Message]:
    """Return the direct messages to a person that contain `holding`."""
    found = world.workspace.history(world.workspace.state.direct_channel(person_id).id, person_id)
    return [one for one in found if one.user_id != person_id and holding in words(one)]


async def home(world: World, who: str) -> View:
    await world.workspace.open_home(who)
    await world.wait_until_idle()
    found = world.workspace.home_of(who)
    assert found is not None
    return found


async def test_reveal_on_home_shows_the_token_in_a_modal_and_nowhere_else(world: World, place: Channel) -> None:
    card = await make_request(world, "/turso token {} --reason migration")
    await world.person(ANA).presses_and_reads("Approve", card)
    await reaches(world, card, State.READY)
    view = await home(world, DANA)
    before = {one.ts for one in forging.private_messages(world, DANA)}

    reveal = buttons(view)["Reveal"]
    await world.workspace.click(DANA, view_id=view.id, action_id=reveal["action_id"], block_id=None)

    modal = await world.person(DANA).modal("Your token for")
    assert "eyJ" in words(modal)
    await world.wait_until_idle()
    assert (await stored(world, card)).state is State.SUCCEEDED
    everything = [one for messages in world.workspace.state.messages.values() for one in messages.values()]
    assert not [one for one in everything if "eyJ" in words(one)], "no message contains the token"
    assert {one.ts for one in forging.private_messages(world, DANA)} == before


OPENS_A_MODAL = {"Reveal", "Deny"}
"""The labels of the buttons of requests that open a modal. All buttons about a channel open one, too."""


async def test_every_button_on_home_works_for_each_person_who_sees_it(world: World, place: Channel) -> None:
    for line in (
        "token {} --reason a",
        "token {} --reason b",
        "freeze {} --reason c",
        "freeze {} --reason d",
        "freeze {} --reason e",
    ):
        card = await make_request(world, f"/turso {line}")
        if line.endswith(("a", "c")):
            await world.person(ANA).presses_and_reads("Approve", card)
            await reaches(world, card, State.READY, State.SUCCEEDED)
    pressed: set[tuple[str, str]] = set()
    for who in (DANA, ANA):
        while labels := [one for one in buttons(await home(world, who)) if (who, one) not in pressed]:
            label = "Reveal" if "Reveal" in labels else labels[0]
            pressed.add((who, label))
            view = await home(world, who)
            button = buttons(view)[label]
            before = {one.ts for one in forging.private_messages(world, who)}
            await world.workspace.click(who, view_id=view.id, action_id=button["action_id"], block_id=None)
            await world.wait_until_idle()
            texts = [words(one) for one in forging.private_messages(world, who) if one.ts not in before]
            modal = world.workspace.views_of(who)
            of_channel = button["action_id"].startswith((CHANNEL_FORM, CHANNEL_RIGHTS))
            opens = label in OPENS_A_MODAL or of_channel
            assert texts or (opens and modal), f"{who} pressed {label} and nothing happened"
            assert not of_channel or (modal and not texts), f"{who}: {label}: {texts}"
            assert not [one for one in texts if "Reference `i-" in one], f"{who}: {label} was refused: {texts}"
            for view in modal:
                await world.workspace.close_view(who, view.id)

    assert {(DANA, "Reveal"), (DANA, "Withdraw"), (ANA, "Approve"), (ANA, "Deny")} <= pressed
    assert {(who, label) for who in (DANA, ANA) for label in ("Token", "All commands")} <= pressed


async def test_a_change_in_progress_when_its_channel_is_archived_is_reported_by_direct_message(
    world: World, place: Channel
) -> None:
    card = await make_request(world, "/turso freeze {} --reason spike")
    fault = world.turso.faults.add("hold_before", method="PATCH", path="*/configuration")
    await world.person(ANA).presses("Approve", card)
    await asyncio.wait_for(fault.arrived.wait(), 20)

    place.is_archived = True
    fault.released.set()
    request = await reaches(world, card, State.SUCCEEDED)

    name = request.plan.databases[0].name
    for person in (DANA, ANA):
        await until(partial(direct, world, person, name), what=f"the outcome for {person}")
    await world.wait_until_idle()
    assert [len(direct(world, who, name)) for who in (DANA, ANA)] == [1, 1]
    assert "can't post at the moment" in words(direct(world, DANA, name)[0])


async def test_a_request_that_expires_in_an_archived_channel_is_reported_by_direct_message(
    world: World, place: Channel
) -> None:
    card = await make_request(world, "/turso freeze {} --reason spike")
    request = await stored(world, card)
    place.is_archived = True

    await world.pass_time(minutes=31)

    name = request.plan.databases[0].name
    message = await until(lambda: direct(world, DANA, name), what="the notice of the expiry")
    assert "approved or denied it in time" in words(message[0])


async def test_a_card_that_was_deleted_is_posted_again_with_the_outcome(world: World, place: Channel) -> None:
    card = await make_request(world, "/turso protect {} on --reason audit")
    request = await stored(world, card)
    name = request.plan.databases[0].name
    listed = await world.person(ANA).types("/turso requests --to-approve", holding=name)
    world.workspace.state.delete_message(world.current(card))

    again = await world.person(DANA).types(f"/turso {request.line}", holding="is already open")
    assert "Open the card" in words(again)
    posted = await until(lambda: world.card(holding=name), what="the card again")
    assert posted.ts != card.ts
    world.workspace.state.delete_message(posted)
    button = next(
        one for block in listed.blocks for one in block.get("elements", [])
        if one.get("value") == request.id and one.get("action_id") == "approval.approve"
    )  # fmt: skip
    await world.workspace.click(ANA, message=listed, action_id=button["action_id"], block_id=_block_of(listed, button))

    outcome = await until(lambda: world.card(holding=f"Delete protection for *{name}* is on"), what="the outcome")
    assert outcome.ts not in (card.ts, posted.ts)


def _block_of(message: Message, button: object) -> str:
    return next(str(block["block_id"]) for block in message.blocks if button in block.get("elements", []))


REJECTIONS = {
    "team_added_to_org": {"trouble": "api_error", "error": "team_added_to_org"},
    "an unknown code": {"trouble": "api_error", "error": "moon_phase_unsuitable"},
    "HTML with 200": {"trouble": "html", "status": 200},
    "HTML with 520": {"trouble": "html", "status": 520},
}


@pytest.mark.parametrize("fault", REJECTIONS.values(), ids=REJECTIONS)
async def test_an_outcome_that_slack_rejects_now_is_posted_later(
    world: World, place: Channel, fault: dict[str, object]
) -> None:
    card = await make_request(world, "/turso protect {} on --reason audit")
    request = await stored(world, card)
    faults = [Fault(**{"method": method, **fault}) for method in ("chat.postMessage", "chat.update")]  # type: ignore[arg-type]
    world.workspace.faults.active += faults
    await world.person(ANA).presses("Approve", card)
    await reaches(world, card, State.SUCCEEDED)
    await world.wait_until_idle()
    for one in faults:
        world.workspace.faults.remove(one)

    await world.pass_time(minutes=20)

    await world.wait_for_content(card, holding="approved by")
    name = request.plan.databases[0].name

    def notices() -> list[Message]:
        return [one for one in world.workspace.history(DB_OPS, None) if one.thread_ts == card.ts != one.ts]

    await until(notices, what="the notice in the thread")
    await world.wait_until_idle()
    assert [name in words(one) for one in notices()] == [True]
    assert not direct(world, DANA, name)


async def test_an_outcome_that_a_partner_may_not_see_is_sent_to_the_people_concerned(
    world: World, place: Channel
) -> None:
    card = await make_request(world, "/turso freeze {} --for 1h --reason merger")
    await world.person(ANA).presses("Approve", card)
    request = await reaches(world, card, State.SUCCEEDED)
    await world.wait_until_idle()
    name = request.plan.databases[0].name
    other = await make_request(world, "/turso freeze {} --reason merger")
    other_name = (await stored(world, other)).plan.databases[0].name
    place.is_ext_shared = True
    place.connected_team_ids.append("T0PARTNER")
    place.members.append(STELLA)
    before = {one.ts: words(one) for one in world.workspace.history(DB_OPS, STELLA)}

    await world.pass_time(minutes=61)

    await until(lambda: direct(world, DANA, f"freeze on `{name}` has ended"), what="the thaw")
    await until(lambda: direct(world, DANA, other_name), what="the expiry of the other request")
    await world.wait_until_idle()
    assert {one.ts: words(one) for one in world.workspace.history(DB_OPS, STELLA)} == before
    assert direct(world, ANA, f"freeze on `{name}` has ended"), "Ana approved the freeze"


async def test_a_change_by_mention_in_a_thread_that_was_deleted_is_answered_in_the_channel(
    world: World, place: Channel
) -> None:
    first = (await world.workspace.say(DANA, DB_OPS, "what about this?")).message
    assert first is not None
    await world.create_databases("threadless")
    world.workspace.state.remove_message(first)

    body = stage.mention(world, "protect threadless on --reason audit", thread_ts=first.ts)
    await world.workspace.deliver(body)
    await world.wait_until_idle()

    card = await until(lambda: world.card(holding="threadless"), what="the card")
    assert card.thread_ts is None
    assert not [one for one in forging.private_messages(world, DANA) if "/invite" in words(one)]


async def test_a_slow_read_that_a_shutdown_cancels_is_reported(world: World, place: Channel) -> None:
    assert world.bot is not None
    fault = world.turso.faults.add("hold_before", method="GET", path="*/orders*", count=None)
    before = {one.ts for one in forging.private_messages(world, DANA)}
    await forging.forge_command(world, DANA, DB_OPS, "show orders")
    await asyncio.wait_for(fault.arrived.wait(), 20)

    assert not await world.bot.tasks.drain(0.05)

    fault.released.set()
    world.turso.faults.remove(fault.id)
    messages = [one for one in forging.private_messages(world, DANA) if one.ts not in before]
    assert ["restarting" in words(one) for one in messages] == [True]
