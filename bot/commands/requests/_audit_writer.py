"""Writes the people, databases and purposes of audit entries, as markup for Slack or as text for a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.blocks.text import actor, mrkdwn
from bot.core.catalogue import CommandCatalogue
from bot.core.records.audit_entry import TIMER, AuditEntry

SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Writer:
    """How people and names are written: as escaped markup for Slack, or as text that the caller escapes."""

    person: Callable[[str], str]
    code: Callable[[str], str]
    databases: Callable[[AuditEntry], Sequence[str]]
    """Returns the databases of an entry whose names the reader may see."""
    catalogue: CommandCatalogue

    def names(self, entry: AuditEntry) -> str:
        """Return the databases of an entry, shortened to `SHOWN` and the number of others.

        If the command may affect databases that nobody named, return only its target. `others` returns the rest.
        """
        every = entry.databases[:1] if self._reaches_others(entry) else entry.databases
        seen = [name for name in self.databases(entry) if name in every][:SHOWN]
        return self._listed(seen, len(every), "database")

    def others(self, entry: AuditEntry) -> str:
        """Return the databases that an entry's command may also affect. Names them only if the target is hidden."""
        if not self._reaches_others(entry):
            return ""
        target, rest = entry.databases[:1], entry.databases[1:]
        visible = list(self.databases(entry))
        seen = [] if set(target) & set(visible) else [name for name in visible if name in rest][:SHOWN]
        return self._listed(seen, len(rest), "other database")

    def _reaches_others(self, entry: AuditEntry) -> bool:
        command = self.catalogue.find(entry.command)
        return command is not None and command.reaches_others and "{}" in command.purpose

    def _purpose(self, entry: AuditEntry) -> str:
        return self.catalogue.purpose_of(entry.command)

    def _listed(self, seen: Sequence[str], count: int, noun: str) -> str:
        shown, more = ", ".join(self.code(name) for name in seen), count - len(seen)
        if more <= 0:
            return shown
        return f"{shown} and {more} more" if shown else f"{more} {noun}{'s' if more > 1 else ''}"

    def to_do(self, entry: AuditEntry) -> str:
        """Return the operation of an entry, to follow `to`: `destroy analytics`."""
        names = self.names(entry)
        template, general = self.catalogue.purpose_of(entry.command, (), entry.detail), self._purpose(entry)
        if "{}" in template and "{}" not in general:  # it is about the whole organization
            return template.replace("{}", self.code(entry.organization)) if entry.organization else general
        if not template or ("{}" in template and not names):
            return f"use {self.code(entry.command or 'the bot')}{f' on {names}' if names else ''}"
        return template.replace("{}", names)

    def requester(self, entry: AuditEntry) -> str:
        """Return the requester: the person who acted, unless the entry names another one."""
        return str(entry.detail.get("asker") or entry.user_id)

    def request(self, entry: AuditEntry) -> str:
        """Return whose request it is and for what: `Dana's request to destroy analytics`, or `the request to …`."""
        whose = self.requester(entry)
        if whose in ("", TIMER):
            return f"the request to {self.to_do(entry)}"
        return f"{self.person(whose)}'s request to {self.to_do(entry)}"


def slack_writer(databases: Callable[[AuditEntry], Sequence[str]], catalogue: CommandCatalogue) -> Writer:
    """Return a writer for Slack messages."""
    return Writer(actor, lambda text: mrkdwn("`{}`", text), databases, catalogue)
