"""A token is sent only by a reveal, and only the person who revealed it sees it."""

import json
from dataclasses import replace

import pytest

from bot.core.ports import Address
from bot.core.reply import Reply
from bot.slack.outgoing.messages import WITHHELD

from .addresses import HERE, JWT, SECTION, keep
from .conftest import Gateway
from .stub import refused

SECRETS = [
    pytest.param(JWT, id="a database token"),
    pytest.param("xoxb-1111111111-2222222222-abcdef", id="a bot token"),
    pytest.param("the-signing-secret", id="the signing secret"),
]


@pytest.mark.parametrize("secret", SECRETS)
async def test_a_secret_is_hidden_wherever_it_is_not_sent_by_a_reveal(gateway: Gateway, secret: str) -> None:
    keep(gateway)
    block = {"type": "section", "text": {"type": "plain_text", "text": f"is {secret}!"}}
    view = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [block]}
    for reply in (Reply(text=secret), Reply(text="x", blocks=[block]), Reply(text="x", plain_blocks=[block])):
        await gateway.delivery.answer(HERE, reply, public=True)
        await gateway.delivery.send_ephemeral(HERE, reply)
        await gateway.delivery.post("C0DBOPS", reply)
        await gateway.delivery.update("C0DBOPS", "1.2", reply)
        await gateway.delivery.direct("U0ANA", reply)
    await gateway.delivery.open_view("1.2.3", view)
    await gateway.delivery.update_view("V1", view)
    await gateway.delivery.publish_home("U0ANA", view)
    await gateway.delivery.upload("C0DBOPS", "report.md", f"one line\na {secret}", title="Report", thread_ts=None)
    assert secret not in json.dumps([call.arguments for call in gateway.slack.calls])
    assert len(gateway.slack.calls) == 21
    assert gateway.slack.of("chat.update")[0]["text"] == "[hidden]"


async def test_the_reply_of_a_reveal_is_withheld_if_it_is_sent_in_another_way(gateway: Gateway) -> None:
    reply = Reply(text="Your token", blocks=[SECTION], secret=True)
    await gateway.delivery.answer(HERE, reply, public=True)
    await gateway.delivery.send_ephemeral(HERE, reply)
    await gateway.delivery.post("C0DBOPS", reply)
    await gateway.delivery.update("C0DBOPS", "1.2", reply)
    await gateway.delivery.direct("U0ANA", reply)
    assert len(gateway.slack.calls) == 5
    assert {call.arguments["text"] for call in gateway.slack.calls} == {WITHHELD}
    assert [call for call in gateway.slack.calls if "blocks" in call.arguments] == []


async def test_a_reveal_is_ephemeral_and_has_no_token_in_its_text(gateway: Gateway) -> None:
    keep(gateway)
    block = {"type": "section", "text": {"type": "plain_text", "text": JWT}}
    token = Reply(text="Your token", blocks=[block], private=True, secret=True)
    assert await gateway.delivery.reveal(HERE, token)
    assert await gateway.delivery.reveal(replace(HERE, intent_id=None), token)
    by_url, by_message = gateway.slack.of("response_url")[0], gateway.slack.of("chat.postEphemeral")[0]
    assert by_url["response_type"] == "ephemeral"
    assert by_message["user"] == "U0ANA"
    assert by_url["blocks"] == by_message["blocks"] == [block]
    assert JWT not in by_url["text"] + by_message["text"]
    gateway.slack.calls.clear()
    assert not await gateway.delivery.reveal(HERE, replace(token, text=JWT))
    assert gateway.slack.calls == []


async def test_a_reveal_that_cannot_be_private_is_not_delivered(gateway: Gateway) -> None:
    gateway.slack.always["chat.postEphemeral"] = refused("user_not_in_channel")
    token = Reply(text="Your token", blocks=[SECTION], secret=True)
    assert not await gateway.delivery.reveal(replace(HERE, intent_id=None), token)
    assert not await gateway.delivery.reveal(Address(user_id="U0ANA", channel_id=""), token)
    assert gateway.slack.of("chat.postMessage") == []


async def test_a_reveal_whose_blocks_are_refused_is_not_delivered(gateway: Gateway) -> None:
    keep(gateway)
    for method in ("response_url", "chat.postEphemeral"):
        gateway.slack.always[method] = refused("invalid_blocks")
    assert not await gateway.delivery.reveal(HERE, Reply(text="Your token", blocks=[SECTION], secret=True))
    assert gateway.slack.methods() == ["response_url", "chat.postEphemeral"]


async def test_a_reveal_in_a_modal_is_sent_nowhere_else_even_if_the_modal_is_closed(gateway: Gateway) -> None:
    keep(gateway)
    block = {"type": "section", "text": {"type": "plain_text", "text": JWT}}
    token = Reply(text="Your token", blocks=[block], private=True, secret=True)
    in_modal = replace(HERE, modal_id="V1")
    assert await gateway.delivery.reveal(in_modal, token)
    gateway.slack.answers["views.update"] = [refused("not_found")]
    assert not await gateway.delivery.reveal(in_modal, token)
    assert gateway.slack.methods() == ["views.update", "views.update"]
    shown = gateway.slack.of("views.update")[0]["view"]
    assert JWT in json.dumps(shown["blocks"])
    assert JWT not in json.dumps({key: one for key, one in shown.items() if key != "blocks"})
