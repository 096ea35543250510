"""What a command says about itself: everything but how it works. Rules, parsing, cards, help and documents read it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pydantic import BaseModel

from bot.core.model import Risk

LAST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Variant:
    """A form of a command that rules tell apart by a flag."""

    flag: str
    """`--read-only`; empty: the form without any of the flags."""
    words: str
    """What it is called where somebody's rights are listed: `full access`."""
    risk: Risk | None = None
    """Where it differs from the command's."""
    purpose: str = ""
    """Where it differs from the command's: `create a read-only token for {}`."""


class IncidentRole(StrEnum):
    """What a command does to an incident, which its plan names as `arguments["incident_id"]`."""

    NONE = "none"
    STARTS = "starts"
    """Also: moves its end."""
    ENDS = "ends"


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A command as rules, parsing, cards, help and documents see it."""

    name: str
    """As rules write it: `list`, `show`, `policy explain`."""
    usage: str
    """As people type it after `/turso`: `db list [FILTER] [--group G]`. Empty: what an empty line means."""
    summary: str
    args: type[BaseModel]
    risk: Risk
    position: int = LAST
    """Where it stands in help, in lists of rights and in the documentation: smaller numbers come first."""
    verb: str = ""
    """For buttons and titles, about 20 characters: `Freeze writes`. Empty: the name with a capital letter."""
    purpose: str = ""
    """What somebody wants to do with it, to follow `wants to`, with the databases for `{}`: `freeze {}`."""
    aliases: tuple[str, ...] = ()
    """Other spellings: `rm`, which means `db rm`, too."""
    synonyms: tuple[str, ...] = ()
    """Words that people use for it: suggested, never taken for it."""
    variants: tuple[Variant, ...] = ()
    """The forms that rules tell apart, the one without a flag first. Empty: there is one form."""
    policy_keys: tuple[str, ...] = ()
    """The keys of a rule that are about this command: `countdown`."""
    open_to_all: bool = False
    """Every member of the workspace may use it, in every conversation."""
    for_responders: bool = False
    """Whom `incidents.to` names may use it in a channel that the policy does not bind."""
    reaches_others: bool = False
    """It touches more databases than it names: its plan says which."""
    removes_target: bool = False
    """Its target is gone afterwards, and with it every hold."""
    undoes: bool = False
    """Its plan names, as `arguments["request_id"]`, a quarantine that the pipeline undoes instead."""
    makes_name: bool = False
    """Its `NAME` is new: a form has it typed, not chosen."""
    again_label: str = ""
    """For the button that asks for the same again while its outcome is not known. Empty: there is no such button."""
    offers_freeze: bool = False
    """Its card offers to freeze the database first: it may take an hour, and a leak does not wait."""
    incident: IncidentRole = IncidentRole.NONE
    hidden: bool = False
    changes: bool = field(default=False, init=False)
    """It changes something, so that it may need approval."""
    reveals: bool = field(default=False, init=False)
    """It ends with a secret for its requester alone, who reveals it."""

    @property
    def label(self) -> str:
        """What the command is called on buttons and in titles."""
        return self.verb or self.name.capitalize()

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that a rule may name behind the command."""
        return tuple(variant.flag for variant in self.variants if variant.flag)
