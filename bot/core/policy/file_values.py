"""Validators of the values in a policy file. Their error messages say what is allowed."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from bot.core.alerts.thresholds import NotAThreshold, quota_thresholds, spike_factor
from bot.core.catalogue import CommandCatalogue
from bot.core.links import KEY, is_pattern
from bot.core.model import Detail, Risk
from bot.core.oncall import SCHEDULE_ID
from bot.core.parsing.durations import NotADuration, parse_duration
from bot.core.policy.databases import GROUP
from bot.core.policy.document import quote


def wrong(sentence: str) -> PydanticCustomError:
    """Return an error with a sentence that says what is wrong and what is allowed."""
    return PydanticCustomError("policy", "{sentence}", {"sentence": sentence})


def one_or_more(value: Any) -> Any:
    """Accept one value instead of a list with one value."""
    return [value] if isinstance(value, str | int) else value


def _duration(value: Any) -> timedelta:
    if not isinstance(value, str):
        raise PydanticCustomError("duration", "takes a duration")  # `load` writes the sentence
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


def token_reference(value: Any) -> str:
    """Check a reference to a token. The error never shows the value, which may be the token itself."""
    if isinstance(value, str) and re.fullmatch(r"env:TURSO_[A-Z0-9_]+", value):
        return value
    raise wrong(
        "takes a reference, never the token itself: `env:` and the name of a variable that begins with `TURSO_`"
    )


def link_pattern(value: Any) -> str:
    """Check that a value is the pattern of a link."""
    if isinstance(value, str) and is_pattern(value):
        return value
    raise wrong(
        f"takes an `https://` address with `{KEY}` once, after the host, such as `https://jira.example.com/browse/{KEY}`"
    )


def _provider_id(value: Any) -> str:
    if isinstance(value, str) and SCHEDULE_ID.fullmatch(value):
        return value
    raise wrong(f"{quote(value)} isn't an ID of the on-call service; copy it from the address of its page there")


def risk_of_a_change(value: Risk) -> Risk:
    """Reject the risk of a command that only reads."""
    if value is Risk.READ:
        raise wrong("takes `low`, `medium` or `high` (commands that only read never need approval)")
    return value


def not_empty(values: list[str]) -> list[str]:
    """Reject an empty list."""
    if not values:
        raise wrong("is empty; name at least one, or leave out the key")
    return values


def _no_threshold(sentence: str) -> PydanticCustomError:
    """Return an error to which `load` adds no advice to quote the value, because a threshold may be a number."""
    return PydanticCustomError("threshold", "{sentence}", {"sentence": sentence})


def read_quota(value: Any) -> tuple[int, ...]:
    """Parse the thresholds of a quota, in percent."""
    try:
        return quota_thresholds(one_or_more(value))
    except (NotAThreshold, TypeError):
        raise _no_threshold("takes percentages from 1 to 100, at most six, such as `[50, 80, 95]`") from None


def read_spike(value: Any) -> float:
    """Parse a factor, such as `5x`."""
    try:
        return spike_factor(value)
    except NotAThreshold as error:
        raise _no_threshold(str(error)) from None


Duration = Annotated[timedelta, BeforeValidator(_duration)]
ChannelId = Annotated[str, _slack_id("CG", "a channel", "C0DBOPS")]
UserId = Annotated[str, _slack_id("UW", "a person", "U0ANA")]
UsergroupId = Annotated[str, _slack_id("S", "a user group", "S0DBA")]
WorkspaceId = Annotated[str, _slack_id("TE", "a workspace", "T0ACME")]
ProviderId = Annotated[str, BeforeValidator(_provider_id)]
OrganizationName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
PeopleList = Annotated[
    list[Annotated[str, BeforeValidator(_person)]], BeforeValidator(one_or_more), AfterValidator(not_empty)
]
CommandList = Annotated[
    list[Annotated[str, BeforeValidator(_command)]], BeforeValidator(one_or_more), AfterValidator(not_empty)
]
DetailList = Annotated[
    list[Annotated[Detail, Field(strict=False)]], BeforeValidator(one_or_more), AfterValidator(not_empty)
]
PatternList = Annotated[list[Annotated[str, BeforeValidator(_pattern)]], BeforeValidator(one_or_more)]
