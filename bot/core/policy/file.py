"""The schema of a policy file. Every error says what is allowed."""

import re
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from bot.core.alerts.thresholds import NotAThreshold, quota_thresholds, spike_factor
from bot.core.catalogue import CommandCatalogue
from bot.core.model import Confirm, Detail, QueryLiterals, Visibility
from bot.core.parsing.durations import NotADuration, parse_duration
from bot.core.policy.databases import GROUP
from bot.core.policy.document import quote


def wrong(sentence: str) -> PydanticCustomError:
    """Return an error with a whole sentence."""
    return PydanticCustomError("policy", "{sentence}", {"sentence": sentence})


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str | int) else value


def _duration(value: Any) -> timedelta:
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "takes a duration")  # `load` knows how it is written in the file
    try:
        return parse_duration(value)
    except NotADuration as error:
        raise wrong(f"takes a duration such as `30m`, `8h` or `7d`; {error}") from None


def _slack_id(first: str, what: str, example: str) -> BeforeValidator:
    matching = re.compile(rf"[{first}][A-Z0-9]+")

    def check(value: Any) -> str:
        if isinstance(value, str) and matching.fullmatch(value):
            return value
        raise wrong(f"{quote(value)} isn't {what}'s ID, and names aren't accepted; write an ID such as `{example}`")

    return BeforeValidator(check)


_PREFIXES = {"user": "UW", "usergroup": "S", "guest": "UW", "external": "UW"}


def _person(value: Any) -> str:
    """Check the form of a reference. `lint` checks whether a name is in `people`."""
    if not isinstance(value, str) or not value:
        raise wrong("takes names from `people`, or `user:U…`, `usergroup:S…`, `guest:U…`, `external:U…`")
    prefix, colon, id_ = value.partition(":")
    if not colon:
        return value
    if prefix not in _PREFIXES:
        raise wrong(f"`{prefix}:` is unknown; write `user:U…`, `usergroup:S…`, `guest:U…` or `external:U…`")
    first = _PREFIXES[prefix]
    if not re.fullmatch(rf"[{first}][A-Z0-9]+", id_):
        raise wrong(f"{quote(id_)} isn't an ID, and names aren't accepted; write `{prefix}:{first[0]}…`")
    return value


