"""`chat.*`: who may post where, what is refused, and what an edit keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace, running
from bot.sandbox.workspace.seed import BEN, DANA, DB_OPS, GENERAL, ORDERS, REMY, ZED
from tests.sandbox.workspace.stage import Recorder, client_of, error_of, new_workspace, until, with_more_scopes

METADATA = {"event_type": "db_request", "event_payload": {"request_id": "r-42", "tries": 2, "dry": False}}


async def test_a_posted_message_is_visible_and_returned(workspace: Workspace, client: AsyncWebClient) -> None:
    answer = await client.chat_postMessage(channel=DB_OPS, text="hello", blocks=[{"type": "divider"}])

    (message,) = workspace.history(DB_OPS, DANA)
    assert (answer["channel"], answer["ts"]) == (DB_OPS, message.ts)
    assert answer["message"]["bot_id"] == "B0TURSO"
    assert len(answer["message"]["blocks"][0]["block_id"]) == 5


async def test_timestamps_are_seconds_and_microseconds_and_always_grow(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    stamps = [(await client.chat_postMessage(channel=DB_OPS, text="a"))["ts"] for _ in range(20)]

    assert stamps == sorted(set(stamps))
    assert all(len(stamp.split(".")[1]) == 6 for stamp in stamps)


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        (GENERAL, "not_in_channel"),
        ("#general", "not_in_channel"),
        (ZED, "channel_not_found"),
        ("U0NOBODY", "channel_not_found"),
    ],
)
async def test_a_post_to_an_unknown_or_foreign_channel_is_refused(
    client: AsyncWebClient, channel: Any, error: str
) -> None:
    assert await error_of(client.chat_postMessage(channel=channel, text="a")) == error


async def test_a_private_channel_without_the_app_seems_not_to_exist(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    await workspace.admin.leave("U0TURSO", ORDERS)

    assert await error_of(client.chat_postMessage(channel=ORDERS, text="a")) == "channel_not_found"
    assert await error_of(client.conversations_info(channel=ORDERS)) == "channel_not_found"
    assert await error_of(client.chat_postEphemeral(channel=ORDERS, user=DANA, text="a")) == "channel_not_found"


async def test_posting_in_a_public_channel_needs_membership_or_the_scope_for_public_channels() -> None:
    async with running(new_workspace(with_more_scopes("chat:write.public"))) as workspace:
        assert (await client_of(workspace).chat_postMessage(channel=GENERAL, text="a"))["ok"]


async def test_nothing_can_be_posted_in_an_archived_channel(workspace: Workspace, client: AsyncWebClient) -> None:
    await workspace.admin.archive(DB_OPS, by=BEN)

    assert await error_of(client.chat_postMessage(channel=DB_OPS, text="a")) == "is_archived"
    assert await error_of(client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="a")) == "is_archived"


async def test_a_channel_name_is_accepted_only_for_posting(client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="#db-ops", text="a")

    assert posted["channel"] == DB_OPS
    assert await error_of(client.chat_update(channel="#db-ops", ts=posted["ts"], text="b")) == "channel_not_found"


async def test_posting_to_a_person_opens_their_conversation_with_the_app(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel=DANA, text="psst")

    assert posted["channel"].startswith("D")
    assert [each.text for each in workspace.history(posted["channel"], DANA)] == ["psst"]
    assert workspace.history(posted["channel"], BEN) == []
    assert (await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="edited"))["ok"]


async def test_an_app_without_messages_tab_cannot_write_to_people() -> None:
    manifest = with_more_scopes()
    manifest["features"] = {**manifest["features"], "app_home": {"home_tab_enabled": True}}
    async with running(new_workspace(manifest)) as workspace:
        assert await error_of(client_of(workspace).chat_postMessage(channel=DANA, text="a")) == "messages_tab_disabled"


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"blocks": "[{"}, "invalid_blocks_format"),
        ({"blocks": "{}"}, "invalid_blocks_format"),
        ({"text": "a", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"text": "a", "markdown_text": "b"}, "markdown_text_conflict"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"text": "a", "thread_ts": "1.000000"}, "thread_not_found"),
        ({"text": "a", "metadata": "{"}, "invalid_metadata_format"),
        ({"text": "a", "metadata": {"event_type": "x"}}, "invalid_metadata_schema"),
        ({"text": "a", "metadata": {**METADATA, "event_payload": {"a": {"b": {"c": 1}}}}}, "invalid_metadata_schema"),
        ({"text": "a", "metadata": {**METADATA, "event_payload": {"a": "x" * 9_000}}}, "metadata_too_large"),
    ],
)
async def test_an_invalid_message_is_refused(client: AsyncWebClient, sent: dict[str, Any], error: str) -> None:
    assert await error_of(client.chat_postMessage(channel=DB_OPS, **sent)) == error


async def test_invalid_blocks_are_refused_with_a_pointer(workspace: Workspace, client: AsyncWebClient) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    await error_of(client.chat_postMessage(channel=DB_OPS, text="a", blocks=blocks))

    assert workspace.calls[-1].answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_too_much_text_in_blocks_has_its_own_error(client: AsyncWebClient) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5

    assert await error_of(client.chat_postMessage(channel=DB_OPS, text="a", blocks=blocks)) == "msg_blocks_too_long"


async def test_a_text_that_is_too_long_is_cut_when_posted_and_refused_when_edited(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel=DB_OPS, text="x" * 40_001)

    assert posted["warning"] == "message_truncated"
    assert len(workspace.history(DB_OPS, DANA)[0].text) == 40_000
    assert await error_of(client.chat_update(channel=DB_OPS, ts=posted["ts"], text="x" * 4_001)) == "msg_too_long"
    assert (await client.chat_update(channel=DB_OPS, ts=posted["ts"], text="x" * 4_000))["ok"]


# -- threads


async def test_a_reply_belongs_to_the_first_message_of_the_thread(workspace: Workspace, client: AsyncWebClient) -> None:
    first = (await client.chat_postMessage(channel=DB_OPS, text="a"))["ts"]
    reply = (await client.chat_postMessage(channel=DB_OPS, text="b", thread_ts=first, reply_broadcast=True))["ts"]

    assert workspace.history(DB_OPS, DANA)[1].thread_ts == first
    assert workspace.history(DB_OPS, DANA)[1].reply_broadcast
    posting = client.chat_postMessage(channel=DB_OPS, text="c", thread_ts=reply)
    assert await error_of(posting) == "cannot_reply_to_message"


# -- editing


async def test_an_edit_keeps_blocks_and_metadata_that_it_omits(workspace: Workspace, client: AsyncWebClient) -> None:
    blocks = [{"type": "divider"}]
    posted = await client.chat_postMessage(channel=DB_OPS, text="a", blocks=blocks, metadata=METADATA)
    await client.chat_update(channel=DB_OPS, ts=posted["ts"], text="b")
    (message,) = workspace.history(DB_OPS, DANA)
    assert (message.text, len(message.blocks), message.metadata) == ("b", 1, METADATA)
    assert message.edited_ts is not None

    await client.chat_update(channel=DB_OPS, ts=posted["ts"], text="c", blocks=[])
    assert workspace.history(DB_OPS, DANA)[0].blocks == []


async def test_only_the_apps_own_messages_can_be_changed(
    workspace: Workspace, client: AsyncWebClient, app: Recorder
) -> None:
    message = (await workspace.say(DANA, DB_OPS, "mine")).message

    assert message is not None
    assert await error_of(client.chat_update(channel=DB_OPS, ts=message.ts, text="b")) == "cant_update_message"
    assert await error_of(client.chat_delete(channel=DB_OPS, ts=message.ts)) == "cant_delete_message"
    assert await error_of(client.chat_update(channel=DB_OPS, ts="1.000000", text="b")) == "message_not_found"


async def test_a_deleted_message_is_gone(workspace: Workspace, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=DB_OPS, text="a")
    await client.chat_delete(channel=DB_OPS, ts=posted["ts"])

    assert workspace.history(DB_OPS, DANA) == []
    assert await error_of(client.chat_delete(channel=DB_OPS, ts=posted["ts"])) == "message_not_found"


# -- ephemeral messages


async def test_an_ephemeral_message_is_shown_to_one_person_until_a_reload(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    posted = await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="psst", metadata=METADATA)

    (message,) = workspace.history(DB_OPS, DANA)
    assert (message.ts, message.metadata) == (posted["message_ts"], None)
    assert workspace.history(DB_OPS, BEN) == []
    workspace.reload(DANA)
    assert workspace.history(DB_OPS, DANA) == []


async def test_an_ephemeral_message_is_in_no_history_and_cannot_be_changed() -> None:
    async with running(new_workspace(with_more_scopes("channels:history"))) as workspace:
        client = client_of(workspace)
        ts = (await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="psst"))["message_ts"]

        assert (await client.conversations_history(channel=DB_OPS))["messages"] == []
        assert await error_of(client.chat_update(channel=DB_OPS, ts=ts, text="b")) == "message_not_found"
        assert await error_of(client.chat_delete(channel=DB_OPS, ts=ts)) == "message_not_found"
        assert await error_of(client.chat_getPermalink(channel=DB_OPS, message_ts=ts)) == "message_not_found"


async def test_an_ephemeral_message_needs_app_and_person_in_the_channel(client: AsyncWebClient) -> None:
    in_channel = client.chat_postEphemeral(channel=ORDERS, user=REMY, text="a")
    assert await error_of(in_channel) == "user_not_in_channel"
    assert await error_of(client.chat_postEphemeral(channel=GENERAL, user=DANA, text="a")) == "not_in_channel"


async def test_an_ephemeral_message_is_shown_only_in_a_thread_that_has_replies(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    first = (await client.chat_postMessage(channel=DB_OPS, text="a"))["ts"]
    other = (await client.chat_postMessage(channel=DB_OPS, text="other"))["ts"]
    await client.chat_postMessage(channel=DB_OPS, text="reply", thread_ts=other)
    await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="lost", thread_ts=first)
    await client.chat_postMessage(channel=DB_OPS, text="b", thread_ts=first)
    await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="seen", thread_ts=first)

    assert [each.text for each in workspace.history(DB_OPS, DANA)] == ["a", "other", "reply", "b", "seen"]


# -- history, mentions, unfurling, scheduled messages and permalinks


async def test_history_has_metadata_only_on_request() -> None:
    async with running(new_workspace(with_more_scopes("channels:history"))) as workspace:
        client = client_of(workspace)
        await client.chat_postMessage(channel=DB_OPS, text="a", metadata=METADATA)
        without = await client.conversations_history(channel=DB_OPS)
        whole = await client.conversations_history(channel=DB_OPS, include_all_metadata=True)

    assert "metadata" not in without["messages"][0]
    assert whole["messages"][0]["metadata"] == METADATA


async def test_names_become_mentions_only_on_request(workspace: Workspace, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel=DB_OPS, text="@ben #db-ops")
    await client.chat_postMessage(channel=DB_OPS, text="@ben #db-ops", link_names=True)
    await client.chat_postMessage(channel=DB_OPS, text="@ben <@U0ANA>", parse="full")

    texts = [each.text for each in workspace.history(DB_OPS, DANA)]
    assert texts == ["@ben #db-ops", "<@U0BEN|ben> <#C0DBOPS|db-ops>", "<@U0BEN|ben> <@U0ANA>"]


async def test_unfurling_is_on_unless_it_is_switched_off(workspace: Workspace, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel=DB_OPS, text="https://a.example")
    await client.chat_postMessage(channel=DB_OPS, text="a", unfurl_links=False, unfurl_media=False)

    loud, quiet = workspace.history(DB_OPS, DANA)
    assert (loud.unfurl_links, loud.unfurl_media) == (True, True)
    assert (quiet.unfurl_links, quiet.unfurl_media) == (False, False)


async def test_a_markdown_text_becomes_a_markdown_block(workspace: Workspace, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel=DB_OPS, markdown_text="**a**")

    assert workspace.history(DB_OPS, DANA)[0].blocks == [{"type": "markdown", "text": "**a**"}]


async def test_a_scheduled_message_is_posted_at_its_time(workspace: Workspace, client: AsyncWebClient) -> None:
    def at(**ahead: Any) -> int:
        return int((workspace.now() + timedelta(**ahead)).timestamp())

    scheduled = await client.chat_scheduleMessage(channel=DB_OPS, post_at=at(hours=1), text="later")
    dropped = await client.chat_scheduleMessage(channel=DB_OPS, post_at=at(hours=1), text="never")
    deleting = {"channel": DB_OPS, "scheduled_message_id": dropped["scheduled_message_id"]}
    await client.chat_deleteScheduledMessage(**deleting)
    assert scheduled["post_at"] > workspace.now().timestamp()
    assert workspace.history(DB_OPS, DANA) == []
    workspace.move_time(timedelta(hours=1, seconds=1))
    await until(lambda: workspace.history(DB_OPS, DANA))

    assert [each.text for each in workspace.history(DB_OPS, DANA)] == ["later"]
    past = client.chat_scheduleMessage(channel=DB_OPS, post_at=at(hours=-1), text="a")
    far = client.chat_scheduleMessage(channel=DB_OPS, post_at=at(days=121), text="a")
    assert [await error_of(past), await error_of(far)] == ["time_in_past", "time_too_far"]


async def test_a_scheduled_message_remains_if_its_deletion_is_refused(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    post_at = int((workspace.now() + timedelta(hours=1)).timestamp())
    scheduled = await client.chat_scheduleMessage(channel=DB_OPS, post_at=post_at, text="later")
    elsewhere = client.chat_deleteScheduledMessage(
        channel=ORDERS, scheduled_message_id=scheduled["scheduled_message_id"]
    )

    assert await error_of(elsewhere) == "invalid_scheduled_message_id"
    listed = (await client.chat_scheduledMessages_list())["scheduled_messages"]
    assert [each["text"] for each in listed] == ["later"]


async def test_a_permalink_names_the_message(workspace: Workspace, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=DB_OPS, text="a")
    link = (await client.chat_getPermalink(channel=DB_OPS, message_ts=posted["ts"]))["permalink"]

    assert link == f"{workspace.origin}/archives/{DB_OPS}/p{posted['ts'].replace('.', '')}"
