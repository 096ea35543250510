"""Frozen models of Turso's resources, read from responses of the 2023 API and of today's API."""

from bot.turso.models.database import Configuration, Database, Instance, Minted, Parent
from bot.turso.models.listing import MOST_SOURCES, Listed, Listing
from bot.turso.models.organization import Group, Location, Organization, Quotas
from bot.turso.models.usage import DatabaseUsage, InstanceUsage, OrganizationUsage, TopQuery, Usage

__all__ = [
    "MOST_SOURCES",
    "Configuration",
    "Database",
    "DatabaseUsage",
    "Group",
    "Instance",
    "InstanceUsage",
    "Listed",
    "Listing",
    "Location",
    "Minted",
    "Organization",
    "OrganizationUsage",
    "Parent",
    "Quotas",
    "TopQuery",
    "Usage",
]
