"""A row of the inspector opens its own call, even after old calls have been dropped."""

from datetime import UTC, datetime

import httpx

from bot.sandbox.workspace import Workspace
from bot.sandbox.workspace.records import Call
from bot.sandbox.workspace.state import KEPT


def call_of(method: str) -> Call:
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    return Call(method=method, args={}, answer={"ok": True}, status=200, at=at, milliseconds=1.0)


async def test_a_row_opens_its_own_call_after_old_calls_were_dropped(
    page: httpx.AsyncClient, workspace: Workspace
) -> None:
    for _ in range(KEPT - 1):
        workspace.state.calls.append(call_of("users.info"))
    kept = call_of("chat.update")
    workspace.state.record_call(kept)
    before = (await page.get(f"/as/U0DANA/lab/c{kept.id}")).text
    assert "chat.update" in before

    workspace.state.record_call(call_of("views.open"))

    assert len(workspace.state.calls) < KEPT
    assert (await page.get(f"/as/U0DANA/lab/c{kept.id}")).text == before
