"""The people on call in schedules, cached for a minute. If a service doesn't respond, they count as unknown."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

import structlog

from bot.core.concurrency.cache import Cache
from bot.core.oncall import Provider, Schedule
from bot.oncall.calls import SECONDS, OnCallUnavailable

log = structlog.get_logger(__name__)

CACHED_SECONDS: Final = 60.0
SILENT_SECONDS: Final = 10.0
"""How long a failed lookup isn't repeated unless `fresh`, so that commands don't wait for a silent service."""
UnknownPeople = tuple[str, ...]
SlackIds = Mapping[Provider, Mapping[str, str]]


class Adapter(Protocol):
    """Reads the schedules of one service."""

    @property
    def provider(self) -> Provider: ...

    async def people(self, schedule: Schedule) -> frozenset[str]:
        """Return the service's IDs of the people on call now.

        Raises:
            OnCallUnavailable: the service doesn't return them.
            ValueError, TypeError, AttributeError, LookupError: the response has an unexpected format.
        """


class Schedules:
    """Looks up schedules at the services, and maps their IDs to Slack IDs as the policy says."""

    def __init__(
        self,
        adapters: Iterable[Adapter],
        slack_ids: Callable[[], SlackIds],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look up nothing yet.

        Args:
            adapters: one for each service that has a token.
            slack_ids: returns the mapping in the current policy.
        """
        self._adapters = {one.provider: one for one in adapters}
        self._slack_ids = slack_ids
        self._cache: Cache[str, frozenset[str]] = Cache(self._ask, CACHED_SECONDS, now=now)
        self._now = now
        self._silent: dict[str, tuple[float, OnCallUnavailable]] = {}
        """Maps each schedule whose last lookup failed to the time of that lookup and its error."""
        self._warned: set[tuple[Provider, str]] = set()

    async def members(self, key: str, *, fresh: bool = False) -> frozenset[str] | None:
        """Return the Slack IDs of the people on call, or None if `look_up` raises OnCallUnavailable."""
        try:
            known, unknown = await self.look_up(key, fresh=fresh)
        except OnCallUnavailable:
            return None
        provider = Schedule.of(key).provider
        for one in unknown:
            if (provider, one) not in self._warned:
                self._warned.add((provider, one))
                log.warning("a person on call has no Slack ID in the policy", provider=provider, user=one)
        return known

    async def look_up(self, key: str, *, fresh: bool = False) -> tuple[frozenset[str], UnknownPeople]:
        """Return the Slack IDs of the people on call, and the service's IDs of those whom the policy doesn't map.

        Raises:
            OnCallUnavailable: the service doesn't return them, or has no token.
        """
        silent = self._silent.get(key)
        if silent and not fresh and self._now() - silent[0] < SILENT_SECONDS:
            raise silent[1]
        theirs = await self._cache.get(key, fresh=fresh)
        slack_ids = self._slack_ids().get(Schedule.of(key).provider, {})
        known = frozenset(slack_ids[one] for one in theirs if one in slack_ids)
        return known, tuple(sorted(theirs - slack_ids.keys()))

    async def _ask(self, key: str) -> frozenset[str]:
        schedule = Schedule.of(key)
        try:
            people = await self._people(schedule)
        except OnCallUnavailable as error:
            self._silent[key] = self._now(), error
            log.warning("who is on call is not known", schedule=key, why=str(error))
            raise
        self._silent.pop(key, None)
        return people

    async def _people(self, schedule: Schedule) -> frozenset[str]:
        label = schedule.provider.label
        adapter = self._adapters.get(schedule.provider)
        if adapter is None:
            raise OnCallUnavailable(f"{label}: {schedule.provider.name}_API_TOKEN isn't set.")
        why = f"{label}: its response has an unexpected format."
        try:
            async with asyncio.timeout(SECONDS):
                return await adapter.people(schedule)
        except TimeoutError:
            why = f"{label}: it didn't respond within {SECONDS:.0f} seconds."
        except (ValueError, TypeError, AttributeError, LookupError):
            pass
        raise OnCallUnavailable(why)
