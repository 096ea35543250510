"""Channels, ephemeral messages, modals and live updates are visible only to the right people."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.mentions import notified_by
from bot.sandbox.workspace.seed import ANA, BEN, DANA, DB_OPS, GENERAL, GIL, INCIDENT, ORDERS, REMY, SHARED, STELLA
from tests.present import present
from tests.sandbox.workspace.stage import Recorder, modal, with_trigger


async def changes_of(subscription: Any) -> list[str]:
    """Close a subscription, and return the kinds of change that have arrived."""
    await asyncio.sleep(0)
    subscription.close()
    return [change.kind async for change in subscription]


async def test_private_channels_are_visible_to_members_and_public_channels_to_the_workspace(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    for channel in (DB_OPS, ORDERS, SHARED):
        await client.chat_postMessage(channel=channel, text="a")

    seen = {
        person: [c for c in (DB_OPS, ORDERS, SHARED) if workspace.history(c, person)] for person in workspace.people
    }
    assert seen[ANA] == [DB_OPS, ORDERS, SHARED]
    assert seen[REMY] == [DB_OPS, SHARED]
    assert seen[GIL] == [ORDERS]
    assert seen[STELLA] == [SHARED]


async def test_a_viewer_gets_only_changes_of_what_they_can_see(
    workspace: Workspace, client: AsyncWebClient, app: Recorder
) -> None:
    dana, ben, everything = workspace.subscribe(DANA), workspace.subscribe(BEN), workspace.subscribe(None)
    await client.chat_postMessage(channel=DB_OPS, text="public")
    await client.chat_postEphemeral(channel=DB_OPS, user=DANA, text="psst")
    await client.views_open(trigger_id=await with_trigger(workspace, app), view=modal())
    await client.views_publish(user_id=DANA, view={"type": "home", "blocks": [{"type": "divider"}]})

    assert await changes_of(dana) == ["message", "ephemeral", "view_opened", "home"]
    assert await changes_of(ben) == ["message"]
    assert {"delivery", "call", "ephemeral"} <= set(await changes_of(everything))


async def test_updates_and_deletions_of_messages_are_reported_too(workspace: Workspace, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=ORDERS, text="a")
    gil, remy = workspace.subscribe(GIL), workspace.subscribe(REMY)
    await client.chat_update(channel=ORDERS, ts=posted["ts"], text="b")
    await client.chat_delete(channel=ORDERS, ts=posted["ts"])

    assert await changes_of(gil) == ["message_updated", "message_deleted"]
    assert await changes_of(remy) == []


async def test_a_subscription_misses_nothing_between_its_start_and_its_first_read(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    async with workspace.subscribe(DANA) as changes:
        await client.chat_postMessage(channel=DB_OPS, text="early")
        assert present((await anext(changes)).message).text == "early"


def test_the_seeded_workspace_has_a_person_and_an_object_of_every_kind(workspace: Workspace) -> None:
    people, channels = workspace.people, workspace.channels

    assert people[GIL].is_guest
    assert people[STELLA].team_id != "T0ACME"
    assert people["U0ZED"].deleted
    assert people["U0TURSO"].is_bot
    assert len({person.tz for person in people.values()}) >= 5
    assert channels[ORDERS].is_private
    assert channels[SHARED].is_ext_shared
    assert "U0TURSO" not in channels[GENERAL].members
    assert workspace.now() - channels[INCIDENT].created < timedelta(hours=1)
    assert {"S0DBA", "S0RESPOND", "S0ORDERS"} == set(workspace.usergroups)
    assert any(channel.is_im for channel in workspace.channels_of(DANA))


# -- which people a text notifies


async def called(workspace: Workspace, client: AsyncWebClient, **content: Any) -> Any:
    """Post a message, and return whom it notifies."""
    await client.chat_postMessage(channel=DB_OPS, **{"text": "fallback", **content})
    return notified_by(workspace.state, workspace.history(DB_OPS, ANA)[-1])


async def test_mentions_notify_people_groups_and_everybody(workspace: Workspace, client: AsyncWebClient) -> None:
    text = {"type": "mrkdwn", "text": "<@U0BEN|ben> <!subteam^S0RESPOND> <!here>"}
    found = await called(workspace, client, blocks=[{"type": "section", "text": text}])

    assert (found.people, found.everybody) == ({BEN, REMY}, True)
    assert (await called(workspace, client, text="<!channel> <@U0ANA>")).everybody


async def test_escaped_text_plain_text_and_rich_text_notify_no_one(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    hostile = "<!channel> <@U0BEN> <!subteam^S0DBA>"
    escaped = hostile.replace("<", "&lt;").replace(">", "&gt;")
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": hostile}]}
    for content in (
        {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": escaped}}]},
        {"blocks": [{"type": "section", "text": {"type": "plain_text", "text": hostile}}]},
        {"blocks": [{"type": "rich_text", "elements": [rich]}]},
        {"text": escaped},
    ):
        found = await called(workspace, client, **content)
        assert (found.people, found.everybody) == (set(), False)


async def test_mention_elements_of_rich_text_notify_people_groups_and_everybody(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    elements = [
        {"type": "user", "user_id": ANA},
        {"type": "usergroup", "usergroup_id": "S0RESPOND"},
        {"type": "broadcast", "range": "channel"},
    ]
    section = {"type": "rich_text_section", "elements": elements}
    found = await called(workspace, client, blocks=[{"type": "rich_text", "elements": [section]}])

    assert (found.people, found.everybody) == ({ANA, BEN, REMY}, True)
