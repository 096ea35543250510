"""Who is on call: small clients of the services that keep schedules, behind one port."""

from bot.oncall.calls import OnCallUnavailable
from bot.oncall.schedules import Adapter, Schedules

__all__ = ["Adapter", "OnCallUnavailable", "Schedules"]
