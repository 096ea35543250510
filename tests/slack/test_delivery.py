"""Outgoing messages, views and files: how they are sent, and how Slack's errors are handled."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from bot.core.ports import Address
from bot.core.reply import Reply
from bot.errors import BotError, CannotPost, Unavailable
from bot.slack.outgoing._retries import RETRIES_WHEN_LIMITED
from bot.slack.outgoing.response_urls import ResponseUrls
from bot.slack.outgoing.web_api import SlackCalls, SlackTrouble, web_client

from .addresses import HELLO, HERE, IN_THREAD, SECTION, command_with_url, keep
from .conftest import Gateway
from .stub import TOKEN, gone, limited, refused


async def test_a_public_answer_is_sent_to_the_response_url(gateway: Gateway) -> None:
    keep(gateway)
    await gateway.delivery.answer(HERE, HELLO, public=True)
    assert gateway.slack.of("response_url") == [
        {
            "text": "hello",
            "blocks": [SECTION],
            "response_type": "in_channel",
            "replace_original": False,
            "unfurl_links": False,
            "unfurl_media": False,
        }
    ]


async def test_a_private_answer_is_ephemeral(gateway: Gateway) -> None:
    keep(gateway)
    await gateway.delivery.answer(HERE, HELLO, public=False)
    await gateway.delivery.answer(HERE, replace(HELLO, private=True), public=True)
    await gateway.delivery.send_ephemeral(HERE, HELLO)
    assert [call["response_type"] for call in gateway.slack.of("response_url")] == ["ephemeral"] * 3


async def test_every_answer_says_whether_it_replaces_the_original(gateway: Gateway) -> None:
    keep(gateway)
    in_message = replace(HERE, message_ts="1.2")
    await gateway.delivery.answer(in_message, HELLO, public=True, replace=True)
    await gateway.delivery.answer(in_message, HELLO, public=True)
    await gateway.delivery.send_ephemeral(replace(in_message, is_ephemeral=True), HELLO, replace=True)
    await gateway.delivery.send_ephemeral(in_message, HELLO, replace=True)
    answers = [(call["response_type"], call["replace_original"]) for call in gateway.slack.of("response_url")]
    assert answers == [("in_channel", True), ("in_channel", False), ("ephemeral", True), ("ephemeral", False)]


async def test_an_answer_that_replaces_its_message_updates_it_if_there_is_no_response_url(gateway: Gateway) -> None:
    in_message = replace(HERE, intent_id=None, message_ts="1.2")
    await gateway.delivery.answer(in_message, HELLO, public=True, replace=True)
    assert gateway.slack.methods() == ["chat.update"]
    (updated,) = gateway.slack.of("chat.update")
    assert (updated["channel"], updated["ts"], updated["text"]) == ("C0DBOPS", "1.2", "hello")


async def test_a_private_answer_never_replaces_a_public_message(gateway: Gateway) -> None:
    keep(gateway)
    await gateway.delivery.answer(replace(HERE, message_ts="1.2"), HELLO, public=False, replace=True)
    assert gateway.slack.of("response_url")[0]["replace_original"] is False


async def test_a_public_answer_that_replaces_an_ephemeral_message_deletes_it(gateway: Gateway) -> None:
    keep(gateway)
    await gateway.delivery.answer(replace(HERE, message_ts="1.2", is_ephemeral=True), HELLO, public=True, replace=True)
    posted, removed = gateway.slack.of("response_url")
    assert posted["replace_original"] is False
    assert removed == {"delete_original": True}


async def test_after_five_uses_of_the_response_url_a_message_is_posted(gateway: Gateway) -> None:
    keep(gateway)
    for _ in range(6):
        await gateway.delivery.answer(HERE, HELLO, public=True)
    assert len(gateway.slack.of("response_url")) == 5
    assert [call["channel"] for call in gateway.slack.of("chat.postMessage")] == ["C0DBOPS"]


@pytest.mark.parametrize("word", ["used_url", "expired_url"])
async def test_a_used_up_or_expired_response_url_is_not_tried_again(gateway: Gateway, word: str) -> None:
    keep(gateway)
    gateway.slack.answers["response_url"] = [gone(word)]
    await gateway.delivery.send_ephemeral(HERE, HELLO)
    await gateway.delivery.send_ephemeral(HERE, HELLO)
    assert gateway.slack.methods() == ["response_url", "chat.postEphemeral", "chat.postEphemeral"]
    assert gateway.slack.of("chat.postEphemeral")[0]["user"] == "U0ANA"


async def test_a_person_who_cannot_be_reached_in_the_channel_gets_a_direct_message(gateway: Gateway) -> None:
    gateway.slack.always["chat.postEphemeral"] = refused("user_not_in_channel")
    await gateway.delivery.send_ephemeral(HERE, HELLO)
    assert [call["channel"] for call in gateway.slack.of("chat.postMessage")] == ["U0ANA"]


async def test_a_public_answer_is_private_in_a_channel_without_the_bot(gateway: Gateway) -> None:
    gateway.slack.answers["chat.postMessage"] = [refused("not_in_channel")]
    await gateway.delivery.answer(HERE, HELLO, public=True)
    assert gateway.slack.methods() == ["chat.postMessage", "chat.postEphemeral"]


async def test_an_answer_without_a_channel_or_in_a_direct_message_is_a_direct_message(gateway: Gateway) -> None:
    await gateway.delivery.send_ephemeral(Address(user_id="U0ANA", channel_id=""), HELLO)
    await gateway.delivery.send_ephemeral(Address(user_id="U0ANA", channel_id="D0ANA"), HELLO)
    assert [call["channel"] for call in gateway.slack.of("chat.postMessage")] == ["U0ANA", "U0ANA"]


async def test_a_mention_is_answered_in_its_thread(gateway: Gateway) -> None:
    await gateway.delivery.answer(IN_THREAD, HELLO, public=True)
    await gateway.delivery.answer(replace(IN_THREAD, thread_is_live=True), HELLO, public=False)
    public, private = gateway.slack.of("chat.postMessage")[0], gateway.slack.of("chat.postEphemeral")[0]
    assert (public["channel"], public["thread_ts"]) == ("C0DBOPS", "5.6")
    assert (private["user"], private["thread_ts"]) == ("U0ANA", "5.6")


async def test_a_private_answer_is_not_sent_to_a_thread_in_which_slack_would_not_show_it(gateway: Gateway) -> None:
    await gateway.delivery.send_ephemeral(IN_THREAD, HELLO)
    private = gateway.slack.of("chat.postEphemeral")[0]
    assert private["channel"] == "C0DBOPS"
    assert "thread_ts" not in private


async def test_a_private_answer_names_a_thread_only_if_it_has_replies(gateway: Gateway) -> None:
    keep(gateway)
    await gateway.delivery.send_ephemeral(replace(HERE, thread_ts="5.6"), HELLO)
    await gateway.delivery.send_ephemeral(replace(HERE, thread_ts="5.6", thread_is_live=True), HELLO)
    first, second = gateway.slack.of("response_url")
    assert "thread_ts" not in first
    assert second["thread_ts"] == "5.6"


async def test_a_click_in_a_thread_is_answered_in_that_thread(gateway: Gateway) -> None:
    keep(gateway)
    await gateway.delivery.answer(replace(HERE, thread_ts="5.6", message_ts="1.2"), HELLO, public=True)
    assert gateway.slack.of("response_url")[0]["thread_ts"] == "5.6"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/respond/one",
        "http://hooks.slack.com/commands/T/1/a",
        "https://hooks.slack.com.evil.example.com/a",
        "https://user@hooks.slack.com/a",
        "https://hooks.slack.com:8443/a",
        "file:///etc/passwd",
        "http://127.0.0.1:1/respond",
        "http://[::1",
        "",
    ],
)
async def test_an_address_that_is_not_slacks_is_never_called(gateway: Gateway, url: str) -> None:
    keep(gateway, url=url)
    gateway.seen.clear()
    await gateway.delivery.send_ephemeral(HERE, HELLO)
    assert gateway.seen == [("chat.postEphemeral", "ok")], "a call to the address would be counted, even if it failed"


async def test_a_redirect_of_a_response_url_is_not_followed(gateway: Gateway) -> None:
    keep(gateway)
    elsewhere = {"Location": gateway.slack.response_url("two")}
    gateway.slack.answers["response_url"] = [web.Response(status=307, headers=elsewhere)]
    await gateway.delivery.send_ephemeral(HERE, HELLO)
    assert gateway.slack.methods() == ["response_url", "chat.postEphemeral"]


@pytest.mark.parametrize("url", ["https://hooks.slack.com/commands/T/1/a", "https://hooks.slack-gov.com/x"])
def test_slacks_own_addresses_are_accepted(url: str) -> None:
    urls = ResponseUrls("https://slack.com/api/")
    urls.keep(command_with_url("i-1", url))
    assert urls.use("i-1") == url


def test_response_urls_are_used_for_almost_half_an_hour_and_do_not_accumulate() -> None:
    now, url = 0.0, "https://hooks.slack.com/commands/T/1/a"
    urls = ResponseUrls("https://slack.com/api/", now=lambda: now)
    urls.keep(command_with_url("i-1", url))
    now = 28 * 60.0
    assert urls.use("i-1") == url
    now = 30 * 60.0
    assert urls.use("i-1") is None
    for number in range(10_000):
        urls.keep(command_with_url(str(number), url))
    assert len(urls) <= 4096
    assert urls.use("9999") == url


async def test_blocks_that_slack_rejects_are_replaced_by_the_plain_blocks_and_then_by_text(gateway: Gateway) -> None:
    plain = {"type": "section", "text": {"type": "plain_text", "text": "plain"}}
    reply = Reply(text="said", blocks=[{"type": "data_table"}], plain_blocks=[plain])
    gateway.slack.answers["chat.postMessage"] = [refused("invalid_blocks"), refused("invalid_blocks")]
    assert await gateway.delivery.post("C0DBOPS", reply)
    sent = gateway.slack.of("chat.postMessage")
    assert [call.get("blocks") for call in sent] == [[{"type": "data_table"}], [plain], None]


@pytest.mark.parametrize(
    "answer", [refused("invalid_blocks"), web.Response(status=400, body=b"invalid_blocks")], ids=["as JSON", "as text"]
)
async def test_blocks_that_a_response_url_rejects_are_replaced_too(gateway: Gateway, answer: Any) -> None:
    keep(gateway)
    gateway.slack.answers["response_url"] = [answer]
    await gateway.delivery.answer(HERE, HELLO, public=True)
    assert [bool(call.get("blocks")) for call in gateway.slack.of("response_url")] == [True, False]
    assert gateway.slack.of("chat.postMessage") == []


async def test_an_answer_is_sent_again_after_a_short_rate_limit(gateway: Gateway) -> None:
    keep(gateway)
    gateway.slack.answers["response_url"] = [limited(), limited()]
    await gateway.delivery.answer(HERE, HELLO, public=True)
    assert len(gateway.slack.of("response_url")) == 3
    assert gateway.slack.of("chat.postMessage") == []


async def test_each_rate_limit_of_an_upload_is_counted_and_the_last_is_not_waited_for(gateway: Gateway) -> None:
    gateway.slack.answers["upload"] = [*(limited("0") for _ in range(RETRIES_WHEN_LIMITED)), limited("60")]
    async with asyncio.timeout(30):
        with pytest.raises(Unavailable):
            await gateway.delivery.upload("C0DBOPS", "report.md", "x", title="Report", thread_ts=None)

    assert gateway.seen.count(("files.upload", "ratelimited")) == RETRIES_WHEN_LIMITED + 1
    assert ("response_url", "ratelimited") not in gateway.seen


async def test_only_the_waits_of_calls_that_slack_limits_are_counted_as_waits(gateway: Gateway) -> None:
    waits: list[tuple[str, float]] = []

    def observe(method: str, status: str, seconds: float) -> None:
        if status == "ratelimited":
            waits.append((method, seconds))

    session = gateway.calls.client.session
    assert session is not None
    calls = SlackCalls(web_client(session, TOKEN, gateway.slack.api_url, observe), observe)
    gateway.slack.answers["chat.postMessage"] = [limited("1"), limited("3600")]
    gateway.slack.answers["upload"] = [*(limited("0") for _ in range(RETRIES_WHEN_LIMITED)), limited("60")]
    with pytest.raises(SlackTrouble, match="ratelimited"):
        await calls.call("chat.postMessage", {"channel": "C0DBOPS", "text": "x"})
    with pytest.raises(SlackTrouble, match="ratelimited"):
        await calls.upload(f"{gateway.slack.origin}/upload", b"x")

    assert waits == [("chat.postMessage", 1.0), ("chat.postMessage", 0.0)] + [("files.upload", 0.0)] * 4


async def test_an_upload_is_counted(gateway: Gateway) -> None:
    await gateway.delivery.upload("C0DBOPS", "report.md", "x", title="Report", thread_ts=None)
    assert gateway.seen.count(("files.upload", "ok")) == 1


async def test_a_rate_limit_that_lasts_too_long_is_not_waited_for(gateway: Gateway) -> None:
    gateway.slack.answers["chat.postMessage"] = [limited("3600")]
    async with asyncio.timeout(30):
        with pytest.raises(Unavailable, match="ratelimited"):
            await gateway.delivery.post("C0DBOPS", HELLO)
    assert gateway.slack.methods() == ["chat.postMessage"]


async def test_a_post_that_slack_refuses_for_good_raises_an_error_with_the_code(gateway: Gateway) -> None:
    for code in ("channel_not_found", "not_in_channel", "is_archived", "restricted_action"):
        gateway.slack.answers["chat.postMessage"] = [refused(code)]
        with pytest.raises(CannotPost) as error:
            await gateway.delivery.post("C0DBOPS", HELLO)
        assert error.value.code == code


async def test_a_post_during_an_outage_raises_unavailable(gateway: Gateway) -> None:
    gateway.slack.always["chat.postMessage"] = refused("service_unavailable")
    with pytest.raises(Unavailable):
        await gateway.delivery.post("C0DBOPS", HELLO)
    with pytest.raises(Unavailable):
        await gateway.delivery.direct("U0ANA", HELLO)


async def test_a_post_returns_its_ts_and_is_neither_unfurled_nor_broadcast(gateway: Gateway) -> None:
    gateway.slack.answers["chat.postMessage"] = [{"ok": True, "channel": "C0DBOPS", "ts": "7.8"}]
    assert await gateway.delivery.post("C0DBOPS", HELLO, thread_ts="5.6") == "7.8"
    sent = gateway.slack.of("chat.postMessage")[0]
    assert (sent["unfurl_links"], sent["unfurl_media"], sent["thread_ts"]) == (False, False, "5.6")
    assert "reply_broadcast" not in sent


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "channel_not_found", "is_inactive"])
async def test_updating_a_message_returns_false_if_slack_refuses_it_for_good(gateway: Gateway, code: str) -> None:
    gateway.slack.answers["chat.update"] = [refused(code)]
    assert not await gateway.delivery.update("C0DBOPS", "1.2", HELLO)
    assert await gateway.delivery.update("C0DBOPS", "1.2", HELLO)


async def test_after_many_simultaneous_updates_the_last_one_is_shown(gateway: Gateway) -> None:
    changes = [gateway.delivery.update("C0DBOPS", "1.2", Reply(text=f"{number} of 50")) for number in range(50)]
    await asyncio.gather(*changes, gateway.delivery.update("C0DBOPS", "3.4", HELLO))
    texts = [call["text"] for call in gateway.slack.of("chat.update") if call["ts"] == "1.2"]
    assert texts[-1] == "49 of 50"
    assert len(texts) <= 3


async def test_a_long_text_is_cut_to_what_slack_accepts(gateway: Gateway) -> None:
    await gateway.delivery.update("C0DBOPS", "1.2", Reply(text="x" * 10_000))
    text = gateway.slack.of("chat.update")[0]["text"]
    assert 3800 < len(text) <= 4000
    assert text.strip("x") == "…"


async def test_a_view_that_slack_refuses_for_good_is_not_an_error(gateway: Gateway) -> None:
    view = {"type": "modal", "blocks": []}
    assert await gateway.delivery.open_view("1.2.3", view) == "V1"
    gateway.slack.answers["views.open"] = [refused("expired_trigger_id"), refused("exchanged_trigger_id")]
    assert await gateway.delivery.open_view("1.2.3", view) is None
    assert await gateway.delivery.open_view("1.2.3", view) is None
    gateway.slack.answers["views.update"] = [refused("not_found")]
    await gateway.delivery.update_view("V1", view)
    gateway.slack.answers["views.publish"] = [refused("not_enabled")]
    await gateway.delivery.publish_home("U0ANA", view)
    assert gateway.slack.methods() == ["views.open"] * 3 + ["views.update", "views.publish"]
    assert gateway.slack.of("views.publish") == [{"user_id": "U0ANA", "view": view}]


async def test_a_permalink_is_none_if_slack_has_none(gateway: Gateway) -> None:
    assert await gateway.delivery.permalink("C0DBOPS", "1.2") == "https://acme.slack.com/archives/C0DBOPS/p1"
    gateway.slack.answers["chat.getPermalink"] = [refused("message_not_found")]
    assert await gateway.delivery.permalink("C0DBOPS", "3.4") is None
    assert await gateway.delivery.permalink("C0DBOPS", "1.2"), "a permalink never changes, so it is cached"
    assert len(gateway.slack.of("chat.getPermalink")) == 2


async def test_a_file_is_shared_in_three_steps(gateway: Gateway) -> None:
    await gateway.delivery.upload("C0DBOPS", "report.md", "# Größe", title='The "report"', thread_ts="5.6")
    assert gateway.slack.methods() == ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"]
    assert gateway.slack.of("files.getUploadURLExternal")[0]["length"] == "9"
    assert gateway.slack.of("upload") == [{"content": "# Größe"}]
    shared = gateway.slack.of("files.completeUploadExternal")[0]
    assert json.loads(shared["files"]) == [{"id": "F1", "title": 'The "report"'}]
    assert (shared["channel_id"], shared["thread_ts"]) == ("C0DBOPS", "5.6")


async def test_a_file_that_slack_rejects_is_an_error_for_people(gateway: Gateway) -> None:
    gateway.slack.answers["files.getUploadURLExternal"] = [refused("file_uploads_disabled")]
    with pytest.raises(BotError, match=r"Slack didn't accept the file \(file_uploads_disabled\)"):
        await gateway.delivery.upload("C0DBOPS", "report.md", "x", title="Report", thread_ts=None)
