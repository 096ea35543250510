"""Whole payloads: a message, a modal, a Home tab, and the options of a menu."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.workspace.blockkit.blocks import block
from bot.sandbox.workspace.blockkit.objects import options_answer, plain
from bot.sandbox.workspace.blockkit.problem import Problem
from bot.sandbox.workspace.blockkit.rules import At, Report, Rule, boolean, items, shape, string

MESSAGE_BLOCKS, VIEW_BLOCKS, ATTACHMENTS = 50, 100, 100
MESSAGE_CHARACTERS = 12_000  # in the text of all blocks together. Slack doesn't publish its limit
_PRIVATE = string(3000)

_blocks_of_message = items(block, most=MESSAGE_BLOCKS)
_blocks_of_view = items(block, least=1, most=VIEW_BLOCKS)
_VIEW: dict[str, Rule] = {
    "callback_id": string(255),
    "private_metadata": _PRIVATE,
    "external_id": string(255),
}


def _submit_is_there(value: dict[str, Any], at: At) -> None:
    blocks = value.get("blocks")
    inputs = isinstance(blocks, list) and any(isinstance(each, dict) and each.get("type") == "input" for each in blocks)
    if inputs and not value.get("submit"):
        (at / "submit").fail("is required when the view has an input block", "missing_field")


_modal = shape(
    {"title": plain(24), "blocks": _blocks_of_view},
    {
        **_VIEW,
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
    then=_submit_is_there,
)
_home = shape({"blocks": _blocks_of_view}, _VIEW)
_attachment_blocks = items(block, most=MESSAGE_BLOCKS)


def validate_message(payload: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of a message's blocks and attachments.

    A problem with the code `msg_blocks_too_long` means that the text of all blocks together is too long.
    """
    report = Report("message")
    at = At(report)
    blocks, attachments = payload.get("blocks"), payload.get("attachments")
    if blocks is not None:
        _blocks_of_message(blocks, at / "blocks")
    if attachments is not None:
        items(_attachment, most=ATTACHMENTS)(attachments, at / "attachments")
    if report.totals.get("text", 0) > MESSAGE_CHARACTERS:
        (at / "blocks").fail(
            f"must be less than {MESSAGE_CHARACTERS + 1} characters of text in all blocks",
            "msg_blocks_too_long", MESSAGE_CHARACTERS,
        )  # fmt: skip
    return report.problems


def validate_view(view: Any) -> list[Problem]:
    """Return the problems of a modal or a Home tab. Anything else is checked as a modal."""
    kind = view.get("type") if isinstance(view, Mapping) else None
    if kind == "home":
        report = Report("home")
        _home(view, At(report))
    else:
        report = Report("modal")
        if kind != "modal":
            (At(report) / "type").fail("must be of type: modal or home", "unsupported_type")
        _modal(view, At(report))
    return report.problems


def validate_options(answer: Any) -> list[Problem]:
    """Return the problems of the options that an app returns for a menu."""
    report = Report("message")
    options_answer(answer, At(report))
    return report.problems


def _attachment(value: Any, at: At) -> None:
    """Check the blocks of an attachment. Its legacy fields aren't checked."""
    if not isinstance(value, dict):
        at.fail("must provide an object", "invalid_type")
    elif value.get("blocks") is not None:
        _attachment_blocks(value["blocks"], at / "blocks")
