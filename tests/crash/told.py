"""Finds the messages in Slack that tell a person that their action isn't recorded."""

from bot.sandbox.workspace.model import Message
from bot.sandbox.workspace.records import Acted
from tests.scenarios.forging import private_messages
from tests.world import World, words

NOT_RECORDED = ("couldn't be saved", "whether this was saved")
"""Parts of what a person must read about a command, press or form that isn't recorded, or may not be."""


def notes_to(world: World, person_id: str) -> list[Message]:
    """Return the messages that tell this person that something isn't recorded, or may not be."""
    return [one for one in private_messages(world, person_id) if _says_so(words(one))]


def is_told_in_response(acted: Acted) -> bool:
    """Return True if the response to a command or form says that it isn't recorded, or may not be."""
    return any(_says_so(text) for text in (words(acted.message), *acted.errors.values()))


def was_told(world: World, acted: Acted, *, notes_before: int) -> bool:
    """Return True if the person was told that their action isn't recorded, or may not be.

    Args:
        notes_before: how many such messages the person had before the action.
    """
    person_id = acted.delivery.person_id if acted.delivery is not None else None
    is_noted = person_id is not None and len(notes_to(world, person_id)) > notes_before
    return is_noted or is_told_in_response(acted)


def _says_so(text: str) -> bool:
    return any(part in text for part in NOT_RECORDED)
