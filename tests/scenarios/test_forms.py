"""Forms: a line without a required argument opens one, and so do shortcuts. A form does what the line would do."""

from typing import Any

import pytest

from bot.sandbox.workspace.model import View
from tests.present import present
from tests.scenarios import forging
from tests.world import ANA, BEN, DANA, DB_OPS, GIL, ORDERS, REMY, SHARED, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def form_of(world: World, line: str, *, by: str = DANA, channel: str = DB_OPS, name: str = "") -> View:
    """Type a line that lacks an argument, and return its form once it has loaded."""
    await world.workspace.say(by, channel, line)
    found: View = await until(
        lambda: next((v for v in world.workspace.views_of(by) if v.callback_id.startswith(f"form.{name}")), None),
        what=f"the form for {line!r}",
    )
    return found


def block(view: View, block_id: str) -> dict[str, Any]:
    """Return one input of a form."""
    return next(one for one in view.blocks if one.get("block_id") == block_id)


async def assert_menu_offers(world: World, view: View, name: str, *, by: str = DANA) -> None:
    """Assert that the form's menu offers a database after its name was typed."""
    options = await world.workspace.suggest(by, view_id=view.id, action_id="form.database", text=name)
    assert name in [one["value"] for one in options], options


@pytest.mark.parametrize(
    ("line", "callback", "label"),
    [
        ("/turso show", "form.show", "Database"),
        ("/turso token", "form.token", "Valid for"),
        ("/turso db create", "form.create", "Name of the new database"),
        ("/turso rotate --reason leak", "form.rotate", "Reason"),
        ("/turso db destroy --now", "form.destroy", "Immediately, without quarantine"),
        ("/turso freeze --for 30m", "form.freeze", "For how long"),
        ("/turso protect orders", "form.protect", "Delete protection"),
        ("/turso incident start --for 2h", "form.incident start", "Incident key"),
        ("/turso triage", "form.triage", "Database"),
    ],
)
async def test_a_line_without_a_required_argument_opens_the_commands_form(
    world: World, line: str, callback: str, label: str
) -> None:
    by = REMY if "freeze" in line or "incident" in line else DANA

    view = await form_of(world, line, by=by, name=callback.removeprefix("form."))

    assert view.callback_id == callback
    assert label in words(view)
    assert view.source["submit"]["text"]
    await world.workspace.close_view(by, view.id)


async def test_typed_arguments_fill_the_form(world: World) -> None:
    view = await form_of(world, '/turso token --read-only --expiration 2h --reason "an odd <b>reason</b>"')

    assert block(view, "arg.expiration")["element"]["initial_value"] == "2h"
    assert "--read-only" in str(block(view, "flags")["element"].get("initial_options"))
    assert block(view, "reason")["element"]["initial_value"] == "an odd <b>reason</b>"
    await world.workspace.close_view(DANA, view.id)


async def test_a_dry_run_is_still_a_dry_run_after_the_form(world: World) -> None:
    view = await form_of(world, "/turso db create --dry-run --private --reason why --ticket INC-4")
    shown = {one["block_id"]: one["element"] for one in view.blocks if one["type"] == "input"}
    chosen = [one["value"] for one in shown["common"]["initial_options"]]
    assert chosen == ["--private", "--dry-run"]
    assert (shown["reason"]["initial_value"], shown["ticket"]["initial_value"]) == ("why", "INC-4")
    dana = world.person(DANA)
    before = {one.ts for one in dana.sees()}

    await world.workspace.submit_view(DANA, view.id, {"arg.name": "only-planned", "common": chosen, "reason": "why"})

    assert "Dry run" in words(await dana.reads_answer(DB_OPS, before))
    assert world.changes("POST", "/databases") == []


async def test_a_completed_form_does_what_the_line_would_do(world: World) -> None:
    view = await form_of(world, "/turso token")
    await assert_menu_offers(world, view, "orders")
    dana = world.person(DANA)
    before = {one.ts for one in dana.sees()}

    await world.workspace.submit_view(
        DANA, view.id, {"arg.name": "orders", "arg.expiration": "1h", "flags": ["--read-only"]}
    )

    shown = await dana.reads_answer(DB_OPS, before)
    assert "eyJ" in words(shown)
    assert "read-only" in words(shown)


