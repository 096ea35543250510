"""Events: which of them the app gets, the fields around them, and when they are sent again."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.workspace.delivery.courier import Courier
from bot.sandbox.workspace.delivery.parcel import event_parcel
from bot.sandbox.workspace.ids import as_seconds, new_id
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.records import Delivery
from bot.sandbox.workspace.state import State

# The scope without which Slack doesn't send an event, even if the manifest subscribes to it.
SCOPE_OF_EVENT = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "channel_left": "channels:read",
    "channel_archive": "channels:read",
    "channel_unarchive": "channels:read",
    "channel_deleted": "channels:read",
    "channel_rename": "channels:read",
    "group_left": "groups:read",
    "group_archive": "groups:read",
    "group_unarchive": "groups:read",
    "group_deleted": "groups:read",
    "group_rename": "groups:read",
    "channel_shared": "channels:read",
    "channel_unshared": "channels:read",
    "channel_id_changed": "channels:read",
    "user_change": "users:read",
    "subteam_members_changed": "usergroups:read",
    "subteam_updated": "usergroups:read",
}
_HOUR = timedelta(hours=1)


class Events:
    """Sends events with Slack's retries and hourly limit, and stops sending to an app that keeps failing."""

    def __init__(self, state: State, courier: Courier) -> None:
        self._state, self._courier = state, courier
        self._sent: deque[tuple[datetime, bool]] = deque()
        self._limited_in: int | None = None
        self.switched_off = False

    def wants(self, subscription: str) -> bool:
        """Return whether the app subscribes to an event and has the scope for it."""
        app = self._state.app
        scope = SCOPE_OF_EVENT.get(subscription)
        return subscription in app.events and (scope is None or app.has(scope))

    async def send(self, event: Json, *, person_id: str | None = None, channel_id: str | None = None,
                   subscription: str | None = None) -> tuple[Delivery, ...]:  # fmt: skip
        """Deliver an event if the app subscribes to it and has the scope for it.

        Above the hourly limit, the app instead gets `app_rate_limited`, at most once per minute.

        Args:
            subscription: the event's name in the manifest, if it isn't the event's `type`.
        Returns:
            The first attempt, or `()` if nothing was sent. Retries run in the background.
        """
        if not self.wants(subscription or event["type"]) or self.switched_off:
            return ()
        if self._over_the_hourly_limit():
            return await self._say_rate_limited()
        payload = self._around(event, channel_id)
        parcel = event_parcel(payload, person_id)
        first = await self._courier.deliver(parcel)
        self._count(first)
        if _is_to_be_retried(first):
            self._state.spawn(self._retry(payload, person_id, first))
        return (first,)

    async def _retry(self, payload: Json, person_id: str | None, last: Delivery) -> None:
        for attempt, pause in enumerate(self._state.limits.event_retries, start=1):
            await self._state.time.sleep(pause)
            reason = _reason(last)
            last = await self._courier.deliver(event_parcel(payload, person_id), attempt=attempt, reason=reason)
            self._count(last)
            if not _is_to_be_retried(last):
                return

    def _around(self, event: Json, channel_id: str | None) -> Json:
        state = self._state
        channel = state.channels.get(channel_id or "")
        authorization: Json = {
            "enterprise_id": state.enterprise_id,
            "team_id": None if state.org_wide else state.team_id,
            "user_id": state.app.bot_user_id,
            "is_bot": True,
            "is_enterprise_install": state.org_wide,
        }
        return {
            "token": "legacy",
            "team_id": state.team_id,
            "api_app_id": state.app.app_id,
            "event": {"event_ts": state.stamp(), **event},
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": as_seconds(state.time.now()),
            "authorizations": [authorization],
            "is_ext_shared_channel": bool(channel and channel.is_ext_shared),
            "context_team_id": state.team_id,
            "context_enterprise_id": state.enterprise_id,
        }

    # -- limits

    def _count(self, delivery: Delivery) -> None:
        now = self._state.time.now()
        self._sent.append((now, delivery.ok))
        while self._sent and now - self._sent[0][0] > _HOUR:
            self._sent.popleft()
        failed = sum(not ok for _, ok in self._sent)
        total = len(self._sent)
        if total >= self._state.limits.events_before_switch_off and failed > 0.95 * total:
            self.switched_off = True

    def _over_the_hourly_limit(self) -> bool:
        now = self._state.time.now()
        while self._sent and now - self._sent[0][0] > _HOUR:
            self._sent.popleft()
        return len(self._sent) >= self._state.limits.events_per_hour

    async def _say_rate_limited(self) -> tuple[Delivery, ...]:
        minute = as_seconds(self._state.time.now()) // 60 * 60
        if minute == self._limited_in:
            return ()
        self._limited_in = minute
        payload: dict[str, Any] = {
            "token": "legacy",
            "type": "app_rate_limited",
            "team_id": self._state.team_id,
            "minute_rate_limited": minute,
            "api_app_id": self._state.app.app_id,
        }
        return (await self._courier.deliver(event_parcel(payload, None)),)


def _is_to_be_retried(delivery: Delivery) -> bool:
    if delivery.ok:
        return False
    return delivery.answer_headers.get("x-slack-no-retry") != "1"


def _reason(delivery: Delivery) -> str:
    return {"no_connection": "connection_failed"}.get(delivery.failure or "", delivery.failure or "unknown_error")
