"""Who is on call: small clients of the services with schedules, behind one interface."""

from bot.oncall.calls import OnCallUnavailable
from bot.oncall.schedules import Adapter, Schedules

__all__ = ["Adapter", "OnCallUnavailable", "Schedules"]
