"""A public answer names the person and the command. An error is shown only to the requester."""

from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.blocks.inputs import has_type
from bot.commands import COMMANDS
from bot.commands.base import Command, ReadCommand
from bot.core.parsing.argument_schema import shape_of
from bot.core.parsing.arguments import DatabaseName
from bot.sandbox.workspace.model import Message
from tests.scenarios import forging
from tests.scenarios.generated import LINES
from tests.world import ANA, BEN, DANA, DB_OPS, ORDERS, World, marked_up, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
UNKNOWN = "nope-there-is-none"
READING = [one for one in COMMANDS if isinstance(one, ReadCommand) and not one.open_to_all]
ANSWERED_PRIVATELY = {"requests", "policy explain", "doctor", "incident report"}
"""Commands whose answers in this test are shown only to the person: always, or because there is nothing to show."""


def head(message: Message) -> str:
    """Return the text of a message's first block if it is a context block, and otherwise an empty string."""
    first = message.blocks[0]
    return str(first["elements"][0]["text"]) if first["type"] == "context" else ""


def public(world: World, channel: str = DB_OPS) -> list[Message]:
    return [one for one in world.workspace.history(channel, None) if not one.only_for]


@pytest.mark.parametrize("command", READING, ids=lambda one: one.name)
async def test_a_public_answer_says_who_ran_which_command(world: World, command: ReadCommand[Any]) -> None:
    line = LINES[command.name][0].replace("{}", "orders")
    before = {one.ts for one in world.workspace.history(DB_OPS, BEN)}
    private_before = len(forging.private_messages(world, BEN))

    await forging.forge_command(world, BEN, DB_OPS, line)

    def new() -> list[Message]:
        return [one for one in public(world) if one.ts not in before]

    await until(lambda: new() or len(forging.private_messages(world, BEN)) > private_before, what="an answer")
    await world.wait_until_idle()
    assert bool(new()) is (command.name not in ANSWERED_PRIVATELY)
    for message in new():
        assert head(message) == f"<@{BEN}> · `{line}`"
        assert marked_up(message).count(f"· `{line}`") == 1
    for message in forging.private_messages(world, BEN)[private_before:]:
        assert f"· `{line}`" not in marked_up(message)


async def test_after_a_person_turned_the_page_of_a_list_it_names_that_person(world: World) -> None:
    await world.create_databases(*(f"turned-{at:02}" for at in range(60)))
    listed = await world.person(DANA).types("/turso ls turned", holding="turned-01")
    assert head(listed) == f"<@{DANA}> · `ls turned`"

    await world.person(BEN).presses("Next ›", listed)
    turned = await world.wait_for_content(listed, button="‹ Previous")

    assert head(turned).startswith(f"<@{BEN}> · `")


async def test_an_updated_card_still_names_the_requester(world: World) -> None:
    await world.create_databases("drawn-again")
    card = await world.person(DANA).types("/turso triage drawn-again", holding="drawn-again")
    assert head(card) == f"<@{DANA}> · `triage drawn-again`"

    was = card.edited_ts
    request = await world.person(DANA).types("/turso freeze drawn-again --for 30m", holding="Approve")
    await world.person(ANA).presses_and_reads("Approve", request)
    await until(lambda: world.current(card).edited_ts != was, what="the updated card")

    assert head(world.current(card)) == f"<@{DANA}> · `triage drawn-again`"


def _names_of(command: Command) -> list[str]:
    """Return, for each argument that takes an existing database, what is typed before the name: a flag or nothing."""
    fields: dict[str, FieldInfo] = command.args.model_fields
    args: type[BaseModel] = command.args
    shape = shape_of(args)
    labels = [shape.by_key[info.alias or name].label for name, info in fields.items() if has_type(info, DatabaseName)]
    return [f"{label} " if label.startswith("--") else "" for label in labels]


LINES_TO_A_NAME = [f"{one.name} {option}" for one in READING for option in _names_of(one)]
"""The lines of reading commands that take a database, up to its name: `show `, and `audit --db ` for a flag."""


@pytest.mark.parametrize("line", LINES_TO_A_NAME)
@pytest.mark.parametrize("channel", [DB_OPS, ORDERS])
async def test_a_missing_database_is_reported_only_to_the_requester(world: World, line: str, channel: str) -> None:
    before = {one.ts for one in public(world, channel)}

    answer = await forging.answer_to(world, DANA, forging.forge_command(world, DANA, channel, f"{line}{UNKNOWN}"))

    await world.wait_until_idle()
    assert UNKNOWN in words(answer)
    assert answer.only_for == DANA
    assert not [one for one in public(world, channel) if one.ts not in before]


async def test_the_reading_commands_that_take_a_database_are_found() -> None:
    assert {one.split()[0] for one in LINES_TO_A_NAME} >= {"show", "usage", "triage", "tokens", "audit"}
