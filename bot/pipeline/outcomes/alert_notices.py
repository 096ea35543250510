"""The delivery of alerts: a card when an alert is raised, and an update of the card when it has ended."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from bot.blocks.alert_cards import AlertView, alert_card, ended_card
from bot.blocks.kit import Element
from bot.commands.alerts._actions import ACTIONS, button_of
from bot.commands.alerts._subscriptions import subscription_in
from bot.commands.alerts._views import databases_for, may_see, view_of
from bot.commands.alerts._visibility import AlertVisibility, NotListed
from bot.commands.base import Context
from bot.core.actions import action_of_line
from bot.core.alerts import ENDED, RAISED, Alert, AlertEnd
from bot.core.reply import Reply
from bot.errors import BotError, CannotPost
from bot.pipeline.authorization.anybody import anybody_may, facts_of
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.alert_readers import reader_of
from bot.pipeline.outcomes.delivery import CHANNEL, Notice, deliver

log = structlog.get_logger(__name__)

PREFIX: Final = "al"
"""The prefix of the IDs of alerts."""
SUPERSEDED: Final = "superseded"
NOT_SHOWN: Final = "not_shown"
"""The recorded result of a notice that wasn't shown in its channel."""
QUIET_ENDS: Final = (AlertEnd.HIGHER, AlertEnd.OFF, AlertEnd.UNWATCHED)
"""Ends after which a deleted card isn't posted again, for example because another message reports the end."""


def is_alert(subject: str) -> bool:
    """Return True if a notice's subject is an alert."""
    return subject.startswith(f"{PREFIX}-")


async def notify_alert(env: Environment, alert_id: str) -> None:
    """Post an alert's card, or show on it that the alert has ended. Safe to run again.

    Raises:
        Unavailable, TursoError: Slack doesn't accept the message now, or it isn't known whether the channel may see
            the alert. The timer tries again.
    """
    async with env.notification_lock(alert_id):
        for owed in await env.store.notices.pending(alert_id):
            alert = await env.store.alerts.get(alert_id)
            if alert is None or (owed.event == RAISED and not alert.is_open):
                # The alert ended before its card was posted, so there is nothing to post.
                await env.store.notices.set_notified(alert_id, owed.event, how=SUPERSEDED)
            elif owed.event == ENDED:
                await env.store.notices.set_notified(alert_id, ENDED, how=await _show_end(env, alert))
            else:
                await _post(env, alert)


async def _post(env: Environment, alert: Alert) -> None:
    ctx = await _reader(env, alert)
    if ctx is None:
        await _give_up(env, alert)
        return
    view = await view_of(ctx, alert)
    view = replace(view, buttons=await _buttons(env, alert, view))
    if await deliver(env, _notice(env, alert, RAISED, alert_card(alert, view))) != CHANNEL:
        await _give_up(env, alert)
    else:
        await env.store.notices.set_notified(alert.id, RAISED, how=CHANNEL)


async def _give_up(env: Environment, alert: Alert) -> None:
    """End an alert that can't be shown in its channel. Once it can, it is raised again if the state still holds.

    It ends first, because an open alert whose notice is closed would never be posted.
    """
    log.warning("an alert may not be shown in its channel", alert=alert.id, channel=alert.channel_id)
    await env.store.alerts.end(alert.id, env.clock.now(), AlertEnd.UNWATCHED)
    await env.store.notices.set_notified(alert.id, RAISED, how=NOT_SHOWN)


def _notice(env: Environment, alert: Alert, event: str, card: Reply) -> Notice:
    return Notice(alert.id, event, card, (), alert.channel_id, posted=partial(env.store.alerts.set_card, alert.id))


async def _reader(env: Environment, alert: Alert) -> Context | None:
    """Return the context in which an alert may be shown in its channel now. None if it may not.

    Raises:
        Unavailable, TursoError: something that the decision needs isn't known.
    """
    subscription = await subscription_in(env.store, env.rules.policy, alert.channel_id, env.clock.now())
    if subscription is None or subscription.organization != alert.organization:
        return None
    ctx = await reader_of(env, subscription)
    return ctx if ctx is not None and may_see(ctx, alert, await databases_for(ctx, [alert])) else None


async def _buttons(env: Environment, alert: Alert, view: AlertView) -> list[Element]:
    """Return the buttons that help, and that somebody in the channel may press."""
    facts = await facts_of(env, alert.channel_id)
    has_profile = env.rules.policy.incident_profile(alert.channel_id) is not None
    helping = {
        action_id: action
        for action_id, action in ACTIONS.items()
        if action.helps(view) and (has_profile or not action.starts_incident)
    }
    found = []
    for action_id, action in helping.items():
        if line := action.line(alert):
            wanted = action_of_line(env.grammar, line)
            if action.about_database and view.target is not None:  # includes the group, on which rules may depend
                wanted = replace(wanted, databases=(view.target,))
            if await anybody_may(env, facts, wanted):
                found.append(button_of(action_id, alert))
    return found


async def redraw_ended(env: Environment, alert: Alert, ts: str) -> None:
    """Show on a card that its alert has ended, in case that failed when it ended.

    A failure is ignored, because the next press tries again.
    """
    try:
        _, card = await _end_card(env, alert)
        await env.messenger.update(alert.channel_id, ts, card)
    except BotError as error:
        log.info("the card of an alert was not brought up to date", alert=alert.id, why=str(error))


async def _end_card(env: Environment, alert: Alert) -> tuple[bool, Reply]:
    """Return whether the channel may still see an ended alert, and its card.

    If the channel may not see it, the card says only that the alert has ended, and replaces the old card. That is also
    the case if the database may be an entry of Turso's list that can't be read, because that may never be known.

    Raises:
        Unavailable, TursoError: something that the decision needs isn't known.
    """
    ctx = None
    with suppress(NotListed):
        ctx = await _reader(env, alert)
    if ctx is None:
        return False, ended_card(alert)
    return True, alert_card(alert, AlertView(AlertVisibility.of(ctx).is_whole))


async def _show_end(env: Environment, alert: Alert) -> str:
    """Update the card of an ended alert, or post it again if it was deleted. Returns how people were notified."""
    if not await env.store.notices.was_notified(alert.id, RAISED, CHANNEL):
        return SUPERSEDED
    is_shown, card = await _end_card(env, alert)
    if alert.card_ts and await env.messenger.update(alert.channel_id, alert.card_ts, card):
        return CHANNEL
    if not is_shown or alert.end in QUIET_ENDS:
        return NOT_SHOWN
    try:
        ts = await env.messenger.post(alert.channel_id, card)
    except CannotPost:
        return NOT_SHOWN
    if ts:
        await env.store.alerts.set_card(alert.id, ts)
    return CHANNEL
