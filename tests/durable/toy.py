"""A process with simple durable work, for tests that kill it. `main` gets a `DATABASE_URL` and a folder.

The process writes each effect as a line to `FOLDER/done`, and creates `FOLDER/up-PID` once it is ready. Other files in
the folder control it. If `stop-at` contains `STEP:before` or `STEP:after`, the process waits there until it is killed
or stopped. `fail-STEP` makes the step fail once, and timers named `bad-…` fail until `mended` exists. `again-SUBJECT`
gives a timer a successor, and with `busy-end` the event loop is busy while the process stops.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bot.app.logs import set_up_logs
from bot.core.records.timers import Timer
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import State
from bot.core.requests.step_results import (
    ActResult,
    Attempt,
    BeginResult,
    PhaseResult,
    StepName,
    VerifyResult,
)
from bot.core.requests.transition import Transition
from bot.durable.durable import Durable
from bot.durable.protocols import StepResult
from bot.durable.queue import Queue
from bot.store.connections.urls import place_of
from bot.store.store import SqlStore, open_store
from tests.store import samples


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class ToyWork:
    """Changes a request's state, and writes a line where the bot would call Turso or Slack."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.background: asyncio.Task[None] | None = None

    async def begin(self, request_id: str, phase: str) -> BeginResult:
        async with self.stops("begin"):
            self.write(f"begin {request_id}")
            move = Transition(to=State.EXECUTING, at=datetime.now(UTC), changes={})
            there = await self.store.requests.move(request_id, expect=[State.APPROVED, State.EXECUTING], move=move)
            return BeginResult.GO if there else BeginResult.STOP

    async def act(self, request_id: str, phase: str) -> ActResult:
        async with self.stops("act"):
            if not await self.store.requests.mark_sent(request_id, phase, datetime.now(UTC)):
                return ActResult(Attempt.BEFORE)
            self.write(f"SENT {request_id}")
            return ActResult(Attempt.DONE)

    async def verify(self, request_id: str, phase: str, acted: ActResult) -> VerifyResult:
        async with self.stops("see"):
            return VerifyResult(PhaseResult.SUCCEEDED, acted.attempt)

    async def finish(self, request_id: str, phase: str, seen: VerifyResult) -> None:
        async with self.stops("finish"):
            done = [samples.entry("executed", request_id=request_id)]
            changes = {"outcome": seen.why}
            move = Transition(to=State.SUCCEEDED, at=datetime.now(UTC), changes=changes, entries=done)
            await self.store.requests.move(request_id, expect=[State.EXECUTING], move=move)

    async def notify(self, request_id: str, phase: str) -> None:
        async with self.stops("tell"):
            self.write(f"notified {request_id}")

    async def give_up(self, step: StepName, request_id: str, phase: str) -> StepResult:
        raise AssertionError("nothing here is a fault")

    async def fire(self, timer: Timer) -> Timer | None:
        async with self.stops("fire"):
            if timer.subject.startswith("bad-") and not (self.folder / "mended").exists():
                raise ConnectionError("an organization that does not answer")
            self.write(f"fired {timer.kind} {timer.subject} {timer.attempt}")
            if (self.folder / f"again-{timer.subject}").exists():
                (self.folder / f"again-{timer.subject}").unlink()
                return Timer(timer.kind, timer.subject, datetime.now(UTC), timer.attempt + 1)
            return None

    async def resume(self, incoming: Incoming) -> None:
        async with self.stops("resume"):
            self.write(f"resumed {incoming.id}")

    def stops(self, step: str) -> "Stops":
        return Stops(self.folder, step)

    def write(self, line: str) -> None:
        with (self.folder / "done").open("a") as file:
            file.write(line + "\n")
            os.fsync(file.fileno())


class Stops:
    """Surrounds a step: creates `stopped` and waits if `stop-at` names this place, and fails if `fail-STEP` exists."""

    def __init__(self, folder: Path, step: str) -> None:
        self.folder = folder
        self.step = step

    async def __aenter__(self) -> None:
        if (failing := self.folder / f"fail-{self.step}").exists():
            failing.unlink()
            raise ConnectionError("a failure that passes")
        await self._at("before")

    async def __aexit__(self, *_: object) -> None:
        await self._at("after")

    async def _at(self, where: str) -> None:
        stop = self.folder / "stop-at"
        if stop.exists() and stop.read_text() == f"{self.step}:{where}":
            (self.folder / "stopped").write_text(str(os.getpid()))
            await asyncio.Event().wait()


def main(arguments: Sequence[str]) -> int:
    """Run durable work until the process is ended."""
    set_up_logs("INFO", "json", [])
    asyncio.run(work_on(arguments[0], Path(arguments[1])))
    return 0


async def _keep_busy(seconds: float) -> None:
    """Block the loop for this long between its turns, like a busy machine."""
    while True:
        time.sleep(seconds)  # noqa: ASYNC251 - it is meant to block
        await asyncio.sleep(0)


async def work_on(database_url: str, folder: Path) -> None:
    place = place_of(database_url)
    queue = Queue(place.for_dbos)
    async with open_store(database_url, RealClock(), enqueuer=queue) as store:
        work = ToyWork(store, folder)
        durable = Durable(place.for_dbos, store=store, work=work, resume=work.resume, clock=RealClock(), queue=queue)
        done = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(15, done.set)
        await durable.launch()
        (folder / f"up-{os.getpid()}").touch()
        await done.wait()
        if (busy := folder / "busy-end").exists():
            work.background = asyncio.create_task(_keep_busy(float(busy.read_text())))
        await durable.close()
        await queue.close()
