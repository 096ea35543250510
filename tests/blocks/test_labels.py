"""An option that means different things in different commands has a different label in each."""

import pytest
from pydantic import BaseModel

from bot.blocks.inputs import label_of
from bot.commands import COMMANDS
from bot.core.parsing.argument_schema import shape_of


@pytest.mark.parametrize(
    ("command", "key", "label"),
    [
        ("alert on", "to", "People or user groups to mention"),
        ("away", "to", "Person who can approve for you"),
        ("requests", "mine", "Only my requests"),
        ("tokens", "mine", "Only my tokens"),
        ("overages", "on", "On or off"),
        ("protect", "on", "Delete protection"),
    ],
)
def test_a_label_says_what_the_option_means_in_this_command(command: str, key: str, label: str) -> None:
    (spec,) = (one for one in COMMANDS if one.name == command)

    model: type[BaseModel] = spec.args
    assert label_of(shape_of(model).by_key[key]) == label
