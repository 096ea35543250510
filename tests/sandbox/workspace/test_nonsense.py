"""Whatever is sent, the workspace answers with Slack's errors, and never crashes."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bot.sandbox.workspace import running
from bot.sandbox.workspace.seed import DANA, DB_OPS
from bot.sandbox.workspace.webapi.endpoint import METHODS
from tests.http import local_client
from tests.sandbox.workspace.stage import APP_TOKEN, BOT_TOKEN, new_workspace, with_more_scopes

EVERYTHING = (
    "channels:history", "channels:join", "im:write", "mpim:write", "im:read", "mpim:read", "users:read.email",
    "reactions:write", "pins:write", "bookmarks:write", "team:read", "groups:history", "im:history",
)  # fmt: skip
SENSIBLE = {
    "channel": DB_OPS,
    "channel_id": DB_OPS,
    "user": DANA,
    "user_id": DANA,
    "users": DANA,
    "text": "a",
    "ts": "1.000000",
    "timestamp": "1.000000",
    "message_ts": "1.000000",
    "view_id": "V0",
    "trigger_id": "1.2.3",
    "view": {"type": "modal"},
    "filename": "a",
    "length": 1,
    "files": [{"id": "F0"}],
    "post_at": 1,
    "email": "a@b.example",
    "usergroup": "S0DBA",
    "title": "a",
    "type": "link",
    "link": "https://a.example",
    "name": "eyes",
    "limit": 10,
    "cursor": "",
    "types": "im",
    "blocks": [],
    "attachments": [],
    "metadata": {},
    "hash": "",
    "thread_ts": "",
    "oldest": "0",
    "latest": "1",
    "scheduled_message_id": "Q0",
    "unfurl_links": False,
    "markdown_text": "",
    "message": "{}",
}
NONSENSE: tuple[Any, ...] = (
    None,
    0,
    -1,
    1.5,
    True,
    "",
    "x",
    "{",
    "[]",
    "{}",
    [],
    [1],
    [[]],
    {},
    {"a": {"b": []}},
    "\x00",
    "é" * 5000,
)


@pytest.mark.parametrize("method", sorted(METHODS))
async def test_nonsense_in_any_argument_is_answered(method: Any) -> None:
    workspace = new_workspace(with_more_scopes(*EVERYTHING))
    workspace.limits.rates = "off"
    token = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
    async with running(workspace), local_client(headers={"Authorization": f"Bearer {token}"}) as http:
        for args in _variations(method):
            answer = await http.post(f"{workspace.api_url}{method}", json=args)
            assert answer.status_code == 200, args
            assert isinstance(answer.json()["ok"], bool)


def _variations(method: str) -> list[dict[str, Any]]:
    """Return arguments that all have one nonsense value, and mixtures of valid values and nonsense.

    The mixtures of a method are the same in each run.
    """
    chance = random.Random(method)
    mixed = [
        {name: chance.choice(NONSENSE) if chance.random() < 0.2 else value for name, value in SENSIBLE.items()}
        for _ in range(60)
    ]
    return [*(dict.fromkeys(SENSIBLE, value) for value in NONSENSE), *mixed]
