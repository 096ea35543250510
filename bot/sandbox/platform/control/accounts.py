"""Endpoints of the account: organizations, locations, plans, members, the audit log and the user."""

import json
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from bot.sandbox.platform.catalog import organizations
from bot.sandbox.platform.catalog.plans import PLANS
from bot.sandbox.platform.control import shapes
from bot.sandbox.platform.control.call import ApiError, Call, answer
from bot.sandbox.platform.control.databases import note
from bot.sandbox.platform.names import is_name, locations

_LARGEST_PAGE = 100


async def all_locations(call: Call) -> Response:
    return answer({"locations": locations(call.turso.generation)})


async def locations_by_provider(call: Call) -> Response:
    """Return the locations by provider, as version 2 of the API does for the `turso` CLI."""
    codes = locations(call.turso.generation)
    local = {"local": codes.pop("local")}
    return answer({"locations": {"fly" if call.turso.generation == "2023" else "aws": codes, "local": local}})


async def every(call: Call) -> Response:
    organizations_found = await call.turso.read(organizations.every)
    reached = [
        shapes.organization(each) for each in organizations_found if call.token.organization in (None, each.slug)
    ]
    return answer({"organizations": reached})


async def create(call: Call) -> Response:
    """Create an organization, for tests that need several. Without a `slug`, the slug is made from the name."""
    body = await call.body()
    name = body.get("slug") or body.get("name")
    slug = str(name).lower().replace(" ", "-")
    if not is_name(slug):
        raise ApiError(400, "invalid organization name")
    created = await call.turso.change(organizations.create, slug, name=str(body.get("name") or slug))
    return answer({"organization": shapes.organization(created)})


async def get(call: Call) -> Response:
    """Return the organization, after checking again whether a quota blocks its reads or writes."""
    await call.turso.flush()
    await call.turso.enforce_quotas()
    organization = await call.turso.read(organizations.find, call.organization)
    return answer({"organization": shapes.organization(organization)})


async def update(call: Call) -> Response:
    """Turn overages on or off. Without them, a used-up quota blocks reads or writes."""
    overages = (await call.body()).get("overages")
    before = await call.turso.read(organizations.find, call.organization)
    if isinstance(overages, bool) and overages != before.overages:
        await call.turso.change(organizations.update, call.organization, overages=overages)
        await note(call, "org-set-overages", f"turned overages {'on' if overages else 'off'}")
    return await get(call)


async def members(call: Call) -> Response:
    owner = {"username": call.turso.organization, "role": "owner", "email": _email(call)}
    return answer({"members": [owner]})


async def invites(call: Call) -> Response:
    return answer({"invites": []})


async def invoices(call: Call) -> Response:
    return answer({"invoices": []})


async def subscription(call: Call) -> Response:
    organization = await call.turso.read(organizations.find, call.organization)
    name = organization.plan.name
    plan = {"name": name, "plan": name, "timeline": "monthly", "overages": organization.overages}
    return answer({"subscription": plan})


async def plans(call: Call) -> Response:
    """Return all plans. The plan of the organization is returned with the organization's own quotas."""
    own = (await call.turso.read(organizations.find, call.organization)).plan
    return answer({"plans": [(PLANS | {own.name: own})[name].shape() for name in PLANS]})


async def audit_logs(call: Call) -> Response:
    """Return a page of the audit log, newest first."""
    page, size = call.number("page") or 1, min(call.number("page_size") or _LARGEST_PAGE, _LARGEST_PAGE)
    total, rows = await call.turso.read(organizations.audit_log, call.organization, page, size)
    pagination = {"page": page, "page_size": size, "total_pages": -(-total // size), "total_rows": total}
    return answer({"audit_logs": [_entry(row) for row in rows], "pagination": pagination})


def _entry(row: tuple[Any, ...]) -> dict[str, Any]:
    keys = ("code", "message", "origin", "author", "created_at", "data")
    at = datetime.fromtimestamp(row[4], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return dict(zip(keys, (*row[:4], at, json.loads(row[5])), strict=True))


async def user(call: Call) -> Response:
    name = call.turso.organization
    plan = (await call.turso.read(organizations.find, name)).plan.name
    account = {"username": name, "name": name, "email": _email(call), "avatarUrl": "", "plan": plan}
    return answer({"user": account | {"mfa": False, "has_pending_invites": False}})


def _email(call: Call) -> str:
    return f"{call.turso.organization}@example.com"
