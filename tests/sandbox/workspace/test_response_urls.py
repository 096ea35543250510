"""A `response_url` can be used five times in half an hour, without a token, and only for its message's channel."""

from __future__ import annotations

from datetime import timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.seed import BEN, DANA, DB_OPS, GENERAL
from tests.http import local_client
from tests.sandbox.workspace.stage import Recorder, actions, button


@pytest.fixture
async def url(workspace: Workspace, app: Recorder) -> AsyncWebhookClient:
    """Let Dana type a command, and return a client of its `response_url`."""
    await workspace.say(DANA, DB_OPS, "/turso")
    return AsyncWebhookClient(app.form["response_url"], retry_handlers=[])


async def clicked(
    workspace: Workspace, app: Recorder, client: AsyncWebClient, *, ephemeral: bool = False
) -> tuple[AsyncWebhookClient, str]:
    """Let Dana press a button in a new message. Return a client of the `response_url`, and the message's `ts`."""
    blocks = actions(button())
    if ephemeral:
        posted = await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="a", blocks=blocks)
        ts = posted["message_ts"]
    else:
        ts = (await client.chat_postMessage(channel=DB_OPS, text="a", blocks=blocks))["ts"]
    await workspace.click(DANA, message_ts=ts, action_id="go")
    return AsyncWebhookClient(app.payload["response_url"], retry_handlers=[]), ts


async def test_a_response_url_works_five_times(url: AsyncWebhookClient) -> None:
    answers = [(await url.send(text=f"answer {n}")).status_code for n in range(6)]
    seventh = await url.send(text="again")

    assert answers == [200] * 5 + [404]
    assert "used_url" in seventh.body


async def test_a_response_url_expires_after_half_an_hour(workspace: Workspace, app: Recorder) -> None:
    workspace.hold_time()
    await workspace.say(DANA, DB_OPS, "/turso")
    url = AsyncWebhookClient(app.form["response_url"], retry_handlers=[])
    workspace.move_time(timedelta(minutes=29, seconds=59))
    assert (await url.send(text="in time")).status_code == 200
    workspace.move_time(timedelta(seconds=2))
    late = await url.send(text="late")

    assert late.status_code == 404
    assert "expired_url" in late.body


async def test_a_guessed_response_url_is_a_404(workspace: Workspace, url: AsyncWebhookClient) -> None:
    guessed = AsyncWebhookClient(url.url[:-3] + "abc", retry_handlers=[])

    assert (await guessed.send(text="a")).status_code == 404


async def test_a_response_url_needs_no_token_and_returns_no_ts(url: AsyncWebhookClient) -> None:
    answer = await url.send(text="hello")

    assert answer.body == '{"ok":true}'


async def test_a_response_url_reaches_the_person_in_a_channel_without_the_app(
    workspace: Workspace, app: Recorder
) -> None:
    await workspace.say(DANA, GENERAL, "/turso")
    await AsyncWebhookClient(app.form["response_url"]).send(text="here you are")
    await AsyncWebhookClient(app.form["response_url"]).send(text="all of you", response_type="in_channel")

    assert [each.text for each in workspace.history(GENERAL, DANA)] == ["here you are", "all of you"]
    assert [each.text for each in workspace.history(GENERAL, BEN)] == ["all of you"]


async def test_by_default_a_response_url_posts_a_new_ephemeral_message(
    workspace: Workspace, url: AsyncWebhookClient
) -> None:
    await url.send(text="psst")

    assert workspace.history(DB_OPS, DANA)[0].only_for == DANA
    assert workspace.history(DB_OPS, BEN) == []


async def test_all_fields_of_a_message_are_accepted(workspace: Workspace, url: AsyncWebhookClient) -> None:
    await url.send(
        text="a",
        blocks=[{"type": "divider"}],
        attachments=[{"text": "b"}],
        response_type="in_channel",
        unfurl_links=False,
        unfurl_media=False,
    )
    (message,) = workspace.history(DB_OPS, BEN)

    assert (message.text, message.blocks[0]["type"], message.attachments) == ("a", "divider", [{"text": "b"}])
    assert (message.unfurl_links, message.unfurl_media) == (False, False)


async def test_replacing_edits_the_message_with_the_button_in_place(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    url, ts = await clicked(workspace, app, client)
    await url.send(text="done", replace_original=True)

    (message,) = workspace.history(DB_OPS, BEN)
    assert (message.ts, message.text, message.blocks) == (ts, "done", [])


async def test_replacing_an_ephemeral_message_never_makes_it_public(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    url, ts = await clicked(workspace, app, client, ephemeral=True)
    await url.send(text="secret", replace_original=True, response_type="in_channel")

    assert [(each.ts, each.text) for each in workspace.history(DB_OPS, DANA)] == [(ts, "secret")]
    assert workspace.history(DB_OPS, BEN) == []


async def test_replace_original_after_a_command_posts_a_new_message(
    workspace: Workspace, url: AsyncWebhookClient
) -> None:
    await url.send(text="one", replace_original=True)
    await url.send(text="two", replace_original=True)

    assert [each.text for each in workspace.history(DB_OPS, DANA)] == ["one", "two"]


async def test_delete_original_removes_the_message_and_can_post_another(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    url, _ = await clicked(workspace, app, client, ephemeral=True)
    await url.send(delete_original=True)
    assert workspace.history(DB_OPS, DANA) == []

    url, _ = await clicked(workspace, app, client)
    await url.send(delete_original=True, text="instead", response_type="in_channel")
    assert [each.text for each in workspace.history(DB_OPS, BEN)] == ["instead"]


async def test_a_command_has_no_message_to_delete(url: AsyncWebhookClient) -> None:
    assert (await url.send(delete_original=True)).status_code == 404


async def test_an_answer_is_posted_in_a_thread_only_with_replace_original_false(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    url, ts = await clicked(workspace, app, client)
    await url.send_dict({"text": "1", "thread_ts": ts, "replace_original": False, "response_type": "in_channel"})
    await url.send_dict({"text": "2", "thread_ts": ts, "response_type": "in_channel"})

    threads = {each.text: each.thread_ts for each in workspace.history(DB_OPS, BEN)}
    assert (threads["1"], threads["2"]) == (ts, None)
    lost = {"text": "3", "thread_ts": "1.000000", "replace_original": False, "response_type": "in_channel"}
    refused = await url.send_dict(lost)
    assert (refused.status_code, "thread_not_found" in refused.body) == (400, True)


async def test_an_empty_body_an_empty_text_and_invalid_blocks_are_refused(url: AsyncWebhookClient) -> None:
    assert (await url.send_dict({})).status_code == 400
    empty = await url.send_dict({"text": ""})
    assert (empty.status_code, "no_text" in empty.body) == (400, True)
    refused = await url.send(blocks=[{"type": "section"}])

    assert "invalid_blocks" in refused.body
    assert "json-pointer:/blocks/0" in refused.body


async def test_a_form_with_a_payload_field_is_accepted_too(workspace: Workspace, url: AsyncWebhookClient) -> None:
    async with local_client() as http:
        answer = await http.post(url.url, data={"payload": '{"text": "by form"}'})

    assert answer.status_code == 200
    assert workspace.history(DB_OPS, DANA)[-1].text == "by form"


async def test_the_response_url_itself_is_not_recorded(workspace: Workspace, url: AsyncWebhookClient) -> None:
    await url.send(text="a")

    assert url.url.rsplit("/", 1)[-1] not in repr(workspace.calls)
