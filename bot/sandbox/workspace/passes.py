"""The short-lived `trigger_id`s and `response_url`s in payloads."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.ids import new_secret
from bot.sandbox.workspace.limits import Limits

_REMEMBERED = timedelta(hours=6)  # how long an expired ID is known. Then it gets the error for unknown IDs


@dataclass(kw_only=True)
class Trigger:
    id: str
    person_id: str
    issued_at: datetime
    from_view_id: str | None = None
    used: bool = False


def _forget_old(issued: dict[str, Trigger] | dict[str, Hook], now: datetime) -> None:
    """Remove the triggers or hooks that were issued at least `_REMEMBERED` ago. The oldest ones come first."""
    while issued:
        first = next(iter(issued))
        if now - issued[first].issued_at < _REMEMBERED:
            return
        del issued[first]


class Triggers:
    """Issues `trigger_id`s. Each can be used once, within `limits.trigger_lifetime`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._issued: dict[str, Trigger] = {}

    def issue(self, person_id: str, now: datetime, *, from_view_id: str | None = None) -> str:
        _forget_old(self._issued, now)
        name = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._issued[name] = Trigger(id=name, person_id=person_id, issued_at=now, from_view_id=from_view_id)
        return name

    def person_of(self, name: str | None) -> str | None:
        """Return the ID of the person whose action issued a trigger, even if it was used. None if it is unknown."""
        trigger = self._issued.get(name or "")
        return trigger.person_id if trigger else None

    def exchange(self, name: object, now: datetime) -> Trigger:
        """Use a trigger.

        Raises:
            SlackError: `invalid_trigger_id`, `expired_trigger_id`, `exchanged_trigger_id`.
        """
        trigger = self._issued.get(str(name))
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if now - trigger.issued_at > self._limits.trigger_lifetime:
            raise SlackError("expired_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        trigger.used = True
        return trigger


@dataclass(kw_only=True)
class Hook:
    """The person, channel and message for which a `response_url` was issued.

    `source_ts` is the `ts` of the message with the button or message shortcut. It is None for commands and modals.
    """

    path: str
    person_id: str
    channel_id: str
    kind: Literal["commands", "actions"]
    issued_at: datetime
    source_ts: str | None = None
    source_is_ephemeral: bool = False
    uses: int = 0


class Hooks:
    """Issues `response_url`s. `limits` says how often and for how long each can be used."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._issued: dict[str, Hook] = {}

    def issue(self, kind: Literal["commands", "actions"], team_id: str, person_id: str, channel_id: str,
              now: datetime, *, source_ts: str | None = None, source_is_ephemeral: bool = False) -> Hook:  # fmt: skip
        _forget_old(self._issued, now)
        path = f"{kind}/{team_id}/{secrets.randbelow(10**13)}/{new_secret()}"
        hook = Hook(path=path, person_id=person_id, channel_id=channel_id, kind=kind, issued_at=now,
                    source_ts=source_ts, source_is_ephemeral=source_is_ephemeral)  # fmt: skip
        self._issued[path] = hook
        return hook

    def find(self, path: str) -> Hook | None:
        """Return the hook with this path, without counting a use. None if there is none."""
        return self._issued.get(path)

    def use(self, path: str, now: datetime) -> Hook:
        """Count one use.

        Raises:
            SlackError: `no_service` (unknown), `expired_url` or `used_url`, each with HTTP 404.
        """
        hook = self._issued.get(path)
        if hook is None:
            raise SlackError("no_service", status=404)
        if now - hook.issued_at > self._limits.response_url_lifetime:
            raise SlackError("expired_url", status=404)
        if hook.uses >= self._limits.response_url_uses:
            raise SlackError("used_url", status=404)
        hook.uses += 1
        return hook
