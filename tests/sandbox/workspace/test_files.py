"""Files are uploaded in three steps, as slack_sdk uploads them."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.seed import DANA, DB_OPS, GENERAL
from tests.http import local_client
from tests.sandbox.workspace.stage import error_of


async def test_slack_sdk_uploads_a_file_and_the_channel_shows_it(workspace: Workspace, client: AsyncWebClient) -> None:
    content = "name,size\norders,28672\n"
    answer = await client.files_upload_v2(
        channel=DB_OPS, filename="databases.csv", title="Databases", content=content, initial_comment="All of them"
    )

    (message,) = workspace.history(DB_OPS, DANA)
    assert (message.text, message.files[0]["title"], message.files[0]["size"]) == (
        "All of them",
        "Databases",
        len(content),
    )
    assert workspace.state.files[answer["files"][0]["id"]]["content"] == content.encode()


async def test_a_file_can_go_into_a_thread(workspace: Workspace, client: AsyncWebClient) -> None:
    first = (await client.chat_postMessage(channel=DB_OPS, text="a"))["ts"]
    await client.files_upload_v2(channel=DB_OPS, filename="a.csv", content="a", thread_ts=first)

    assert workspace.history(DB_OPS, DANA)[1].thread_ts == first


async def test_the_upload_url_needs_no_token_and_accepts_the_announced_size_once(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    asked = await client.files_getUploadURLExternal(filename="a.csv", length=3)
    assert asked["upload_url"].startswith(f"{workspace.origin}/upload/v1/")
    async with local_client() as http:
        assert (await http.post(asked["upload_url"], content=b"four")).status_code == 400
        assert (await http.post(asked["upload_url"], content=b"abc")).status_code == 200
        assert (await http.post(asked["upload_url"], content=b"abc")).status_code == 400
        assert (await http.post(f"{workspace.origin}/upload/v1/guessed", content=b"abc")).status_code == 400


async def test_a_file_must_be_uploaded_before_it_is_shared_and_only_once(
    workspace: Workspace, client: AsyncWebClient
) -> None:
    asked = await client.files_getUploadURLExternal(filename="a.csv", length=3)
    sharing: dict[str, Any] = {"files": [{"id": asked["file_id"], "title": "A"}], "channel_id": DB_OPS}
    assert await error_of(client.files_completeUploadExternal(**sharing)) == "file_not_found"
    async with local_client() as http:
        await http.post(asked["upload_url"], files={"file": b"abc"})
    assert (await client.files_completeUploadExternal(**sharing))["files"][0]["title"] == "A"
    assert await error_of(client.files_completeUploadExternal(**sharing)) == "file_not_found"


async def test_a_file_can_be_shared_only_where_the_app_is(client: AsyncWebClient) -> None:
    asked = await client.files_getUploadURLExternal(filename="a.csv", length=3)
    sharing = client.files_completeUploadExternal(files=[{"id": asked["file_id"]}], channel_id=GENERAL)

    assert await error_of(sharing) == "not_in_channel"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"filename": "a", "length": 1_000_001, "snippet_type": "text"}, "snippet_too_large"),
        ({"filename": "a", "length": 0}, "invalid_arguments"),
    ],
)
async def test_empty_files_and_large_snippets_are_refused(
    client: AsyncWebClient, asked: dict[str, Any], error: str
) -> None:
    assert await error_of(client.api_call("files.getUploadURLExternal", data=asked)) == error
