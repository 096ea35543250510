"""Which channels want which alerts: those that people turned on, and those of the policy file."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

POLICY: Final = ""
"""The author of a subscription from the policy file."""


@dataclass(frozen=True, slots=True)
class AlertSubscription:
    """The alerts of one channel. There is at most one subscription per channel."""

    channel_id: str
    organization: str
    quota: tuple[int, ...] = ()
    """Thresholds in percent of the plan's quota, ascending. Empty means no alerts about quotas."""
    spike: float | None = None
    """The factor over the usual from which usage counts as a spike. None means no alerts about spikes."""
    forecast: bool = False
    notify: tuple[str, ...] = ()
    """The user IDs (`U…`) and user group IDs (`S…`) to mention."""
    author: str = POLICY
    """The user ID of the person who turned it on. Empty for the policy file."""
    created_at: datetime | None = None
    """None if it is from the policy file."""
    muted_until: datetime | None = None

    @property
    def is_from_policy(self) -> bool:
        """Return True if it comes from the policy file, so that only a change of the file ends it."""
        return self.author == POLICY

    def is_muted(self, now: datetime) -> bool:
        """Return True if nothing is posted now. States that are still true afterwards are posted then."""
        return self.muted_until is not None and now < self.muted_until


@dataclass(frozen=True, slots=True)
class Mute:
    """A time until which no new alerts are posted in a channel."""

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
    """Return the subscription of each channel to an organization, by channel.

    A stored one replaces that of the policy file, unless it is about an organization that the channel had before.
    """
    found = {one.channel_id: one for one in (*defaults, *stored) if one.organization == organization}
    until = {mute.channel_id: mute.until for mute in mutes}
    return [replace(found[key], muted_until=until.get(key)) for key in sorted(found)]
