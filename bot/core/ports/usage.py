"""Usage: the digests of channels, and the samples from which past periods are computed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.records.usage import Digest, UsageSample


class ReadDigests(Protocol):
    """Digests, to read."""

    async def get(self, channel_id: str) -> Digest | None:
        """Return the digest of a channel."""


class Digests(ReadDigests, Protocol):
    """Digests, to read and to change."""

    async def schedule(self, digest: Digest) -> None:
        """Set the digest of a channel, with its timer."""

    async def mark(self, channel_id: str, period: str, *, was: str, next_at: datetime | None = None) -> bool:
        """Compare-and-set the period last posted. False: it was dropped, set anew or marked meanwhile."""

    async def drop(self, channel_id: str) -> bool:
        """Drop the digest of a channel, with its timer. False: there was none."""


class ReadSamples(Protocol):
    """Samples, to read."""

    async def find(
        self, *, organization: str, since: str, until: str, databases: Sequence[str] | None = None
    ) -> list[UsageSample]:
        """Return those of the days from `since` to `until`, both included, by day; `databases`: exact names."""

    async def first_day(self, *, organization: str) -> str | None:
        """Return the `day` of an organization's oldest sample; None: there is none."""


class Samples(ReadSamples, Protocol):
    """Samples, to read and to add."""

    async def add(self, samples: Sequence[UsageSample]) -> None:
        """Add samples, one for each database and day: a later one of the same day replaces it."""
