"""The buttons of an alert's card: each is a command line, decided as if somebody had typed it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.blocks import buttons
from bot.blocks.alert_cards import AlertView
from bot.blocks.kit import Element, Style
from bot.blocks.text import Plain
from bot.commands._lines import command_line
from bot.commands.alerts import alert_mute
from bot.commands.alerts._views import WRITES, database_of
from bot.commands.databases import freeze, triage
from bot.commands.incidents import incident_start
from bot.commands.organization import overages
from bot.core.alerts import Alert, AlertKind

FREEZES: Final = "30m"
_QUOTAS: Final = (AlertKind.QUOTA, AlertKind.FORECAST)
_NO_KEY: Final = re.compile(r"[^A-Za-z0-9._/-]+")


@dataclass(frozen=True, slots=True)
class AlertAction:
    """One button of an alert's card."""

    label: str
    line: Callable[[Alert], str]
    """Returns the command line. Empty if the button doesn't apply to this alert."""
    style: Style | None = None
    about_database: bool = False
    """True if it is about the database of `database_of`. It is refused if that name now belongs to another database."""
    named: str = ""
    """For a button about a database: its label on an alert about the organization, with `{}` for the database's name.

    If empty, that label is `label`, followed by the name.
    """
    about_organization: bool = False
    """True if it is about the whole organization, so that a channel with only some databases doesn't get it."""
    starts_incident: bool = False
    """True if it starts an incident, whose first message then shows the alert."""

    def helps(self, view: AlertView) -> bool:
        """Return True if the button fits what the card shows."""
        if self.about_organization:
            return view.is_whole and view.overages is not True
        return view.target is not None or not self.about_database


def _triage(alert: Alert) -> str:
    name, _ = database_of(alert)
    return command_line(triage.command.name, name) if name and alert.kind is not AlertKind.FAILURES else ""


def _freeze(alert: Alert) -> str:
    name, _ = database_of(alert)
    helps = alert.kind is AlertKind.SPIKE or (alert.kind in _QUOTAS and alert.measure in WRITES)
    return command_line(freeze.command.name, name, for_=FREEZES) if name and helps else ""


def _overages(alert: Alert) -> str:
    return command_line(overages.command.name, "on") if alert.kind in _QUOTAS else ""


def _incident(alert: Alert) -> str:
    """Return a command line with a readable incident key: the database or organization, the kind of alert, and its day.

    Empty for alerts about tokens or a freeze.
    """
    if alert.kind in (AlertKind.TOKENS, AlertKind.FREEZE):
        return ""
    about = _NO_KEY.sub("-", alert.subject or alert.organization)[:22]
    return command_line(incident_start.command.name, f"{about}-{alert.kind.value}-{alert.raised_at:%m%d}")


ACTIONS: Final[Mapping[str, AlertAction]] = {
    buttons.ALERT_TRIAGE: AlertAction("Triage", _triage, "primary", about_database=True),
    buttons.ALERT_FREEZE: AlertAction(
        "Freeze writes 30 min", _freeze, "danger", about_database=True, named="Freeze {} 30 min"
    ),
    buttons.ALERT_OVERAGES: AlertAction("Turn on overages", _overages, about_organization=True),
    buttons.ALERT_INCIDENT: AlertAction("Start incident", _incident, starts_incident=True),
    buttons.ALERT_MUTE_HOUR: AlertAction("Mute 1 h", lambda _: command_line(alert_mute.command.name, for_="1h")),
    buttons.ALERT_MUTE_DAY: AlertAction("Mute 1 day", lambda _: command_line(alert_mute.command.name, for_="1d")),
}
"""Every button by its `action_id`, in the order of the card."""


def button_of(action_id: str, alert: Alert) -> Element:
    """Return a button of an alert's card. Its value is only the alert's ID."""
    action = ACTIONS[action_id]
    name, _ = database_of(alert)
    named = (action.named or f"{action.label} {{}}").format(name)
    label = named if action.about_database and not alert.is_of_database else action.label
    return buttons.alert_button(Plain(label[:60]), action_id, alert.id, style=action.style)
