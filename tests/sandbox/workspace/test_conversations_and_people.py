"""`conversations.*`, `users.*` and `usergroups.*`: which people and channels the app may read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Person, Workspace, running
from bot.sandbox.workspace.seed import ANA, BEN, DANA, DB_OPS, GENERAL, GIL, ORDERS, SHARED, STELLA, ZED
from tests.sandbox.workspace.stage import client_of, error_of, new_workspace, with_more_scopes, with_scopes


@pytest.fixture
async def wide() -> AsyncIterator[Workspace]:
    """Yield a workspace whose app has more scopes than usual."""
    scopes = ("im:write", "mpim:write", "im:read", "channels:join", "users:read.email")
    async with running(new_workspace(with_more_scopes(*scopes))) as workspace:
        yield workspace


async def test_a_channel_has_its_properties(client: AsyncWebClient) -> None:
    public = (await client.conversations_info(channel=DB_OPS, include_num_members=True))["channel"]
    private = (await client.conversations_info(channel=ORDERS))["channel"]
    shared = (await client.conversations_info(channel=SHARED))["channel"]

    assert (public["name"], public["is_private"], public["num_members"], public["is_member"]) == (
        "db-ops",
        False,
        5,
        True,
    )
    assert (private["is_private"], private["is_ext_shared"]) == (True, False)
    assert (shared["is_ext_shared"], shared["is_shared"], shared["connected_team_ids"]) == (True, True, ["T0OTHER"])


async def test_each_kind_of_conversation_needs_its_own_scope() -> None:
    async with running(new_workspace(with_scopes("channels:read", "chat:write"))) as workspace:
        client = client_of(workspace)
        assert (await client.conversations_info(channel=DB_OPS))["ok"]
        assert await error_of(client.conversations_info(channel=ORDERS)) == "missing_scope"
        assert workspace.calls[-1].answer["needed"] == "groups:read"
        listing = client.conversations_list(types="public_channel,private_channel")
        assert await error_of(listing) == "missing_scope"


async def test_members_are_returned_in_pages(client: AsyncWebClient) -> None:
    first = await client.conversations_members(channel=DB_OPS, limit=3)
    rest = await client.conversations_members(channel=DB_OPS, limit=3, cursor=first["response_metadata"]["next_cursor"])

    assert len(first["members"]) == 3
    assert len(rest["members"]) == 2
    assert rest["response_metadata"]["next_cursor"] == ""
    assert "U0TURSO" in first["members"] + rest["members"]
    assert await error_of(client.conversations_members(channel=DB_OPS, cursor="nonsense")) == "invalid_cursor"
    assert await error_of(client.conversations_members(channel=DB_OPS, limit=1001)) == "invalid_limit"


async def test_members_of_a_shared_channel_include_external_people(client: AsyncWebClient) -> None:
    assert STELLA in (await client.conversations_members(channel=SHARED))["members"]


async def test_a_list_has_all_public_channels_and_the_private_channels_that_the_app_is_in(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    workspace.admin.create_channel("C0SECRET", "secret", [ANA], private=True)
    shown = await client.conversations_list(types="public_channel,private_channel")

    names = {each["name"] for each in shown["channels"]}
    assert names == {"db-ops", "team-orders", "inc-checkout", "general", "ext-partner"}
    assert await error_of(client.conversations_list(types="secret")) == "invalid_types"


async def test_opening_a_direct_conversation_again_returns_the_same_one(wide: Workspace) -> None:
    client = client_of(wide)
    first = await client.conversations_open(users=DANA)
    again = await client.conversations_open(users=[DANA], return_im=True)
    by_id = await client.conversations_open(channel=first["channel"]["id"])

    assert first["channel"]["id"] == again["channel"]["id"]
    assert (again["channel"]["is_im"], again["channel"]["user"]) == (True, DANA)
    assert by_id["already_open"]


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("", "users_list_not_supplied"),
        ("U0NOBODY", "user_not_found"),
        (ZED, "user_disabled"),
        (",".join([DANA] * 9), "too_many_users"),
        ("U0TURSO", "invalid_user_combination"),
    ],
)
async def test_no_direct_conversation_is_opened_with_invalid_people(wide: Workspace, users: Any, error: str) -> None:
    assert await error_of(client_of(wide).conversations_open(users=users)) == error


async def test_only_public_channels_can_be_joined(wide: Workspace) -> None:
    client = client_of(wide)
    assert (await client.conversations_join(channel=GENERAL))["channel"]["is_member"]
    assert await error_of(client.conversations_join(channel=ORDERS)) == "method_not_supported_for_channel_type"


# -- people


async def test_every_kind_of_person_is_distinguished(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.people["U0NEW"] = Person(
        id="U0NEW", name="nia", real_name="Nia", team_id="T0ACME", is_invited_user=True, is_ultra_restricted=True
    )

    async def user(person_id: Any) -> Any:
        return (await client.users_info(user=person_id))["user"]

    assert (await user(ANA))["is_admin"]
    assert (await user(GIL))["is_restricted"]
    assert not (await user(GIL))["is_ultra_restricted"]
    assert ((await user("U0NEW"))["is_ultra_restricted"], (await user("U0NEW"))["is_invited_user"]) == (True, True)
    assert (await user(ZED))["deleted"]
    assert (await user("U0TURSO"))["is_bot"]
    stranger = await user(STELLA)
    assert (stranger["team_id"], stranger["is_stranger"]) == ("T0OTHER", True)
    assert (await user(ANA))["tz"] == "Europe/Madrid"
    assert "is_stranger" not in await user(ANA)


async def test_unknown_people_and_people_who_share_no_channel_are_not_returned(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    await workspace.admin.leave(STELLA, SHARED)

    assert await error_of(client.users_info(user=STELLA)) == "user_not_visible"
    assert await error_of(client.users_info(user="U0NOBODY")) == "user_not_found"


async def test_email_addresses_need_their_scope_and_are_not_returned_for_external_people(
    client: AsyncWebClient, wide: Workspace
) -> None:
    assert "email" not in (await client.users_info(user=DANA))["user"]["profile"]
    allowed = client_of(wide)
    assert (await allowed.users_info(user=DANA))["user"]["profile"]["email"] == "dana@acme.example"
    assert "email" not in (await allowed.users_info(user=STELLA))["user"]["profile"]
    assert await error_of(allowed.users_lookupByEmail(email="nobody@acme.example")) == "users_not_found"


async def test_people_of_other_workspaces_are_not_listed(client: AsyncWebClient) -> None:
    listed = {each["id"] for each in (await client.users_list())["members"]}

    assert STELLA not in listed
    assert {ANA, GIL, ZED} <= listed


async def test_user_groups_list_ids_only(workspace: Workspace, client: AsyncWebClient) -> None:
    assert (await client.usergroups_users_list(usergroup="S0DBA"))["users"] == [ANA, BEN]
    listed = await client.usergroups_list(include_users=True, include_count=True)
    assert {each["handle"]: each["user_count"] for each in listed["usergroups"]}["dba"] == 2
    assert await error_of(client.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"


async def test_a_disabled_group_is_returned_only_on_request(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.usergroups["S0DBA"] = replace(workspace.usergroups["S0DBA"], disabled=True)

    assert await error_of(client.usergroups_users_list(usergroup="S0DBA")) == "no_such_subteam"
    assert (await client.usergroups_users_list(usergroup="S0DBA", include_disabled=True))["ok"]
    assert "dba" not in {each["handle"] for each in (await client.usergroups_list())["usergroups"]}


async def test_user_groups_need_a_paid_plan(workspace: Workspace, client: AsyncWebClient) -> None:
    workspace.state.paid_plan = False

    assert await error_of(client.usergroups_users_list(usergroup="S0DBA")) == "plan_upgrade_required"


async def test_on_grid_some_methods_need_a_team_id_and_channel_names_are_refused(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    workspace.install_org_wide("E0ACME")

    assert await error_of(client.usergroups_list()) == "missing_argument"
    assert await error_of(client.conversations_list()) == "missing_argument"
    assert (await client.usergroups_list(team_id="T0ACME"))["ok"]
    assert await error_of(client.chat_postMessage(channel="#db-ops", text="a")) == "team_not_found"
    user = (await client.users_info(user=DANA))["user"]
    assert user["enterprise_user"]["enterprise_id"] == "E0ACME"
    assert (await client.auth_test())["is_enterprise_install"]
