"""The Block Kit validator: refuses what Slack refuses, and says where the problem is."""

from bot.sandbox.workspace.blockkit.payloads import validate_message, validate_options, validate_view
from bot.sandbox.workspace.blockkit.problem import Problem

__all__ = ["Problem", "validate_message", "validate_options", "validate_view"]