async def test_menus_list_only_databases_that_the_person_may_see_in_the_channel(world: World) -> None:
    view = await form_of(world, "/turso show", channel=ORDERS)

    everything = await world.workspace.suggest(DANA, view_id=view.id, action_id="form.database", text="")
    others = await world.workspace.suggest(DANA, view_id=view.id, action_id="form.database", text="analytics")

    assert everything
    assert all(one["value"].startswith("orders") for one in everything)
    assert others == []
    await world.workspace.close_view(DANA, view.id)


async def test_typing_in_a_menu_reads_the_databases_from_turso_once_for_each_form(world: World) -> None:
    def lists() -> int:
        return sum(one.method == "GET" and one.path.endswith("/acme/databases") for one in world.turso.calls.control())

    for name in ("typed-first", "typed-later"):
        await world.create_databases(name)
        view, before = await form_of(world, "/turso show"), lists()
        for text in ("t", "ty", name):
            options = await world.workspace.suggest(DANA, view_id=view.id, action_id="form.database", text=text)

        assert [one["value"] for one in options] == [name], (
            "a new form lists databases that were created since the last one"
        )
        assert lists() - before == 1
        await world.workspace.close_view(DANA, view.id)


async def test_names_that_begin_with_the_typed_text_are_listed_first(world: World) -> None:
    await world.create_databases("aa-users", "users-zz")
    view = await form_of(world, "/turso show")

    for typed in ("users", " Users"):
        options = await world.workspace.suggest(DANA, view_id=view.id, action_id="form.database", text=typed)

        names = [one["value"] for one in options]
        assert names.index("users-zz") < names.index("aa-users")
    await world.workspace.close_view(DANA, view.id)


@pytest.mark.parametrize(
    ("line", "values", "field"),
    [
        ("/turso db create", {"arg.name": "Not A Name"}, "arg.name"),
        ("/turso token", {"arg.name": "orders", "arg.expiration": "soon"}, "arg.expiration"),
    ],
    ids=["a name", "an expiration"],
)
async def test_an_error_is_shown_at_its_field_and_the_form_stays_open(
    world: World, line: str, values: dict[str, Any], field: str
) -> None:
    view = await form_of(world, line)
    if "orders" in values.values():
        await assert_menu_offers(world, view, "orders")

    acted = await world.workspace.submit_view(DANA, view.id, values)

    assert set(acted.errors) == {field}
    assert world.workspace.views_of(DANA), "the form is still open"
    await world.workspace.close_view(DANA, view.id)


async def test_a_line_with_all_required_arguments_is_answered_without_a_form(world: World) -> None:
    assert not (await world.person(DANA).types("/turso usage")).only_for
    assert not world.workspace.views_of(DANA)


async def test_a_refusal_of_a_submitted_form_is_a_private_message(world: World) -> None:
    view = await form_of(world, "/turso token", channel=ORDERS)
    await assert_menu_offers(world, view, "orders")
    dana = world.person(DANA)
    before = {one.ts for one in dana.sees(ORDERS)}

    await world.workspace.submit_view(DANA, view.id, {"arg.name": "orders", "arg.expiration": "never"})

    answer = await dana.reads_answer(ORDERS, before)
    assert "too long" in words(answer)


async def test_a_person_who_may_not_use_a_command_gets_no_form(world: World) -> None:
    answer = await world.person(DANA).types("/turso db create", ORDERS)

    assert answer.only_for == DANA
    assert "can't use `create` here" in words(answer)
    assert not world.workspace.views_of(DANA)


async def test_another_persons_form_cannot_be_submitted(world: World) -> None:
    view = await form_of(world, "/turso show")
    about = view.source["private_metadata"]

    answer = await forging.forge_submission(world, BEN, "form.show", about, {"arg.name": "orders"})

    assert "too old" in answer.answer
    await world.workspace.close_view(DANA, view.id)


@pytest.mark.parametrize(
    ("callback", "says"),
    [
        ("form.token", "This form is too old."),
        ("form.nothing", "This form is too old."),
        ("chooser", "This form is too old."),
        ("approval.type_name", "This request no longer exists."),
        ("evil", "This form is out of date."),
    ],
)
async def test_a_forged_form_is_answered_with_an_error(world: World, callback: str, says: str) -> None:
    values = {"command": "list", "comment": "x", "verdict": "yes", "typed_name": "orders", "arg.name": "orders"}

    answer = await forging.forge_submission(world, DANA, callback, "i-forged", values)

    assert answer.status == 200
    assert says in answer.answer


