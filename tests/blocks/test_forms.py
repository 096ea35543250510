"""A form asks for the arguments of a command. Its submission has the same effect as the typed line."""

from typing import Any

import pytest

from bot.blocks import forms
from bot.commands import COMMANDS
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import Common, Incomplete, Parsed
from bot.core.requests.plan import Plan
from bot.pipeline.requests.open_form import as_incomplete
from bot.sandbox.workspace.blockkit.payloads import validate_message, validate_options, validate_view
from tests.blocks.messages import marked_up

GRAMMAR = Grammar(COMMANDS)
BY_NAME = {command.name: command for command in COMMANDS}
WITH_REQUIRED_ARGUMENTS = [one for one in COMMANDS if isinstance(GRAMMAR.parse(one.name), Incomplete)]


def inputs_of(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_slack_accepts_every_form(command: Any) -> None:
    empty = forms.form_view(command, {}, "i-abc")
    assert validate_view(empty) == []
    assert (empty["callback_id"], empty["private_metadata"]) == (f"form.{command.name}", "i-abc")
    assert validate_view(forms.loading_view(command.label)) == []
    assert validate_message({"text": "x", "blocks": forms.form_button(command, command.name).blocks}) == []
    labels = [block["label"]["text"] for block in inputs_of(empty).values()]
    assert all(labels)


@pytest.mark.parametrize("command", WITH_REQUIRED_ARGUMENTS, ids=lambda command: command.name)
def test_a_form_requires_the_arguments_that_a_line_lacks(command: Any) -> None:
    read = GRAMMAR.parse(command.name)
    assert isinstance(read, Incomplete)
    view = forms.form_view(read.spec, read.given, "i-abc")
    assert all(not inputs_of(view)[f"arg.{key}"]["optional"] for key in read.missing)
    errors, line = forms.read_form(command, {})
    assert set(errors) == {f"arg.{key}" for key in read.missing}
    assert line == ""


ROUND_TRIPS = [
    ("create", {"arg.name": "orders", "arg.group": "eu"}, "create orders --group eu"),
    ("destroy", {"arg.name": "orders", "flags": ["--now"]}, "destroy orders --now"),
    ("token", {"arg.name": "orders", "arg.expiration": "2h", "flags": ["--read-only"], "reason": "look at 5 rows"},
     'token orders --expiration 2h --read-only --reason "look at 5 rows"'),
    ("freeze", {"arg.name": "orders", "arg.for": "30m", "common": ["--dry-run", "--private"], "ticket": "INC-4"},
     'freeze orders --for 30m --private --dry-run --ticket "INC-4"'),
    ("protect", {"arg.name": "orders", "arg.on": "off"}, "protect orders off"),
    ("usage", {"arg.name": None, "arg.since": "7d", "arg.top": "5"}, "usage --since 7d --top 5"),
    ("list", {"arg.filter": "or*", "arg.sort": "size", "common": ["--private"]}, "list or* --sort size --private"),
    ("audit", {"arg.user": "U0ANA"}, "audit --user U0ANA"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "line"), ROUND_TRIPS, ids=[row[0] for row in ROUND_TRIPS])
def test_a_submission_is_read_as_the_typed_line(name: str, values: dict[str, Any], line: str) -> None:
    command = BY_NAME[name]
    assert values.keys() <= inputs_of(forms.form_view(command, {}, "i-abc")).keys()
    errors, written = forms.read_form(command, values)
    assert (errors, written) == ({}, line)
    assert isinstance(GRAMMAR.parse(written), Parsed)


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ('he said "go"', 'he said "go"'),
        ("it's late", "it's late"),
        ("both \" and '", 'both " and ʼ'),
        ("--now", "--now"),
        ("`x`", "`x`"),
        ("  two  spaces\nand a line ", "two spaces and a line"),
        ("“curly”", '"curly"'),
        ("a'b c\"d", 'aʼb c"d'),
        ("the “old” one needs --now to go", 'the "old" one needs --now to go'),
        ("«old» --dry-run", '"old" --dry-run'),
        ('the customers’ "db" --now or later', 'the customersʼ "db" --now or later'),
        ("‘x’ and “y” --ticket Z", 'ʼxʼ and "y" --ticket Z'),
        ("remove “orders” today", 'remove "orders" today'),
    ],
)
def test_a_reason_cannot_become_an_option(reason: str, kept: str) -> None:
    errors, line = forms.read_form(BY_NAME["destroy"], {"arg.name": "orders", "reason": reason})
    read = GRAMMAR.parse(line)
    assert errors == {}
    assert isinstance(read, Parsed)
    assert read.args.model_dump() == {"name": "orders", "now": False}
    assert read.common == Common(reason=kept)


