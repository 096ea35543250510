"""The delivery of alerts: a card when one is raised, and the same card again when it has ended."""

from functools import partial
from typing import Final

from bot.blocks.alert_cards import alert_card
from bot.core.alerts import ENDED, RAISED, Alert
from bot.errors import BotError, Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delivery import CHANNEL, NOBODY, Notice, deliver_and_close, may_be_seen

PREFIX: Final = "al"
"""What the IDs of alerts begin with."""
SUPERSEDED: Final = "superseded"


def is_alert(subject: str) -> bool:
    """Return whether a notice subject is that of an alert."""
    return subject.startswith(f"{PREFIX}-")


async def notify_alert(env: Environment, alert_id: str) -> None:
    """Post an alert's card, or show on it that the alert has ended. Safe to run again.

    Raises:
        Unavailable: Slack doesn't accept it now. The timer tries again.
    """
    async with env.notification_lock(alert_id):
        for owed in await env.store.notices.pending(alert_id):
            alert = await env.store.alerts.get(alert_id)
            if alert is None or (owed.event == RAISED and not alert.is_open):
                # It ended before anybody was told, so there is nothing to tell.
                await env.store.notices.set_notified(alert_id, owed.event, how=SUPERSEDED)
            elif owed.event == ENDED:
                await env.store.notices.set_notified(alert_id, ENDED, how=await _show_end(env, alert))
            else:
                await _post(env, alert)


async def _post(env: Environment, alert: Alert) -> None:
    notice = Notice(
        alert.id, RAISED, alert_card(alert), (), alert.channel_id, posted=partial(env.store.alerts.set_card, alert.id)
    )
    await deliver_and_close(env, notice)


async def _show_end(env: Environment, alert: Alert) -> str:
    """Update the card of an alert that has ended. Returns how people were notified."""
    if alert.card_ts is None:
        return SUPERSEDED
    try:
        seen = await may_be_seen(env, alert.channel_id)
        return (
            CHANNEL
            if seen and await env.messenger.update(alert.channel_id, alert.card_ts, alert_card(alert))
            else NOBODY
        )
    except Unavailable:
        raise
    except BotError:
        return NOBODY
