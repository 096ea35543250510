"""What the Turso panel of the sandbox's page shows and does, on the local Turso."""

from bot.sandbox.page.turso_panel import SHARES, ShownGroup, TursoFacts
from bot.sandbox.platform.catalog import databases, groups, organizations, usage
from bot.sandbox.platform.catalog.databases import Listing
from bot.sandbox.platform.catalog.plans import PLANS
from bot.sandbox.platform.catalog.problems import Missing
from bot.sandbox.platform.seed.company import DATABASES
from bot.sandbox.platform.seed.spike import Spike, make_spike
from bot.sandbox.platform.turso import Turso

_SPIKE_ROWS = 60_000_000


class LocalTursoControls:
    """Reads and changes the organization of a local Turso."""

    def __init__(self, turso: Turso) -> None:
        self._turso = turso

    async def facts(self) -> TursoFacts:
        """Return what the panel shows, after updating the usage and the blocks that depend on quotas."""
        turso, name = self._turso, self._turso.organization
        await turso.flush()
        await turso.enforce_quotas()
        organization = await turso.read(organizations.find, name)
        listed, _ = await turso.read(databases.every, name, Listing())
        quota = organization.plan.quotas["rowsRead"]
        blocked = [
            what for what, on in (("reads", organization.blocked_reads), ("writes", organization.blocked_writes)) if on
        ]
        return TursoFacts(
            plan=organization.plan.name,
            plans=tuple(PLANS),
            used_percent=100 * await self._rows_read() / quota if quota else 0.0,
            overages=organization.overages,
            blocked=" and ".join(blocked),
            groups=tuple(
                ShownGroup(group.name, sum(one.group == group.name for one in listed), group.archived)
                for group in await turso.read(groups.every, name)
            ),
            databases=tuple(one.name for one in listed),
        )

    async def do(self, button: str, value: str) -> str:
        """Run the operation of a button, and return a sentence about the result.

        Raises:
            LookupError: there is no such button, group, plan or database.
        """
        turso, name = self._turso, self._turso.organization
        try:
            match button:
                case "spike":
                    await make_spike(turso, name, value, Spike(_SPIKE_ROWS, query=_query_of(value)))
                    return f"{value} has read {_SPIKE_ROWS:,} more rows."
                case "plan" if value in PLANS:
                    await turso.change(organizations.subscribe, name, plan=value, quotas={})
                    return f"The plan is {value}."
                case "share" if value in map(str, SHARES):
                    most = int(await self._rows_read() * 100 / int(value))
                    await turso.change(organizations.subscribe, name, quotas={"rowsRead": most})
                    return f"The plan now includes {most:,} rows read."
                case "overages":
                    await turso.change(organizations.update, name, overages=value == "on")
                    return f"Overages are {'on' if value == 'on' else 'off'}."
                case "archive":
                    await turso.archive(name, value)
                    return f"{value} is archived. Its databases don't respond until you wake it."
                case "unarchive":
                    await turso.change(groups.archive, name, value, on=False)
                    return f"{value} is awake."
        except Missing as error:
            raise LookupError(str(error)) from None
        raise LookupError(button)

    async def _rows_read(self) -> int:
        month = usage.month_of(self._turso.clock.now())
        return (await self._turso.read(usage.sum_of_organization, self._turso.organization, month)).rows_read


def _query_of(database: str) -> str:
    """Return a query that applications run on a seeded database, or else the default query of `Spike`."""
    kinds = {seeded.name: seeded.kind for seeded in DATABASES}
    return kinds[database].reads[0] if database in kinds else Spike.query
