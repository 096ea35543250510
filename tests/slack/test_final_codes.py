"""Which of Slack's errors are final and which are retried, by the code and the purpose of the call."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from bot.core.ports import Address
from bot.errors import BotError, CannotPost, Unavailable
from bot.slack.outgoing._final_codes import FINAL, NOT_INVITED, Purpose, is_final, sentence_of

from .addresses import HELLO, HERE, keep
from .conftest import Gateway
from .stub import Answer, limited, refused

HTML = {"Content-Type": "text/html"}
LATER: dict[str, Answer] = {
    "team_added_to_org": refused("team_added_to_org"),
    "an unknown code": refused("moon_phase_unsuitable"),
    "an empty code": {"ok": False},
    "ratelimited": refused("ratelimited"),
    "HTML with 200": web.Response(status=200, body=b"<html><body>maintenance, please wait</body></html>", headers=HTML),
    "HTML with 520": web.Response(status=520, body=b"<html>", headers=HTML),
    "HTML with 525": web.Response(status=525, body=b"<html>", headers=HTML),
    "HTML with 429": web.Response(status=429, body=b"<html>", headers={**HTML, "Retry-After": "3600"}),
    "429 for an hour": limited("3600"),
    "a final code with 502": web.Response(
        status=502, body=b'{"ok":false,"error":"is_archived"}', headers={"Content-Type": "application/json"}
    ),
}
"""Responses after which the same call may succeed later."""
VIEW: dict[str, Any] = {"type": "modal", "blocks": []}
CALLS: dict[str, tuple[str, Callable[[Gateway], Awaitable[Any]]]] = {
    "post": ("chat.postMessage", lambda gateway: gateway.delivery.post("C0DBOPS", HELLO)),
    "direct": ("chat.postMessage", lambda gateway: gateway.delivery.direct("U0ANA", HELLO)),
    "update": ("chat.update", lambda gateway: gateway.delivery.update("C0DBOPS", "1.2", HELLO)),
    "open_view": ("views.open", lambda gateway: gateway.delivery.open_view("1.2.3", VIEW)),
    "update_view": ("views.update", lambda gateway: gateway.delivery.update_view("V1", VIEW)),
    "publish_home": ("views.publish", lambda gateway: gateway.delivery.publish_home("U0ANA", VIEW)),
    "upload": ("files.completeUploadExternal", lambda gateway: _upload(gateway)),
}
"""The methods of `Delivery` that raise errors, each with the Slack method that it calls and an example of a call."""
METHOD_OF = {
    Purpose.POST: "chat.postMessage",
    Purpose.UPDATE: "chat.update",
    Purpose.EPHEMERAL: "chat.postEphemeral",
    Purpose.RESPONSE_URL: "response_url",
    Purpose.UPLOAD: "files.completeUploadExternal",
    Purpose.VIEW: "views.open",
    Purpose.LOOKUP: "users.info",
}


async def _upload(gateway: Gateway) -> None:
    await gateway.delivery.upload("C0DBOPS", "report.md", "x", title="Report", thread_ts=None)


@pytest.mark.parametrize("answer", LATER.values(), ids=LATER)
@pytest.mark.parametrize(("method", "call"), CALLS.values(), ids=CALLS)
async def test_an_error_that_is_not_known_to_be_final_raises_unavailable(
    gateway: Gateway, method: str, call: Any, answer: Answer
) -> None:
    gateway.slack.always[method] = answer
    with pytest.raises(Unavailable):
        await call(gateway)


@pytest.mark.parametrize("answer", LATER.values(), ids=LATER)
async def test_a_private_answer_is_sent_another_way_and_raises_unavailable_if_every_way_fails(
    gateway: Gateway, answer: Answer
) -> None:
    keep(gateway)
    for method in ("response_url", "chat.postEphemeral"):
        gateway.slack.always[method] = answer
    assert await gateway.delivery.send_ephemeral(HERE, HELLO)
    assert gateway.slack.methods()[-1] == "chat.postMessage"
    gateway.slack.always["chat.postMessage"] = refused("messages_tab_disabled")
    with pytest.raises(Unavailable):
        await gateway.delivery.send_ephemeral(HERE, HELLO)


@pytest.mark.parametrize("purpose", Purpose)
def test_every_final_code_is_final_for_its_purpose(purpose: Purpose) -> None:
    assert FINAL[purpose]
    assert [code for code in FINAL[purpose] if not is_final(METHOD_OF[purpose], code)] == []
    assert not is_final(METHOD_OF[purpose], "fatal_error")


def test_the_sentence_about_a_refused_post_contains_no_code_unless_a_broadcast_was_refused() -> None:
    assert {code for code in FINAL[Purpose.POST] if code in sentence_of(code)} == {"cant_broadcast_message"}


def test_an_invitation_is_suggested_only_for_codes_that_it_may_resolve() -> None:
    codes = frozenset[str]().union(*FINAL.values())
    assert {code for code in codes if "/invite" in sentence_of(code)} == NOT_INVITED


@pytest.mark.parametrize("code", ["is_archived", "restricted_action", "msg_too_long", "user_disabled"])
async def test_the_error_of_a_refused_post_suggests_an_invitation_only_where_it_helps(
    gateway: Gateway, code: str
) -> None:
    gateway.slack.answers["chat.postMessage"] = [refused(code), refused("not_in_channel")]
    with pytest.raises(CannotPost) as error:
        await gateway.delivery.post("C0DBOPS", HELLO)
    assert "/invite" not in str(error.value)
    with pytest.raises(CannotPost, match="/invite"):
        await gateway.delivery.post("C0DBOPS", HELLO)


@pytest.mark.parametrize("code", ["thread_not_found", "message_not_found", "cannot_reply_to_message"])
async def test_an_answer_is_posted_to_the_channel_if_its_thread_accepts_no_replies(gateway: Gateway, code: str) -> None:
    def refuse_replies(arguments: dict[str, Any]) -> dict[str, Any]:
        return refused(code) if "thread_ts" in arguments else {"ok": True, "ts": "9.9"}

    gateway.slack.always["chat.postMessage"] = refuse_replies
    assert await gateway.delivery.post("C0DBOPS", HELLO, thread_ts="5.6", broadcast=True) == "9.9"
    sent = gateway.slack.of("chat.postMessage")
    assert [(one.get("thread_ts"), one.get("reply_broadcast")) for one in sent] == [("5.6", True), (None, None)]

    gateway.slack.always["chat.postEphemeral"] = refuse_replies
    here = Address("U0ANA", "C0DBOPS", "5.6", thread_is_live=True)
    assert await gateway.delivery.send_ephemeral(here, HELLO)
    assert [one.get("thread_ts") for one in gateway.slack.of("chat.postEphemeral")] == ["5.6", None]

    gateway.slack.always["files.completeUploadExternal"] = refuse_replies
    await gateway.delivery.upload("C0DBOPS", "a.md", "x", title="A", thread_ts="5.6")
    assert [one.get("thread_ts") for one in gateway.slack.of("files.completeUploadExternal")] == ["5.6", None]


async def test_a_file_that_slack_will_never_accept_raises_an_error_that_is_final(gateway: Gateway) -> None:
    gateway.slack.answers["files.completeUploadExternal"] = [refused("posting_to_channel_denied")]
    with pytest.raises(BotError, match="posting_to_channel_denied") as error:
        await _upload(gateway)
    assert not isinstance(error.value, Unavailable)
