"""Convert between UTC and local times. Daylight saving time skips an hour in spring and repeats one in autumn."""

from datetime import UTC, datetime, tzinfo


def times_of(shown: datetime, zone: tzinfo) -> list[datetime]:
    """Return the times, in UTC and in order, at which clocks in a time zone show a time.

    Args:
        shown: the day and time that clocks show, without a time zone.
    Returns:
        One time, two if clocks show it twice, or none if they skip it.
    Raises:
        OverflowError: the time is before year 1 or after year 9999 in UTC.
    """
    both = {shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(one for one in both if one.astimezone(zone).replace(tzinfo=None) == shown)


def shown_at(at: datetime, zone: tzinfo) -> datetime:
    """Return the day and time that clocks in a time zone show at a time, without a time zone."""
    return at.astimezone(zone).replace(tzinfo=None)
