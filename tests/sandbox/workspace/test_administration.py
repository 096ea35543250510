"""Changes by an administrator: their effect on the app's calls, and the events that the app gets."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.workspace import CannotAct, Workspace
from bot.sandbox.workspace.mentions import notified_by
from bot.sandbox.workspace.model import Posting
from bot.sandbox.workspace.seed import ANA, BEN, DANA, DB_OPS, GENERAL, ORDERS, OTHER_TEAM, REMY, SHARED, STELLA
from tests.present import present
from tests.sandbox.workspace.stage import Recorder, actions, button, error_of, new_workspace

EVENTS = ("channel_left", "group_left", "channel_unarchive", "group_archive", "channel_deleted", "subteam_updated")


@pytest.fixture
def workspace_events(workspace: Workspace) -> None:
    """Subscribe the app to the events that only this file tests."""
    app = workspace.state.app
    object.__setattr__(app, "events", app.events | set(EVENTS))


async def posted(client: AsyncWebClient, channel: str = DB_OPS, **more: Any) -> str:
    """Post a message as the app, and return its `ts`."""
    return str((await client.chat_postMessage(channel=channel, text="a", **more))["ts"])


# -- channels


async def test_nothing_is_posted_or_edited_in_an_archived_channel(
    workspace: Workspace, client: AsyncWebClient, app: Recorder
) -> None:
    ts = await posted(client)
    await workspace.say(DANA, DB_OPS, "/turso")
    hook = AsyncWebhookClient(app.form["response_url"], retry_handlers=[])
    await workspace.admin.archive(DB_OPS, ANA)

    assert await error_of(client.chat_postMessage(channel=DB_OPS, text="b")) == "is_archived"
    assert await error_of(client.chat_postMessage(channel=DB_OPS, text="b", thread_ts=ts)) == "is_archived"
    assert await error_of(client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="b")) == "is_archived"
    assert await error_of(client.chat_update(channel=DB_OPS, ts=ts, text="b")) == "is_inactive"
    assert (await hook.send(text="b")).status_code == 410
    assert (await client.conversations_info(channel=DB_OPS))["channel"]["is_archived"]
    with pytest.raises(CannotAct, match="archived"):
        await workspace.say(DANA, DB_OPS, "hello")


async def test_an_unarchived_channel_works_as_before(
    workspace: Workspace, client: AsyncWebClient, app: Recorder, workspace_events: None
) -> None:
    await workspace.admin.archive(DB_OPS)
    await workspace.admin.unarchive(DB_OPS, ANA)

    assert (app.payload["event"]["type"], app.payload["event"]["user"]) == ("channel_unarchive", ANA)
    assert await posted(client)


async def test_events_of_a_private_channel_have_names_that_begin_with_group(
    workspace: Workspace, app: Recorder, workspace_events: None
) -> None:
    await workspace.admin.archive(ORDERS, ANA)

    assert app.payload["event"]["type"] == "group_archive"


async def test_a_deleted_channel_does_not_exist(
    workspace: Workspace, client: AsyncWebClient, app: Recorder, workspace_events: None
) -> None:
    ts = await posted(client)
    await workspace.say(DANA, DB_OPS, "/turso")
    hook = AsyncWebhookClient(app.form["response_url"], retry_handlers=[])
    await workspace.admin.delete_channel(DB_OPS)

    assert app.payload["event"]["type"] == "channel_deleted"
    assert await error_of(client.conversations_info(channel=DB_OPS)) == "channel_not_found"
    assert await error_of(client.chat_postMessage(channel=DB_OPS, text="b")) == "channel_not_found"
    assert await error_of(client.chat_update(channel=DB_OPS, ts=ts, text="b")) == "channel_not_found"
    assert (await hook.send(text="b")).status_code == 404


@pytest.mark.parametrize(("channel", "error"), [(DB_OPS, "not_in_channel"), (ORDERS, "channel_not_found")])
async def test_a_removed_app_cannot_post_until_it_is_invited_again(
    workspace: Workspace, client: AsyncWebClient, app: Recorder, workspace_events: None, channel: Any, error: str
) -> None:
    left = await workspace.admin.remove_app(channel)

    kind = "channel" if channel == DB_OPS else "group"
    assert [each.kind for each in left] == ["event:member_left_channel", f"event:{kind}_left"]
    assert await error_of(client.chat_postMessage(channel=channel, text="b")) == error
    assert await error_of(client.chat_postEphemeral(channel=channel, user=DANA, text="b")) == error
    received = len(app.got)
    await workspace.say(DANA, channel, "@Turso Ops hello")
    assert len(app.got) == received
    (joined,) = await workspace.admin.invite_app(channel)
    assert joined.payload["event"]["user"] == "U0TURSO"
    assert await posted(client, channel)


async def test_members_are_added_and_removed(workspace: Workspace, client: AsyncWebClient) -> None:
    await workspace.admin.leave(DANA, DB_OPS)
    assert DANA not in (await client.conversations_members(channel=DB_OPS))["members"]
    assert await error_of(client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="b")) == "user_not_in_channel"
    await workspace.admin.join(DANA, DB_OPS)
    assert (await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="b"))["ok"]


async def test_a_channel_is_offered_shared_and_unshared(
    workspace: Workspace, client: AsyncWebClient, app: Recorder
) -> None:
    async def sharing() -> tuple[Any, Any, Any]:
        found = (await client.conversations_info(channel=DB_OPS))["channel"]
        return found["is_pending_ext_shared"], found["is_ext_shared"], found["connected_team_ids"]

    assert await workspace.admin.share(DB_OPS, OTHER_TEAM, pending=True) == ()
    assert await sharing() == (True, False, [])
    (shared,) = await workspace.admin.share(DB_OPS, OTHER_TEAM)
    assert shared.payload["event"]["connected_team_id"] == OTHER_TEAM
    assert shared.payload["is_ext_shared_channel"]
    assert await sharing() == (False, True, [OTHER_TEAM])
    (unshared,) = await workspace.admin.unshare(DB_OPS, OTHER_TEAM)
    assert not unshared.payload["event"]["is_ext_shared"]
    assert await sharing() == (False, False, [])


async def test_withdrawing_an_invitation_to_share_a_channel_is_no_event(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    await workspace.admin.share(DB_OPS, OTHER_TEAM, pending=True)

    assert await workspace.admin.unshare(DB_OPS, OTHER_TEAM) == ()
    assert not (await client.conversations_info(channel=DB_OPS))["channel"]["is_pending_ext_shared"]


async def test_when_sharing_ends_the_other_team_leaves(workspace: Workspace, client: AsyncWebClient) -> None:
    await workspace.admin.unshare(SHARED, OTHER_TEAM)

    assert STELLA not in (await client.conversations_members(channel=SHARED))["members"]
    assert await error_of(client.users_info(user=STELLA)) == "user_not_visible"


@pytest.mark.parametrize(
    ("posting", "in_channel", "in_thread"),
    [
        ("admins", "restricted_action", "restricted_action"),
        ("threads", "restricted_action_thread_only_channel", None),
        ("no_threads", None, "restricted_action_non_threadable_channel"),
    ],
)
async def test_a_channel_can_restrict_who_posts_and_whether_threads_are_allowed(
    workspace: Workspace, client: AsyncWebClient, posting: Posting, in_channel: str | None, in_thread: str | None
) -> None:
    root = await posted(client)
    workspace.admin.restrict_posting(DB_OPS, posting)

    async def refusal(call: Any) -> str | None:
        try:
            await call
        except SlackApiError as error:
            return str(error.response["error"])
        return None

    for thread_ts, refused in ((None, in_channel), (root, in_thread)):
        where: dict[str, Any] = {"channel": DB_OPS, "thread_ts": thread_ts}
        assert await refusal(client.chat_postMessage(text="b", **where)) == refused
        assert await refusal(client.chat_postEphemeral(text="b", user=DANA, **where)) == refused
    for thread_ts, refused in ((None, in_channel), (root, in_thread)):
        if refused:
            with pytest.raises(CannotAct, match="channel"):
                await workspace.say(DANA, DB_OPS, "hello", thread_ts=thread_ts)
    workspace.admin.restrict_posting(DB_OPS, "everybody")
    assert await posted(client)


# -- people and groups


async def test_a_deactivated_person_is_not_a_member_of_any_channel(
    workspace: Workspace, client: AsyncWebClient, app: Recorder
) -> None:
    await workspace.admin.deactivate(DANA)

    assert app.payload["event"]["user"]["deleted"]
    assert (await client.users_info(user=DANA))["user"]["deleted"]
    assert DANA not in (await client.conversations_members(channel=DB_OPS))["members"]
    assert await error_of(client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="b")) == "user_not_in_channel"
    assert await error_of(client.chat_postMessage(channel=DANA, text="b")) == "channel_not_found"
    with pytest.raises(CannotAct, match="deactivated"):
        await workspace.say(DANA, DB_OPS, "/turso")
    await workspace.admin.reactivate(DANA)
    assert DANA in (await client.conversations_members(channel=DB_OPS))["members"]


async def test_a_person_becomes_a_guest_and_a_full_member_again(
    workspace: Workspace, client: AsyncWebClient, app: Recorder
) -> None:
    async def restricted() -> tuple[Any, Any]:
        user = (await client.users_info(user=BEN))["user"]
        return user["is_restricted"], user["is_ultra_restricted"]

    await workspace.admin.leave(BEN, GENERAL)
    await workspace.admin.make_guest(BEN)
    assert app.payload["event"]["user"]["is_restricted"]
    assert await restricted() == (True, False)
    assert not workspace.state.can_see(BEN, GENERAL)
    await workspace.admin.make_guest(BEN, single_channel=True)
    assert await restricted() == (True, True)
    await workspace.admin.make_full_member(BEN)
    assert await restricted() == (False, False)
    assert workspace.state.can_see(BEN, GENERAL)


async def test_a_person_is_renamed(workspace: Workspace, client: AsyncWebClient) -> None:
    await workspace.admin.rename_person(BEN, "Benjamin Okafor", name="benjamin")
    user = (await client.users_info(user=BEN))["user"]

    assert (user["real_name"], user["name"]) == ("Benjamin Okafor", "benjamin")


async def test_a_person_joins_and_leaves_a_group(workspace: Workspace, client: AsyncWebClient, app: Recorder) -> None:
    await workspace.admin.add_to_group("S0DBA", REMY)
    assert app.payload["event"]["added_users"] == [REMY]
    await workspace.admin.remove_from_group("S0DBA", ANA)
    assert app.payload["event"]["removed_users"] == [ANA]
    assert (await client.usergroups_users_list(usergroup="S0DBA"))["users"] == [BEN, REMY]


async def test_a_disabled_group_notifies_no_one_until_it_is_enabled(
    workspace: Workspace, client: AsyncWebClient, app: Recorder, workspace_events: None
) -> None:
    await workspace.admin.disable_group("S0DBA")
    message = present(workspace.state.message(DB_OPS, await posted(client)))
    calling = type(message)(**{**message.__dict__, "text": "<!subteam^S0DBA>"})

    assert app.payload["event"]["subteam"]["date_delete"] > 0
    assert await error_of(client.usergroups_users_list(usergroup="S0DBA")) == "no_such_subteam"
    assert notified_by(workspace.state, calling).people == frozenset()
    await workspace.admin.enable_group("S0DBA")
    assert (await client.usergroups_users_list(usergroup="S0DBA"))["users"] == [ANA, BEN]
    assert notified_by(workspace.state, calling).people == {ANA, BEN}


# -- messages


async def test_a_deleted_card_can_be_neither_edited_nor_pressed(
    workspace: Workspace, client: AsyncWebClient, app: Recorder
) -> None:
    ts = await posted(client, blocks=actions(button()))
    seen = workspace.state.message(DB_OPS, ts)
    await workspace.admin.delete_message(DB_OPS, ts)

    assert await error_of(client.chat_update(channel=DB_OPS, ts=ts, text="b")) == "message_not_found"
    assert await error_of(client.chat_delete(channel=DB_OPS, ts=ts)) == "message_not_found"
    assert await error_of(client.chat_postMessage(channel=DB_OPS, text="b", thread_ts=ts)) == "thread_not_found"
    with pytest.raises(CannotAct, match="no longer exists"):
        await workspace.click(DANA, message_ts=ts, action_id="go")
    # the person still sees the message as it was before the deletion
    assert present((await workspace.click(DANA, message=seen, action_id="go")).delivery).ok
    hook = AsyncWebhookClient(app.payload["response_url"], retry_handlers=[])
    assert (await hook.send(text="b", replace_original=True)).status_code == 404
    with pytest.raises(CannotAct, match="no longer exists"):
        await workspace.admin.delete_message(DB_OPS, ts)


async def test_the_deleted_first_message_of_a_thread_leaves_a_tombstone(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    root = await posted(client)
    reply = await posted(client, thread_ts=root)
    await workspace.admin.delete_message(DB_OPS, root)

    assert present(workspace.state.message(DB_OPS, root)).text == "This message was deleted."
    assert present(workspace.state.message(DB_OPS, reply)).text == "a"
    replying = client.chat_postMessage(channel=DB_OPS, text="b", thread_ts=root)
    assert await error_of(replying) == "cannot_reply_to_message"
    assert await error_of(client.chat_update(channel=DB_OPS, ts=root, text="b")) == "message_not_found"
    assert (await client.chat_update(channel=DB_OPS, ts=reply, text="b"))["ok"]


async def test_a_broadcast_reply_is_shown_in_the_channel_too(workspace: Workspace, client: AsyncWebClient) -> None:
    root = await posted(client)
    reply = await posted(client, thread_ts=root)
    broadcast = await client.chat_postMessage(channel=DB_OPS, text="a", thread_ts=root, reply_broadcast=True)
    # without a thread, `reply_broadcast` has no effect
    plain = await client.chat_postMessage(channel=DB_OPS, text="a", reply_broadcast=True)

    def in_channel() -> list[str]:
        return [each.ts for each in workspace.history(DB_OPS, DANA) if each.is_in_channel]

    assert in_channel() == [root, broadcast["ts"], plain["ts"]]
    assert (broadcast["message"]["subtype"], broadcast["message"]["thread_ts"]) == ("thread_broadcast", root)
    assert "subtype" not in plain["message"]
    await client.chat_update(channel=DB_OPS, ts=reply, text="b", reply_broadcast=True)
    assert reply in in_channel()
    await client.chat_update(channel=DB_OPS, ts=reply, text="c")
    assert reply in in_channel()


async def test_an_update_broadcasts_only_replies_and_only_on_request(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    root = await posted(client)
    reply = await posted(client, thread_ts=root)
    await client.chat_update(channel=DB_OPS, ts=root, text="b", reply_broadcast=True)
    await client.chat_update(channel=DB_OPS, ts=reply, text="b")

    messages = [present(workspace.state.message(DB_OPS, ts)) for ts in (root, reply)]
    assert [message.reply_broadcast for message in messages] == [False, False]


async def test_an_unknown_object_cannot_be_changed() -> None:
    admin = new_workspace().admin
    with pytest.raises(KeyError):
        await admin.archive("C0NONE")
    with pytest.raises(CannotAct):
        await admin.delete_message(GENERAL, "1.2")
