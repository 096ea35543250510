"""Convert Slack's payloads to `Incoming`.

The result is None for a payload without a valid person, or with an invalid channel.
"""

import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from bot.core.redaction.text_cleaning import clean
from bot.core.requests.incoming import Incoming, Kind

Body = Mapping[str, Any]
_ID: Final = re.compile(r"[A-Z0-9]{1,40}")
_LETTERS: Final = b"abcdefghijklmnopqrstuvwxyz234567" * 8
"""The letter or digit for each of the 256 byte values.

Each occurs 8 times, so that with random bytes all have the same probability.
"""
_TS: Final = re.compile(r"[0-9]{1,16}\.[0-9]{1,9}")
_SINGLE: Final = (
    "value",
    "selected_user",
    "selected_channel",
    "selected_conversation",
    "selected_date",
    "selected_time",
)
_MANY: Final = ("selected_users", "selected_channels", "selected_conversations")


def new_reference() -> str:
    """Return a reference for people: `i-` and 10 random characters."""
    return "i-" + next(_random).translate(_LETTERS).decode()


def _in_tens(at_once: int = 400) -> Iterator[bytes]:
    """Yield ten random bytes at a time. Reads 4,000 at once, because each read is a system call."""
    while True:
        pool = os.urandom(10 * at_once)
        yield from (pool[start : start + 10] for start in range(0, len(pool), 10))


_random: Final = _in_tens()


def command(body: Body, at: datetime) -> Incoming | None:
    """Convert a slash command. Its team is the one in which it was typed."""
    return _incoming(
        Kind.COMMAND,
        at,
        body,
        user=body.get("user_id"),
        channel=body.get("channel_id"),
        team=body.get("team_id"),
        text=_text(body.get("text")),
    )


def action(body: Body, at: datetime) -> Incoming | None:
    """Convert a press of a button or a choice in a menu, in a message, a modal or the Home tab."""
    pressed, container, message = body["actions"][0], _part(body, "container"), _part(body, "message")
    view = _part(body, "view")
    return _incoming(
        Kind.ACTION,
        at,
        body,
        user=body.get("user"),
        channel=body.get("channel") or container.get("channel_id"),
        thread_ts=_thread_of(message, container),
        action_id=_text(pressed.get("action_id")),
        value=_first(_plain_value(pressed)),
        values=_values_of(view.get("state") or body.get("state")),
        message_ts=_ts(container.get("message_ts") or message.get("ts")),
        view_id=_text(view.get("id")) or None,
        is_ephemeral=container.get("is_ephemeral") is True,
    )


def submission(body: Body, at: datetime) -> Incoming | None:
    """Convert a submitted modal."""
    view = _part(body, "view")
    return _incoming(
        Kind.SUBMISSION,
        at,
        body,
        user=body.get("user"),
        action_id=_text(view.get("callback_id")),
        value=_text(view.get("private_metadata")),
        values=_values_of(view.get("state")),
        view_id=_text(view.get("id")) or None,
    )


def options_request(body: Body, at: datetime) -> Incoming | None:
    """Convert a request for the options of a menu in a modal. `action_id` and `value` are as in `submission`."""
    view, container = _part(body, "view"), _part(body, "container")
    return _incoming(
        Kind.ACTION,
        at,
        body,
        user=body.get("user"),
        channel=body.get("channel") or container.get("channel_id"),
        action_id=_text(view.get("callback_id")),
        value=_text(view.get("private_metadata")),
        values=_values_of(view.get("state")),
        view_id=_text(view.get("id")) or None,
    )


def shortcut(body: Body, at: datetime) -> Incoming | None:
    """Convert a shortcut. The reply to a message shortcut goes to the message's thread."""
    message = _part(body, "message")
    message_ts = _ts(body.get("message_ts") or message.get("ts"))
    return _incoming(
        Kind.SHORTCUT,
        at,
        body,
        user=body.get("user"),
        channel=body.get("channel"),
        thread_ts=_ts(message.get("thread_ts")) or message_ts,
        action_id=_text(body.get("callback_id")),
    )


def mention(body: Body, at: datetime, bot_user_id: str) -> Incoming | None:
    """Convert a message that mentions the bot. The reply goes to its thread. Returns None for a message by a bot."""
    event = body["event"]
    if event.get("bot_id") or event.get("subtype") == "bot_message":
        return None
    return _incoming(
        Kind.MENTION,
        _sent_at(body, at),
        body,
        user=event.get("user"),
        channel=event.get("channel"),
        team=event.get("user_team") or event.get("source_team") or event.get("team"),
        thread_ts=_ts(event.get("thread_ts")) or _ts(event.get("ts")),
        text=text_after_mention(_text(event.get("text")), bot_user_id),
        message_ts=_ts(event.get("ts")),
    )


