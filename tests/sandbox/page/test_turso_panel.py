"""The Turso panel: each button changes the local Turso, and shows the result."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.sandbox.page.action_handlers import until_next_check
from bot.sandbox.page.app import create_page
from bot.sandbox.platform.catalog import organizations
from bot.sandbox.turso_controls import LocalTursoControls
from bot.sandbox.workspace import Workspace
from tests.sandbox.page.conftest import ORIGIN
from tests.sandbox.platform.hosting import Hosted

OURS = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "HX-Request": "true"}


@pytest.fixture
async def turso(tmp_path: Path) -> AsyncIterator[Hosted]:
    hosted = Hosted(tmp_path, admin=True, seed=True)
    yield hosted
    await hosted.close()


@pytest.fixture
async def page(workspace: Workspace, turso: Hosted) -> AsyncIterator[httpx.AsyncClient]:
    app = create_page(workspace, turso=LocalTursoControls(turso.turso))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        yield client


async def press(page: httpx.AsyncClient, do: str, value: str, status: int = 200) -> str:
    """Press a button of the panel, check the status of the response, and return its text."""
    answer = await page.post("/as/U0ANA/lab/turso", data={"do": do, "value": value}, headers=OURS)
    assert answer.status_code == status, answer.text
    return answer.text


async def test_a_group_is_archived_and_unarchived(page: httpx.AsyncClient, turso: Hosted) -> None:
    assert "· archived" in await press(page, "archive", "europe")
    assert (await turso.api("GET", "/databases/users-eu"))["database"]["archived"] is True

    assert "· archived" not in await press(page, "unarchive", "europe")
    assert (await turso.api("GET", "/databases/users-eu"))["database"]["archived"] is False


async def test_a_spike_is_in_the_usage_of_its_database(page: httpx.AsyncClient, turso: Hosted) -> None:
    before = (await turso.usage("users"))["rows_read"]

    await press(page, "spike", "users")

    assert (await turso.usage("users"))["rows_read"] == before + 60_000_000


async def test_a_used_up_quota_and_overages_are_shown(page: httpx.AsyncClient, turso: Hosted) -> None:
    assert "blocked" not in await press(page, "share", "97")
    assert "97.0%" in await press(page, "share", "97")

    assert "Turso blocks reads" in await press(page, "share", "101")
    await turso.api("PATCH", json={"overages": True})
    shown = await press(page, "share", "101")
    assert "Overages are on" in shown
    assert "Turso blocks" not in shown
    assert "Turso blocks reads" in await press(page, "overages", "off")


async def test_a_plan_is_chosen_with_its_quotas(page: httpx.AsyncClient, turso: Hosted) -> None:
    await press(page, "share", "60")

    await press(page, "plan", "pro")

    plan = (await turso.turso.read(organizations.find, "acme")).plan
    assert (plan.name, plan.quotas["rowsRead"]) == ("pro", 250_000_000_000)


@pytest.mark.parametrize(
    ("do", "value"),
    [("archive", "moon"), ("spike", "nope"), ("plan", "gold"), ("share", "3"), ("explode", ""), ("", "")],
)
async def test_an_unknown_button_or_value_is_refused(page: httpx.AsyncClient, do: str, value: str) -> None:
    await press(page, do, value, 404)


async def test_the_inspector_shows_the_panel_only_with_a_local_turso(
    page: httpx.AsyncClient, workspace: Workspace
) -> None:
    assert 'id="turso"' in (await page.get("/as/U0ANA/lab", headers=OURS)).text

    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_page(workspace)), base_url=ORIGIN) as bare:
        assert 'id="turso"' not in (await bare.get("/as/U0ANA/lab", headers=OURS)).text
        answer = await bare.post("/as/U0ANA/lab/turso", data={"do": "archive", "value": "europe"}, headers=OURS)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("now", "minutes"),
    [("14:23:00", 35), ("14:57:59", 0), ("14:58:30", 59), ("14:59:00", 59), ("23:59:00", 59)],
)
async def test_the_clock_is_moved_to_just_after_the_bots_next_check_of_usage(now: str, minutes: int) -> None:
    at = datetime.fromisoformat(f"2026-11-27T{now}").replace(tzinfo=UTC)

    by = until_next_check(at)

    assert (at + by).strftime("%M:%S") == "58:01"
    assert minutes <= by / timedelta(minutes=1) < minutes + 1
