"""No two inputs of a form have the same label."""

import pytest

from bot.blocks.forms import form_view
from bot.commands import COMMANDS
from bot.commands.base import Command
from bot.core.model import Decision, Verdict


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
@pytest.mark.parametrize("verdict", [Verdict.ALLOW, Verdict.BREAK_GLASS])
def test_no_two_inputs_of_a_form_have_the_same_label(command: Command, verdict: Verdict) -> None:
    view = form_view(command, {}, "i-1", Decision(verdict, ""))
    labels = [block["label"]["text"] for block in view["blocks"] if block["type"] == "input"]
    assert len(labels) == len(set(labels))
