"""A command line is parsed into a command with checked arguments, or refused with one helpful sentence."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.core.model import NEVER
from bot.core.parsing.argument_parsing import field_errors
from bot.core.parsing.argument_schema import action_options
from bot.core.parsing.grammar import parse
from bot.core.parsing.parse_results import Common, Incomplete, Parsed, UnknownCommand, UnknownOption
from bot.errors import BadInput
from tests.core.commands import GRAMMAR, TABLE, TokenArgs
from tests.present import present


def read(text: str) -> Any:
    found = GRAMMAR.parse(text)
    assert isinstance(found, Parsed), found
    return found


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        GRAMMAR.parse(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "home"),
        ("   ", "home"),
        ("--private", "home"),
        ("<@U0BOT> whoami", "whoami"),
        ("/turso db list", "list"),
        ("db list", "list"),
        ("list", "list"),
        ("ls", "list"),
        ("db ls", "list"),
        ("List", "list"),
        ("DB LIST", "list"),
        ("db tokens create orders", "token"),
        ("tokens create orders", "token"),
        ("token orders", "token"),
        ("db tokens invalidate orders", "rotate"),
        ("rotate orders", "rotate"),
        ("usage", "usage"),
        ("db usage", "usage"),
        ("db inspect orders", "usage"),
        ("rm orders", "destroy"),
        ("db rm orders", "destroy"),
        ("reqs", "requests"),
        ("policy explain token orders", "policy explain"),
    ],
)
def test_every_spelling_finds_its_command(text: str, name: str) -> None:
    assert read(text).spec.name == name


@pytest.mark.parametrize(
    "text",
    [
        "token orders --read-only --expiration 2h",
        "token --expiration 2h --read-only orders",
        "token --expiration=2h orders -r",
        "token orders -e 2h -r",
        "token orders -e=2h --READ-ONLY",
        "token orders —read_only —expiration 2h",
        "token orders --read-only=yes --expiration 2h",
        "token `orders` --read-only --expiration `2h`",
        "token <http://orders|orders> --read-only --expiration 2h",
        'token "orders" --read-only --expiration "2h"',
    ],
)
def test_options_may_have_any_order_and_spelling(text: str) -> None:
    args = read(text).args
    assert (args.name, args.read_only, args.expiration) == ("orders", True, "2h")
    assert args.expiration.lifetime == timedelta(hours=2)


def test_an_expiration_is_kept_as_typed_because_turso_reads_it() -> None:
    assert read("token orders -e 1.5h").args.expiration == "1.5h"
    assert read("token orders -e never").args.expiration.lifetime is NEVER


def test_arguments_survive_a_round_trip_through_json() -> None:
    for text in ("token orders -e 1.5h", "freeze orders --for 1h30m", "usage --since 7d", "usage --since 2026-10-01"):
        args = read(text).args
        assert type(args).model_validate_json(args.model_dump_json(by_alias=True)) == args


def test_rules_see_the_flags_that_are_set() -> None:
    assert action_options(read("token orders -r").args) == {"--read-only"}
    assert action_options(read("destroy orders --now").args) == {"--now"}
    assert action_options(read("destroy orders --now=false").args) == frozenset()
    assert action_options(read("protect orders on").args) == frozenset()


def test_common_options_belong_to_no_command() -> None:
    found = read("destroy orders --reason 'it is old' --ticket DB-1 --dry-run --private")
    assert found.common == Common(private=True, reason="it is old", ticket="DB-1", dry_run=True)


def test_a_command_that_changes_nothing_takes_no_reason() -> None:
    assert read("list --private").common.private
    for option in ("--reason x", "--ticket x", "--dry-run"):
        assert "has no option" in refusal(f"list {option}")


@pytest.mark.parametrize("blank", ["' '", '"\u00a0\u2003"', "'\u3164\u2800\uffa0'", '"\u115f\u1160 \u200b"'])
def test_a_reason_of_invisible_characters_is_empty(blank: str) -> None:
    """Otherwise it would satisfy a rule that requires a reason, or break-glass."""
    assert read(f"destroy orders --reason {blank} --ticket {blank}").common == Common(reason="", ticket="")


@pytest.mark.parametrize("line", ["--now --now=no", "--now=no --now", "--now --now=off --now"])
def test_a_flag_given_twice_must_have_the_same_value(line: str) -> None:
    assert "`--now` is given twice" in refusal(f"destroy orders {line}")
    assert read("destroy orders --now --now=yes").args.now


def test_a_reason_of_several_words_needs_no_quotes_at_the_end() -> None:
    assert read("destroy orders --reason it is old --now").common.reason == "it is old"
    assert read("destroy orders --reason the customer’s wish").common.reason == "the customer's wish"
    assert "quotes" in refusal("destroy --reason it is orders old")


def test_an_option_has_the_name_of_its_fields_alias() -> None:
    assert read("freeze orders --for 30m").args.lasting == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("text", "value"), [("usage --since 7d", timedelta(days=7)), ("usage --since 2026-10-01", date(2026, 10, 1))]
)
def test_since_is_a_duration_or_a_day(text: str, value: Any) -> None:
    assert read(text).args.since == value


def test_policy_explain_keeps_the_words_and_options_of_the_command_to_explain() -> None:
    found = read('policy explain db destroy orders --now --reason "it is old" --as <@U0ANA|ana> --in <#C0DBOPS|db-ops>')
    assert found.args.command == 'db destroy orders --now --reason "it is old"'
    assert (found.args.person, found.args.channel) == ("U0ANA", "C0DBOPS")
    assert read("help db destroy").args.command == "db destroy"


def missing(text: str) -> tuple[str, ...]:
    """Return the arguments that a line lacks."""
    found = GRAMMAR.parse(text)
    assert isinstance(found, Incomplete)
    return found.missing


def test_a_missing_argument_is_incomplete_and_keeps_what_was_given() -> None:
    found = GRAMMAR.parse("token --expiration 2h --reason old --private")
    assert isinstance(found, Incomplete)
    assert (found.spec.name, found.missing, found.given) == ("token", ("name",), {"expiration": "2h"})
    assert found.common == Common(private=True, reason="old")
    assert missing("protect orders") == ("state",)
    assert missing("protect") == ("name", "state")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "token orders --expiration 1day",
            "I don't understand `1day`. Try `--expiration 1d`.",
        ),
        ("token --expiration 1day", "I don't understand `1day`"),
        ("token orders -e -1h", "`-1h` must be longer than zero"),
        ("freeze orders --for never", "I don't understand `never`. Try `--for 30m`."),
        ("token Orders", "`Orders` isn't a database name. Use only a–z, 0–9 and dashes. Try `orders`."),
        ("token -orders-", "has no option `-orders-`"),
        ("token orders-", "Use only a–z, 0–9 and dashes. Try `orders`."),
        ("token orders_eu", "Try `orders-eu`."),
        ("token orders.turso.io", "looks like an address"),
        (f"token {'x' * 65}", "at most 64 characters"),
        ("create orders --location Paris!", "`--location` takes a location code"),
        ("create orders --group a/b", "`--group` takes a group name"),
        ("protect orders maybe", "Choose `on` or `off`, not `maybe`"),
        ("list --sort age", "`--sort` takes `name`, `size`, `reads` or `writes`, not `age`"),
        ("list --page 0", "a whole number of at least 1, not `0`"),
        ("usage --month 2026-13", "a month such as `2026-10`, not `2026-13`"),
        ("usage --since 2026-02-30", "`2026-02-30` isn't a day"),
        ("usage --since yesterday", "I don't understand `yesterday`. Try `--since 1d`."),
        ("policy explain list --as ana", "`--as` takes a person, not `ana`. Type `@` and pick one from"),
        ("policy explain list --in db-ops", "`--in` takes a channel"),
        ("token orders extra", "Unexpected `extra`. Usage: `/turso token NAME"),
        ("token orders --expiration", "`--expiration` needs a value"),
        ("token orders --expiration --read-only", "`--expiration` needs a value"),
        ("token orders --expiration 1h -e 2h", "`--expiration` is given twice"),
        ("token orders --read-only=perhaps", "`--read-only` takes no value"),
        ("db", "There is no command `db`"),
    ],
)
def test_a_mistake_is_answered_with_one_helpful_sentence(text: str, sentence: str) -> None:
    assert sentence in refusal(text)


def test_an_unknown_command_names_the_nearest() -> None:
    with pytest.raises(UnknownCommand) as caught:
        GRAMMAR.parse("db destory orders")
    assert "destroy" in caught.value.nearest
    assert "Did you mean `destroy`" in str(caught.value)


def test_the_first_word_of_a_command_suggests_the_whole_command() -> None:
    with pytest.raises(UnknownCommand, match="`policy explain`"):
        GRAMMAR.parse("policy check")


def test_an_unknown_option_names_the_nearest_and_how_to_write_it() -> None:
    with pytest.raises(UnknownOption) as caught:
        GRAMMAR.parse("token orders --readonly")
    assert caught.value.nearest[0] == "--read-only"
    assert "token NAME [--read-only]" in str(caught.value)


def test_a_quoted_option_is_a_word() -> None:
    assert "isn't a database name" in refusal('destroy "--now"')


def test_words_after_two_dashes_are_not_options() -> None:
    assert "isn't a database name" in refusal("destroy -- --now")


def test_longer_text_than_any_command_needs_is_refused() -> None:
    assert "2,001 characters. The maximum is 2,000" in refusal("x" * 2001)


def test_a_value_cannot_close_the_quotes_around_it() -> None:
    assert "`a'b` isn't a database name." in refusal("token a`b")


def test_a_grammar_finds_commands_by_any_spelling() -> None:
    assert present(GRAMMAR.spec("DB tokens create")).name == "token"
    assert GRAMMAR.spec("nothing") is None
    assert parse("ls", TABLE).spec.name == "list"


COMMANDS = ["db", "token", "tokens", "create", "list", "destroy", "help", "policy", "explain", "protect", "/turso"]
VALUES = ["orders", "on", "1h", "X", "<@U1>", "<http://a|b>", "&", "&amp;", "=", '"', "'", "`", "“", "\u200b", "\xa0"]
OPTIONS = ["--now", "-r", "-e", "--expiration", "--reason", "—private", "--for", "--", "--as", "--in="]
WORDS = st.sampled_from([*COMMANDS, *VALUES, *OPTIONS, "\n"])


@given(st.text(max_size=200) | st.lists(WORDS, max_size=12).map(" ".join))
def test_no_text_raises_an_unexpected_error(text: str) -> None:
    outcome: Parsed[Any] | Incomplete[Any] | str
    try:
        outcome = GRAMMAR.parse(text)
    except BadInput as error:
        outcome = str(error)
    if isinstance(outcome, str):
        assert outcome
        assert "\n" not in outcome
    else:
        assert outcome.spec in TABLE
        assert isinstance(outcome, Parsed) or outcome.missing


@pytest.mark.parametrize(
    "line", ["{}", "token {}", "token orders -e {}", "token orders {}", "list --group {}", "list --{}"]
)
def test_a_pasted_secret_is_not_repeated(line: str) -> None:
    secret = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJhIjoicncifQ.c2lnbmF0dXJl"
    assert secret[:36] not in refusal(line.format(secret))


def test_conflicting_arguments_get_one_sentence_about_the_command() -> None:
    assert refusal("usage --since 7d --month 2026-10") == (
        "Say `--since` or `--month`, not both. Usage: `/turso usage [NAME] [--since 7d]`"
    )


def test_a_form_gets_one_sentence_for_each_field() -> None:
    with pytest.raises(ValidationError) as caught:
        TokenArgs.model_validate({"expiration": "1day"})
    spec = present(GRAMMAR.spec("token"))
    assert field_errors(caught.value, spec) == {
        "name": "`NAME` is required.",
        "expiration": refusal("token orders -e 1day"),
    }
