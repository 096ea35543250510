"""Protocols for stored alerts and for subscriptions to them."""

from datetime import datetime
from typing import Protocol

from bot.core.alerts import Alert, AlertEnd, AlertSubscription, Mute


class ReadAlerts(Protocol):
    """Reads alerts and subscriptions."""

    async def stored_subscriptions(self) -> list[AlertSubscription]:
        """Return the subscriptions that people turned on. `merged` adds the policy file's."""

    async def mutes(self, now: datetime) -> list[Mute]:
        """Return the mutes that haven't ended."""

    async def get(self, alert_id: str) -> Alert | None:
        """Return an alert."""

    async def open(self, *, organization: str | None = None, channel_id: str | None = None) -> list[Alert]:
        """Return the alerts that haven't ended, oldest first."""

    async def since(self, at: datetime, *, organization: str) -> list[Alert]:
        """Return the alerts of an organization that were raised since a time or are open, oldest first."""


class Alerts(ReadAlerts, Protocol):
    """Reads and changes alerts and subscriptions."""

    async def subscribe(self, subscription: AlertSubscription) -> None:
        """Store a channel's subscription, and make the organization's next usage sample due at once.

        Replaces an earlier subscription of the channel.
        """

    async def unsubscribe(self, channel_id: str) -> bool:
        """Delete a channel's subscription. Returns False if it had none."""

    async def mute(self, mute: Mute) -> None:
        """Store a channel's mute, which replaces an earlier one. No new alerts are posted there until it ends."""

    async def unmute(self, channel_id: str) -> bool:
        """End a channel's mute. Returns False if it had none."""

    async def raise_once(self, alert: Alert) -> bool:
        """Store an alert, with its pending notification, unless the channel already has an alert about the same state.

        Returns False if an alert with the same `key` is open, or if one that also has the same `occurrence` prevents a
        repeat. If two processes raise the same alert at the same time, one succeeds.
        """

    async def end(self, alert_id: str, at: datetime, how: AlertEnd) -> bool:
        """End an alert, with its pending notification. Returns False if it had already ended."""

    async def set_card(self, alert_id: str, ts: str) -> None:
        """Store the `ts` of the alert's card."""
