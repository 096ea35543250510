"""The rules for every block: its fields, its limits and the surfaces on which it is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.workspace.blockkit import data
from bot.sandbox.workspace.blockkit.elements import (
    IN_ACTIONS,
    IN_CARD,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    overflow,
)
from bot.sandbox.workspace.blockkit.objects import (
    ID,
    image_block_fields,
    image_element,
    plain,
    slack_icon,
    text,
)
from bot.sandbox.workspace.blockkit.rich_text import rich_text
from bot.sandbox.workspace.blockkit.rules import (
    At,
    Rule,
    Surface,
    at_least_one,
    boolean,
    both,
    exactly_one,
    integer,
    items,
    one_of,
    shape,
    string,
    typed,
    url,
)

MARKDOWN_CHARACTERS = 12_000
PLAN_TASKS = 50


def _block(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *,
           then: Rule | None = None) -> Rule:  # fmt: skip
    return shape(required, {"block_id": ID, **(optional or {})}, then=then)


# -- text, images, actions and inputs


def _set_of_elements(value: Any, at: At) -> None:
    """Check that action IDs are unique among a block's elements, and that at most one button is primary."""
    elements = [each for each in value if isinstance(each, dict)]
    seen: set[str] = set()
    for index, element in enumerate(elements):
        action_id = element.get("action_id")
        if isinstance(action_id, str) and action_id in seen:
            (at / index / "action_id").fail(f"action_id {action_id} already exists", "duplicate")
        elif isinstance(action_id, str):
            seen.add(action_id)
    if sum(each.get("style") == "primary" for each in elements if each.get("type") == "button") > 1:
        at.fail("only one button of a set can be primary", "too_many", 1)


section = _block(
    {},
    {
        "text": text(3000),
        "fields": items(text(2000), least=1, most=10),
        "accessory": typed(IN_SECTION),
        "expand": boolean,
    },
    then=at_least_one("text", "fields"),
)
header = _block({"text": plain(150)}, {"level": integer(1, 4)})
divider = _block({})
context = _block(
    {
        "elements": items(
            typed({"image": image_element, "plain_text": text(3000), "mrkdwn": text(3000)}), least=1, most=10
        )
    }
)
actions = _block({"elements": items(typed(IN_ACTIONS), least=1, most=25, then=_set_of_elements)})
_required, _optional, _then = image_block_fields
image = _block(_required, _optional, then=_then)


def _dispatches(value: dict[str, Any], at: At) -> None:
    element = value.get("element")
    if value.get("dispatch_action") and isinstance(element, dict) and element.get("type") == "file_input":
        (at / "dispatch_action").fail("is not allowed with file_input", "invalid_combination")


def _response_urls(value: dict[str, Any], at: At) -> None:
    element = value.get("element")
    if isinstance(element, dict) and element.get("response_url_enabled") and at.report.surface != "modal":
        (at / "element" / "response_url_enabled").fail("is only allowed in modals", "unsupported_surface")


