"""The inspector shows private content only to the person concerned, and a channel's only to people who see it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.page.privacy import may_look
from bot.sandbox.workspace import Workspace, running
from bot.sandbox.workspace.records import Call, Delivery
from tests.sandbox.workspace.stage import Recorder, client_of, connected, new_workspace

SECRET = "eyJ.secret.token"


@pytest.fixture
async def busy() -> AsyncIterator[Workspace]:
    """Yield a workspace in which Dana ran a command and got every kind of private answer."""
    async with running(new_workspace()) as workspace, connected(workspace, Recorder()):
        client = client_of(workspace)
        await workspace.say("U0DANA", "C0DBOPS", f"/turso {SECRET}")
        payload = workspace.deliveries[-1].payload
        await client.chat_postEphemeral(channel="C0DBOPS", user="U0DANA", text=SECRET)
        title = {"type": "plain_text", "text": "x"}
        block = {"type": "section", "text": {"type": "plain_text", "text": SECRET}}
        view = {"type": "modal", "title": title, "blocks": [block]}
        opened = await client.views_open(trigger_id=payload["trigger_id"], view=view)
        await client.views_update(view_id=opened["view"]["id"], view=view)
        await client.views_publish(user_id="U0DANA", view={"type": "home", "blocks": [block]})
        async with aiohttp.ClientSession() as web, web.post(payload["response_url"], json={"text": SECRET}) as answer:
            assert answer.status == 200
        yield workspace


async def test_only_the_person_concerned_sees_the_content(busy: Workspace) -> None:
    records: list[Call | Delivery] = [*busy.calls, *busy.deliveries]
    private = [each for each in records if SECRET in repr(each)]
    assert len(private) == 6
    for record in private:
        assert may_look(busy, "U0DANA", record) == (True, "U0DANA")
        for other in ("U0ANA", "U0BEN", "U0GIL", "U0STELLA"):
            assert may_look(busy, other, record) == (False, "U0DANA")


async def test_the_content_of_a_channel_is_shown_only_to_people_who_see_the_channel(busy: Workspace) -> None:
    await client_of(busy).chat_postMessage(channel="C0ORDERS", text="hello")
    posted = busy.calls[-1]
    assert may_look(busy, "U0DANA", posted)[0]
    assert not may_look(busy, "U0REMY", posted)[0]


async def test_a_shared_file_is_shown_only_to_people_who_see_every_channel_that_gets_it(
    busy: Workspace,
) -> None:
    client = client_of(busy)
    for channels in ({"channel_id": "C0ORDERS"}, {"channels": ["C0DBOPS", "C0ORDERS"]}):
        with pytest.raises(SlackApiError):  # the file doesn't exist, but the call is recorded
            await client.files_completeUploadExternal(files=[{"id": "F0", "title": SECRET}], **channels)
        assert may_look(busy, "U0DANA", busy.calls[-1])[0]
        assert not may_look(busy, "U0REMY", busy.calls[-1])[0]


async def test_content_that_concerns_no_one_is_visible_to_all(busy: Workspace) -> None:
    await client_of(busy).auth_test()
    assert may_look(busy, "U0STELLA", busy.calls[-1]) == (True, None)
