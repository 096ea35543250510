"""Protocols for digests and for usage samples."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.usage import Digest, UsageGrowth, UsageReading, UsageSample


class ReadDigests(Protocol):
    """Reads digests."""

    async def get(self, channel_id: str) -> Digest | None:
        """Return the digest of a channel."""


class Digests(ReadDigests, Protocol):
    """Reads and changes digests."""

    async def schedule(self, digest: Digest) -> None:
        """Set the digest of a channel and its timer."""

    async def mark(self, channel_id: str, period: str, *, was: str, next_at: datetime | None = None) -> bool:
        """Set `last_period` by compare-and-set, and `next_at` if it is given.

        Returns False if the digest no longer exists, or if its `last_period` isn't `was`.
        """

    async def drop(self, channel_id: str) -> bool:
        """Delete the digest of a channel and its timer. Returns False if there was none."""


class ReadSamples(Protocol):
    """Reads samples."""

    async def find(
        self, *, organization: str, since: str, until: str, databases: Sequence[str] | None = None
    ) -> list[UsageSample]:
        """Return the samples whose `day` is from `since` to `until`, inclusive, ordered by day.

        Args:
            since, until: compared with `day` as text, in which `2026-11-24` comes before a time on that day.
            databases: exact names, or None for all.
        """

    async def first_day(self, *, organization: str) -> str | None:
        """Return the `day` of an organization's oldest sample, or None."""

    async def readings(self, *, organization: str, since: datetime) -> list[UsageReading]:
        """Return an organization's hourly readings since a time, oldest first."""

    async def growth(
        self, *, organization: str, at: Sequence[datetime], database_ids: Sequence[str] | None = None
    ) -> list[UsageGrowth]:
        """Return what databases used in the hour before each of `at`. None means all databases."""


class Samples(ReadSamples, Protocol):
    """Reads and adds samples."""

    async def add_reading(
        self, reading: UsageReading, growth: Sequence[UsageGrowth], samples: Sequence[UsageSample]
    ) -> bool:
        """Add an hour's reading with everything that was measured at that time.

        Returns False, and adds nothing, if the hour already has one.
        """

    async def set_limits(self, reading: UsageReading, limits: Mapping[str, int]) -> None:
        """Record the plan's quotas in a stored reading."""

    async def add(self, samples: Sequence[UsageSample]) -> None:
        """Add samples. A later one of the same database and day replaces the earlier one."""
