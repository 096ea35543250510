"""The workspace accepts only requests from this machine to a loopback host, and none from pages of another origin."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from bot.sandbox.workspace import Workspace, create_workspace_app
from tests.http import local_client
from tests.present import present
from tests.sandbox.workspace.stage import Recorder, new_workspace


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "127.0.0.1"])
async def test_requests_to_loopback_hosts_are_accepted(workspace: Workspace, host: str) -> None:
    async with local_client() as http:
        assert (await http.post(f"{workspace.api_url}api.test", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:3000", "[", ""])
async def test_requests_to_other_hosts_are_refused(workspace: Workspace, host: str) -> None:
    async with local_client() as http:
        assert (await http.post(f"{workspace.api_url}api.test", headers={"Host": host})).status_code in (400, 403)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
async def test_requests_from_other_origins_are_refused(workspace: Workspace, origin: str) -> None:
    async with local_client() as http:
        refused = await http.post(f"{workspace.api_url}api.test", headers={"Origin": origin})
        own = await http.post(f"{workspace.api_url}api.test", headers={"Origin": workspace.origin})

    assert (refused.status_code, own.status_code) == (403, 200)


def test_another_origin_cannot_open_the_web_socket() -> None:
    workspace = new_workspace()
    ticket = workspace.sockets.ticket()
    browser = TestClient(create_workspace_app(workspace), base_url="http://127.0.0.1", client=("127.0.0.1", 1))
    with (
        pytest.raises(WebSocketDisconnect),
        browser.websocket_connect(f"/link/?ticket={ticket}", headers={"Origin": "https://evil.example"}),
    ):
        pass


def test_requests_from_other_machines_are_refused() -> None:
    app = create_workspace_app(new_workspace())
    neighbour = TestClient(app, base_url="http://127.0.0.1", client=("192.168.1.7", 50000))

    assert neighbour.post("/api/api.test").status_code == 403


async def test_proxy_and_slack_variables_in_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace, app: Recorder
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert present((await workspace.say("U0DANA", "C0DBOPS", "/turso")).delivery).ok
