"""The workspace signs its requests like Slack. It can also send requests with a wrong signature or an old timestamp."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qsl

from slack_sdk.signature import SignatureVerifier

from bot.sandbox.workspace import Workspace, running, seed
from bot.sandbox.workspace.delivery.parcel import interactive_parcel
from bot.sandbox.workspace.delivery.signing import signature
from bot.sandbox.workspace.seed import DANA, DB_OPS
from bot.sandbox.workspace.timeline import wall_clock
from tests.http import local_client
from tests.present import present
from tests.sandbox.workspace.stage import MANIFEST, SECRET, Recorder, bolt, connected, new_workspace


def test_a_fixed_request_gets_the_expected_signature() -> None:
    body = b"token=legacy&team_id=T0ACME001&command=%2Fdb&text=list+prod&user_id=U0ALICE01"

    assert signature("7d3f0c2a9be14f6c8a5512d0e4b7a901", "1793500000", body) == (
        "v0=f7ffb594b5215bdbf176127bf1596af90f78e67fe04052e33b93fceb04449d63"
    )


async def test_slack_sdk_accepts_our_signature_and_timestamp(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(DANA, DB_OPS, "/turso db list")

    headers, body = app.got[0]
    assert SignatureVerifier(SECRET).is_valid_request(body, headers)
    assert headers["content-type"] == "application/x-www-form-urlencoded"


async def test_only_timestamp_and_body_are_signed_so_a_request_can_be_replayed(workspace: Workspace) -> None:
    async with connected(workspace, bolt(workspace)) as served:
        delivery = (await served.say(DANA, DB_OPS, "/turso")).delivery
        assert delivery is not None
        assert delivery.status == 404  # no handler answers, but the signature was accepted
        async with local_client() as http:
            headers = {**delivery.headers, "X-Slack-Retry-Num": "7"}
            replayed = await http.post(present(served.events_url), content=delivery.body, headers=headers)
            changed = await http.post(present(served.events_url), content=delivery.body + "&x=1", headers=headers)
    assert replayed.status_code == 404
    assert changed.status_code == 401


async def test_the_app_refuses_a_wrong_secret() -> None:
    stranger = Workspace(manifest=MANIFEST, signing_secret="other", bot_token="xoxb-1-2-local", app_token="xapp-x")
    seed(stranger)
    async with running(stranger) as served, connected(served, bolt(served)):
        acted = await served.say(DANA, DB_OPS, "/turso")
    assert present(acted.delivery).status == 401
    assert "http_service_error" in present(acted.notice)


async def test_the_app_refuses_a_timestamp_older_than_five_minutes(workspace: Workspace) -> None:
    workspace.post.signing_clock = lambda: wall_clock() - timedelta(seconds=301)
    async with connected(workspace, bolt(workspace)):
        acted = await workspace.say(DANA, DB_OPS, "/turso")
    assert present(acted.delivery).status == 401


async def test_moving_the_clock_keeps_signatures_valid(workspace: Workspace) -> None:
    workspace.move_time(timedelta(days=3))
    async with connected(workspace, bolt(workspace)):
        acted = await workspace.say(DANA, DB_OPS, "/turso")
    assert present(acted.delivery).status == 404


async def test_payloads_have_the_deprecated_token_and_the_app_id(workspace: Workspace, app: Recorder) -> None:
    await workspace.say(DANA, DB_OPS, "/turso")

    assert app.form["token"] == "legacy"
    assert app.form["api_app_id"] == workspace.app.app_id


async def test_the_workspace_can_sign_any_payload(workspace: Workspace, app: Recorder) -> None:
    payload = {"type": "block_actions", "api_app_id": "A0OTHER", "user": {"id": DANA}, "actions": []}
    delivery = await workspace.deliver(interactive_parcel(payload, DANA))

    headers, body = app.got[0]
    assert delivery.ok
    assert SignatureVerifier(SECRET).is_valid_request(body, headers)
    assert json.loads(dict(parse_qsl(body.decode()))["payload"]) == payload


async def test_neither_secret_nor_token_is_in_what_the_workspace_prints_and_records() -> None:
    workspace = new_workspace()
    printed = repr(workspace.__dict__) + repr(workspace.state.__dict__) + repr(workspace.post.__dict__["_limits"])

    assert SECRET not in printed
    assert "xoxb-1-2-local" not in printed
