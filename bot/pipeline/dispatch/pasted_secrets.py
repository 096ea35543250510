"""Rejection of text that is too long for a command, or contains a pasted token or a secret of the bot.

The length is checked first, so that regular expressions are never applied to a text of unlimited length.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from bot.core.parsing.parse_results import LONGEST_TEXT, TextTooLong
from bot.core.redaction.egress import has_token
from bot.core.requests.incoming import Incoming, Kind
from bot.errors import BadInput
from bot.pipeline.environment import Environment

SENTENCE: Final = (
    "This contains something that looks like a token or key, so I did nothing and didn't store it. "
    "If it is real, others may have seen it: revoke it where it was created. "
    "For a database token, use `/turso rotate NAME`."
)


def objection(env: Environment, incoming: Incoming) -> str | None:
    """Return why incoming text is rejected. None if it isn't."""
    texts = [incoming.text, incoming.value, *(text for value in incoming.values.values() for text in _texts(value))]
    return next((why for text in texts if (why := _objection(env, text))), None)


def errors_of(env: Environment, incoming: Incoming) -> dict[str, str]:
    """Return the errors of the form fields whose text is rejected, by `block_id`."""
    found = {
        block: next((why for text in _texts(value) if (why := _objection(env, text))), None)
        for block, value in incoming.values.items()
    }
    return {block: why for block, why in found.items() if why}


async def refuse(env: Environment, incoming: Incoming, why: str) -> str:
    """Raise BadInput with the refusal, but not for a redelivered mention. To detect one, store it without its text."""
    bare = replace(incoming, text="", value="", values={})
    if incoming.kind is Kind.MENTION and not await env.store.intents.record(bare, actionable=False):
        return "redelivered"
    raise BadInput(why)


def _objection(env: Environment, text: str) -> str | None:
    if len(text) > LONGEST_TEXT:
        return str(TextTooLong(len(text)))
    return SENTENCE if has_token(text) or any(secret in text for secret in env.secrets) else None


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a field's value, which may be a list."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
    elif value is not None:
        yield str(value)
