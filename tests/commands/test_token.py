"""`token`: the token is created at the reveal and shown only in the reveal's message."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.blocks.messages import shown, words
from tests.commands.conftest import Desk


async def test_planning_creates_no_token(desk: Desk) -> None:
    desk.acme.add("orders")

    plan = await desk.plan("token orders --read-only --expiration 2d12h")

    assert not [path for path in desk.acme.log() if path.startswith("POST")]
    assert plan.arguments["expiration"] == "2d12h"
    assert plan.options == ("--read-only",)
    assert plan.facts["Valid for"] == "2 days 12 hours"


async def test_the_token_is_in_a_code_block_and_not_in_the_notification(desk: Desk) -> None:
    desk.acme.add("orders")

    reply, secret = await desk.reveal("token orders")

    fixed = [block["elements"][0] for block in reply.blocks if block["type"] == "rich_text"]
    assert any(each["elements"][0]["text"].endswith(f"TURSO_AUTH_TOKEN={secret.value}") for each in fixed)
    assert secret.value not in reply.text
    assert secret.value not in repr(reply)
    assert secret.value not in repr(secret)
    assert reply.private
    assert reply.secret
    assert "Only you can see this" in words(reply)
    assert "libsql://orders-acme" in words(reply)


async def test_turso_gets_the_expiration_as_it_was_typed(desk: Desk) -> None:
    desk.acme.add("orders")

    await desk.reveal("token orders --read-only --expiration 1w2d")

    minted = next(call for call in desk.acme.requests if call.method == "POST")
    assert dict(minted.url.params) == {"expiration": "1w2d", "authorization": "read-only"}


async def test_a_token_is_valid_for_an_hour_by_default(desk: Desk) -> None:
    desk.acme.add("orders")

    assert (await desk.plan("token orders")).arguments["expiration"] == "1h"


async def test_the_shown_expiry_is_read_from_the_token(desk: Desk) -> None:
    desk.acme.add("orders")
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1790000000}).encode()).decode().rstrip("=")
    answer = httpx.Response(200, json={"jwt": f"eyJhbGciOiJFZERTQSJ9.{claims}.c2ln"})
    plan = await desk.plan("token orders")
    desk.acme.next_answers = [answer]
    command = desk.parse("token orders").spec

    reply = command.message(plan, await command.mint(desk.context(), plan))

    assert "<!date^1790000000^" in words(reply)


@pytest.mark.parametrize("jwt", ["x", "a.b.c", "eyJh.eyJleHAiOiAibmV2ZXIifQ.c"])
async def test_a_token_without_an_expiry_is_still_shown(desk: Desk, jwt: str) -> None:
    desk.acme.add("orders")
    plan = await desk.plan("token orders --expiration 1h")
    desk.acme.next_answers = [httpx.Response(200, json={"jwt": jwt})]
    command = desk.parse("token orders").spec

    assert "for 1 hour" in words(command.message(plan, await command.mint(desk.context(), plan)))


async def test_the_plan_of_a_token_that_never_expires_has_a_warning(desk: Desk) -> None:
    desk.acme.add("orders")

    assert "never expires" in (await desk.plan("token orders --expiration never")).warnings[0]


async def test_the_message_has_the_expected_blocks(desk: Desk, golden: Callable[[str, Any], None]) -> None:
    desk.acme.add("orders")

    golden("token/revealed", shown((await desk.reveal("token orders --read-only"))[0]))
