"""Handle the buttons of an alert's card, each as a command line that a person typed in the alert's channel."""

from dataclasses import replace

from bot.blocks.alert_cards import headline
from bot.blocks.text import notification
from bot.commands.alerts._actions import ACTIONS, AlertAction
from bot.commands.alerts._views import database_of
from bot.commands.base import Command
from bot.commands.follow_up import FollowUp
from bot.core.actions import action_of
from bot.core.alerts import Alert
from bot.core.model import Subject, Verdict
from bot.core.parsing.parse_results import Parsed
from bot.core.requests.incoming import Incoming
from bot.core.requests.plan import PlanTarget
from bot.errors import BadInput, Refused
from bot.pipeline.approval.presses import may_be_pressed_in, require_access
from bot.pipeline.authorization.command_line import decide_line
from bot.pipeline.authorization.plan_drift import other_object
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.alert_notices import redraw_ended
from bot.pipeline.requests import command_lines
from bot.pipeline.requests.places import require_in_channel, with_channel_of_now
from bot.turso import DatabaseNotFound


async def press(env: Environment, incoming: Incoming) -> str:
    """Handle a button of an alert's card. If the alert has ended, its card is updated and loses the buttons."""
    await require_access(env, incoming, "do")
    alert = await env.store.alerts.get(incoming.value) if incoming.value else None
    if alert is None or not may_be_pressed_in(incoming.channel_id, alert.channel_id):
        raise BadInput("I can't find this alert. `/turso alert list` shows the open ones.")
    try:
        return await _carry_out(env, incoming, alert)
    finally:
        if not alert.is_open and incoming.message_ts and not incoming.is_ephemeral:
            await redraw_ended(env, alert, incoming.message_ts)


async def _carry_out(env: Environment, incoming: Incoming, alert: Alert) -> str:
    """Decide on the button's command line as if the person had typed it, and carry it out."""
    action = ACTIONS[incoming.action_id]
    line = action.line(alert)
    if not line:
        raise BadInput("This button doesn't apply to this alert. `/turso alert list` shows the open ones.")
    # the message about a new incident starts its own thread, the timeline
    thread = None if action.starts_incident else alert.card_ts or incoming.thread_ts
    here = replace(incoming, channel_id=alert.channel_id, thread_ts=thread)
    await require_in_channel(env, here)
    read = command_lines.line_of_press(env, here, line)
    subject = await with_channel_of_now(env, await env.subject(here), fresh=True)
    _require_same_organization(env, subject, alert)
    if action.about_database and not read.spec.changes:
        await _require_same_database(env, subject, read, alert)
    return await command_lines.continue_request(env, here, subject, read, follow_up=_about(action, alert))


def _require_same_organization(env: Environment, subject: Subject, alert: Alert) -> None:
    """Refuse if the policy has assigned another organization to the channel since the alert was raised.

    Raises:
        Refused: the channel belongs to another organization now.
    """
    bound = env.rules.policy.binding(subject)
    if bound is not None and bound.organization != alert.organization:
        raise Refused("This channel can no longer use the databases that this alert is about. Nothing was changed.")


async def _require_same_database(env: Environment, subject: Subject, read: Parsed[Command], alert: Alert) -> None:
    """Refuse to show another database with the same name. Changes need no such check, because plans contain the `DbId`.

    Raises:
        Refused: the database of the alert was destroyed.
    """
    try:
        decision, _ = await decide_line(env, subject, action_of(read.spec.name, read.args))
    except DatabaseNotFound:
        return  # the reply says this
    if decision.verdict is Verdict.DENY:
        return  # the reply says only that this isn't allowed
    turso = env.turso_clients.turso(alert.organization)
    if why := await other_object(turso, PlanTarget(*database_of(alert))):
        raise Refused(why)


def _about(action: AlertAction, alert: Alert) -> FollowUp:
    """Return what the plan must be about: the alert itself, its database by `DbId`, or nothing in particular."""
    if action.starts_incident:
        says = str(notification(headline(alert, is_whole=False)))
        return FollowUp(alert={"id": alert.id, "says": says, "at": alert.raised_at.isoformat()})
    return FollowUp(database_of(alert)[1] if action.about_database else "")
