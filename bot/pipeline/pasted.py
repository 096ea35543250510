"""What nobody should give us: a token in a command line or a form is not taken, not kept and not said again."""

from dataclasses import replace
from typing import Final

from bot.core.egress import looks_secret
from bot.core.request import Incoming, Kind
from bot.errors import BadInput
from bot.pipeline.environment import Environment

SENTENCE: Final = (
    "There is something in it that looks like a token or a key, so I did nothing and kept nothing of it. "
    "If it is one, others may have read it too: end it where it was made, a database's with `/turso rotate NAME`."
)


def holds_secret(incoming: Incoming) -> bool:
    """True when something that a person typed or filled in looks like a secret."""
    return looks_secret("\n".join((incoming.text, incoming.value, *map(str, incoming.values.values()))))


def errors_of(incoming: Incoming) -> dict[str, str]:
    """Return the errors for the fields of a form that hold one, by `block_id`."""
    return {block: SENTENCE for block, value in incoming.values.items() if looks_secret(str(value))}


async def refuse(env: Environment, incoming: Incoming) -> str:
    """Say so. A mention may come again; it is remembered without its words."""
    bare = replace(incoming, text="", value="", values={})
    if incoming.kind is Kind.MENTION and not await env.memory.record_intent(bare, actionable=False):
        return "redelivered"
    raise BadInput(SENTENCE)
