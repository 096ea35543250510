"""Alerts, subscriptions to them, and mutes.

A channel gets an alert with the same key at most once per period, and per quota if it is about one, unless the first
one ended inconclusively.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Select, delete, or_, select, update

from bot.core.alerts import ENDED, RAISED, Alert, AlertEnd, AlertSubscription, Mute
from bot.core.records.timers import Timer, TimerKind
from bot.store.connections.rows import insert_new, insert_newest, many, one, values
from bot.store.repositories import transitions
from bot.store.repositories.repository import Repository
from bot.store.schema.tables import alert_mutes, alert_subscriptions, alerts

_COMPUTED: Final = frozenset({"muted_until"})


class Alerts(Repository):
    """The alerts, and the channels' subscriptions and mutes."""

    async def stored_subscriptions(self) -> list[AlertSubscription]:
        """Return the subscriptions that people turned on, ordered by channel."""
        query = select(alert_subscriptions).order_by(alert_subscriptions.c.channel_id)
        return await self._database.read(lambda connection: many(connection, AlertSubscription, query))

    async def subscribe(self, subscription: AlertSubscription) -> None:
        """Store a channel's subscription, and make the organization's next usage sample due at once."""

        def work(connection: Connection) -> None:
            insert_newest(connection, alert_subscriptions, [values(subscription, without=_COMPUTED)])
            if subscription.created_at is not None:
                sample = Timer(TimerKind.SAMPLE, subscription.organization, subscription.created_at)
                transitions.set_timers(connection, [sample])

        await self._database.write(work)

    async def unsubscribe(self, channel_id: str) -> bool:
        """Delete a channel's subscription. Returns False if it had none."""
        query = delete(alert_subscriptions).where(alert_subscriptions.c.channel_id == channel_id)
        return await self._database.write(lambda connection: connection.execute(query).rowcount == 1)

    async def mutes(self, now: datetime) -> list[Mute]:
        """Return the mutes that haven't ended."""
        query = select(alert_mutes).where(alert_mutes.c.until > now).order_by(alert_mutes.c.channel_id)
        return await self._database.read(lambda connection: many(connection, Mute, query))

    async def mute(self, mute: Mute) -> None:
        """Store a channel's mute. It replaces an earlier one."""
        await self._database.write(lambda connection: insert_newest(connection, alert_mutes, [values(mute)]))

    async def unmute(self, channel_id: str) -> bool:
        """Delete a channel's mute. Returns False if it had none."""
        query = delete(alert_mutes).where(alert_mutes.c.channel_id == channel_id)
        return await self._database.write(lambda connection: connection.execute(query).rowcount == 1)

    async def get(self, alert_id: str) -> Alert | None:
        """Return an alert, or None."""
        query = select(alerts).where(alerts.c.id == alert_id)
        return await self._database.read(lambda connection: one(connection, Alert, query))

    async def open(self, *, organization: str | None = None, channel_id: str | None = None) -> list[Alert]:
        """Return the alerts that haven't ended, oldest first."""
        query = select(alerts).where(alerts.c.ended_at.is_(None))
        if organization is not None:
            query = query.where(alerts.c.organization == organization)
        if channel_id is not None:
            query = query.where(alerts.c.channel_id == channel_id)
        return await self._in_order(query)

    async def since(self, at: datetime, *, organization: str) -> list[Alert]:
        """Return an organization's alerts that were raised since a time or are open, oldest first."""
        recent = or_(alerts.c.raised_at >= at, alerts.c.ended_at.is_(None))
        return await self._in_order(select(alerts).where(alerts.c.organization == organization, recent))

    async def _in_order(self, query: Select[tuple[Alert]]) -> list[Alert]:
        ordered = query.order_by(alerts.c.raised_at, alerts.c.id)
        return await self._database.read(lambda connection: many(connection, Alert, ordered))

    async def raise_once(self, alert: Alert) -> bool:
        """Store an alert with its pending notice.

        Returns False if a unique index shows that one with the same key is open, or that it was raised before.
        """

        def work(connection: Connection) -> bool:
            if not insert_new(connection, alerts, {**values(alert), "key": alert.key}):
                return False
            _owe(connection, alert.id, RAISED, alert.raised_at)
            return True

        return await self._database.write(work)

    async def end(self, alert_id: str, at: datetime, how: AlertEnd) -> bool:
        """End an alert by compare-and-set, with its pending notice. Returns False if it has already ended."""
        query = update(alerts).where(alerts.c.id == alert_id, alerts.c.ended_at.is_(None))

        def work(connection: Connection) -> bool:
            if connection.execute(query.values(ended_at=at, end=how)).rowcount != 1:
                return False
            _owe(connection, alert_id, ENDED, at)
            return True

        return await self._database.write(work)

    async def set_card(self, alert_id: str, ts: str) -> None:
        """Record the `ts` of an alert's card."""
        query = update(alerts).where(alerts.c.id == alert_id).values(card_ts=ts)
        await self._database.write(lambda connection: connection.execute(query))


def _owe(connection: Connection, alert_id: str, event: str, at: datetime) -> None:
    """Record a pending notice, unless it is already recorded.

    Its timer is due at once, so that a workflow delivers it.
    """
    if transitions.owe_once(connection, alert_id, event, at):
        transitions.set_timers(connection, [Timer(TimerKind.NOTIFY, alert_id, at)])
