"""A message on its way out: the egress guard, and plainer variants for a Slack that does not know a block."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
import structlog

from bot.core.egress import looks_secret
from bot.core.reply import Reply, View

Body = dict[str, Any]
LONGEST_TEXT: Final = 3900
"""`chat.update` takes 4,000."""
_FRAME: Final = frozenset({"type", "title", "close", "callback_id"})
WITHHELD: Final = (
    "What I had to say here looks like it holds a secret, so I do not send it. Please tell who runs this bot."
)

log = structlog.get_logger(__name__)


def encoded(payload: object) -> bytes:
    """Return the JSON of a message. It is large, and written twice: to be searched, and to be sent."""
    try:
        return orjson.dumps(payload, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a lone surrogate: only the slower encoder takes it
        return json.dumps(payload, ensure_ascii=False, default=str).encode("utf-8", "replace")


class EgressGuard:
    """Refuses whatever looks like a token, and the secrets of this process."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        given = [secret for secret in secrets if secret]
        self._secrets = tuple(dict.fromkeys([*given, *(json.dumps(one, ensure_ascii=False)[1:-1] for one in given)]))

    def holds_secret(self, payload: object) -> bool:
        """True when something in `payload` must not leave."""
        text = payload if isinstance(payload, str) else encoded(payload).decode()
        return looks_secret(text, self._secrets)

    def cleared(self, reply: Reply) -> Reply:
        """Return the reply, or what is said in its place. One that carries a token may leave by a reveal alone."""
        if not reply.secret and not self.holds_secret([reply.text, list(reply.blocks), list(reply.plain_blocks)]):
            return reply
        log.error("withheld a message that looks like it holds a secret")
        return Reply(text=WITHHELD, private=reply.private)

    def cleared_view(self, view: View) -> View:
        """Return the view, or one that says that it is withheld."""
        if not self.holds_secret(view):
            return view
        log.error("withheld a view that looks like it holds a secret")
        said = [{"type": "section", "text": {"type": "plain_text", "text": WITHHELD}}]
        return {**{key: view[key] for key in view if key in _FRAME}, "blocks": said}


def variants(reply: Reply) -> Iterator[Body]:
    """Yield the message as it should be, with older blocks, and as text alone."""
    text = reply.text if len(reply.text) <= LONGEST_TEXT else f"{reply.text[:LONGEST_TEXT]}…"
    base: Body = {"text": text or "(no text)", "unfurl_links": False, "unfurl_media": False}
    if reply.blocks:
        yield {**base, "blocks": list(reply.blocks)}
    if reply.plain_blocks:
        yield {**base, "blocks": list(reply.plain_blocks)}
    if not reply.secret or not (reply.blocks or reply.plain_blocks):
        yield base


def merged(body: Mapping[str, Any], **more: Any) -> Body:
    """Add what is given; None is left out."""
    return {**body, **{key: value for key, value in more.items() if value is not None}}
