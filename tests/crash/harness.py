"""A test harness: a local Slack and Turso, a store, and a process of the bot that is killed and started again."""

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import certifi
import httpx
from sqlalchemy import TextClause, text

from bot.core.audit import verify_stream
from bot.core.requests.request import Request, State
from bot.sandbox.platform.calls import CUT_OFF
from bot.sandbox.running import Keys
from bot.store.store import SqlStore, open_store
from tests.crash.gate import Gate
from tests.crash.waiting import poll_until
from tests.forked import Child, ForkServer
from tests.process import Process, free_port, local_servers
from tests.stores import copy_store
from tests.world import World

POLICY = Path(__file__).with_name("policy.yaml")
ORGANIZATION = "/v1/organizations/acme"
_OF_NAME = "FROM requests WHERE plan LIKE :needle ORDER BY created_at DESC LIMIT 1"
NEWEST, STATE = text(f"SELECT id {_OF_NAME}"), text(f"SELECT state {_OF_NAME}")


class Clock:
    """The clock of the bot's processes, which read its offset from a file. It only moves forward."""

    def __init__(self, path: Path) -> None:
        self._path, self._seconds = path, 0.0
        self.pass_time(timedelta(0))

    def pass_time(self, by: timedelta) -> None:
        self._seconds += by.total_seconds()
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"+{self._seconds}")
        fresh.replace(self._path)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._seconds)


@dataclass
class Bot(Process):
    """A process of the bot that the fork server starts."""

    fork_server: ForkServer | None = None
    child: Child | None = None

    async def start(self, *, receives: bool = True) -> None:
        """Start the process and wait until it accepts connections."""
        self.port = self.port or free_port()
        self.child = await self._fork_beside(self.command, *self.arguments, environment=self.environment, log=self.log)
        await poll_until(self._answers, "the process to answer", within=60)
        if receives:
            self.world.workspace.events_url = f"http://127.0.0.1:{self.port}/slack/events"

    async def _answers(self) -> bool | None:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return True
        return None

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Run another command on the same store, and return its exit status and its output."""
        said = self.log.with_name(f"{self.log.name}-{'-'.join(arguments)}")
        environment = {name: value for name, value in self.environment.items() if name != "TEST_GATE"}
        child = await self._fork_beside(*arguments, environment=environment, log=said)
        return await child.ended(), said.read_text()

    async def _end(self, how: signal.Signals) -> int:
        if self.child is None:
            return 0
        child, self.child = self.child, None
        child.send_signal(how)
        return await child.ended()

    async def _fork_beside(self, *arguments: str, environment: Mapping[str, str], log: Path) -> Child:
        assert self.fork_server is not None
        fork = partial(self.fork_server.fork, *arguments, environment=environment, cwd=self.world.data, out=log)
        return await asyncio.to_thread(fork)


@dataclass
class Harness:
    """The process of the bot, the servers and the store that some cells of the matrix use, one after another."""

    world: World
    keys: Keys
    gate: Gate
    clock: Clock
    bot: Bot
    store: SqlStore
    turso: httpx.AsyncClient
    database_url: str
    kills: int = 0
    _log: list[str] = field(default_factory=list)

    async def ensure_database(self, name: str, *, group: str = "default") -> str:
        """Create a database in the local Turso unless it exists, and return its `DbId`."""
        if there := await self.database_id(name):
            return there
        made = await self.turso.post(f"{ORGANIZATION}/databases", json={"name": name, "group": group})
        assert made.status_code == 200, made.text
        return str(made.json()["database"]["DbId"])

    async def destroy_database(self, name: str) -> None:
        """Destroy a database in the local Turso, without the bot."""
        gone = await self.turso.delete(f"{ORGANIZATION}/databases/{name}")
        assert gone.status_code == 200, gone.text

    async def database_id(self, name: str) -> str | None:
        """Return the `DbId` of the database that has the name now, or None."""
        found = await self.turso.get(f"{ORGANIZATION}/databases/{name}")
        return str(found.json()["database"]["DbId"]) if found.status_code == 200 else None

    async def blocked(self, name: str) -> tuple[bool, bool]:
        """Return whether Turso blocks reads, and whether it blocks writes."""
        found = (await self.turso.get(f"{ORGANIZATION}/databases/{name}/configuration")).json()
        return bool(found["block_reads"]), bool(found["block_writes"])

    def sent(self, method: str, path: str) -> int:
        """Return how many calls the local Turso has logged for a method and a path relative to the organization.

        A call that the kill interrupted doesn't count, because it changed nothing.
        """
        path = f"{ORGANIZATION}{path}"
        whole = [call for call in self.world.turso.calls.control() if call.status != CUT_OFF]
        return sum(call.method == method and call.path == path for call in whole)

    async def newest(self, name: str) -> Request | None:
        """Return the newest request about a database, or None."""
        row = {"needle": f'%"name":"{name}"%'}
        found = await self.store.database.read(lambda connection: connection.execute(NEWEST, row).scalar())
        return await self.store.requests.get(found) if found else None

    async def state_of(self, name: str) -> State | None:
        """Return the state of the newest request about a database, or None."""
        row = {"needle": f'%"name":"{name}"%'}
        found = await self.store.database.read(lambda connection: connection.execute(STATE, row).scalar())
        return State(found) if found else None

    async def idle(self) -> bool:
        """Return True if no intent is open and every workflow except sweeps has ended."""
        return not await self.store.database.read(lambda connection: connection.execute(self._under_way).first())

    @property
    def _under_way(self) -> TextClause:
        table = "workflow_status" if self.database_url.startswith("sqlite") else "dbos.workflow_status"
        return text(
            f"SELECT 1 FROM {table} WHERE status IN ('PENDING', 'ENQUEUED') AND name <> 'sweep' "
            "UNION ALL SELECT 1 FROM intents WHERE is_open LIMIT 1"
        )

    async def kill_and_start(self, *, down_for: timedelta = timedelta(0)) -> None:
        """Kill the bot and start it again, `down_for` later by its clock."""
        await self.bot.kill()
        self.kills += 1
        self.gate.drop()
        self.clock.pass_time(down_for)
        await self.bot.start()

    async def check_audit_chain(self) -> None:
        """Assert that the hash chain of the audit log is intact."""
        found = await verify_stream(self.store.audit.chain(), None)
        assert not found.fault, found.fault


def one_certificate(folder: Path) -> Path:
    """Write a file with a single certificate authority. Reading all of them takes a third of a process's start."""
    whole = Path(certifi.where()).read_text()
    end = "-----END CERTIFICATE-----\n"
    path = folder / "authority.pem"
    path.write_text(whole[whole.index("-----BEGIN") : whole.index(end) + len(end)])
    return path


