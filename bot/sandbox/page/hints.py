"""The composer's suggestions: slash commands, the bot's commands, people, user groups and channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from bot.sandbox.workspace.model import Person
from bot.sandbox.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CommandHint:
    """A command of the bot. `usage` begins with the words to type (`db freeze NAME [--for 30m]`)."""

    name: str
    usage: str
    summary: str
    aliases: tuple[str, ...] = ()

    @property
    def command_words(self) -> str:
        """Return the words of the usage before its first argument, or the command's name if there are none."""
        words = takewhile(lambda word: word.isalpha() and word.islower(), self.usage.split())
        return " ".join(words) or self.name

    @property
    def spellings(self) -> list[str]:
        """Return every way to type the command: its name and its aliases, each also with `db` before it."""
        return [f"{family}{one}" for one in (self.name, *self.aliases) for family in ("", "db ")]


def hints_for(workspace: Workspace, person: Person, commands: Sequence[CommandHint]) -> dict[str, Any]:
    """Return the suggestions for one person's composer. People of other workspaces get no commands."""
    here = person.team_id == workspace.state.team_id
    slash = workspace.app.commands.values() if here else ()
    people = [each for each in workspace.people.values() if not each.deleted]
    return {
        "slash": [
            {"command": each.command, "usage_hint": each.usage_hint, "description": each.description} for each in slash
        ],
        "commands": [
            {
                "name": each.command_words,
                "spellings": each.spellings,
                "usage": each.usage,
                "summary": each.summary,
            }
            for each in (commands if here else ())
            if each.usage
        ],
        "people": [{"name": each.name, "about": each.real_name} for each in people if each.id != person.id]
        + [{"name": group.handle, "about": group.name} for group in workspace.usergroups.values()],
        "channels": [
            {"name": each.name, "about": each.purpose} for each in workspace.channels_of(person.id) if not each.is_im
        ],
    }
