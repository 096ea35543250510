"""Protocols for stored delegations."""

from datetime import datetime
from typing import Protocol

from bot.core.records.delegations import Delegation


class ReadDelegations(Protocol):
    """Reads delegations."""

    async def active(self, at: datetime) -> list[Delegation]:
        """Return every delegation that is active at a time, ordered by person."""

    async def of(self, person: str) -> Delegation | None:
        """Return a person's delegation, even if it has expired or not yet begun."""


class Delegations(ReadDelegations, Protocol):
    """Reads and changes delegations."""

    async def set(self, delegation: Delegation) -> None:
        """Set a person's delegation, replacing an earlier one."""

    async def drop(self, person: str) -> bool:
        """Delete a person's delegation. Returns False if there was none."""
