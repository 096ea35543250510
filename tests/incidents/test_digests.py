"""Digests around the end of a month, with two processes on a simulated clock, one of which is killed in the middle."""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.workspace.model import Message
from tests.http import local_client
from tests.policies import ACME
from tests.process import Process, local_servers
from tests.soak import LIMIT_SECONDS, soaked
from tests.world import ANA, DB_OPS, INCIDENT, ORDERS, World, until, words

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(LIMIT_SECONDS),
]

POLICY = (
    ACME
    + """\
channels:
  C0DBOPS: {databases: ["*"], rules: [{allow: [read, digest]}]}
  C0ORDERS: {databases: ["orders*"], rules: [{allow: [read, digest]}]}
  C0INCCHK: {databases: ["*"], rules: [{allow: [read, digest]}]}
"""
)
DAYS = soaked(30, 8)
FIRST = datetime(2026, 11, 30, 23, 56, tzinfo=UTC) - timedelta(days=DAYS // 2)
"""The first evening. The month changes in the middle of the simulated days.

Turso's clock keeps running while the test waits for the digests of an evening, up to `WITHIN_SECONDS` for each of the
two channels. So each evening begins more than that before midnight. On the last day of a month, Turso restarts its
counters at midnight, and the usage of that day would be unknown.
"""
WITHIN_SECONDS = 60.0
CHANNELS = (DB_OPS, ORDERS)


@dataclass
class Month:
    """Moves the clocks of Turso and of the bot, writes rows into databases, and collects the posted digests."""

    world: World
    clock_file: Path
    now: datetime = FIRST
    written: dict[str, list[int]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def to(self, moment: datetime) -> None:
        """Set the clocks of Turso and of the bot's processes."""
        self.now = moment
        self.world.turso.clock.offset = moment - datetime.now(UTC)
        self.clock_file.with_suffix(".new").write_text(moment.isoformat())
        self.clock_file.with_suffix(".new").rename(self.clock_file)

    async def prepare(self, *names: str) -> None:
        """Create databases with an empty table and a token that doesn't expire."""
        await self.world.create_databases(*names)
        for name in names:
            path = f"/v1/organizations/acme/databases/{name}/auth/tokens"
            assert self.world.keys is not None
            self.tokens[name] = (await self._post(path, self.world.keys.turso_token, None))["jwt"]
            await self._run(name, "CREATE TABLE t (x)")
            self.written[name] = []

    async def use(self, rows: Mapping[str, int]) -> None:
        """Write `rows[name]` rows to each database, at the current simulated time."""
        for name, count in rows.items():
            if count:
                await self._run(name, "INSERT INTO t VALUES " + ", ".join(["(1)"] * count))
            self.written[name].append(count)

    async def _run(self, name: str, sql: str) -> None:
        body = {"requests": [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]}
        answer = await self._post(f"/db/{name}/v2/pipeline", self.tokens[name], body)
        assert answer["results"][0]["type"] == "ok", answer

    async def _post(self, path: str, token: str, body: Any) -> Any:
        async with local_client(base_url=self.world.url, headers={"Authorization": f"Bearer {token}"}) as http:
            answer = await http.post(path, json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

    def posted(self, channel_id: str) -> list[Message]:
        """Return the digests of a channel, oldest first, including notices about interrupted digests."""
        messages = [one for one in self.world.workspace.history(channel_id, None) if not one.only_for]
        return [one for one in messages if "Turso digest" in one.text or "was interrupted" in one.text]

    def sweeps(self, since: float) -> int:
        """Return how many sweeps that started after `since`, a Unix time in seconds, have succeeded.

        The store keeps the row of a sweep for a minute.
        """
        with closing(sqlite3.connect(self.world.data / "turso-ops.db")) as store:
            looks = (
                "SELECT count(*) FROM workflow_status WHERE name = 'sweep' AND status = 'SUCCESS' AND created_at > ?"
            )
            return int(store.execute(looks, [since * 1000]).fetchone()[0])

    def has_posted(self, channel_id: str, count: int) -> bool:
        """Return True once `count` digests were posted and the next digest is planned.

        The bot plans the next digest after the post. If the clock moved before that, a day would be skipped.
        """
        with closing(sqlite3.connect(self.world.data / "turso-ops.db")) as store:
            planned = "SELECT next_at FROM digests WHERE channel_id = ?"
            next_at = datetime.fromisoformat(store.execute(planned, [channel_id]).fetchone()[0])
        return len(self.posted(channel_id)) >= count and next_at.replace(tzinfo=UTC) > self.now


def written_rows(digest: Message) -> dict[str, tuple[int, int]]:
    """Return the rows that a digest says were written to each database, in its period and in the period before."""
    tables = [block for block in digest.blocks if block["type"] == "data_table"]
    rows = [row for table in tables for row in table["rows"][1:]]
    return {row[0]["text"]: (row[3]["value"], row[4]["value"]) for row in rows}


async def test_digests_around_the_end_of_a_month_have_the_right_numbers_and_none_is_posted_twice(
    tmp_path: Path,
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    async with local_servers(tmp_path, seed=False) as (world, keys):
        month = Month(world, tmp_path / "clock")
        month.to(FIRST)
        await month.prepare("orders", "users", "orders-eu")
        extra = {"CLOCK_FILE": str(month.clock_file), "LOG_LEVEL": "INFO"}
        first, second = (Process(world, keys, policy=policy, extra=extra) for _ in range(2))
        await first.start()
        await second.start()
        try:
            await play_the_month(month, first)
        finally:
            await first.stop()
            await second.stop()


async def play_the_month(month: Month, first: Process) -> None:
    """Write rows each day, and wait for the digests each evening.

    The clock moves on only after the evening's digests are posted: an overdue digest would include later rows.
    """
    world, ana = month.world, month.world.person(ANA)
    for channel in (DB_OPS, ORDERS, INCIDENT):
        await ana.types("/turso digest on --daily 23:55 --tz UTC", channel)
    world.workspace.channels[INCIDENT].is_archived = True
    for day in range(1, DAYS + 1):
        month.to(FIRST + timedelta(days=day, hours=-1))
        await month.use({"orders": 10 + day, "users": 3 * (day % 4), "orders-eu": 2 * day})
        if day == DAYS // 2:
            await first.kill()
        month.to(FIRST + timedelta(days=day))
        for channel in CHANNELS:
            await until(partial(month.has_posted, channel, day), what=f"day {day} in {channel}", within=WITHIN_SECONDS)
    posted = time.time()
    await until(lambda: month.sweeps(posted) >= 2, what="two more sweeps")
    for channel in CHANNELS:
        digests = month.posted(channel)
        assert len(digests) == DAYS, "each digest was posted once"
        for day, digest in enumerate(digests, 1):
            check_numbers(month, channel, day, digest)
    assert notices_about_the_archived_channel(world) == 1


def check_numbers(month: Month, channel: str, day: int, digest: Message) -> None:
    """Assert that a digest shows the rows written that day and the day before.

    The first digest has no table, because the rows of the day before it are unknown. Without a table, or for a database
    that isn't in it, the rows of both days must be equal.
    """
    found = written_rows(digest)
    assert day > 1 or not found
    for name, counts in month.written.items():
        if channel == ORDERS and not name.startswith("orders"):
            assert name not in words(digest)
            continue
        now, before = counts[day - 1], counts[day - 2] if day > 1 else counts[0]
        if name in found:
            assert found[name] == (now, before), (day, name)
        else:
            assert now == before, (day, name)


def notices_about_the_archived_channel(world: World) -> int:
    """Return how many direct messages tell Ana, who turned the digest on, that it can't be posted."""
    direct = world.workspace.state.direct_channel(ANA).id
    return sum("can't post your usage digest" in words(one) for one in world.workspace.history(direct, ANA))