def _pattern(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise wrong("takes patterns of database names, such as `orders-*`, or `group:NAME`")
    if value.startswith(GROUP):
        if not re.fullmatch(r"group:[A-Za-z0-9_-]+", value):
            raise wrong(f"{quote(value)} names no group; write `group:NAME`")
    elif not re.fullmatch(r"[a-z0-9*?\[\]!-]+", value):
        raise wrong(
            f"{quote(value)} can't match any database; use lowercase letters, digits and dashes, and `*` for any text"
        )
    return value


def _command(value: Any, info: ValidationInfo) -> str:
    """Check the name of a command against the catalogue in the validation context."""
    catalogue = info.context
    assert isinstance(catalogue, CommandCatalogue), "`load` validates with a catalogue"
    if not isinstance(value, str):
        raise wrong(f"takes command names, such as `read` or `token --read-only`, not {quote(value)}")
    words = value.split()
    name = catalogue.canonical(" ".join(word for word in words if not word.startswith("-")))
    flags = [word for word in words if word.startswith("-")]
    if name == "read" and not flags:
        return name
    command = catalogue.find(name)
    if command is None and name not in catalogue.families:
        raise wrong(f"{quote(name)} isn't a command. {_did_you_mean(name, catalogue)}")
    allowed = command.flags if command else ()
    for flag in flags:
        if flag not in allowed:
            known = ", ".join(f"`{name} {one}`" for one in allowed) or f"`{name}` alone"
            raise wrong(f"rules can't depend on `{flag}`; write {known}")
    return " ".join([name, *sorted(flags)])


def _did_you_mean(name: str, catalogue: CommandCatalogue) -> str:
    from difflib import get_close_matches

    names = ["read", *catalogue.names]
    close = get_close_matches(name, names, 2)
    if close:
        return "Did you mean " + " or ".join(f"`{one}`" for one in close) + "?"
    return "Write `read`, " + ", ".join(f"`{one}`" for one in names if one not in (*catalogue.open_to_all, "read"))


def _token_reference(value: Any) -> str:
    """Check a reference to a token. The error never shows the value, which may be the token itself."""
    if isinstance(value, str) and re.fullmatch(r"env:TURSO_[A-Z0-9_]+", value):
        return value
    raise wrong(
        "takes a reference, never the token itself: `env:` and the name of a variable that begins with `TURSO_`"
    )


def _not_empty(values: list[str]) -> list[str]:
    if not values:
        raise wrong("is empty; name at least one, or leave out the key")
    return values


def _no_threshold(sentence: str) -> PydanticCustomError:
    """Return an error whose sentence also fits a number, since thresholds needn't be text."""
    return PydanticCustomError("threshold", "{sentence}", {"sentence": sentence})


def _quota(value: Any) -> tuple[int, ...]:
    try:
        return quota_thresholds(_one_or_more(value))
    except (NotAThreshold, TypeError):
        raise _no_threshold("takes percentages from 1 to 100, at most six, such as `[50, 80, 95]`") from None


def _spike(value: Any) -> float:
    try:
        return spike_factor(value)
    except NotAThreshold as error:
        raise _no_threshold(str(error)) from None


Duration = Annotated[timedelta, BeforeValidator(_duration)]
ChannelId = Annotated[str, _slack_id("CG", "a channel", "C0DBOPS")]
UserId = Annotated[str, _slack_id("UW", "a person", "U0ANA")]
UsergroupId = Annotated[str, _slack_id("S", "a user group", "S0DBA")]
WorkspaceId = Annotated[str, _slack_id("TE", "a workspace", "T0ACME")]
OrganizationName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
PeopleList = Annotated[
    list[Annotated[str, BeforeValidator(_person)]], BeforeValidator(_one_or_more), AfterValidator(_not_empty)
]
CommandList = Annotated[
    list[Annotated[str, BeforeValidator(_command)]], BeforeValidator(_one_or_more), AfterValidator(_not_empty)
]
DetailList = Annotated[
    list[Annotated[Detail, Field(strict=False)]], BeforeValidator(_one_or_more), AfterValidator(_not_empty)
]
PatternList = Annotated[list[Annotated[str, BeforeValidator(_pattern)]], BeforeValidator(_one_or_more)]


MOST_RULES: Final = 1_000
"""The maximum per channel or profile, because each rule is compared with all before it to find unreachable ones."""


class _Strict(BaseModel):
    """A mapping that allows only known keys."""

    model_config = ConfigDict(extra="forbid", strict=True)


class AlertsFile(_Strict):
    """The alerts that channels get without having turned them on."""

    channel: Annotated[list[ChannelId], BeforeValidator(_one_or_more), AfterValidator(_not_empty)]
    quota: Annotated[tuple[int, ...], BeforeValidator(_quota)] = ()
    spike: Annotated[float | None, BeforeValidator(_spike)] = None
    forecast: bool = False
    to: PeopleList | None = None


class OrganizationFile(_Strict):
    """One organization, with a reference to its API token."""

    token: Annotated[str, BeforeValidator(_token_reference)] = "env:TURSO_API_TOKEN"  # noqa: S105
    alerts: AlertsFile | None = None


class PeopleFile(_Strict):
    """Named people."""

    user: UserId | None = None
    users: list[UserId] = []
    usergroup: UsergroupId | None = None
    usergroups: list[UsergroupId] = []
    guest: UserId | None = None
    guests: list[UserId] = []
    external: UserId | None = None
    externals: list[UserId] = []


class RuleFile(_Strict):
    """One rule."""

    allow: CommandList | None = None
    approve: CommandList | None = None
    break_glass: CommandList | None = None
    deny: CommandList | None = None
    databases: PatternList | None = None
    to: PeopleList | None = None
    by: PeopleList | None = None
    quorum: Annotated[int, Field(ge=1, le=20)] | None = None
    notify: PeopleList | None = None
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
    """Limits for every channel."""

    token_lifetime: Duration | None = None
    deny: list[BanFile] = []


class ChannelFile(_Strict):
    """One channel."""

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
    """Settings for incidents in channels that the policy doesn't list."""

    to: PeopleList
    organization: OrganizationName | None = None
    databases: PatternList
    profile: str = "incident"
    longest: Duration = timedelta(hours=12)


class PolicyFile(_Strict):
    """A whole policy file."""

    version: Literal[1]
    organization: OrganizationName | None = None
    organizations: dict[OrganizationName, OrganizationFile] = {}
    workspace: Annotated[list[WorkspaceId], BeforeValidator(_one_or_more)] = []
    people: dict[str, PeopleFile] = {}
    ceiling: CeilingFile = CeilingFile()
    channels: dict[ChannelId, ChannelFile] = {}
    profiles: dict[str, ProfileFile] = {}
    incidents: IncidentsFile | None = None
    alerts: AlertsFile | None = None
    audit_head_channel: ChannelId | None = None
    policy_channel: ChannelId | None = None
