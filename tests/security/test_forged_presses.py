"""Forged forms and buttons give no permissions, and people who lost a permission can no longer use it."""

import json

import pytest

from bot.core.requests.request import State
from bot.sandbox.workspace.delivery.parcel import interactive_parcel
from bot.sandbox.workspace.model import Message
from tests.authorization.lost import out_of_the_channel
from tests.scenarios import forging
from tests.security import stage
from tests.world import ANA, BEN, DANA, DB_OPS, ORDERS, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("callback_id", ["approval.type_name", "request.type_name", "approval.deny_reason"])
async def test_a_forged_form_about_a_request_gives_no_right(world: World, callback_id: str) -> None:
    card = await world.person(DANA).types("/turso db protect charlie on --reason care")
    request = await stage.request_of(world, card)

    answer = await stage.answer_to(
        world,
        REMY,
        forging.forge_submission(world, REMY, callback_id, request.id, {"typed_name": "charlie", "comment": "x"}),
    )

    assert "Reference" in words(answer)
    found = await stage.request_of(world, card)
    assert (found.state, found.votes) == (State.PENDING, ())
    await world.person(DANA).presses_and_reads("Withdraw", card)


async def test_a_form_that_another_person_opened_cannot_be_used(world: World) -> None:
    await world.workspace.say(ANA, DB_OPS, "/turso db create")
    opened = await world.person(ANA).modal("Reason")
    about = opened.as_slack()["private_metadata"]
    before = stage.changing_calls(world)

    stolen = await forging.forge_submission(world, REMY, opened.callback_id, about, {"arg.name": "stolen"})
    await world.wait_until_idle()

    assert "too old" in stolen.answer
    assert stage.changing_calls(world) == before
    options = interactive_parcel(_suggestion(world, REMY, about), REMY)
    assert json.loads((await world.workspace.deliver(options)).answer)["options"] == []
    own = interactive_parcel(_suggestion(world, ANA, about), ANA)
    assert json.loads((await world.workspace.deliver(own)).answer)["options"], "the person who opened it gets options"


def _suggestion(world: World, person: str, about: str) -> dict[str, object]:
    """Return a request for the options of a menu in a form, with the form's metadata."""
    from bot.sandbox.workspace.delivery import payloads

    state = world.workspace.state
    view = {"id": "V0FORGED", "type": "modal", "callback_id": "form.show", "private_metadata": about, "state": {}}
    body = payloads.interaction(state, "block_suggestion", state.people[person])
    return body | {"action_id": "form.database", "block_id": "name", "value": "", "view": view}


async def test_a_command_line_in_a_button_is_decided_as_if_its_presser_had_typed_it(world: World) -> None:
    before = stage.changing_calls(world)

    for action_id in ("run.1", "page.1"):
        line = "db destroy delta --now --reason x"
        await forging.forge_click(world, REMY, action_id, line)
        card = await until(lambda: _asks(world, "delta"), what="the card")
        assert f"<@{REMY}>" in words(card)
        await world.person(REMY).presses_and_reads("Withdraw", card)

    assert stage.changing_calls(world) == before


def _asks(world: World, name: str) -> Message | None:
    card = world.card(holding=name)
    return card if "Approve" in buttons(card) else None


async def test_a_button_forged_in_another_channel_gives_no_token(world: World) -> None:
    answer = await stage.answer_to(
        world, DANA, forging.forge_click(world, DANA, "run.1", "token alpha", channel=ORDERS)
    )

    assert "eyJ" not in words(answer)
    assert "Reference" in words(answer)


async def test_a_form_that_was_opened_before_the_permission_was_lost_is_refused(world: World) -> None:
    card = await world.person(DANA).types("/turso db protect delta on --reason care")
    await world.person(BEN).presses("Approve", card)
    await world.person(BEN).modal("type the name")
    group = world.workspace.usergroups["S0DBA"]
    group.users.remove(BEN)
    try:
        before = {one.ts for one in world.person(BEN).sees()}
        await world.person(BEN).submits({"typed_name": "delta"})
        answer = await world.person(BEN).reads_answer(DB_OPS, before)
    finally:
        group.users.append(BEN)

    assert "aren't a" in words(answer)
    assert (await stage.request_of(world, card)).state is State.PENDING
    await world.person(DANA).presses_and_reads("Withdraw", card)


