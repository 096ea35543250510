"""The endpoints for usage, top queries, the organization, its quotas and the validity of the API token."""

from datetime import UTC, datetime

from pydantic_core import from_json

from bot.turso import answers
from bot.turso.calls import Calls, read_body, rfc3339
from bot.turso.databases import DATABASE
from bot.turso.errors import TursoError
from bot.turso.models import DatabaseUsage, Organization, OrganizationUsage, Quotas, TopQuery

ORGANIZATION = "/v1/organizations/{organization}"


class UsageEndpoints(Calls):
    """Methods that read usage, the organization and its quotas, and the validity of the API token."""

    async def database_usage(
        self, name: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> DatabaseUsage:
        """Return the usage of a logical database in a period, with each instance's share.

        Args:
            name: as listed by `databases()`.
            since, until: aware datetimes. Without them, the period is this calendar month. The 2023 API always uses
                this calendar month.
        Returns:
            `rows_read` and `rows_written` in rows; `storage_bytes` and `bytes_synced` in bytes.
        Raises:
            DatabaseNotFound: no such database in the organization (404).
            TursoUnavailable: no readable response in time.
        Source: https://docs.turso.tech/api-reference/databases/usage
        """
        params = {key: rfc3339(time) for key, time in (("from", since), ("to", until)) if time is not None}
        return read_body(answers.database_usage, await self._get(DATABASE + "/usage", params=params, database=name))

    async def top_queries(self, name: str, *, since: datetime) -> list[TopQuery]:
        """Return the statements that read and wrote the most rows since a time.

        Falls back to the older endpoint, which has its own period, if the API lacks today's.

        Raises:
            DatabaseNotFound: no such database (404).
        Source: https://docs.turso.tech/api-reference/databases/stats
        """
        params = {"from": rfc3339(since)}
        try:
            body = await self._get(DATABASE + "/usage/queries", params=params, database=name)
        except TursoError as refused:
            if refused.status not in (400, 404, 405):
                raise
            body = await self._get(DATABASE + "/stats", database=name)
        return read_body(answers.top_queries, body)

    async def organization_usage(self) -> OrganizationUsage:
        """Return the usage of the organization and of each database in the current billing period, with one call.

        Databases are identified by `uuid`, which is the `db_id` of `databases()`.

        Source: https://docs.turso.tech/api-reference/organizations/usage
        """
        body = await self._get(ORGANIZATION + "/usage")
        return read_body(answers.organization_usage, body)

    async def organization_details(self) -> Organization:
        """Return the organization, including whether its reads or writes are blocked.

        Source: https://docs.turso.tech/api-reference/organizations/retrieve
        """
        return read_body(answers.organization, await self._get(ORGANIZATION))

    async def quotas(self) -> Quotas | None:
        """Return what the plan includes per billing period, or None if Turso doesn't report it. Makes up to two calls.

        Source: https://docs.turso.tech/api-reference/organizations/plans
        """
        plan = read_body(answers.subscribed_plan, await self._get(ORGANIZATION + "/subscription"))
        if not plan:
            return None
        body = await self._get(ORGANIZATION + "/plans")
        return read_body(lambda plans: answers.quotas(plans, plan), body)

    async def validate(self) -> datetime | None:
        """Return when the API token expires, or None if it doesn't.

        Raises:
            TursoUnauthorized: the token isn't valid, or no longer.
        Source: https://docs.turso.tech/api-reference/tokens/validate
        """
        return read_body(_expiry, await self._get("/v1/auth/validate"))


def _expiry(body: bytes) -> datetime | None:
    seconds = int(from_json(body).get("exp") or -1)
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
