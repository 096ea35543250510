"""Every spelling of a command has one name in rules, and sub-commands inherit their risk."""

from typing import Any

import pytest

from bot.commands import CATALOGUE
from bot.core.catalogue import CommandCatalogue
from bot.core.declaration import LAST, Variant
from bot.core.model import Risk
from tests.core.commands import DestroyArgs, NoArgs, declare


@pytest.mark.parametrize("name", CATALOGUE.names)
def test_every_name_is_its_own_canonical_name_with_and_without_db(name: str) -> None:
    assert CATALOGUE.canonical(name) == name
    assert CATALOGUE.canonical(f"DB  {name.upper()}") == name


@pytest.mark.parametrize(("spelling", "name"), CATALOGUE.spellings.items())
def test_every_spelling_leads_to_a_command(spelling: str, name: str) -> None:
    assert CATALOGUE.find(name)
    assert CATALOGUE.canonical(f"db {spelling}") == CATALOGUE.canonical(spelling) == name


def test_the_risk_depends_on_the_flags_and_is_high_for_an_unknown_command() -> None:
    assert CATALOGUE.risk_of("token") is Risk.MEDIUM
    assert CATALOGUE.risk_of("token", {"--read-only"}) is Risk.LOW
    assert CATALOGUE.risk_of("incident extend") is CATALOGUE.risk_of("incident") is Risk.LOW
    assert CATALOGUE.risk_of("of tomorrow") is Risk.HIGH


def test_a_first_word_that_commands_share_is_a_family_which_a_rule_can_name() -> None:
    catalogue = CommandCatalogue(
        [declare("a on", "a on", NoArgs), declare("a off", "a off", NoArgs), declare("b c", "b c", NoArgs)]
    )
    assert catalogue.names == ["a", "a on", "a off", "b c"]
    assert [one.name for one in catalogue.families["a"]] == ["a on", "a off"]


def test_a_family_can_have_the_same_name_as_a_command() -> None:
    """In a rule, `incident` means all of its commands. Typed by a person, it means one of them."""
    assert CATALOGUE.canonical("incident") == "incident"


def test_a_command_without_a_position_comes_last() -> None:
    catalogue = CommandCatalogue([declare("new", "new", NoArgs), declare("old", "old", NoArgs, position=LAST - 1)])
    assert [one.name for one in catalogue.commands] == ["old", "new"]


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([declare("a", "a", NoArgs), declare("a", "a", NoArgs)], "`a` is claimed by `a` and by `a`"),
        ([declare("a", "a", NoArgs, aliases=("b",)), declare("b", "b", NoArgs)], "`b` is claimed by `a` and by `b`"),
        (
            [declare("a", "a", NoArgs, synonyms=("c",)), declare("b", "b", NoArgs, aliases=("c",))],
            "`c` is claimed by `a` and by `b`",
        ),
        (
            [declare("a", "a", DestroyArgs, variants=(Variant("--soon", "soon"),))],
            "`a` declares a variant with --soon, and has no such flag",
        ),
    ],
    ids=["one name twice", "the name of another", "a word of another", "a flag that is not there"],
)
def test_contradictory_commands_are_rejected(commands: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CommandCatalogue(commands)
