"""The alerts that the policy file turns on in each channel, and how they differ between two policies."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from bot.core.alerts.subscriptions import AlertSubscription
from bot.core.alerts.thresholds import factor_text
from bot.core.policy.document import Document, Path, Problem, quote
from bot.core.policy.people import People

_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]+")

if TYPE_CHECKING:
    from bot.core.policy.file import AlertsFile
    from bot.core.policy.rules import Binding, Policy


def alert_defaults(
    places: Iterable[tuple[str | None, "AlertsFile", People]], bindings: Mapping[str, "Binding"]
) -> tuple[AlertSubscription, ...]:
    """Return the file's subscriptions, ordered by channel.

    In the channels of an organization with `alerts` of its own, those of the whole file have no effect.

    Args:
        places: the organization (None for the whole file), its settings, and the people to mention.
    """
    ordered = sorted(places, key=lambda place: place[0] or "")
    with_own = {organization for organization, _, _ in ordered}
    subscriptions = {}
    for organization, one, to in ordered:
        for channel_id in one.channel:
            bound = bindings.get(channel_id)
            if bound is None or (organization is None and bound.organization in with_own):
                continue
            subscriptions[channel_id] = AlertSubscription(
                channel_id=channel_id,
                organization=bound.organization,
                quota=one.quota,
                spike=one.spike,
                forecast=one.forecast,
                notify=(*sorted(to.users | to.guests | to.externals), *sorted(to.usergroups)),
            )
    return tuple(subscriptions[key] for key in sorted(subscriptions))


def check_channels(read: Document, raw: Mapping[str, Any], default_organization: str | None) -> list[Problem]:
    """Return a problem for each channel that can't have alerts: it isn't in `channels`, or has another organization."""
    problems = []
    channels = _mapping(raw.get("channels"))
    for organization, path, one in _places(raw):
        named = one.get("channel")
        for at, channel_id in enumerate(named if isinstance(named, list) else [named]):
            here: Path = (*path, "channel", at) if isinstance(named, list) else (*path, "channel")
            if not isinstance(channel_id, str) or not _CHANNEL.fullmatch(channel_id):
                continue  # the schema reports this error
            if channel_id not in channels:
                sentence = f"{quote(channel_id)} isn't in `channels`, and only a channel with rules gets alerts"
                problems.append(read.problem(here, sentence))
                continue
            bound = _mapping(channels[channel_id]).get("organization") or raw.get("organization")
            bound = bound or default_organization or _only(_mapping(raw.get("organizations")))
            if organization is not None and bound != organization:
                sentence = f"{quote(channel_id)} has the databases of {quote(str(bound))}, not of {quote(organization)}"
                problems.append(read.problem(here, sentence))
    return problems


def people_of_alerts(raw: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield the path and value of each `to` in the file's alerts."""
    for _, path, one in _places(raw):
        yield (*path, "to"), one.get("to")


def alert_differences(old: "Policy", new: "Policy") -> Iterator[str]:
    """Yield a line for each channel whose alerts differ between two policies."""
    before, after = ({one.channel_id: _words(one) for one in policy.alerts} for policy in (old, new))
    for channel_id in sorted(before.keys() | after.keys()):
        was, becomes = before.get(channel_id, "none"), after.get(channel_id, "none")
        if was != becomes:
            yield f"{channel_id}: alerts: {was} → {becomes}"


def _words(one: AlertSubscription) -> str:
    parts = [f"quota {', '.join(f'{each}%' for each in one.quota)}"] if one.quota else []
    parts += [f"spike {factor_text(one.spike)}"] if one.spike is not None else []
    parts += ["forecast"] if one.forecast else []
    parts += [f"to {', '.join(one.notify)}"] if one.notify else []
    return f"{one.organization}: {'; '.join(parts) or 'tokens, freezes and failures only'}"


def _places(raw: Mapping[str, Any]) -> Iterator[tuple[str | None, Path, Mapping[str, Any]]]:
    if isinstance(raw.get("alerts"), dict):
        yield None, ("alerts",), raw["alerts"]
    for name, one in _mapping(raw.get("organizations")).items():
        if isinstance(alerts := _mapping(one).get("alerts"), dict):
            yield name, ("organizations", name, "alerts"), alerts


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _only(organizations: Mapping[str, Any]) -> str:
    return next(iter(organizations)) if len(organizations) == 1 else ""