@pytest.mark.parametrize("value", ["orders --now", "--now", "a b", '"orders" --now', "ORDERS", "x" * 70, "<@U0ANA>"])
def test_a_value_that_is_not_only_a_database_name_is_refused(value: str) -> None:
    errors, line = forms.read_form(BY_NAME["destroy"], {"arg.name": value})
    assert errors.keys() == {"arg.name"}
    assert line == ""


def test_known_values_are_filled_in() -> None:
    read = GRAMMAR.parse("token --read-only --expiration 2h")
    assert isinstance(read, Incomplete)
    shown = inputs_of(forms.form_view(read.spec, {**read.given, "name": "orders"}, "i-abc"))
    assert shown["arg.expiration"]["element"]["initial_value"] == "2h"
    assert shown["arg.name"]["element"]["initial_option"]["value"] == "orders"
    assert [one["value"] for one in shown["flags"]["element"]["initial_options"]] == ["--read-only"]


LONG = "because " * 150


@pytest.mark.parametrize("command", WITH_REQUIRED_ARGUMENTS, ids=lambda command: command.name)
def test_no_typed_option_is_lost_between_the_line_and_the_form(command: Any) -> None:
    typed = ["--private"] + (["--dry-run", f'--reason "{LONG.strip()}"', "--ticket INC-4"] if command.changes else [])
    read = GRAMMAR.parse(f"{command.name} {' '.join(typed)}")
    assert isinstance(read, Incomplete)
    view = forms.form_view(read.spec, read.given, "i-abc", common=read.common)
    assert validate_view(view) == []

    elements = {block_id: block["element"] for block_id, block in inputs_of(view).items()}
    submitted = {
        block_id: element["initial_value"] for block_id, element in elements.items() if "initial_value" in element
    }
    submitted["common"] = [one["value"] for one in elements["common"]["initial_options"]]
    line = forms.line_from_values(command, submitted)

    assert GRAMMAR.parse(line).common == read.common


COMPLETE = [
    "freeze orders --for 30m --reads",
    "freeze orders --for 2d",
    "branch orders copy --for 3d --at 15m ago",
    "rewind orders --to before INC-42",
    "incident start INC-42 --for 90m",
    "token orders --expiration 2d12h --read-only",
    "destroy orders --now",
    "protect orders off",
    "overages on",
    "alert mute --for 1d",
    "alert on --quota 50,80 --spike 3x --forecast --to <!subteam^S0DBAS>",
    "away --until 18:00 --to <@U0ANA>",
    "digest on --daily 09:00 --tz Europe/Berlin",
    "create orders --group default --location aws-us-east-1",
    "usage orders --since 7d",
]


@pytest.mark.parametrize("line", COMPLETE)
def test_the_form_of_a_complete_line_is_submitted_as_that_line(line: str) -> None:
    """If only the reason or the ticket is missing, the form has the rest of the line."""
    read = GRAMMAR.parse(line)
    assert isinstance(read, Parsed)
    asked = as_incomplete(GRAMMAR, read.spec.name, line)

    shown = inputs_of(forms.form_view(read.spec, asked.given, "i-abc", common=asked.common))
    errors, written = forms.read_form(read.spec, {name: _filled(block["element"]) for name, block in shown.items()})

    assert errors == {}
    again = GRAMMAR.parse(written)
    assert (again.spec, again.args) == (read.spec, read.args)