@pytest.mark.parametrize("change", ["deleted", "is_restricted", "is_bot"])
async def test_a_vote_no_longer_counts_after_its_voters_account_changed(world: World, change: str) -> None:
    assert world.bot is not None
    card = await world.person(DANA).types("/turso rotate echo --reason leak")
    await world.person(ANA).presses_and_reads("Approve", card)
    before = len(world.changes("POST", "/databases/echo/auth/rotate"))
    ana = world.workspace.people[ANA]
    setattr(ana, change, True)
    world.bot.env.directory.forget({"type": "user_change", "user": {"id": ANA}})  # type: ignore[attr-defined]
    try:
        answer = await world.person(BEN).presses_and_reads("Approve", card)
        await world.wait_until_idle()
    finally:
        setattr(ana, change, False)
        world.bot.env.directory.forget({"type": "user_change", "user": {"id": ANA}})  # type: ignore[attr-defined]

    assert "1 of 2" in words(answer)
    assert (await stage.request_of(world, card)).state is State.PENDING
    assert len(world.changes("POST", "/databases/echo/auth/rotate")) == before
    await world.person(DANA).presses_and_reads("Withdraw", card)


async def test_a_token_is_not_revealed_to_a_person_who_left_after_the_approval(world: World) -> None:
    assert world.bot is not None
    card = await world.person(DANA).types("/turso token foxtrot --reason migration")
    await world.person(ANA).presses_and_reads("Approve", card)
    ready = await world.wait_for_content(card, button="Reveal")
    dana = world.workspace.people[DANA]
    dana.deleted = True
    try:
        answer = await stage.pressed_by(world, DANA, "Reveal", ready)
    finally:
        dana.deleted = False
        world.bot.env.directory.forget({"type": "user_change", "user": {"id": DANA}})  # type: ignore[attr-defined]

    assert "deactivated" in words(answer)
    assert not world.changes("POST", "/databases/foxtrot/auth/tokens")


async def test_a_reveal_cannot_be_repeated_after_its_time_limit(world: World) -> None:
    card = await world.person(DANA).types("/turso token bravo --reason migration")
    await world.person(ANA).presses_and_reads("Approve", card)
    ready = await world.wait_for_content(card, button="Reveal")
    path = "*/databases/bravo/auth/tokens"
    world.turso.faults.add("status", method="POST", path=path, status=500)
    answer = await world.person(DANA).presses_and_reads("Reveal", ready)
    assert "may have been created" in words(answer)
    assert "Reveal again" in buttons(answer)

    await world.pass_time(minutes=16)
    late = await world.person(DANA).presses_and_reads("Reveal again", answer)

    assert "too late" in words(late)
    assert not any("eyJ" in words(one) for one in (answer, late))
    assert len(world.changes("POST", "/databases/bravo/auth/tokens")) == 1


@pytest.mark.parametrize("label", ["Approve", "Deny"])
async def test_a_late_press_shows_no_comment_to_a_person_who_left_the_channel(world: World, label: str) -> None:
    name = f"late-{label.lower()}"
    await world.create_databases(name)
    card = await world.person(DANA).types(f"/turso db protect {name} on --reason care", holding=name)
    request = await stage.request_of(world, card)
    comment = {"comment": "an intruder was in it"}
    await forging.forge_submission(world, ANA, "approval.deny_reason", request.id, comment)
    await world.wait_until_idle()
    assert (await stage.request_of(world, card)).state is State.DENIED
    assert "intruder" in words(world.current(card)), "people in the channel see the comment on the card"

    with out_of_the_channel(world, BEN):
        late = await forging.forge_press(world, BEN, label, card)

    assert "Too late: this request was denied." in words(late)
    assert "intruder" not in words(late)