async def test_a_forged_review_is_answered_with_a_private_message(world: World) -> None:
    submitted = forging.forge_submission(world, DANA, "review", "i-forged", {"verdict": "yes", "comment": "x"})

    assert "This no longer needs a review." in words(await forging.answer_to(world, DANA, submitted))


async def test_the_global_shortcut_asks_for_a_command_and_a_channel(world: World) -> None:
    await world.workspace.shortcut(DANA, "turso.command")
    dana = world.person(DANA)
    chooser = await dana.modal("What do you want to do?")
    assert "Which channel?" in words(chooser)
    before = {one.ts for one in dana.sees()}

    await dana.submits({"command": "list", "channel": DB_OPS}, chooser)

    answer = await until(
        lambda: next((one for one in dana.sees() if one.ts not in before and one.user_id != DANA), None), what="a list"
    )
    assert "orders" in words(answer)


async def test_a_shortcut_whose_trigger_has_expired_is_answered(world: World) -> None:
    before = len(forging.private_messages(world, DANA))
    world.workspace.faults.add("api_error", "views.open", times=1, error="expired_trigger_id")

    await world.workspace.shortcut(DANA, "turso.command")

    answers = await until(lambda: forging.private_messages(world, DANA)[before:], what="an answer to the shortcut")
    assert "The form took too long to open. Use the shortcut again." in words(answers[-1])


async def test_the_shortcut_leads_to_the_form_of_the_command(world: World) -> None:
    await world.workspace.shortcut(DANA, "turso.command")
    dana = world.person(DANA)
    chooser = await dana.modal("What do you want to do?")

    await dana.submits({"command": "show", "channel": DB_OPS}, chooser)

    view = await until(
        lambda: next((v for v in world.workspace.views_of(DANA) if v.callback_id == "form.show"), None), what="the form"
    )
    await assert_menu_offers(world, view, "orders")
    before = {one.ts for one in dana.sees()}
    await world.workspace.submit_view(DANA, view.id, {"arg.name": "orders"})
    answer = await until(
        lambda: next((one for one in dana.sees() if one.ts not in before and one.user_id != DANA), None), what="orders"
    )
    assert "*orders*" in words(answer)


async def test_the_shortcut_gives_no_permissions_in_a_channel_that_the_person_is_not_in(world: World) -> None:
    """Everybody can choose #db-ops, which is public, but only its members have its permissions."""
    await world.workspace.admin.leave(DANA, DB_OPS)
    try:
        await world.workspace.shortcut(DANA, "turso.command")
        dana = world.person(DANA)
        chooser = await dana.modal("What do you want to do?")
        press = dana.submits({"command": "list", "channel": DB_OPS}, chooser)
        answer = await forging.answer_to(world, DANA, press)
    finally:
        await world.workspace.admin.join(DANA, DB_OPS)

    assert "must both be in that channel" in words(answer)
    assert "orders" not in words(answer)


async def test_the_message_shortcut_answers_in_the_thread_of_the_message(world: World) -> None:
    top = await world.workspace.say(ANA, DB_OPS, "is the shop down?")
    assert top.message is not None
    dana = world.person(DANA)

    await world.workspace.message_shortcut(DANA, "turso.here", top.message.ts)
    chooser = await dana.modal("What do you want to do?")
    assert "Which channel?" not in words(chooser)
    await dana.submits({"command": "usage"}, chooser)

    answer = await until(
        lambda: next((one for one in dana.sees() if one.thread_ts == present(top.message).ts), None), what="usage"
    )
    assert "rows read" in words(answer).lower()


async def test_a_guests_shortcut_is_refused(world: World) -> None:
    answer = await forging.answer_to(world, GIL, world.workspace.shortcut(GIL, "turso.command"))

    assert "Guests have no access by default" in words(answer)
    assert "Ask an admin to add `guest:U0GIL`" in words(answer)
    assert not world.workspace.views_of(GIL)


async def test_a_command_in_a_shared_channel_is_refused_even_for_its_members(world: World) -> None:
    answer = await world.person(ANA).types("/turso ls", SHARED)

    assert answer.only_for == ANA
    assert "shared with another organization" in words(answer)
