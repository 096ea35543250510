"""Quotas: what is blocked once an organization has used more than its plan includes per month."""

from typing import NamedTuple

from bot.sandbox.platform.catalog.organizations import Organization
from bot.sandbox.platform.catalog.usage import Usage


class Blocks(NamedTuple):
    """What the data plane refuses."""

    reads: bool
    writes: bool


def blocks(organization: Organization, used: Usage) -> Blocks:
    """Return what is blocked. Nothing is blocked with overages, because usage beyond the quotas is paid for."""
    quotas = organization.plan.quotas

    def exceeds(quota: str, amount: int) -> bool:
        most = quotas[quota]
        return most is not None and amount > most and not organization.overages

    return Blocks(
        reads=exceeds("rowsRead", used.rows_read) or exceeds("bytesSynced", used.bytes_synced),
        writes=exceeds("rowsWritten", used.rows_written) or exceeds("storage", used.storage_bytes),
    )
