"""The catalogue of commands, by name, spelling and family. It is built from their declarations."""

from collections.abc import Collection, Iterable, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from bot.core.declaration import Declaration, IncidentRole
from bot.core.model import Risk
from bot.core.parsing.argument_schema import shape_of

_RISKS: Final = tuple(Risk)


class CommandCatalogue:
    """An index of declarations. `bot.commands` creates one of all commands, and each `Grammar` has one of its own."""

    def __init__(self, commands: Iterable[Declaration]) -> None:
        """Sort and index the commands.

        Raises:
            ValueError: two commands share a name, a spelling or a synonym. Or a command declares a flag that its
                arguments lack, or ends with a command that doesn't exist.
        """
        self.commands: Final = tuple(sorted(commands, key=lambda one: one.position))
        self._by_name: Final = {one.name: one for one in self.commands}
        _check(self.commands)
        self.families: Final = _families(self.commands)
        """Commands by the first word that they share, such as `incident`. In a rule, the word stands for all."""
        self.spellings: Final = _spellings(self.commands, self.families)
        self.synonyms: Final[Mapping[str, str]] = {word: one.name for one in self.commands for word in one.synonyms}
        self.open_to_all: Final = frozenset(one.name for one in self.commands if one.open_to_all)
        responders = {one.name for one in self.commands if one.for_responders}
        whole = {name for name, members in self.families.items() if {one.name for one in members} <= responders}
        self.for_responders: Final = frozenset(responders | whole)
        self.reading: Final = frozenset(one.name for one in self.commands if not one.changes)
        """Commands that neither change anything nor return a secret, so they need no approval or review."""
        self.read: Final = tuple(
            one.name for one in self.commands if one.risk is Risk.READ and one.name not in self.open_to_all
        )
        """The commands that `read` stands for in a rule."""
        self.quick: Final = tuple(one for one in self.commands if one.quick_label)
        """The commands whose forms have a button on `/turso` and Home."""
        self.home: Final = next((one.name for one in self.commands if not one.usage), "")
        """The command that an empty line runs."""

    @property
    def names(self) -> list[str]:
        """Return the names of all commands and families, each family before its first command."""
        families = {members[0].name: family for family, members in self.families.items()}
        names = (name for one in self.commands for name in (families.get(one.name), one.name) if name is not None)
        return list(dict.fromkeys(names))

    def find(self, name: str) -> Declaration | None:
        """Return the command with this name. None if there is none, for example because it was removed."""
        return self._by_name.get(name)

    def canonical(self, words: str) -> str:
        """Return the name that rules use for a command as typed without options: `destroy` for `db rm`."""
        name = " ".join(words.lower().split()).removeprefix("db ")
        return self.spellings.get(name, name)

    def risk_of(self, name: str, options: Collection[str] = ()) -> Risk:
        """Return the risk of a variant. A family has the highest risk of its commands.

        An unknown command has the risk of the family that its first word names, or else a high risk.
        """
        command = self.find(name)
        if command is None:
            family = self.families.get(name.partition(" ")[0], ())
            return max((one.risk for one in family), key=_RISKS.index, default=Risk.HIGH)
        variants = (one.risk for one in command.variants if one.risk is not None and one.flag in options)
        return next(variants, command.risk)

    def outcome_of(self, name: str) -> tuple[str, frozenset[str]] | None:
        """Return the command that a command runs at its end, such as a destroy, with flags. None if there is none."""
        command = self.find(name)
        return (command.ends_with[0], frozenset(command.ends_with[1:])) if command and command.ends_with else None

    def reveals(self, name: str) -> bool:
        """Return True for a command that returns a secret only to its requester."""
        command = self.find(name)
        return command is not None and command.reveals

    def offers_freeze(self, name: str) -> bool:
        """Return True for a command whose card offers a freeze."""
        command = self.find(name)
        return command is not None and command.offers_freeze

    def again_label_of(self, name: str) -> str:
        """Return the label of the button that repeats an operation with an unknown outcome. Empty if there is none."""
        command = self.find(name)
        return command.again_label if command else ""

    def incident_role_of(self, name: str) -> IncidentRole:
        """Return how a command affects an incident."""
        command = self.find(name)
        return command.incident if command else IncidentRole.NONE

    def label_of(self, name: str) -> str:
        """Return a command's label for buttons and titles. For a removed command, its name."""
        command = self.find(name)
        return command.label if command else name.capitalize()

    def purpose_of(
        self, name: str, options: Collection[str] = (), arguments: Mapping[str, Any] = MappingProxyType({})
    ) -> str:
        """Return the purpose of a variant, to follow `wants to`. Empty for reads and removed commands.

        Args:
            arguments: the plan's arguments, if there is a plan.
        """
        command = self.find(name)
        if command is None:
            return ""
        argument, purposes = command.purpose_by
        if exact := purposes.get(arguments.get(argument)):
            return exact
        return next((one.purpose for one in command.variants if one.purpose and one.flag in options), command.purpose)

    def about(self, key: str) -> list[str]:
        """Return the commands to which a key of a rule applies. Empty if it applies to all commands."""
        return [one.name for one in self.commands if key in one.policy_keys]


def _families(commands: tuple[Declaration, ...]) -> Mapping[str, tuple[Declaration, ...]]:
    first = sorted((one for one in commands if " " in one.name), key=lambda one: one.name.partition(" ")[0])
    grouped = {word: tuple(found) for word, found in groupby(first, key=lambda one: one.name.partition(" ")[0])}
    return MappingProxyType({word: found for word, found in grouped.items() if len(found) > 1})


def _spellings(commands: tuple[Declaration, ...], families: Mapping[str, tuple[Declaration, ...]]) -> Mapping[str, str]:
    """Return the command of each alias. Aliases that are also the name of a family are left out, because in a rule the
    name stands for the family.
    """
    spellings = {spelling: one.name for one in commands for spelling in one.aliases if spelling not in families}
    return MappingProxyType(spellings)


def _check(commands: tuple[Declaration, ...]) -> None:
    claimed: dict[str, str] = {}
    for one in commands:
        for spelling in (one.name, *one.aliases, *one.synonyms):
            if spelling in claimed:
                raise ValueError(f"`{spelling}` is claimed by `{claimed[spelling]}` and by `{one.name}`")
            claimed[spelling] = one.name
        known = {flag.label for flag in shape_of(one.args).flags}
        if unknown := [flag for flag in one.flags if flag not in known]:
            raise ValueError(f"`{one.name}` declares a variant with {', '.join(unknown)}, and has no such flag")
    for one in commands:
        if one.ends_with and one.ends_with[0] not in claimed:
            raise ValueError(f"`{one.name}` ends with `{one.ends_with[0]}`, which isn't a command")
