"""Alerts: what is measured, when people are alerted, and when an alert has ended. Pure, without a clock."""

from bot.core.alerts.alert import (
    ENDED,
    INCONCLUSIVE_ENDS,
    KINDS_ABOUT_QUOTAS,
    RAISED,
    Alert,
    AlertEnd,
    AlertKind,
    Contributor,
    Figure,
    Measure,
)
from bot.core.alerts.subscriptions import POLICY, AlertSubscription, Mute, merged

__all__ = [
    "ENDED",
    "INCONCLUSIVE_ENDS",
    "KINDS_ABOUT_QUOTAS",
    "POLICY",
    "RAISED",
    "Alert",
    "AlertEnd",
    "AlertKind",
    "AlertSubscription",
    "Contributor",
    "Figure",
    "Measure",
    "Mute",
    "merged",
]
