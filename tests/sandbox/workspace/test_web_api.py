"""Calls to the Web API: the forms of arguments, tokens, scopes, errors, and the methods that slack_sdk calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace, running
from bot.sandbox.workspace.seed import DB_OPS
from tests.http import local_client
from tests.sandbox.workspace.stage import (
    APP_TOKEN,
    BOT_TOKEN,
    client_of,
    error_of,
    new_workspace,
    with_more_scopes,
    with_scopes,
)

BEARER = {"Authorization": f"Bearer {BOT_TOKEN}"}


@pytest.fixture
async def http(workspace: Workspace) -> AsyncIterator[httpx.AsyncClient]:
    async with local_client(base_url=workspace.api_url, headers=BEARER) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "sent"),
    [
        ("GET", {"params": {"channel": DB_OPS, "text": "a"}}),
        ("POST", {"params": {"channel": DB_OPS, "text": "a"}}),
        ("POST", {"data": {"channel": DB_OPS, "text": "a"}}),
        ("POST", {"json": {"channel": DB_OPS, "text": "a"}}),
        ("POST", {"params": {"channel": DB_OPS}, "data": {"text": "a"}}),
        ("POST", {"files": {"channel": (None, DB_OPS), "text": (None, "a")}}),
    ],
    ids=["GET query", "POST query", "form", "JSON", "query and form", "multipart"],
)
async def test_arguments_are_accepted_in_every_form(http: httpx.AsyncClient, method: str, sent: dict[str, Any]) -> None:
    answer = (await http.request(method, "chat.postMessage", **sent)).json()

    assert (answer["ok"], answer["message"]["text"]) == (True, "a")


@pytest.mark.parametrize("blocks", ['[{"type": "divider"}]', [{"type": "divider"}]], ids=["string", "list"])
async def test_structures_can_be_sent_as_json_or_as_a_json_string(http: httpx.AsyncClient, blocks: Any) -> None:
    answer = (await http.post("chat.postMessage", json={"channel": DB_OPS, "text": "a", "blocks": blocks})).json()

    assert answer["message"]["blocks"][0]["type"] == "divider"


@pytest.mark.parametrize(
    ("content", "kind", "error"),
    [
        (b"{", "application/json; charset=utf-8", "invalid_json"),
        (b"\xff", "application/json; charset=utf-8", "invalid_json"),
        (b"[1]", "application/json; charset=utf-8", "json_not_object"),
        (b"{}", "application/json; charset=latin-1", "invalid_charset"),
        (b"a", "text/plain", "invalid_post_type"),
        (b"a", "", "missing_post_type"),
        (b"--x", "multipart/form-data; boundary=y", "invalid_form_data"),
    ],
)
async def test_unreadable_arguments_are_refused_with_slacks_errors(
    http: httpx.AsyncClient, content: bytes, kind: str, error: str
) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await http.post("auth.test", content=content, headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": error})


async def test_an_answer_with_a_warning_about_the_charset_is_ok(http: httpx.AsyncClient) -> None:
    forgot = (await http.post("auth.test", content=b"{}", headers={"Content-Type": "application/json"})).json()
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    too_much = (await http.post("auth.test", content=b"", headers=form)).json()

    assert (forgot["ok"], forgot["warning"], forgot["response_metadata"]) == (
        True,
        "missing_charset",
        {"warnings": ["missing_charset"]},
    )
    assert (too_much["ok"], too_much["warning"]) == (True, "superfluous_charset")


async def test_the_error_for_an_unknown_method_names_it(http: httpx.AsyncClient) -> None:
    assert (await http.post("chat.shout")).json() == {
        "ok": False,
        "error": "unknown_method",
        "req_method": "chat.shout",
    }


# -- tokens


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-other", "invalid_auth")])
async def test_a_missing_and_a_wrong_token_are_refused(workspace: Workspace, token: str, error: str) -> None:
    async with local_client(base_url=workspace.api_url) as http:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert (await http.post("auth.test", headers=headers)).json() == {"ok": False, "error": error}


async def test_a_token_may_also_be_an_argument_and_is_never_recorded(workspace: Workspace) -> None:
    async with local_client(base_url=workspace.api_url) as http:
        assert (await http.post("auth.test", data={"token": BOT_TOKEN})).json()["ok"]
    assert BOT_TOKEN not in repr(workspace.calls)


async def test_a_method_refuses_the_wrong_kind_of_token(workspace: Workspace, client: AsyncWebClient) -> None:
    assert await error_of(client.apps_connections_open(app_token=BOT_TOKEN)) == "not_allowed_token_type"
    posting = client_of(workspace, APP_TOKEN).chat_postMessage(channel=DB_OPS, text="a")
    assert await error_of(posting) == "not_allowed_token_type"


@pytest.mark.parametrize("error", ["token_revoked", "token_expired", "account_inactive", "team_access_not_granted"])
async def test_a_token_can_be_made_invalid(workspace: Workspace, client: AsyncWebClient, error: str) -> None:
    workspace.state.tokens.refuse("bot", error)
    assert await error_of(client.auth_test()) == error
    workspace.state.tokens.accept("bot")
    assert (await client.auth_test())["ok"]


@pytest.mark.parametrize(
    "error", ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "ekm_access_denied",
              "org_login_required", "no_permission", "access_denied"],
)  # fmt: skip
async def test_every_common_error_can_be_switched_on(workspace: Workspace, client: AsyncWebClient, error: str) -> None:
    workspace.faults.add("api_error", "auth.test", error=error)

    assert await error_of(client.auth_test()) == error


# -- scopes


async def test_scopes_come_from_the_manifest_and_a_missing_scope_is_named() -> None:
    manifest = with_scopes("commands", "users:read")
    async with running(new_workspace(manifest)) as workspace, local_client(headers=BEARER) as http:
        answer = await http.post(workspace.api_url + "chat.postMessage", data={"channel": DB_OPS, "text": "a"})

    assert answer.json() == {
        "ok": False,
        "error": "missing_scope",
        "needed": "chat:write",
        "provided": "commands,users:read",
    }
    assert answer.headers["x-oauth-scopes"] == "commands,users:read"


@pytest.mark.parametrize(
    ("method", "needed"),
    [
        ("users.info", "users:read"),
        ("usergroups.list", "usergroups:read"),
        ("usergroups.users.list", "usergroups:read"),
        ("conversations.open", "im:write,mpim:write"),
        ("conversations.join", "channels:join"),
        ("users.lookupByEmail", "users:read.email"),
        ("files.getUploadURLExternal", "files:write"),
        ("chat.update", "chat:write"),
        ("chat.delete", "chat:write"),
        ("chat.postEphemeral", "chat:write"),
        ("chat.scheduleMessage", "chat:write"),
        ("reactions.add", "reactions:write"),
        ("pins.add", "pins:write"),
        ("bookmarks.add", "bookmarks:write"),
        ("conversations.create", "channels:manage"),
        ("search.messages", "search:read"),
    ],
)
async def test_each_method_needs_its_scope(method: str, needed: str) -> None:
    async with running(new_workspace(with_scopes("commands"))) as workspace:
        answer = client_of(workspace).api_call(method)
        assert await error_of(answer) == "missing_scope"
        assert workspace.calls[-1].answer["needed"] == needed


async def test_views_and_auth_test_need_no_scope() -> None:
    async with running(new_workspace(with_scopes("commands"))) as workspace:
        client = client_of(workspace)
        assert (await client.auth_test())["user_id"] == "U0TURSO"
        assert await error_of(client.views_open(trigger_id="1", view={"type": "modal"})) == "invalid_trigger_id"


async def test_auth_test_returns_the_app(client: AsyncWebClient) -> None:
    answer = await client.auth_test()

    assert (answer["team_id"], answer["bot_id"], answer["is_enterprise_install"]) == ("T0ACME", "B0TURSO", False)
    assert answer.headers["x-oauth-scopes"].startswith("commands,chat:write")


async def test_every_call_is_recorded_with_its_answer(workspace: Workspace, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel=DB_OPS, text="a", blocks=[{"type": "divider"}])
    await error_of(client.users_info(user="U0NOBODY"))

    posted, refused = workspace.calls
    assert (posted.method, posted.args["text"], posted.answer["ok"], posted.status) == (
        "chat.postMessage",
        "a",
        True,
        200,
    )
    assert (refused.method, refused.error) == ("users.info", "user_not_found")


async def test_the_workspace_accepts_what_slack_sdk_sends() -> None:
    wide = with_more_scopes(
        "channels:history", "channels:join", "im:write", "mpim:write", "im:read", "mpim:read", "users:read.email",
        "reactions:write", "pins:write", "bookmarks:write", "team:read", "groups:history",
    )  # fmt: skip
    async with running(new_workspace(wide)) as workspace:
        client = client_of(workspace)
        ts = (await client.chat_postMessage(channel=DB_OPS, text="a"))["ts"]
        calls = [
            client.api_test(),
            client.auth_test(),
            client.team_info(),
            client.chat_update(channel=DB_OPS, ts=ts, text="b"),
            client.chat_postEphemeral(channel=DB_OPS, user="U0DANA", text="a"),
            client.chat_getPermalink(channel=DB_OPS, message_ts=ts),
            client.conversations_info(channel=DB_OPS, include_num_members=True),
            client.conversations_members(channel=DB_OPS),
            client.conversations_list(types="public_channel,private_channel"),
            client.users_conversations(user="U0DANA"),
            client.conversations_open(users=["U0DANA"]),
            client.conversations_open(users=["U0DANA", "U0BEN"], return_im=True),
            client.conversations_join(channel="C0GENERAL"),
            client.conversations_history(channel=DB_OPS),
            client.conversations_replies(channel=DB_OPS, ts=ts),
            client.users_info(user="U0DANA"),
            client.users_list(),
            client.users_lookupByEmail(email="dana@acme.example"),
            client.usergroups_list(include_users=True),
            client.usergroups_users_list(usergroup="S0DBA"),
            client.views_publish(user_id="U0DANA", view={"type": "home", "blocks": [{"type": "divider"}]}),
            client.reactions_add(channel=DB_OPS, timestamp=ts, name="eyes"),
            client.reactions_remove(channel=DB_OPS, timestamp=ts, name="eyes"),
            client.pins_add(channel=DB_OPS, timestamp=ts),
            client.pins_remove(channel=DB_OPS, timestamp=ts),
            client.bookmarks_add(channel_id=DB_OPS, title="a", type="link", link="https://a.example"),
            client.api_call("blocks.validate", params={"blocks": '[{"type": "divider"}]'}),
            client.apps_connections_open(app_token=APP_TOKEN),
            client.chat_scheduleMessage(channel=DB_OPS, post_at=int(workspace.now().timestamp()) + 60, text="a"),
            client.chat_scheduledMessages_list(),
            client.chat_delete(channel=DB_OPS, ts=ts),
        ]
        for call in calls:
            assert (await call)["ok"]


async def test_a_client_needs_only_another_base_url(workspace: Workspace) -> None:
    client = AsyncWebClient(BOT_TOKEN, base_url=workspace.api_url)

    assert (await client.auth_test())["team"] == "Acme"


async def test_blocks_can_be_validated_without_posting_them(client: AsyncWebClient) -> None:
    async def validated(**given: Any) -> str:
        return await error_of(client.api_call("blocks.validate", data=given))

    assert await validated(blocks='[{"type": "section"}]') == "invalid_blocks"
    assert await validated(view='{"type": "modal"}') == "invalid_view"
    assert await validated(message='{"blocks": [{"type": "header"}]}') == "invalid_message"
    assert await validated(blocks="[]", view="{}") == "invalid_arguments"
    assert await validated(blocks=f'["{"x" * 100_000}"]') == "invalid_arguments"
