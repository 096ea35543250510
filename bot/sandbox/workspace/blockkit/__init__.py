"""The Block Kit validator: refuses what Slack refuses, and says where."""

from typing import Any

from bot.sandbox.workspace.blockkit.problem import Problem

__all__ = ["Problem", "validate_message", "validate_options", "validate_view"]


def validate_message(payload: dict[str, Any]) -> list[Problem]:
    return []


def validate_view(view: dict[str, Any]) -> list[Problem]:
    return []


def validate_options(answer: dict[str, Any]) -> list[Problem]:
    return []
