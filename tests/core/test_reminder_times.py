"""Reminders come 10, 30, 70 and 150 minutes after the request, and later every four hours."""

from datetime import timedelta

import pytest

from bot.core.requests.reminder_times import LONGEST_PAUSE, pause_after, reminder_due


@pytest.mark.parametrize(("number", "minutes"), [(1, 10), (2, 30), (3, 70), (4, 150), (5, 310), (6, 550), (7, 790)])
def test_the_time_of_a_reminder_is_the_sum_of_the_pauses(number: int, minutes: int) -> None:
    assert reminder_due(number) == timedelta(minutes=minutes)
    assert reminder_due(number + 1) - reminder_due(number) == pause_after(number)


def test_a_number_of_any_size_has_a_time() -> None:
    assert pause_after(100_000) == LONGEST_PAUSE
    assert reminder_due(100_001) - reminder_due(100_000) == LONGEST_PAUSE
