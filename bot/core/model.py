"""Values that most packages use: people, channels, databases, actions and decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from bot.core.approvers import ApproverSet


class Never:
    """The type of `NEVER`: the lifetime of a token that doesn't expire."""

    def __repr__(self) -> str:
        return "NEVER"


NEVER: Final = Never()
Lifetime = timedelta | Never


class Risk(StrEnum):
    """How much damage a command can do. Sets the style of its buttons and its default confirmation.

    In a policy, `read` stands for commands with the risk READ, and people on call can be limited to a risk.
    """

    READ = "read"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Verdict(StrEnum):
    """The policy's decision about an action."""

    ALLOW = "allow"
    APPROVE = "approve"
    BREAK_GLASS = "break_glass"
    DENY = "deny"


class Confirm(StrEnum):
    """What a person must press or type before a dangerous operation."""

    NONE = "none"
    BUTTON = "button"
    TYPE_NAME = "type-name"


class Visibility(StrEnum):
    """Who sees a reply that contains no secret."""

    CHANNEL = "channel"
    EPHEMERAL = "ephemeral"


class QueryLiterals(StrEnum):
    """Who sees the values in the queries that `triage` shows."""

    HIDDEN = "hidden"
    REQUESTER = "requester"


@dataclass(frozen=True, slots=True)
class Person:
    """A person, as Slack's `users.info` describes them. May also be a bot."""

    id: str
    team_id: str
    name: str = ""
    tz: str = "UTC"
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    """True for a member of another workspace or organization than the bot's."""
    is_deactivated: bool = False
    enterprise_user_id: str = ""
    """Their ID in an Enterprise Grid organization. There they also have an ID in each workspace."""

    @property
    def human(self) -> str:
        """Return an ID that all accounts of a person share, so that nobody can approve their own request."""
        return self.enterprise_user_id or self.id


class ChannelKind(StrEnum):
    """The kind of a conversation."""

    CHANNEL = "channel"
    DM = "dm"
    GROUP_DM = "group_dm"


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation, as Slack's `conversations.info` describes it."""

    id: str
    kind: ChannelKind = ChannelKind.CHANNEL
    name: str = ""
    is_private: bool = False
    is_ext_shared: bool = False
    is_archived: bool = False
    bot_is_member: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """A person in a channel, with everything that a decision needs to know about them."""

    person: Person
    channel: Channel
    groups: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    """The members of the user groups and on-call schedules on which decisions in the channel may depend, by ID or key.

    None if they couldn't be looked up. Then an action that depends on them is denied.
    """
    incident_profile: str | None = None
    """The profile of the channel's active incident."""


@dataclass(frozen=True, slots=True)
class Target:
    """A logical database, with what the policy needs to know about it: its name, and its group if known."""

    name: str
    group: str | None = None
    sources: tuple[str, ...] = ()
    """The names of the databases from which it was branched, nearest first. It contains their data.

    So a rule that allows an action must cover each of these names, too, and a denial for one of them is enough.
    """


@dataclass(frozen=True, slots=True)
class Action:
    """What a person wants to do."""

    command: str
    """The command's name in rules: `list`, `token`, `destroy`, `policy explain`."""
    options: frozenset[str] = frozenset()
    """The flags that are set, such as `--now` and `--read-only`."""
    databases: tuple[Target, ...] = ()
    """Every database that the action affects or shows.

    Empty if it is about no particular database. Then it is limited to the channel's databases.
    """
    lifetime: Lifetime | None = None
    """The requested lifetime of a token."""
    organization: str = ""
    """The organization, if it was decided earlier, as in a stored plan.

    Empty means the channel's organization in the current policy.
    """


_NOBODY: Final = ApproverSet()


class Detail(StrEnum):
    """What a rule can require the requester to give."""

    REASON = "reason"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reason and the settings of the rule that decided."""

    verdict: Verdict
    reason: str
    """Sentences for people and the audit log: why, and what to do. They name no other channels and no IDs."""
    rule: str | None = None
    """The place of what decided, with a rule's text: `channels.C0DBOPS.rules[3]: …`. `floor` for the built-in limits.

    None if no rule matches.
    """
    approvers: ApproverSet = _NOBODY
    """Who may approve. Never the requester."""
    quorum: int = 0
    confirm: Confirm = Confirm.NONE
    expires: timedelta = timedelta(hours=1)
    start_within: timedelta = timedelta(hours=1)
    """The maximum age of the approval or confirmation when the change is sent. Without either, of the request."""
    max_lifetime: timedelta | None = None
    allow_never: bool = False
    requires: frozenset[Detail] = frozenset()
    """What the requester must give, such as a reason."""
    countdown: timedelta = timedelta(hours=24)
    undo_by: ApproverSet = _NOBODY
    notify: tuple[str, ...] = ()
    """Slack mentions, such as `<@U0ANA>` and `<!subteam^S0DBA>`, and the keys of on-call schedules."""
    direct_message: bool = False
    """Whether the people in `notify` also get a direct message."""
    escalation: tuple[tuple[str, ...], ...] = ()
    """The additional mentions in each reminder after the first, until someone responds.

    Also set if too few people can approve now, because a pending request is still escalated.
    """
    reviewers: ApproverSet = _NOBODY
    """The reviewers whom the rule names, even if it denies because nobody can review now."""
    review_within: timedelta | None = None
    blocks_while_owed: bool = False
    visibility: Visibility = Visibility.CHANNEL
    elsewhere: bool = False
    """True if another channel may allow the action. The reply then suggests channels that the reader is in."""

    @property
    def allowed(self) -> bool:
        """Return True if the action needs no approval. It may still need a confirmation."""
        return self.verdict in (Verdict.ALLOW, Verdict.BREAK_GLASS)

    def missing(self, *, reason: str | None, ticket: str | None) -> list[Detail]:
        """Return what the rule requires and the requester didn't give."""
        given = {Detail.REASON: reason, Detail.TICKET: ticket}
        return [detail for detail in Detail if detail in self.requires and not given[detail]]
