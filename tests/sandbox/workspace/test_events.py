"""Events: when the app gets them, the envelope around them, and the checks of a request URL."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace, running
from bot.sandbox.workspace.seed import ANA, BEN, DANA, DB_OPS, GENERAL, ORDERS, REMY, SHARED, STELLA
from tests.present import present
from tests.sandbox.workspace.stage import (
    MANIFEST,
    Recorder,
    bolt,
    client_of,
    connected,
    error_of,
    new_workspace,
    until,
    with_scopes,
)


async def test_the_envelope_of_an_event_has_slacks_fields(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(DANA, DB_OPS, "@Turso Ops hello")

    payload = next(each.payload for each in workspace.deliveries if each.kind == "event:app_mention")
    event = payload["event"]
    assert (payload["type"], payload["team_id"], payload["api_app_id"]) == ("event_callback", "T0ACME", "A0TURSO")
    assert payload["event_id"].startswith("Ev")
    assert isinstance(payload["event_time"], int)
    assert payload["authorizations"] == [
        {
            "enterprise_id": None,
            "team_id": "T0ACME",
            "user_id": "U0TURSO",
            "is_bot": True,
            "is_enterprise_install": False,
        }
    ]
    assert (payload["is_ext_shared_channel"], payload["context_team_id"]) == (False, "T0ACME")
    assert (event["type"], event["user"], event["channel"], event["text"]) == (
        "app_mention",
        DANA,
        DB_OPS,
        "<@U0TURSO> hello",
    )
    assert (event["team"], event["user_team"], event["source_team"]) == ("T0ACME",) * 3


async def test_only_the_envelope_says_that_a_channel_is_shared(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(STELLA, SHARED, "@Turso Ops hello")

    payload = workspace.deliveries[0].payload
    assert payload["is_ext_shared_channel"]
    assert "is_ext_shared_channel" not in payload["event"]
    assert payload["event"]["user_team"] == "T0OTHER"


async def test_a_mention_in_a_thread_names_the_thread(workspace: Workspace, app: Recorder) -> None:
    message = (await workspace.say(DANA, DB_OPS, "hello")).message
    assert message is not None
    await workspace.say(DANA, DB_OPS, "@Turso Ops triage orders", thread_ts=message.ts)

    mention = next(each for each in workspace.deliveries if each.kind == "event:app_mention")
    assert mention.payload["event"]["thread_ts"] == message.ts


async def test_a_mention_in_a_channel_without_the_app_is_not_delivered(workspace: Workspace, app: Recorder) -> None:
    acted = await workspace.say(DANA, GENERAL, "@Turso Ops hello")

    assert app.got == []
    assert acted.notice == "You mentioned @Turso Ops, but it isn't in #general. Invite it in the inspector."
    assert (await workspace.say(DANA, GENERAL, "hello")).notice is None
    assert (await workspace.say(DANA, DB_OPS, "@Turso Ops hello")).notice is None


async def test_each_opening_of_home_is_an_event_with_the_published_view(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    await workspace.open_home(DANA)
    assert "view" not in app.payload["event"]
    await client.views_publish(user_id=DANA, view={"type": "home", "blocks": [{"type": "divider"}]})
    await workspace.open_home(DANA)
    event = app.payload["event"]

    assert (event["tab"], event["user"], event["channel"][0]) == ("home", DANA, "D")
    assert event["view"]["blocks"][0]["type"] == "divider"
    await workspace.open_home(DANA, "messages")
    assert app.payload["event"]["tab"] == "messages"
    assert len(app.got) == 3


async def test_an_event_needs_a_subscription_and_its_scope() -> None:
    async with running(new_workspace(with_scopes("commands", "chat:write"))) as workspace:
        recorder = Recorder()
        async with connected(workspace, recorder):
            await workspace.say(DANA, DB_OPS, "@Turso Ops hello")
            await workspace.admin.set_group("S0DBA", [ANA])
        assert recorder.got == []

    deaf = {**MANIFEST, "settings": {"event_subscriptions": {"bot_events": []}}}
    async with running(new_workspace(deaf)) as workspace, connected(workspace, Recorder()):
        assert (await workspace.open_home(DANA)).deliveries == ()


async def test_a_change_of_a_group_names_added_and_removed_people(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    await workspace.admin.set_group("S0DBA", [BEN, REMY])

    event = app.payload["event"]
    assert (event["type"], event["subteam_id"]) == ("subteam_members_changed", "S0DBA")
    assert (event["added_users"], event["removed_users"]) == ([REMY], [ANA])
    assert (await client.usergroups_users_list(usergroup="S0DBA"))["users"] == [BEN, REMY]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda admin: admin.join(REMY, GENERAL), "member_joined_channel"),
        (lambda admin: admin.leave(REMY, DB_OPS), "member_left_channel"),
        (lambda admin: admin.archive(DB_OPS, ANA), "channel_archive"),
        (lambda admin: admin.rename(DB_OPS, "databases"), "channel_rename"),
        (lambda admin: admin.share(DB_OPS, "T0OTHER"), "channel_shared"),
        (lambda admin: admin.unshare(SHARED, "T0OTHER"), "channel_unshared"),
        (lambda admin: admin.change_id(ORDERS, "C0RENAMED"), "channel_id_changed"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_every_change_of_a_channel_is_an_event(
    workspace: Workspace, app: Recorder, change: Any, kind: str
) -> None:
    await change(workspace.admin)

    assert app.payload["event"]["type"] == kind


async def test_a_channel_can_change_its_id_and_keep_its_messages(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    await client.chat_postMessage(channel=ORDERS, text="a")
    await workspace.admin.change_id(ORDERS, "C0RENAMED")

    assert await error_of(client.chat_postMessage(channel=ORDERS, text="b")) == "channel_not_found"
    assert [each.text for each in workspace.history("C0RENAMED", DANA)] == ["a"]


async def test_a_deactivated_person_is_reported(workspace: Workspace, app: Recorder) -> None:
    await workspace.admin.update_person(replace(workspace.people[BEN], deleted=True))

    assert app.payload["event"]["user"]["id"] == BEN
    assert app.payload["event"]["user"]["deleted"]


async def test_an_uninstalled_app_gets_events_and_its_token_stops_working(
    workspace: Workspace, app: Recorder, client: AsyncWebClient
) -> None:
    await workspace.admin.uninstall()

    kinds = [each.kind for each in workspace.deliveries]
    assert kinds == ["event:tokens_revoked", "event:app_uninstalled"]
    assert await error_of(client.auth_test()) == "account_inactive"
    assert "not a valid command" in present((await workspace.say(DANA, DB_OPS, "/turso")).notice)


async def test_a_request_url_is_verified_with_a_signed_challenge(workspace: Workspace) -> None:
    async with connected(workspace, bolt(workspace)):
        delivery = await workspace.admin.verify_url()

    assert delivery.payload["challenge"] in delivery.answer
    assert delivery.signature.startswith("v0=")


async def test_a_certificate_is_checked_with_an_empty_form(workspace: Workspace) -> None:
    async with connected(workspace, bolt(workspace)):
        delivery = await workspace.admin.check_ssl()

    assert (delivery.status, delivery.body) == (200, "ssl_check=1&token=legacy")


async def test_on_grid_the_authorization_names_no_team(workspace: Workspace, app: Recorder) -> None:
    workspace.install_org_wide("E0ACME")
    await workspace.open_home(DANA)

    (authorization,) = app.payload["authorizations"]
    assert (authorization["team_id"], authorization["enterprise_id"]) == (None, "E0ACME")
    assert app.payload["context_enterprise_id"] == "E0ACME"


async def test_each_event_has_its_own_id_and_a_duplicate_has_the_same_id(workspace: Workspace, app: Recorder) -> None:
    await workspace.open_home(DANA)
    workspace.faults.add("duplicate", "event:*", times=1)
    await workspace.open_home(DANA)

    await until(lambda: len(workspace.deliveries) == 3)

    first, second, third = (each.payload["event_id"] for each in workspace.deliveries)
    assert first != second
    assert second == third


async def test_a_person_in_an_event_is_the_same_as_in_users_info(workspace: Workspace, app: Recorder) -> None:
    await workspace.admin.update_person(replace(workspace.people[BEN], real_name="Benjamin"))
    user = (await client_of(workspace).users_info(user=BEN))["user"]

    assert app.payload["event"]["user"]["real_name"] == user["real_name"] == "Benjamin"
