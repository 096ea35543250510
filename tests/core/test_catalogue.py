"""Commands have one name for the rules, however they are typed, and a risk that sub-commands inherit."""

from typing import Any

import pytest

from bot.core import catalogue
from bot.core.model import Risk


@pytest.mark.parametrize("name", catalogue.COMMANDS)
def test_every_name_is_its_own_canonical_name_with_and_without_db(name: Any) -> None:
    assert catalogue.canonical(name) == name
    assert catalogue.canonical(f"DB  {name.upper()}") == name


@pytest.mark.parametrize(("spelling", "name"), catalogue.SPELLINGS.items())
def test_every_spelling_leads_to_a_command(spelling: Any, name: Any) -> None:
    assert name in catalogue.COMMANDS
    assert catalogue.canonical(f"db {spelling}") == catalogue.canonical(spelling) == name


def test_risks() -> None:
    assert catalogue.risk_of("token") is Risk.MEDIUM
    assert catalogue.risk_of("token", read_only=True) is Risk.LOW
    assert catalogue.risk_of("incident extend") is catalogue.risk_of("incident")
    assert catalogue.risk_of("of tomorrow") is Risk.HIGH
