"""Turso's usage counters for the tests of alerts, and the steps of an hour: a sample, and the notices that follow."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from bot.core.alerts import Alert, AlertKind, AlertSubscription
from bot.core.records.timers import TimerKind
from bot.pipeline.timers.due import fire
from tests.pipeline.in_memory import ANA, BEN, Pipeline

HOUR = timedelta(hours=1)
CHANNEL = "C0DBOPS"
QUOTA = 1_000_000
SCALER: Final = {"subscription": {"plan": "scaler"}}


def plans(**quotas: int | None) -> dict[str, Any]:
    """Return Turso's list of plans, with these quotas of the organization's plan."""
    return {"plans": [{"name": "scaler", "quotas": quotas}]}


PLANS: Final = plans(rowsRead=QUOTA)


class Counters:
    """Turso's usage counters, which grow only when a test says so, and faults in its answers about usage and plans."""

    def __init__(self, here: Pipeline) -> None:
        self.here, self.asked, self.fails = here, list[str](), False
        self.lists, self.has_plan = True, True
        """Whether Turso lists the databases, and whether it returns the plans."""
        self.unreadable = ""
        """The database whose entry in the list can't be read."""
        self.read = dict.fromkeys(here.turso.databases, 0)
        self.plans: Any = PLANS
        self.subscription: Any = SCALER
        real: Callable[[httpx.Request], httpx.Response] = here.turso.handle

        def handle(request: httpx.Request) -> httpx.Response:
            path = request.url.path
            self.asked.append(path)
            if path.endswith("/acme/usage"):
                return httpx.Response(429) if self.fails else httpx.Response(200, json=self.usage())
            if path.endswith("/databases") and not self.lists:
                return httpx.Response(503)
            if path.endswith("/databases") and self.unreadable:
                listed = [
                    one if one["Name"] != self.unreadable else {"Hostname": one["Hostname"]}
                    for one in self.here.turso.databases.values()
                ]
                return httpx.Response(200, json={"databases": listed})
            if path.endswith("/plans") and not self.has_plan:
                return httpx.Response(503)
            if path.endswith("/plans"):
                return httpx.Response(200, json=self.plans)
            if path.endswith("/subscription"):
                return httpx.Response(200, json=self.subscription)
            return real(request)

        here.turso.handle = handle

    def usage(self) -> dict[str, Any]:
        databases = self.here.turso.databases
        shares = [
            {"uuid": databases[name]["DbId"], "usage": {"rows_read": read, "rows_written": 0, "bytes_synced": 0}}
            for name, read in self.read.items()
        ]
        total = {"rows_read": sum(self.read.values()), "rows_written": 0, "bytes_synced": 0, "storage_bytes": 4096}
        return {"organization": {"uuid": "o", "usage": total, "databases": shares}}

    @property
    def usage_calls(self) -> int:
        return sum(path.endswith("/usage") for path in self.asked)


async def subscribe(here: Pipeline, **wanted: Any) -> None:
    """Turn alerts on, as Ana would."""
    chosen: dict[str, Any] = {
        "quota": (50, 80),
        "spike": 5.0,
        "forecast": True,
        "author": ANA,
        "notify": (BEN,),
    } | wanted
    await here.env.store.alerts.subscribe(AlertSubscription(CHANNEL, "acme", created_at=here.of.now(), **chosen))


async def sample(here: Pipeline) -> None:
    """Move the clock to the next sample, fire its timer, and then the timers of notices that are due."""
    await here.fire(TimerKind.SAMPLE, "acme")
    await tell(here)


async def tell(here: Pipeline) -> None:
    """Fire the timers of notices that are due, among them those of cards."""
    for timer in await here.env.store.timers.due(here.of.now(), limit=50):
        if timer.kind is TimerKind.NOTIFY:
            await here.env.store.timers.replace(timer, await fire(here.env, timer))


async def alerts(here: Pipeline, kind: AlertKind = AlertKind.QUOTA) -> list[Alert]:
    found = await here.env.store.alerts.since(datetime.min.replace(tzinfo=here.of.now().tzinfo), organization="acme")
    return [one for one in found if one.kind is kind]