def _sent_at(body: Body, now: datetime) -> datetime:
    """Return when an event happened, at most a second late. Now if it has no valid past time.

    Slack may redeliver an event hours later.
    """
    seconds = body.get("event_time")
    if not isinstance(seconds, int) or not 0 < seconds < now.timestamp():
        return now
    # `event_time` is in whole seconds, so the event may be up to a second later
    return min(now, datetime.fromtimestamp(seconds + 1, UTC))


def home(body: Body, at: datetime) -> Incoming | None:
    """Convert `app_home_opened`, which Slack sends when a person opens the Home tab."""
    return _incoming(Kind.HOME, at, body, user=body["event"].get("user"))


def _incoming(
    kind: Kind, at: datetime, body: Body, *, user: object, channel: object = None, team: object = None, **more: Any
) -> Incoming | None:
    user_id, channel_id = _id(user), _id(channel)
    if not user_id or (channel and not channel_id):
        return None
    if team is None and isinstance(user, dict):
        team = user.get("team_id")
    return Incoming(
        id=new_reference(),
        key=_key(body),
        kind=kind,
        at=at,
        user_id=user_id,
        channel_id=channel_id,
        user_team_id=_id(team) or None,
        trigger_id=_text(body.get("trigger_id")) or None,
        response_url=_text(body.get("response_url")) or None,
        **more,
    )


def _key(body: Body) -> str:
    """Return a key that is the same if Slack delivers the payload again, or if the same form is submitted again.

    It is a hash of the event ID, or else of the form, the trigger ID or the body. A form that stays open after a late
    answer can be submitted again, with another trigger ID.
    """
    repeated = body.get("event_id") or _form_of(body) or body.get("trigger_id")
    return sha256(
        str(repeated or sorted(body.items(), key=lambda item: item[0])).encode("utf-8", "replace")
    ).hexdigest()


def _form_of(body: Body) -> tuple[str, ...]:
    """Return values that are the same each time a form is submitted. Empty for other payloads."""
    view = _part(body, "view")
    if body.get("type") != "view_submission" or not _text(view.get("id")):
        return ()
    return tuple(_text(view.get(name)) for name in ("id", "callback_id", "private_metadata"))


def _id(value: object) -> str:
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) and _ID.fullmatch(found) else ""


def _ts(value: object) -> str | None:
    return value if isinstance(value, str) and _TS.fullmatch(value) else None


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _part(body: Body, name: str) -> Body:
    part = body.get(name)
    return part if isinstance(part, dict) else {}


def _thread_of(message: Body, container: Body) -> str | None:
    """Return the thread of a message that is only shown in its thread. None if the channel also shows it.

    The channel shows a thread's first message, and replies that were also sent to the channel. For such a reply, Slack
    doesn't report where its button was pressed. A reply in the channel is visible in both cases.
    """
    thread_ts = _ts(message.get("thread_ts") or container.get("thread_ts"))
    is_first = thread_ts == _ts(container.get("message_ts") or message.get("ts"))
    return None if is_first or message.get("subtype") == "thread_broadcast" else thread_ts


def _first(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return value if isinstance(value, str) else ""


def text_after_mention(text: str, bot_user_id: str) -> str:
    """Return the text after the bot's mention. The whole text if it has none, or if the bot's ID isn't known yet."""
    mentioned = re.search(rf"<@{bot_user_id}(?:\|[^<>]*)?>", text) if bot_user_id else None
    return text[mentioned.end() :].strip() if mentioned else text.strip()


def _values_of(state: object) -> dict[str, Any]:
    """Return the values of a `state` by `block_id`. If a block has several inputs, also by `action_id`."""
    blocks = state.get("values") if isinstance(state, dict) else None
    flat: dict[str, Any] = {}
    for block_id, actions in blocks.items() if isinstance(blocks, dict) else ():
        for action_id, element in actions.items() if isinstance(actions, dict) else ():
            value = _plain_value(element)
            flat.setdefault(block_id, value)
            if len(actions) > 1:
                flat[action_id] = value
    return flat


def _plain_value(element: object) -> str | int | list[str] | None:
    """Return the value of an input or button.

    A text, an ID, an option's value, a list of these, the Unix time of a datetime picker, or None.
    """
    if not isinstance(element, Mapping):
        return None
    if isinstance(options := element.get("selected_options"), list):
        return [value for one in options if (value := _option(one)) is not None]
    if "selected_option" in element:
        return _option(element["selected_option"])
    for name in _MANY:
        if isinstance(found := element.get(name), list):
            return [clean(one) for one in found if isinstance(one, str)]
    if isinstance(moment := element.get("selected_date_time"), int):
        return moment
    return next((clean(found) for name in _SINGLE if isinstance(found := element.get(name), str)), None)


def _option(option: object) -> str | None:
    value = option.get("value") if isinstance(option, Mapping) else None
    return clean(value) if isinstance(value, str) else None
