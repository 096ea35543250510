"""Nothing can be read back after a rotation, so a page that isn't Turso's response doesn't count as its success."""

import httpx
import pytest

from bot.turso import OutcomeUnknown, TursoClient
from tests.turso.organization import Organization


@pytest.mark.parametrize("body", ["", " \n", "{}", "null", '{"rotated": true}'])
async def test_an_empty_response_or_json_is_a_success(turso: TursoClient, acme: Organization, body: str) -> None:
    acme.add("orders")
    acme.next_answers = [httpx.Response(200, text=body)]

    await turso.invalidate_tokens("orders")


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "OK", "{"])
async def test_anything_else_is_unknown(turso: TursoClient, acme: Organization, body: str) -> None:
    acme.add("orders")
    acme.next_answers = [httpx.Response(200, text=body)]

    with pytest.raises(OutcomeUnknown):
        await turso.invalidate_tokens("orders")
