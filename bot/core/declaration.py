"""The declaration of a command: everything except its behavior. Policy, parsing, cards, help and docs read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel

from bot.core.model import Risk

LAST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant of a command that rules distinguish by a flag."""

    flag: str
    """The flag, such as `--read-only`. Empty for the variant without a flag."""
    words: str
    """The variant's name in lists of permissions: `full access`."""
    risk: Risk | None = None
    """Set only if it differs from the command's."""
    purpose: str = ""
    """Set only if it differs from the command's: `create a read-only token for {}`."""


class IncidentRole(StrEnum):
    """How a command affects an incident, which its plan names as `arguments["incident_id"]`."""

    NONE = "none"
    STARTS = "starts"
    """The command starts or extends an incident."""
    ENDS = "ends"


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """The declaration of a command."""

    name: str
    """The name in rules: `list`, `show`, `policy explain`."""
    usage: str
    """How people type it after `/turso`: `db list [FILTER] [--group G]`.

    Empty for the command that an empty line runs.
    """
    summary: str
    args: type[BaseModel]
    risk: Risk
    position: int = LAST
    """The command's place in help, lists of permissions and docs. Smaller numbers come first."""
    verb: str = ""
    """The label on buttons and in titles, such as `Freeze writes`. If empty, the capitalized name is used."""
    quick_label: str = ""
    """The label of the button on `/turso` and Home that opens its form. Empty if there is no such button."""
    purpose: str = ""
    """A phrase that follows `wants to`. `{}` stands for the databases: `freeze {}`."""
    purpose_by: tuple[str, Mapping[Any, str]] = ("", MappingProxyType({}))
    """The name of an argument of the plan, and a more exact purpose for each of its values."""
    aliases: tuple[str, ...] = ()
    """Other spellings. `rm` also means `db rm`."""
    synonyms: tuple[str, ...] = ()
    """Words that people use for this command. They aren't accepted, but lead to a suggestion."""
    variants: tuple[Variant, ...] = ()
    """The variants that rules distinguish, with the one without a flag first. Empty if there is only one."""
    policy_keys: tuple[str, ...] = ()
    """Keys of a rule that apply only to such commands, such as `countdown`."""
    open_to_all: bool = False
    """True if every member of the workspace may use it in every conversation.

    The exception is a channel shared with another organization, which the policy must open with `externally_shared`.
    """
    for_responders: bool = False
    """True if the people in the policy's `incidents.to` may use it in a channel without rules."""
    reaches_others: bool = False
    """True if it may affect databases that it doesn't name. Its plan lists them."""
    removes_target: bool = False
    """True if its target no longer exists afterwards, so that the target's holds are released."""
    ends_with: tuple[str, ...] = ()
    """The command that it runs at its end, with flags: `("destroy", "--now")`.

    Where a rule or the ceiling denies that one, this one is denied, too.
    """
    undoes: bool = False
    """True if the pipeline undoes the quarantine that its plan names as `arguments["request_id"]`."""
    makes_name: bool = False
    """True if `NAME` is a new name, for which a form has a text field."""
    again_label: str = ""
    """The label of the button that repeats it while its outcome is unknown. Empty if there is no such button."""
    offers_freeze: bool = False
    """True if its card offers a freeze, because the operation may take an hour, too long if a token has leaked."""
    incident: IncidentRole = IncidentRole.NONE
    hidden: bool = False
    changes: bool = field(default=False, init=False)
    """True if it changes something or returns a secret, so that it may need approval."""
    reveals: bool = field(default=False, init=False)
    """True if it returns a secret that only its requester can reveal."""

    @property
    def label(self) -> str:
        """Return the label for buttons and titles."""
        return self.verb or self.name.capitalize()

    @property
    def flags(self) -> tuple[str, ...]:
        """Return the flags that a rule may add to the command."""
        return tuple(variant.flag for variant in self.variants if variant.flag)
