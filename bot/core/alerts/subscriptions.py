"""Alert subscriptions: the alerts that people or the policy file have turned on in each channel."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

POLICY: Final = ""
"""The `author` of a subscription that comes from the policy file."""


@dataclass(frozen=True, slots=True)
class AlertSubscription:
    """The alerts of one channel. There is at most one subscription per channel."""

    channel_id: str
    organization: str
    quota: tuple[int, ...] = ()
    """Thresholds in percent of the plan's quota, ascending. Empty means no alerts about quotas."""
    spike: float | None = None
    """Usage above this multiple of the usual is a spike. None means no alerts about spikes."""
    forecast: bool = False
    notify: tuple[str, ...] = ()
    """The user IDs (`U…`) and user group IDs (`S…`) to mention."""
    author: str = POLICY
    """The user ID of the person who turned the alerts on. Empty for the policy file."""
    created_at: datetime | None = None
    """None for a subscription from the policy file."""
    muted_until: datetime | None = None

    @property
    def is_from_policy(self) -> bool:
        """Return True for a subscription from the policy file, which can only be ended there."""
        return self.author == POLICY

    def is_muted(self, now: datetime) -> bool:
        """Return True while no new alerts are posted. States that still hold afterwards are posted then."""
        return self.muted_until is not None and now < self.muted_until


@dataclass(frozen=True, slots=True)
class Mute:
    """The time until which no new alerts are posted in a channel."""

    channel_id: str
    until: datetime
    by: str


def merged(
    stored: Iterable[AlertSubscription],
    defaults: Iterable[AlertSubscription],
    mutes: Iterable[Mute],
    *,
    organization: str,
) -> list[AlertSubscription]:
    """Return each channel's subscription to the alerts of an organization, ordered by channel ID.

    Subscriptions to other organizations are left out. Among the rest, a stored one replaces that of the policy file.
    """
    found = {one.channel_id: one for one in (*defaults, *stored) if one.organization == organization}
    until = {mute.channel_id: mute.until for mute in mutes}
    return [replace(found[key], muted_until=until.get(key)) for key in sorted(found)]