def _filled(element: dict[str, Any]) -> Any:
    """Return what Slack submits for an input that nobody has touched."""
    if options := element.get("initial_options"):
        return [one["value"] for one in options]
    initial = element.get("initial_value") or element.get("initial_user") or element.get("initial_option")
    return initial["value"] if isinstance(initial, dict) else initial


def test_databases_are_chosen_and_new_names_are_typed() -> None:
    chosen = inputs_of(forms.form_view(BY_NAME["show"], {}, "i-abc"))["arg.name"]
    assert (chosen["element"]["type"], chosen["element"]["action_id"]) == ("external_select", "form.database")
    typed = inputs_of(forms.form_view(BY_NAME["create"], {}, "i-abc"))["arg.name"]
    assert typed["element"]["type"] == "plain_text_input"
    assert "name" in typed["label"]["text"].lower()
    assert validate_options({"options": [forms.name_option("orders")]}) == []


def test_errors_are_shown_at_inputs_of_the_form() -> None:
    for command in COMMANDS:
        view = forms.form_view(command, {}, "i-abc")
        assert forms.first_input(command) in inputs_of(view), command.name
    errors, _ = forms.read_form(BY_NAME["usage"], {"arg.since": "7d", "arg.month": "2026-10"})
    assert errors
    assert errors.keys() <= inputs_of(forms.form_view(BY_NAME["usage"], {}, "i-abc")).keys()
    assert "`" not in " ".join(errors.values())


def test_slack_accepts_the_other_modals() -> None:
    nasty = "<!channel> *x* `y` " + "z" * 400
    views = [
        forms.notice_view("Not done", f"There is no `{nasty}`."),
        forms.comment_view("approval.deny_reason", "r-1", title="Deny", label="Reason (shown to the requester)"),
        forms.review_view("v-1", title="Review", about=f"destroy orders --reason {nasty * 9}"),
        forms.typed_name_view(
            "approval.type_name", "r-1", name="orders", plan=Plan(None, [nasty, "Destroy"], warnings=[nasty])
        ),
        forms.typed_name_view("request.type_name", "r-1", name="orders", plan=Plan(None, [])),
        forms.chooser_view(COMMANDS, "i-1", needs_channel=True),
        forms.chooser_view(COMMANDS, "i-1", needs_channel=False),
    ]
    for view in views:
        assert validate_view(view) == []
        assert "<!channel>" not in " ".join(marked_up(view))


def test_the_field_for_typing_the_name_is_empty_and_its_label_says_what_to_type() -> None:
    view = forms.typed_name_view("approval.type_name", "r-1", name="orders", plan=Plan(None, []))
    (field,) = [block for block in view["blocks"] if block["type"] == "input"]

    assert not {"placeholder", "initial_value"} & field["element"].keys()
    assert "orders" in field["label"]["text"]


@pytest.mark.parametrize("callback_id", ["approval.type_name", "request.type_name"])
def test_the_form_for_typing_the_name_shows_everything_that_will_happen(callback_id: str) -> None:
    plan = Plan(None, ["Rotate the keys"], warnings=["Ends tokens of prod too"], holders=("U0DANA",))
    view = forms.typed_name_view(callback_id, "r-1", name="orders", plan=plan)
    shown = " ".join(marked_up(view["blocks"]))

    assert "'Rotate the keys'" in str(view["blocks"])
    assert "Ends tokens of prod too" in shown
    assert "<@U0DANA>" in shown


def test_submitted_values_are_read() -> None:
    values = {"typed_name": " orders ", "comment": "too\nlate", "verdict": "yes", "command": "freeze", "channel": "C1"}
    assert (forms.typed_name(values), forms.comment(values), forms.justified(values)) == ("orders", "too late", True)
    assert (forms.chosen(values), forms.channel_of(values)) == ("freeze", "C1")
    assert (forms.typed_name({}), forms.justified({"verdict": None}), forms.chosen({"command": 5})) == ("", False, "")
