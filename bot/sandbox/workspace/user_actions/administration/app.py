"""Uninstalling the app, and Slack's checks of its request URL."""

from __future__ import annotations

from bot.sandbox.workspace.delivery.parcel import Parcel
from bot.sandbox.workspace.ids import new_id
from bot.sandbox.workspace.records import Delivery
from bot.sandbox.workspace.user_actions.administration.base import Administration, Deliveries


class AppAdmin(Administration):
    """Actions on the app as a whole."""

    async def uninstall(self) -> Deliveries:
        """Uninstall the app: send it `tokens_revoked` and `app_uninstalled`, and revoke its tokens."""
        revoked = await self._events.send({"type": "tokens_revoked", "tokens": {"bot": [self._state.app.bot_user_id]}})
        gone = await self._events.send({"type": "app_uninstalled"})
        self._state.installed = False
        for kind in ("bot", "app"):
            self._state.tokens.refuse(kind, "account_inactive")
        return revoked + gone

    async def verify_url(self) -> Delivery:
        """Send the challenge with which Slack checks a request URL."""
        payload = {"token": "legacy", "type": "url_verification", "challenge": new_id("Ch")}
        return await self._courier.deliver(Parcel(form="events_api", kind="url_verification", payload=payload))

    async def check_ssl(self) -> Delivery:
        """Send the `ssl_check` form, which Slack sends to check the certificate of a request URL."""
        payload = {"ssl_check": "1", "token": "legacy"}
        return await self._courier.deliver(Parcel(form="slash_commands", kind="ssl_check", payload=payload))
