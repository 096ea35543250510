"""A lane: two stand-ins, one store and one process of the bot, which is killed and started again and again."""

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
from tests.crash.waiting import patient
from tests.forked import Child, Nursery
from tests.process import Process, free_port, standing
from tests.stores import copy_store
from tests.world import World

POLICY = Path(__file__).with_name("policy.yaml")
ORGANIZATION = "/v1/organizations/acme"
_OF_NAME = "FROM requests WHERE plan LIKE :needle ORDER BY created_at DESC LIMIT 1"
NEWEST, STATE = text(f"SELECT id {_OF_NAME}"), text(f"SELECT state {_OF_NAME}")


class Clock:
    """The time of the lane's processes, in a file; it only ever moves on."""

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
    """A process of the bot from the nursery."""

    nursery: Nursery | None = None
    child: Child | None = None

    async def start(self, *, receives: bool = True) -> None:
        """Start it and wait until it is ready."""
        self.port = self.port or free_port()
        self.child = await self._fork_beside(self.command, *self.arguments, environment=self.environment, log=self.log)
        await patient(self._answers, "the process to answer", within=60)
        if receives:
            self.world.workspace.events_url = f"http://127.0.0.1:{self.port}/slack/events"

    async def _answers(self) -> bool | None:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return True
        return None

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command beside it, on the same store; its status and what it printed."""
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
        assert self.nursery is not None
        fork = partial(self.nursery.fork, *arguments, environment=environment, cwd=self.world.data, out=log)
        return await asyncio.to_thread(fork)


@dataclass
class Lane:
    """What one cell of the matrix plays in."""

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

    async def has_database(self, name: str, *, group: str = "default") -> str:
        """Make a database at the stand-in, unless it is there; returns its id."""
        if there := await self.database_id(name):
            return there
        made = await self.turso.post(f"{ORGANIZATION}/databases", json={"name": name, "group": group})
        assert made.status_code == 200, made.text
        return str(made.json()["database"]["DbId"])

    async def loses_database(self, name: str) -> None:
        """Destroy a database behind the bot's back."""
        gone = await self.turso.delete(f"{ORGANIZATION}/databases/{name}")
        assert gone.status_code == 200, gone.text

    async def database_id(self, name: str) -> str | None:
        """The id of the database that has the name now."""
        found = await self.turso.get(f"{ORGANIZATION}/databases/{name}")
        return str(found.json()["database"]["DbId"]) if found.status_code == 200 else None

    async def blocked(self, name: str) -> tuple[bool, bool]:
        """Whether Turso blocks reads and writes."""
        found = (await self.turso.get(f"{ORGANIZATION}/databases/{name}/configuration")).json()
        return bool(found["block_reads"]), bool(found["block_writes"])

    def sent(self, method: str, path: str) -> int:
        """How often a change reached the stand-in, by its own log; `path` stands below the organization's.

        Of a call that the kill cut off in the middle nothing was done.
        """
        path = f"{ORGANIZATION}{path}"
        whole = [call for call in self.world.turso.calls.control() if call.status != CUT_OFF]
        return sum(call.method == method and call.path == path for call in whole)

    async def newest(self, name: str) -> Request | None:
        """The newest request about a database."""
        row = {"needle": f'%"name":"{name}"%'}
        found = await self.store.database.read(lambda connection: connection.execute(NEWEST, row).scalar())
        return await self.store.requests.get(found) if found else None

    async def state_of(self, name: str) -> State | None:
        """Where that stands."""
        row = {"needle": f'%"name":"{name}"%'}
        found = await self.store.database.read(lambda connection: connection.execute(STATE, row).scalar())
        return State(found) if found else None

    async def idle(self) -> bool:
        """True when the bot has nothing under way: no intent is open, and every workflow has ended."""
        return not await self.store.database.read(lambda connection: connection.execute(self._under_way).first())

    @property
    def _under_way(self) -> TextClause:
        table = "workflow_status" if self.database_url.startswith("sqlite") else "dbos.workflow_status"
        return text(
            f"SELECT 1 FROM {table} WHERE status IN ('PENDING', 'ENQUEUED') AND name <> 'sweep' "
            "UNION ALL SELECT 1 FROM intents WHERE is_open LIMIT 1"
        )

    async def kill_and_start(self, *, down_for: timedelta = timedelta(0)) -> None:
        """Cut the power and switch it on again."""
        await self.bot.kill()
        self.kills += 1
        self.gate.drop()
        self.clock.pass_time(down_for)
        await self.bot.start()

    async def audit_holds(self) -> None:
        """The chain is unbroken."""
        found = await verify_stream(self.store.audit.chain(), None)
        assert not found.fault, found.fault


def one_certificate(folder: Path) -> Path:
    """A file with a single authority: to read all that there are takes a third of a process's start."""
    whole = Path(certifi.where()).read_text()
    end = "-----END CERTIFICATE-----\n"
    path = folder / "authority.pem"
    path.write_text(whole[whole.index("-----BEGIN") : whole.index(end) + len(end)])
    return path


@asynccontextmanager
async def lane(children: Nursery, database_url: str) -> AsyncIterator[Lane]:
    """Run a lane on a store that has every table."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crash-", ignore_cleanup_errors=True)))
        database_url = database_url or copy_store(folder / "turso-ops.db")
        gate = Gate(folder / "gate")
        await stack.enter_async_context(gate.listening())
        world, keys = await stack.enter_async_context(standing(folder, seed=False, around=gate.around))
        clock = Clock(folder / "clock")
        bot = Bot(
            world, keys, database_url=database_url, policy=POLICY, nursery=children, log=folder / "log",
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
        yield Lane(world, keys, gate, clock, bot, store, turso, database_url)
