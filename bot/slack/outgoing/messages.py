"""Prepare outgoing messages: hide secrets, and build simpler variants in case Slack refuses a block."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson
import structlog

from bot.core.redaction.egress import HIDDEN, has_token, spellings, without_lines
from bot.core.reply import Reply, View

Body = dict[str, Any]
LONGEST_TEXT: Final = 3900
"""How many characters of a message's text are sent, before an ellipsis. `chat.update` accepts 4,000."""
NO_URL: Final = "https://hidden.invalid/"
WITHHELD: Final = "A token is shown only once, after you press Reveal. It isn't shown here."

log = structlog.get_logger(__name__)


def encoded(payload: object) -> bytes:
    """Return the JSON of a message.

    This must be fast, because every message is encoded to search it for secrets.
    """
    try:
        return orjson.dumps(payload, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # such as a lone surrogate, which only the slower encoder accepts
        return json.dumps(payload, ensure_ascii=False, default=str).encode("utf-8", "replace")


class EgressGuard:
    """Hides tokens and this process's recognizable secrets in messages. Their other lines and URLs stay visible."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._secrets = spellings(secrets)

    def contains_secret(self, payload: object) -> bool:
        """Return True if `payload` contains something that must not be sent."""
        text = payload if isinstance(payload, str) else encoded(payload).decode()
        return has_token(text) or any(secret in text for secret in self._secrets)

    def cleared(self, reply: Reply) -> Reply:
        """Return the reply without secrets. A reveal's reply is withheld: only `Delivery.reveal` may send it."""
        if reply.secret:
            log.error("withheld the message of a reveal")
            return Reply(text=WITHHELD, private=reply.private)
        if not self.contains_secret([reply.text, list(reply.blocks), list(reply.plain_blocks)]):
            return reply
        log.error("hid a part of a message that looks like a secret")
        return replace(
            reply,
            text=self.hidden(reply.text),
            blocks=self.hidden(list(reply.blocks)),
            plain_blocks=self.hidden(list(reply.plain_blocks)),
        )

    def cleared_view(self, view: View) -> View:
        """Return the view without secrets."""
        if not self.contains_secret(view):
            return view
        log.error("hid a part of a view that looks like a secret")
        cleared: View = self.hidden(view)
        return cleared

    def hidden(self, value: Any, key: str = "") -> Any:
        """Return a copy of plain data in which each line with a secret is hidden, and each URL with one is replaced."""
        if isinstance(value, str):
            if not self.contains_secret(value):
                return value
            return NO_URL if key.endswith("url") else without_lines(value, self.contains_secret)
        if isinstance(value, Mapping):
            return {name: self.hidden(one, str(name)) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.hidden(one) for one in value]
        return HIDDEN if self.contains_secret(value) else value


def variants(reply: Reply) -> Iterator[Body]:
    """Yield the message with all its blocks, with older types of blocks, and as plain text.

    A reveal that has blocks isn't yielded as plain text, because its text doesn't contain the token.
    """
    text = reply.text if len(reply.text) <= LONGEST_TEXT else f"{reply.text[:LONGEST_TEXT]}…"
    base: Body = {"text": text or "(no text)", "unfurl_links": False, "unfurl_media": False}
    if reply.blocks:
        yield {**base, "blocks": list(reply.blocks)}
    if reply.plain_blocks:
        yield {**base, "blocks": list(reply.plain_blocks)}
    if not reply.secret or not (reply.blocks or reply.plain_blocks):
        yield base


def merged(body: Mapping[str, Any], **more: Any) -> Body:
    """Return the body with more fields. Fields that are None are left out."""
    return {**body, **{key: value for key, value in more.items() if value is not None}}
