"""Text, options, confirmation dialogs and the other objects in blocks and elements."""

from __future__ import annotations

from typing import Any

from bot.sandbox.workspace.blockkit.rules import (
    At,
    Rule,
    boolean,
    both,
    exactly_one,
    items,
    one_of,
    shape,
    string,
    url,
)

ID = string(255, least=1)  # action_id, block_id, callback_id, external_id
_TEXT = 3000


def text(most: int = _TEXT, *, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Rule:
    """Return the rule for a text object of one of these types, with 1 to `most` characters.

    Its characters count towards the payload's total.
    """

    def rule(value: Any, at: At) -> None:
        if not isinstance(value, dict):
            at.fail("must provide an object", "invalid_type")
            return
        kind = value.get("type")
        if kind not in kinds:
            (at / "type").fail(f"must be of type: {' or '.join(kinds)}", "unsupported_type")
            return
        own = {"emoji": boolean} if kind == "plain_text" else {"verbatim": boolean}
        shape({"text": string(most, least=1)}, own)(value, at)
        if isinstance(value.get("text"), str):
            at.add("text", len(value["text"]))

    return rule


def plain(most: int = _TEXT) -> Rule:
    return text(most, kinds=("plain_text",))


confirm = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)


def option(*, text_rule: Rule | None = None, with_url: bool = False) -> Rule:
    """Return the rule for an option of a menu. Only an overflow menu's options may have a URL."""
    optional = {"description": text_rule or plain(75)}
    if with_url:
        optional["url"] = url(3000)
    return shape({"text": text_rule or plain(75), "value": string(150, least=1)}, optional)


def options(least: int, most: int, *, text_rule: Rule | None = None, with_url: bool = False) -> Rule:
    return items(option(text_rule=text_rule, with_url=with_url), least=least, most=most)


option_groups = items(shape({"label": plain(75), "options": options(1, 100)}), least=1, most=100)

options_answer = both(shape({}, {"options": options(0, 100), "option_groups": option_groups}),
                      exactly_one("options", "option_groups"))  # fmt: skip

conversation_filter = shape(
    {},
    {
        "include": items(one_of("im", "mpim", "private", "public"), least=1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    then=lambda value, at: at.fail("must not be empty", "missing_field") if not value else None,
)

dispatch_config = shape(
    {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), least=1)},
)

slack_file = both(shape({}, {"id": string(least=1), "url": url()}), exactly_one("id", "url"))

workflow = shape(
    {
        "trigger": shape(
            {"url": url(secure=True)},
            {"customizable_input_parameters": items(shape({"name": string(least=1), "value": string()}))},
        )
    }
)

_IMAGE = {"image_url": url(3000), "slack_file": slack_file}
image_element = both(shape({"alt_text": string(2000, least=1)}, _IMAGE), exactly_one("image_url", "slack_file"))
image_block_fields = (
    {"alt_text": string(2000, least=1)},
    {**_IMAGE, "title": plain(2000)},
    exactly_one("image_url", "slack_file"),
)
slack_icon = both(shape({"name": string(least=1)}), lambda value, at: one_of("icon")(_type(value), at / "type"))


def _type(value: Any) -> Any:
    return value.get("type") if isinstance(value, dict) else None
