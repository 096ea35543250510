"""The top queries for `triage`. Values in them are hidden, except with `--literals` where the policy allows it."""

import asyncio
from collections.abc import Sequence
from typing import Final

from bot.blocks import kit
from bot.blocks.text import Mrkdwn, counted, cut, joined, mrkdwn, number
from bot.commands.base import Context
from bot.commands.usage._amounts import known
from bot.core.model import QueryLiterals
from bot.core.reply import Block
from bot.errors import Refused
from bot.turso.models import TopQuery

TOP: Final = 3


def require_literals(ctx: Context) -> None:
    """Raise Refused unless this channel's policy lets the requester see values in queries."""
    bound = ctx.policy.binding(ctx.subject)
    if bound is None or bound.query_literals is not QueryLiterals.REQUESTER:
        raise Refused("The policy hides values in queries here. `/turso triage` shows them as `?`.")


async def queries_blocks(queries: Sequence[TopQuery], *, literals: bool) -> list[Block]:
    """Return a section with the top queries, and how many of them are left out. Empty without queries.

    Empty queries are left out and, without `literals`, those that are too long or can't be parsed.
    """
    top = sorted(queries, key=lambda one: -((one.rows_read or 0) + (one.rows_written or 0)))[:TOP]
    if not top:
        return []
    texts = await asyncio.to_thread(_texts, top, literals)
    lines = [_line(one, text) for one, text in zip(top, texts, strict=True) if text]
    hidden = sum(1 for text in texts if not text)
    more = [mrkdwn("{} left out (unreadable SQL).", counted(hidden, "query", "queries"))] if hidden else []
    return [kit.section(joined("\n", [mrkdwn("*Top queries*"), *lines, *more]))]


def _texts(queries: Sequence[TopQuery], literals: bool) -> list[str | None]:
    return [one.query.get_secret_value() if literals else one.masked for one in queries]


def _line(query: TopQuery, text: str) -> Mrkdwn:
    read, written = known(query.rows_read, number), known(query.rows_written, number)
    return mrkdwn("• `{}` {} read, {} written", cut(text, 160), read, written)