@asynccontextmanager
async def harness(children: ForkServer, database_url: str) -> AsyncIterator[Harness]:
    """Run a test harness.

    Args:
        database_url: a store that has all tables. If it is empty, the harness creates a SQLite file.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crash-", ignore_cleanup_errors=True)))
        database_url = database_url or copy_store(folder / "turso-ops.db")
        gate = Gate(folder / "gate")
        await stack.enter_async_context(gate.listening())
        world, keys = await stack.enter_async_context(local_servers(folder, seed=False, around=gate.around))
        clock = Clock(folder / "clock")
        bot = Bot(
            world, keys, database_url=database_url, policy=POLICY, fork_server=children, log=folder / "log",
            extra={
                "CLOCK_FILE": str(folder / "clock"),
                "TEST_GATE": str(folder / "gate"),
                "SSL_CERT_FILE": str(one_certificate(folder)),
            },
        )  # fmt: skip
        headers = {"Authorization": f"Bearer {keys.turso_token}"}
        inside = httpx.ASGITransport(app=world.platform)
        turso = await stack.enter_async_context(
            httpx.AsyncClient(transport=inside, base_url=world.url, headers=headers)
        )
        store = await stack.enter_async_context(open_store(database_url, clock))
        await bot.start()
        stack.push_async_callback(bot.kill)
        yield Harness(world, keys, gate, clock, bot, store, turso, database_url)
