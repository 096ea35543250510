"""The reference pages list exactly what the code has, and describe all of it."""

import re

import pytest

from bot.commands import COMMANDS
from tests.docs.facts import settings, tables
from tests.docs.pages import DOCS, ROOT
from tests.docs.tables import Table

TABLES = [pytest.param(table, id=table.name) for table in tables()]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_lists_what_the_code_has(table: Table, request: pytest.FixtureRequest) -> None:
    text = table.read()
    drawn = table.drawn(text)
    if request.config.getoption("--update-golden"):
        (DOCS / table.page).write_text(drawn, encoding="utf-8")
        return

    assert drawn == text, f"docs/{table.page}: run pytest tests/docs --update-golden, then describe what is new"


@pytest.mark.parametrize("table", TABLES)
def test_every_row_of_a_table_is_described(table: Table) -> None:
    assert table.lacking(table.read()) == []


@pytest.mark.parametrize("table", TABLES)
def test_an_addition_or_removal_in_the_code_is_found(table: Table) -> None:
    text = table.read()
    *known, last = table.rows
    more = Table(table.page, table.name, table.header, [*table.rows, ("`new`", *last[1:])])
    fewer = Table(table.page, table.name, table.header, known)

    assert more.drawn(text) != text
    assert more.lacking(text) == ["`new`"]
    assert fewer.drawn(text) != text


def test_every_other_spelling_of_a_command_is_listed() -> None:
    table = (DOCS / "reference/commands.md").read_text(encoding="utf-8").partition("\n## Other spellings\n")[2]
    rows = re.findall(r"^\| (`.+`) \| `(.+)` \|$", table, re.MULTILINE)

    listed = {(alias, name) for aliases, name in rows for alias in re.findall(r"`(.+?)`", aliases)}
    assert listed == {(alias, command.name) for command in COMMANDS for alias in command.aliases}


def test_the_example_env_file_has_every_setting_except_those_for_tests() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)

    assert sorted([*named, "CLOCK_FILE"]) == sorted(name.strip("`") for name, _ in settings())
