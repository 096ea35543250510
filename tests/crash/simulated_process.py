"""One process of a simulation, from its start to its crash: the bot's objects, on the simulation's store."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from bot.app.workflow_steps import WorkSteps
from bot.commands import COMMANDS
from bot.core.parsing.grammar import Grammar
from bot.core.requests.incoming import Incoming
from bot.core.requests.step_results import ActResult, BeginResult, VerifyResult
from bot.pipeline.dispatch.dispatcher import Dispatcher
from bot.pipeline.environment import Environment
from bot.pipeline.timers.due import fire
from bot.store.store import SqlStore, open_store
from bot.turso import TursoClient
from tests.crash.ports import Counts, Directory, Rules, Slack, TursoClients
from tests.crash.simulation import ACTING, CrashingStore, Jobs, Simulation
from tests.turso.organization import TOKEN


@dataclass
class SimulatedProcess:
    """The objects of one simulated process."""

    of: Simulation
    env: Environment
    path: Dispatcher
    store: SqlStore

    async def deliver(self, incoming: Incoming, *, times: int = 1) -> int:
        """Deliver a command or press `times` times, and run the work that this starts at the same time.

        Returns:
            How many of the deliveries started work.
        """
        works = [await self.path.before_ack(incoming) for _ in range(times)]
        there = [work for work in works if work is not None]
        await self.run_together(incoming.id, *there)
        return len(there)

    async def run_together(self, on_behalf_of: str, *works: Any) -> None:
        """Run the work of a press or command in several tasks. Once all have ended, raise the first error, if any."""

        async def run(work: Any) -> None:
            ACTING.set(f"press {on_behalf_of}")
            await work()

        ended = await asyncio.gather(*(asyncio.create_task(run(work)) for work in works), return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one

    async def run_jobs(self) -> None:
        """Run the jobs in the table until all have ended."""
        while job := self._next_job():
            await self._run(*job)

    def _next_job(self) -> tuple[str, str, list[Any]] | None:
        with sqlite3.connect(self.of.file) as connection:
            row = connection.execute("SELECT request_id, phase, kept FROM jobs WHERE NOT ended").fetchone()
        return (row[0], row[1], json.loads(row[2])) if row else None

    async def _run(self, request_id: str, phase: str, kept: list[Any]) -> None:
        ACTING.set(f"{request_id}:{phase}")
        work = WorkSteps(self.env)

        async def act() -> Any:
            return (await work.act(request_id, phase)).to_json()

        async def verify() -> Any:
            return (await work.verify(request_id, phase, ActResult.from_json(kept[1]))).to_json()

        steps: list[Callable[[], Any]] = [
            lambda: work.begin(request_id, phase),
            act,
            verify,
            lambda: work.finish(request_id, phase, VerifyResult.from_json(kept[2])),
            lambda: work.notify(request_id, phase),
        ]
        for number in range(len(kept), len(steps)):
            kept.append(json.loads(json.dumps(await steps[number]())))
            self.of.crash_point.tick()
            ended = number == len(steps) - 1 or kept[0] != BeginResult.GO
            with sqlite3.connect(self.of.file) as connection:
                connection.execute(
                    "UPDATE jobs SET kept = ?, ended = ? WHERE request_id = ? AND phase = ?",
                    (json.dumps(kept), ended, request_id, phase),
                )
            self.of.crash_point.tick()
            if ended:
                return

    async def fire_due_timers(self) -> None:
        """Run the due timers, and then those that became due because of them, in at most 20 rounds."""
        for _ in range(20):
            due = await self.store.timers.due(self.of.now())
            if not due:
                return
            for timer in due:
                ACTING.set(f"timer {timer.kind}:{timer.subject}:{timer.due_at.isoformat()}")
                if await self.store.timers.is_due(timer.kind, timer.subject, timer.due_at):
                    following = await fire(self.env, timer)
                    self.of.crash_point.tick()
                    await self.store.timers.replace(timer, following)
                await self.run_jobs()

    async def resume_open_intents(self) -> None:
        """Resume the open intents, as the recovery of orphaned work does some seconds after a start."""
        for incoming in await self.store.intents.find_open(before=self.of.now() + timedelta(days=1)):
            ACTING.set(f"press {incoming.id}")
            await self.path.resume(incoming)
            await self.store.intents.close(incoming.id)


@asynccontextmanager
async def simulated_process(of: Simulation) -> AsyncIterator[SimulatedProcess]:
    """Start a simulated process on the simulation's store."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.MockTransport(of.handle),
                base_url="https://api.turso.tech",
                headers={"Authorization": f"Bearer {TOKEN}"},
            )
        )
        kept = await stack.enter_async_context(open_store(of.url, of, enqueuer=Jobs()))
        store: Any = CrashingStore(kept, of.crash_point)

        async def health() -> list[tuple[str, bool, str]]:
            return []

        env = Environment(
            clock=of,
            store=store,
            directory=Directory(of),
            messenger=Slack(of),
            rules=Rules(of),
            turso_clients=TursoClients(TursoClient(client, client, "acme")),
            observer=Counts(),
            commands=COMMANDS,
            grammar=Grammar(COMMANDS),
            health=health,
        )
        yield SimulatedProcess(of, env, Dispatcher(env), store)
