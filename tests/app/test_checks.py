"""The live checks of `doctor` and `/readyz` run independently of each other."""

import pytest
import structlog

from bot.app.checks import Unhealthy, run_checks


async def passes() -> str:
    return "All is well."


async def finds_a_problem() -> str:
    raise Unhealthy("Something is missing.")


async def has_a_bug() -> str:
    raise KeyError("members")


def has_a_bug_at_once() -> object:
    raise RuntimeError("not even a coroutine")


@pytest.mark.parametrize("bug", [has_a_bug, has_a_bug_at_once])
async def test_a_bug_in_one_check_does_not_hide_the_others(bug: object) -> None:
    with structlog.testing.capture_logs() as logs:
        first, second, third = await run_checks({"one": passes, "two": bug, "three": finds_a_problem})  # type: ignore[dict-item]

    assert first == ("one", True, "All is well.")
    assert second[:2] == ("two", False)
    assert "error in Turso Ops" in second[2]
    assert third == ("three", False, "Something is missing.")
    assert [one["check"] for one in logs] == ["two"]
