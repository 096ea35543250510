"""Builds the JSON objects of the Platform API, in the form of 2023 or of today."""

from typing import Any

from bot.sandbox.platform.catalog.organizations import Organization
from bot.sandbox.platform.catalog.records import Database, Group, Instance
from bot.sandbox.platform.catalog.usage import Usage, total
from bot.sandbox.platform.names import Generation

Json = dict[str, Any]


def database(record: Database, hostname: str, generation: Generation) -> Json:
    """Return a database as the API's `Database`."""
    shape: Json = {
        "Name": record.name,
        "DbId": record.id,
        "Hostname": hostname,
        "regions": list(record.regions),
        "primaryRegion": record.primary,
        "type": "logical",
    }
    if generation == "2023":
        return shape | {"IssuedCertLimit": 0, "IssuedCertCount": 0}
    if record.encryption_cipher:
        shape["encryption_cipher"] = record.encryption_cipher
    return shape | {
        "group": record.group,
        "block_reads": record.block_reads,
        "block_writes": record.block_writes,
        "allow_attach": record.allow_attach,
        "delete_protection": record.delete_protection,
        "sleeping": record.archived,
        "archived": record.archived,
        "is_schema": False,
        "schema": "",
        "parent": record.parent,
    }


def configuration(record: Database) -> Json:
    """Return a database's settings as the API's `DatabaseConfiguration`. A `size_limit` of `0` means no limit."""
    return {
        "size_limit": str(record.size_limit_bytes),
        "allow_attach": record.allow_attach,
        "block_reads": record.block_reads,
        "block_writes": record.block_writes,
        "delete_protection": record.delete_protection,
        "allowed_ips": list(record.allowed_ips),
        "allowed_aws_vpc_ids": list(record.allowed_aws_vpc_ids),
    }


def instance(record: Instance, hostname: str) -> Json:
    """Return an instance as the API's `Instance`."""
    return {
        "uuid": record.uuid,
        "name": record.name,
        "type": record.type,
        "region": record.region,
        "hostname": hostname,
    }


def group(record: Group) -> Json:
    """Return a group as the API's `Group`."""
    return {
        "name": record.name,
        "uuid": record.uuid,
        "version": "",
        "locations": list(record.locations),
        "primary": record.primary,
        "archived": record.archived,
        "delete_protection": record.delete_protection,
        "status": {"locations": [{"name": code, "status": "ready"} for code in record.locations]},
    }


def organization(record: Organization) -> Json:
    """Return an organization as the API's `Organization`.

    Its `id` belongs to version 2 of the API, but version 1 returns it here, too.
    """
    return {
        "id": record.uuid,
        "name": record.name,
        "slug": record.slug,
        "type": record.type,
        "overages": record.overages,
        "blocked_reads": record.blocked_reads,
        "blocked_writes": record.blocked_writes,
        "plan_id": record.plan.name,
        "plan_timeline": "monthly",
        "platform": "",
        "require_mfa": False,
    }


def usage(used: Usage, generation: Generation) -> Json:
    """Return a usage object. The API of 2023 has no synced bytes."""
    shape: Json = {
        "rows_read": used.rows_read,
        "rows_written": used.rows_written,
        "storage_bytes": used.storage_bytes,
    }
    return shape if generation == "2023" else shape | {"bytes_synced": used.bytes_synced}


def database_usage(database_id: str, by_instance: dict[str, Usage], generation: Generation) -> Json:
    """Return a database's usage, summed and by instance, as the API's `DatabaseUsage`."""
    summed = usage(total(by_instance.values()), generation)
    instances = [{"uuid": uuid, "usage": usage(used, generation)} for uuid, used in by_instance.items()]
    shape: Json = {"uuid": database_id, "instances": instances, "usage": summed}
    return shape if generation == "2023" else shape | {"total": summed}
