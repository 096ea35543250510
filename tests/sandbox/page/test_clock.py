"""The inspector says how far the workspace's time is from this machine's, whenever the workspace's clock began."""

from datetime import timedelta

import pytest

from bot.sandbox.page.read_handlers import moved_text
from bot.sandbox.workspace.timeline import wall_clock
from tests.sandbox.workspace.stage import new_workspace

BEGINS = timedelta(hours=-26)


@pytest.mark.parametrize(
    ("moved", "text"),
    [
        (timedelta(hours=26), "– as on this machine"),
        (timedelta(hours=26, minutes=53), "– 53 min ahead of this machine"),
        (timedelta(hours=52, minutes=1), "– 1 d 2 h 1 min ahead of this machine"),
        (timedelta(hours=23), "– 3 h behind this machine"),
    ],
)
def test_the_clock_is_compared_with_this_machines(moved: timedelta, text: str) -> None:
    workspace = new_workspace(clock=lambda: wall_clock() + BEGINS)
    workspace.move_time(moved)

    assert moved_text(workspace) == text
