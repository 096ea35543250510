"""The schema of a policy file."""

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.core.model import Confirm, QueryLiterals, Risk, Visibility
from bot.core.oncall import Provider
from bot.core.policy.file_values import (
    ChannelId,
    CommandList,
    DetailList,
    Duration,
    OrganizationName,
    PatternList,
    PeopleList,
    ProviderId,
    UsergroupId,
    UserId,
    WorkspaceId,
    link_pattern,
    not_empty,
    one_or_more,
    read_quota,
    read_spike,
    risk_of_a_change,
    token_reference,
    wrong,
)

MOST_RULES: Final = 1_000
"""The maximum number of rules per channel or profile, because each is compared with all earlier ones when loaded."""


class _Strict(BaseModel):
    """Base class of mappings that allow only known keys."""

    model_config = ConfigDict(extra="forbid", strict=True)


class AlertsFile(_Strict):
    """The alerts that are on in channels by default."""

    channel: Annotated[list[ChannelId], BeforeValidator(one_or_more), AfterValidator(not_empty)]
    quota: Annotated[tuple[int, ...], BeforeValidator(read_quota)] = ()
    spike: Annotated[float | None, BeforeValidator(read_spike)] = None
    forecast: bool = False
    to: PeopleList | None = None


class OrganizationFile(_Strict):
    """One organization, with a reference to its API token."""

    token: Annotated[str, BeforeValidator(token_reference)] = "env:TURSO_API_TOKEN"  # noqa: S105
    alerts: AlertsFile | None = None


class OnCallFile(_Strict):
    """A schedule or an escalation policy. It stands for the people who are on call."""

    provider: Annotated[Provider, Field(strict=False)]
    schedule: ProviderId | None = None
    escalation_policy: ProviderId | None = None
    level: Annotated[int, Field(ge=1, le=50)] | None = None
    risk: Annotated[Risk, Field(strict=False), AfterValidator(risk_of_a_change)] = Risk.HIGH

    @property
    def source(self) -> str:
        """Return the ID of the schedule or of the escalation policy."""
        return self.schedule or self.escalation_policy or ""


class PeopleFile(_Strict):
    """An entry of `people`: a name for people by ID, user groups or a schedule."""

    user: UserId | None = None
    users: list[UserId] = []
    usergroup: UsergroupId | None = None
    usergroups: list[UsergroupId] = []
    guest: UserId | None = None
    guests: list[UserId] = []
    external: UserId | None = None
    externals: list[UserId] = []
    oncall: OnCallFile | None = None
    may_delegate_to: PeopleList | None = None


class RuleFile(_Strict):
    """A rule of a channel or a profile, with exactly one of the four verdicts."""

    allow: CommandList | None = None
    approve: CommandList | None = None
    break_glass: CommandList | None = None
    deny: CommandList | None = None
    databases: PatternList | None = None
    to: PeopleList | None = None
    by: PeopleList | None = None
    quorum: Annotated[int, Field(ge=1, le=20)] | None = None
    notify: PeopleList | None = None
    direct_message: bool | None = None
    escalate_to: PeopleList | None = None
    confirm: Annotated[Confirm, Field(strict=False)] | None = None
    expires: Duration | None = None
    start_within: Duration | None = None
    requires: DetailList | None = None
    max_lifetime: Duration | None = None
    allow_never: bool | None = None
    countdown: Duration | None = None
    undo_by: PeopleList | None = None
    visibility: Annotated[Visibility, Field(strict=False)] | None = None
    review_by: PeopleList | None = None
    review_within: Duration | None = None
    blocks_while_owed: bool | None = None


def _not_too_many(value: list[RuleFile]) -> list[RuleFile]:
    if len(value) > MOST_RULES:
        raise wrong(
            f"takes at most {MOST_RULES:,} rules, and this has {len(value):,}; split them into profiles or channels"
        )
    return value


RuleList = Annotated[list[RuleFile], AfterValidator(_not_too_many)]


class BanFile(_Strict):
    """One entry of `ceiling.deny`."""

    commands: CommandList
    databases: PatternList | None = None


class CeilingFile(_Strict):
    """Limits that apply in every channel."""

    token_lifetime: Duration | None = None
    deny: list[BanFile] = []


class ChannelFile(_Strict):
    """The rules and settings of a channel."""

    organization: OrganizationName | None = None
    databases: PatternList = []
    rules: RuleList = []
    profile: str | None = None
    visibility: Annotated[Visibility, Field(strict=False)] = Visibility.CHANNEL
    externally_shared: bool = False
    query_literals: Annotated[QueryLiterals, Field(strict=False)] = QueryLiterals.HIDDEN


class ProfileFile(_Strict):
    """Named rules, for incidents and for channels."""

    rules: RuleList


class IncidentsFile(_Strict):
    """Settings for incidents. All but `profile` and `longest` are for channels that the policy doesn't list."""

    to: PeopleList
    organization: OrganizationName | None = None
    databases: PatternList
    profile: str = "incident"
    longest: Duration = timedelta(hours=12)


class LinksFile(_Strict):
    """Patterns of the URLs of tickets and incidents in other systems."""

    ticket: Annotated[str, BeforeValidator(link_pattern)] = ""
    incident: Annotated[str, BeforeValidator(link_pattern)] = ""


class PolicyFile(_Strict):
    """A whole policy file."""

    version: Literal[1]
    organization: OrganizationName | None = None
    organizations: dict[OrganizationName, OrganizationFile] = {}
    workspace: Annotated[list[WorkspaceId], BeforeValidator(one_or_more)] = []
    people: dict[str, PeopleFile] = {}
    oncall_users: dict[Annotated[Provider, Field(strict=False)], dict[ProviderId, UserId]] = {}
    ceiling: CeilingFile = CeilingFile()
    channels: dict[ChannelId, ChannelFile] = {}
    profiles: dict[str, ProfileFile] = {}
    incidents: IncidentsFile | None = None
    alerts: AlertsFile | None = None
    links: LinksFile = LinksFile()
    audit_head_channel: ChannelId | None = None
    policy_channel: ChannelId | None = None
