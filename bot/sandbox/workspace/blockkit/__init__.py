"""The Block Kit validator: finds what Slack would refuse in a payload, and where it is."""

from bot.sandbox.workspace.blockkit.payloads import validate_message, validate_options, validate_view
from bot.sandbox.workspace.blockkit.problem import Problem

__all__ = ["Problem", "validate_message", "validate_options", "validate_view"]
