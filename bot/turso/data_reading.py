"""Runs the bot's own read-only statements on a database, with a token that is never stored or logged."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
from pydantic import SecretStr
from pydantic_core import from_json

from bot.core.redaction.text_cleaning import clean
from bot.turso.calls import NETWORK
from bot.turso.data_plane import DataPlane
from bot.turso.errors import TursoUnavailable
from bot.turso.models import Database

Value = int | float | str | None
LONGEST_ANSWER: Final = 4_000_000
"""The maximum size of a response, in bytes."""
LONGEST_WORDS: Final = 200
"""The maximum length of a statement's error, in characters."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The result of one statement: its rows or an error."""

    rows: tuple[tuple[Value, ...], ...] = ()
    error: str = ""
    """The database's error text, on one line and shortened. Empty if the statement worked."""


class DataReading(DataPlane):
    """Runs statements that only read. A statement may contain quoted names from the database's own schema, but no text
    that a person wrote in Slack.
    """

    async def read_rows(
        self, database: Database, token: SecretStr, statements: Sequence[str], *, within_seconds: float
    ) -> list[Rows]:
        """Run statements in one request, and return the rows of each. A failed statement doesn't stop the others.

        Args:
            token: a read-only token of this database.
            within_seconds: the time limit for the whole request.
        Raises:
            TursoUnavailable: no readable response arrived in time, or the database has no address to which a token may
                be sent.
        """
        url = self.pipeline_url(database)
        if url is None or not self.takes_tokens(database):
            raise TursoUnavailable(
                f"Turso didn't return a valid address for `{database.name}`, so I couldn't connect to it."
            )
        try:
            async with asyncio.timeout(within_seconds):
                answer = await self._answer_of(url, token, statements, within_seconds)
        except (*NETWORK, UnicodeError):
            answer = None
        # Raised outside of `except`, because an httpx error carries the token, even as `__context__`.
        if answer is None or len(answer) < len(statements):
            raise TursoUnavailable(f"`{database.name}` sent a response that I can't read.")
        return answer[: len(statements)]

    async def _answer_of(
        self, url: httpx.URL, token: SecretStr, statements: Sequence[str], seconds: float
    ) -> list[Rows] | None:
        """Return the rows of each statement. None if the response is too long, an error, or not in this protocol."""
        asked: list[dict[str, Any]] = [{"type": "execute", "stmt": {"sql": sql}} for sql in statements]
        request = httpx.Request(
            "POST",
            url,
            json={"requests": [*asked, {"type": "close"}]},
            headers={"authorization": f"Bearer {token.get_secret_value()}"},
            extensions={"timeout": httpx.Timeout(seconds).as_dict()},
        )
        response = await self._writer.send(request, stream=True)
        try:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > LONGEST_ANSWER:
                    return None
        finally:
            await response.aclose()
        return _rows_of(bytes(body)) if response.is_success else None


def _rows_of(body: bytes) -> list[Rows] | None:
    try:
        return [_rows(one) for one in from_json(body)["results"]]
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def _rows(result: dict[str, Any]) -> Rows:
    if result.get("type") != "ok":
        message = (result.get("error") or {}).get("message")
        words = " ".join(clean(str(message or "it was refused")).split())
        return Rows(error=words[:LONGEST_WORDS])
    rows = (result["response"].get("result") or {}).get("rows") or []
    return Rows(tuple(tuple(_value(one) for one in row) for row in rows))


def _value(raw: dict[str, Any]) -> Value:
    """Return a value of libSQL's protocol, which sends integers as text. None for null and blobs."""
    kind, value = raw.get("type"), raw.get("value")
    if kind == "integer":
        return int(str(value))
    if kind == "float":
        return float(str(value))
    return str(value) if kind == "text" else None
