"""The pauses between the attempts to carry out the end of a countdown."""

from datetime import timedelta

from bot.pipeline.quarantine.countdown import LONGEST_PAUSE, NOTIFY_AT, pause_after


def test_people_are_notified_fifteen_minutes_after_the_first_attempt() -> None:
    pauses = [pause_after(attempt) for attempt in range(1, NOTIFY_AT)]

    assert sum(pauses, timedelta()) == timedelta(minutes=15)


def test_no_pause_is_longer_than_an_hour() -> None:
    assert pause_after(1000) == LONGEST_PAUSE == timedelta(hours=1)