input_block = _block(
    {"label": plain(2000), "element": typed(IN_INPUT)},
    {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    then=both(_dispatches, _response_urls),
)
video = _block(
    {
        "alt_text": string(2000, least=1),
        "title": plain(199),
        "thumbnail_url": url(3000),
        "video_url": url(3000, secure=True),
    },
    {
        "title_url": url(3000, secure=True),
        "description": plain(199),
        "author_name": string(49),
        "provider_name": string(),
        "provider_icon_url": url(3000),
    },
)


def _markdown_total(value: dict[str, Any], at: At) -> None:
    written = value.get("text")
    if isinstance(written, str) and at.add("markdown", len(written)) > MARKDOWN_CHARACTERS:
        at.fail(f"must be less than {MARKDOWN_CHARACTERS + 1} characters over all markdown blocks", "too_long",
                MARKDOWN_CHARACTERS)  # fmt: skip


markdown = _block({"text": string(least=1)}, then=_markdown_total)

# -- cards, carousels, alerts and containers

card = _block(
    {},
    {
        "hero_image": image_element,
        "icon": image_element,
        "slack_icon": slack_icon,
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "subtext": text(200),
        "actions": items(typed(IN_CARD), most=3, then=_set_of_elements),
    },
    then=both(
        at_least_one("hero_image", "title", "actions", "body"),
        lambda value, at: (
            exactly_one("icon", "slack_icon")(value, at) if "icon" in value and "slack_icon" in value else None
        ),
    ),
)
carousel = _block({"elements": items(typed({"card": card}), least=1, most=10)})
alert = _block({"text": text(200)}, {"level": one_of("default", "info", "warning", "error", "success")})


def _header_of_container(value: dict[str, Any], at: At) -> None:
    at_least_one("title", "rich_text_title")(value, at)
    if value.get("has_header_divider") and value.get("is_collapsible"):
        (at / "has_header_divider").fail("is not allowed when is_collapsible is true", "invalid_combination")
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        (at / "default_collapsed").fail("needs is_collapsible", "invalid_combination")


_remote_file = _block({"external_id": string(least=1), "source": one_of("remote")})
_CHILDREN: dict[str, Rule] = {
    "file": _remote_file,
    "actions": actions,
    "context": context,
    "divider": divider,
    "header": header,
    "image": image,
    "input": input_block,
    "rich_text": rich_text,
    "section": section,
    "table": data.table,
    "video": video,
}


def _child(value: Any, at: At) -> None:
    typed(_CHILDREN)(value, at)
    unique_block_id(value, at)


container = _block(
    {"child_blocks": items(_child, least=1, most=10)},
    {
        "title": plain(150),
        "rich_text_title": typed({"rich_text": rich_text}),
        "subtitle": text(150),
        "icon": image_element,
        "width": one_of("narrow", "standard", "wide", "full"),
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
    },
    then=_header_of_container,
)

# -- tasks, plans and authorization

_source = shape({"url": url(), "text": string(least=1)})
_TASK: tuple[dict[str, Rule], dict[str, Rule]] = (
    {"task_id": string(least=1), "title": string(least=1)},
    {
        "details": typed({"rich_text": rich_text}),
        "output": typed({"rich_text": rich_text}),
        "sources": items(typed({"url": _source})),
    },
)
_STATES = ("in_progress", "complete", "error")
task_card = _block({**_TASK[0], "status": one_of(*_STATES)}, _TASK[1])
_planned_task = _block({**_TASK[0], "status": one_of("pending", *_STATES)}, _TASK[1])
plan = _block(
    {"title": string(least=1)}, {"tasks": items(typed({"task_card": _planned_task}), most=PLAN_TASKS)}
)  # fmt: skip
context_actions = _block({"elements": items(typed(IN_CONTEXT_ACTIONS), least=1, most=5, then=_set_of_elements)})


def _fallback(value: Any, at: At) -> None:
    items(typed(_CHILDREN), least=1)(value, at)


auth_provider = _block(
    {"value": string(150, least=1), "name": plain(75), "is_connected": boolean},
    {
        "description": plain(150),
        "icon_url": url(3000, secure=True),
        "auth_url": url(3000, secure=True),
        "disconnect_url": url(3000, secure=True),
        "connected_identity": plain(75),
        "connected_context": plain(75),
        "accessory": typed({"overflow": overflow}),
        "fallback": _fallback,
    },
)

# -- which surface may have which block

_EVERYWHERE: frozenset[Surface] = frozenset(("message", "modal", "home"))
_MESSAGES: frozenset[Surface] = frozenset(("message",))
_NOT_MODALS: frozenset[Surface] = frozenset(("message", "home"))
BLOCKS: dict[str, tuple[Rule, frozenset[Surface]]] = {
    "section": (section, _EVERYWHERE),
    "header": (header, _EVERYWHERE),
    "divider": (divider, _EVERYWHERE),
    "context": (context, _EVERYWHERE),
    "actions": (actions, _EVERYWHERE),
    "image": (image, _EVERYWHERE),
    "input": (input_block, _EVERYWHERE),
    "rich_text": (rich_text, _EVERYWHERE),
    "video": (video, _EVERYWHERE),
    "card": (card, _EVERYWHERE),
    "auth_provider": (auth_provider, _EVERYWHERE),
    "markdown": (markdown, _MESSAGES),
    "data_visualization": (data.data_visualization, _MESSAGES),
    "context_actions": (context_actions, _MESSAGES),
    "plan": (plan, _MESSAGES),
    "task_card": (task_card, _MESSAGES),
    "table": (data.table, _NOT_MODALS),
    "data_table": (data.data_table, _NOT_MODALS),
    "carousel": (carousel, _NOT_MODALS),
    "container": (container, _NOT_MODALS),
    "alert": (alert, frozenset(("modal",))),
}


def block(value: Any, at: At) -> None:
    """Check that a block is known, allowed on its surface, valid, and has a unique ID."""
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in BLOCKS and at.report.surface not in BLOCKS[kind][1]:
        (at / "type").fail(f"unsupported type: {kind}", "unsupported_surface")
        return
    typed({name: rule for name, (rule, _) in BLOCKS.items()})(value, at)
    unique_block_id(value, at)


def unique_block_id(value: Any, at: At) -> None:
    block_id = value.get("block_id") if isinstance(value, dict) else None
    if not isinstance(block_id, str) or value.get("type") == "markdown":
        return
    if block_id in at.report.block_ids:
        (at / "block_id").fail(f"block_id {block_id} already exists", "duplicate")
    at.report.block_ids.add(block_id)
