"""The protocol for reading on-call schedules of other services."""

from typing import Protocol


class OnCallSchedules(Protocol):
    """Returns who is on call now."""

    async def members(self, key: str, *, fresh: bool = False) -> frozenset[str] | None:
        """Return the Slack IDs of the people on call in a schedule. None if they aren't known. Never raises.

        Args:
            key: the key of a `Schedule`.
            fresh: call the service. Otherwise the result may be a minute old.
        """
