"""The values that every package uses: people, channels, databases, actions and decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from bot.core.approvers import ApproverSet


class Never:
    """An expiration without end. There is one, `NEVER`."""

    def __repr__(self) -> str:
        return "NEVER"


NEVER: Final = Never()
Lifetime = timedelta | Never


class Risk(StrEnum):
    """How much a command can hurt. It sets style and confirmation; rights come from the policy."""

    READ = "read"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Verdict(StrEnum):
    """What the rules say of an action."""

    ALLOW = "allow"
    APPROVE = "approve"
    BREAK_GLASS = "break_glass"
    DENY = "deny"


class Confirm(StrEnum):
    """What must be pressed or typed before something dangerous goes on."""

    NONE = "none"
    BUTTON = "button"
    TYPE_NAME = "type-name"


class Visibility(StrEnum):
    """Who sees an answer that is not secret."""

    CHANNEL = "channel"
    EPHEMERAL = "ephemeral"


class QueryLiterals(StrEnum):
    """Who sees the values in the statements that `triage` shows."""

    HIDDEN = "hidden"
    REQUESTER = "requester"


@dataclass(frozen=True, slots=True)
class Person:
    """A human (or what poses as one), as Slack's `users.info` describes them now."""

    id: str
    team_id: str
    name: str = ""
    tz: str = "UTC"
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    """Of another workspace or organization than the one the bot is installed in."""
    is_deactivated: bool = False
    enterprise_user_id: str = ""
    """Their id in an Enterprise Grid organization, where an account has one in each workspace besides."""

    @property
    def human(self) -> str:
        """Return one ID per human, so that people cannot approve their own request through a second account ID."""
        return self.enterprise_user_id or self.id


class ChannelKind(StrEnum):
    """What kind of conversation it is."""

    CHANNEL = "channel"
    DM = "dm"
    GROUP_DM = "group_dm"


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation, as Slack's `conversations.info` describes it now."""

    id: str
    kind: ChannelKind = ChannelKind.CHANNEL
    name: str = ""
    is_private: bool = False
    is_ext_shared: bool = False
    is_archived: bool = False
    bot_is_member: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks, and where they stand."""

    person: Person
    channel: Channel
    groups: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    """The members of each user group that the policy names; None: could not be checked (then it counts as empty)."""
    incident_profile: str | None = None
    """The profile of the incident that runs in this channel now."""


@dataclass(frozen=True, slots=True)
class Target:
    """A logical database as the rules see it: its name, and its group where that is known."""

    name: str
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody wants to do."""

    command: str
    """A command's name as rules write it: `list`, `token`, `destroy`, `policy explain`."""
    options: frozenset[str] = frozenset()
    """Flags as typed, such as `--now` and `--read-only`: only those that are set."""
    databases: tuple[Target, ...] = ()
    """Every database it touches. Empty: none in particular; then the databases of the channel are the limit."""
    lifetime: Lifetime | None = None
    """What a token command asks for."""
    organization: str = ""
    """Whose databases it is about, where that was settled before. Empty: those of the channel, as the policy is now."""


_NOBODY: Final = ApproverSet()


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reason, and what follows from the rule that decided."""

    verdict: Verdict
    reason: str
    """One sentence for people and the audit log: why, and what now. It names no other channel, and nothing by id."""
    rule: str | None = None
    """Where the rule stands and what it says, such as `channels.C0DBOPS.rules[3]`."""
    approvers: ApproverSet = _NOBODY
    """Who may approve: never the one who asks and receives."""
    quorum: int = 0
    confirm: Confirm = Confirm.NONE
    expires: timedelta = timedelta(hours=1)
    start_within: timedelta = timedelta(hours=1)
    """How old an approval or a confirmation may be when the change is sent."""
    max_lifetime: timedelta | None = None
    allow_never: bool = False
    countdown: timedelta = timedelta(hours=24)
    undo_by: ApproverSet = _NOBODY
    notify: tuple[str, ...] = ()
    """Slack mentions, such as `<@U0ANA>` and `<!subteam^S0DBA>`."""
    reviewers: ApproverSet = _NOBODY
    review_within: timedelta | None = None
    blocks_while_owed: bool = False
    visibility: Visibility = Visibility.CHANNEL
    elsewhere: bool = False
    """A no of this channel alone: another one may allow it. The answer names those that its reader is in."""

    @property
    def allowed(self) -> bool:
        """True when the action may go on at once."""
        return self.verdict in (Verdict.ALLOW, Verdict.BREAK_GLASS)
