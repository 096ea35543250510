"""The endpoints that measure: usage of a database, of the organization, top queries, quotas, and the token's own."""

from datetime import UTC, datetime

from pydantic_core import from_json

from bot.turso import answers
from bot.turso.calls import Calls, readable
from bot.turso.databases import DATABASE
from bot.turso.errors import TursoRejected
from bot.turso.models import DatabaseUsage, Organization, OrganizationUsage, Quotas, TopQuery

ORGANIZATION = "/v1/organizations/{organization}"


class UsageEndpoints(Calls):
    """What was used, and what may be."""

    async def database_usage(
        self, name: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> DatabaseUsage:
        """Return what a logical database used in a period, with the share of each instance.

        Args:
            name: as listed by `databases()`.
            since, until: aware datetimes; Turso answers 400 to a time without zone. Neither: this calendar month,
                which is all that the API of 2023 knows.
        Returns:
            `rows_read` and `rows_written` in rows; `storage_bytes` and `bytes_synced` in bytes.
        Raises:
            DatabaseNotFound: no such database in the organization (404).
            TursoUnavailable: no answer in time, or 5xx.
        Source: https://docs.turso.tech/api-reference/databases/usage
        """
        params = {key: _rfc3339(time) for key, time in (("from", since), ("to", until)) if time is not None}
        return readable(answers.database_usage, await self._get(DATABASE + "/usage", params=params, database=name))

    async def top_queries(self, name: str, *, since: datetime) -> list[TopQuery]:
        """Return the statements that read and wrote most rows since then.

        An API that does not have today's endpoint is asked by the older one, which has a period of its own.

        Raises:
            DatabaseNotFound: no such database (404).
        Source: https://docs.turso.tech/api-reference/databases/stats
        """
        params = {"from": _rfc3339(since)}
        try:
            body = await self._get(DATABASE + "/usage/queries", params=params, database=name)
        except TursoRejected as refused:
            if refused.status not in (400, 404, 405):
                raise
            body = await self._get(DATABASE + "/stats", database=name)
        return readable(answers.top_queries, body)

    async def organization_usage(self) -> OrganizationUsage:
        """Return the current billing period of the whole organization and of each database, in one call.

        Databases are told by `uuid`, which is the `db_id` of `databases()`.

        Source: https://docs.turso.tech/api-reference/organizations/usage
        """
        body = await self._get(ORGANIZATION + "/usage")
        return readable(answers.organization_usage, body)

    async def organization_details(self) -> Organization:
        """Return the organization itself, with whether its reads or writes are blocked.

        Source: https://docs.turso.tech/api-reference/organizations/retrieve
        """
        return readable(answers.organization, await self._get(ORGANIZATION))

    async def quotas(self) -> Quotas | None:
        """Return what the plan includes in a billing period, None where Turso does not tell: two calls.

        Source: https://docs.turso.tech/api-reference/organizations/plans
        """
        plan = readable(answers.subscribed_plan, await self._get(ORGANIZATION + "/subscription"))
        if not plan:
            return None
        body = await self._get(ORGANIZATION + "/plans")
        return readable(lambda plans: answers.quotas(plans, plan), body)

    async def validate(self) -> datetime | None:
        """Return when the API token expires, None for one that does not.

        Raises:
            TursoUnauthorized: the token is not valid (any more).
        Source: https://docs.turso.tech/api-reference/tokens/validate
        """
        return readable(_expiry, await self._get("/v1/auth/validate"))


def _expiry(body: bytes) -> datetime | None:
    seconds = int(from_json(body).get("exp") or -1)
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None


def _rfc3339(time: datetime) -> str:
    if time.tzinfo is None:
        raise ValueError("a time for Turso needs a zone")
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
