"""The base of the property test: starts and crashes the simulated bot, and checks each change when it is sent."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from bot.commands.tokens import _probes as probes
from bot.core.requests.request import Request, State
from bot.pipeline.execution import verify
from tests.crash.records import requests_in
from tests.crash.simulated_process import SimulatedProcess, simulated_process
from tests.crash.simulation import Crash, Sent, Simulation, chain_fault, press

REQUESTERS = ("U0DANA", "U0ANA")
DBA = ("U0ANA", "U0BEN", "U0REMY")
NAMES = ("orders", "users")
PROBES = 2
"""The maximum number of probe tokens of a rotation: one for its database, and one for another database of the group.

After each crash, they may be minted again.
"""
QUORUM = {"rotate": 2, "destroy": 1, "token": 1}
RESTING = {State.PENDING, State.READY, State.QUARANTINED, State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.DENIED,
           State.EXPIRED, State.CANCELLED, State.STALE, State.RESTORED}  # fmt: skip


class CrashingBot(RuleBasedStateMachine):
    """A bot whose process can crash at any call, with the steps from which the rules of the test are built."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="property-"))
        self.world = Simulation(self.folder)
        self.world.check = self._check_sent
        self.stack: AsyncExitStack | None = None
        self.process: SimulatedProcess | None = None
        self.keys = 0
        self.problems: list[str] = []
        # The simulated Turso shows a change at once, so don't wait between read-backs.
        self.patience = ExitStack()
        self.patience.enter_context(patch.object(verify, "READ_PAUSES", (0.0,)))
        self.patience.enter_context(patch.object(probes, "PAUSES", (0.0,)))

    @initialize()
    def begin(self) -> None:
        for name in NAMES:
            self.world.turso.add(name)
        self.runner.run(self.world.prepare())
        self.runner.run(self._start())

    def teardown(self) -> None:
        try:
            if self.process is not None:
                self._check_that_everything_ends()
        finally:
            if self.stack is not None:
                self.runner.run(self.stack.aclose())
            self.runner.close()
            self.patience.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- invariants

    @invariant()
    def nothing_was_done_without_approval_or_twice(self) -> None:
        assert not self.problems, self.problems
        by_people = [one for one in self.world.sent if not one.by.startswith("timer")]
        for by, number in Counter(one.by for one in by_people if not _is_probe(one)).items():
            assert number <= 1, f"{by} sent {number} changes: {self.world.sent}"
        for by, number in Counter(one.by for one in by_people if _is_probe(one)).items():
            assert number <= PROBES * (1 + self.world.crashes), f"{by} minted {number} probe tokens: {self.world.sent}"

    @invariant()
    def only_reveals_contain_tokens(self) -> None:
        assert not self.world.leaks
        assert max(Counter(token for _, token in self.world.revealed).values(), default=1) == 1, "shown twice"
        assert {user for user, _ in self.world.revealed} <= set(REQUESTERS)

    # -- steps and checks

    def _check_sent(self, sent: Sent) -> None:
        """Check a change when it reaches Turso: the store and the current rules must allow it. Record any problem.

        A change by a timer itself, such as a thaw, isn't checked. It needs no permission.
        """
        if sent.by.startswith("timer"):
            return
        try:
            request = self._request_of(sent)
            target = request.plan.target
            if _is_probe(sent):
                self._check_probe(request, sent)
            elif target is not None:
                there = self.world.turso.databases.get(target.name, {}).get("DbId")
                assert there == target.id, f"another database with the same name: {target.name}"
                assert f"/databases/{target.name}" in sent.path
            assert request.state is State.EXECUTING, f"sent while {request.state}"
            if not sent.by.partition(":")[2].startswith("undo"):
                self._check_approval(request)
                self._check_still_allowed(request)
        except AssertionError as error:
            self.problems.append(f"{sent}: {error}")

    def _check_probe(self, request: Request, sent: Sent) -> None:
        """Check a probe token: only a rotation mints one, read-only, for a database that it affects."""
        assert request.command == "rotate", "a probe token of another command"
        assert sent.read_only, "the probe token isn't read-only"
        reached = {one.name for one in request.plan.databases}
        assert sent.path.split("/")[2] in reached, "a database that the rotation doesn't affect"

    def _request_of(self, sent: Sent) -> Request:
        requests = self._requests()
        if sent.by.startswith("press"):
            under_way = [one for one in requests if one.state is State.EXECUTING and one.command == "token"]
            fits = [one for one in under_way if one.plan.target and f"/{one.plan.target.name}/" in sent.path]
            assert fits, "no reveal is running"
            return fits[0]
        return next(one for one in requests if one.id == sent.by.partition(":")[0])

    def _check_approval(self, request: Request) -> None:
        needed = 0 if "--read-only" in request.plan.options else QUORUM.get(request.command, 0)
        may = self.world.dba - {request.requester} - self.world.outside
        yes = {vote.user_id for vote in request.votes if vote.approves} & may
        assert len(yes) >= needed, f"{request.command} with {len(yes)} of {needed}: {request.votes}"
        assert all(vote.approves for vote in request.votes), "an approver had denied it"

    def _check_still_allowed(self, request: Request) -> None:
        """Check the current rules and memberships, not those at the time of the request or its approval."""
        assert not self.world.is_shared, "sent from a channel that is shared"
        assert request.requester not in self.world.outside, "sent for a requester who has left the channel"
        assert not (self.world.is_forbidden and request.command == "destroy"), "sent against the ceiling"

    def _requests(self) -> list[Request]:
        """Return every request, read from the file, because the process may be in the middle of a call."""
        return requests_in(self.world.file)

    @property
    def _current(self) -> SimulatedProcess:
        assert self.process is not None
        return self.process

    def _key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"

    def _press(
        self,
        who: str,
        button: str,
        request_id: str,
        crash_after: int | None,
        again: str,
        while_down: Callable[[], None] = lambda: None,
    ) -> None:
        first, second = (press(self.world, who, button, request_id, self._key()) for _ in range(2))

        async def come_in() -> None:
            if again == "double":
                await self._deliver_at_once([first, second])
            else:
                taken_up = await self._current.deliver(first, times=2 if again == "redelivered" else 1)
                assert taken_up <= 1, "a redelivery was handled again"

        self._run_with_crash(crash_after, come_in, while_down)

    async def _deliver_at_once(self, presses: list[Any]) -> None:
        works = [await self._current.path.before_ack(one) for one in presses]
        await self._current.run_together(presses[0].id, *works)

    def _apply_event(self, what: str, name: str) -> None:
        """Change the approvers, the members, the policy, the channel or a database, or restart the process."""
        if what == "recreated":
            self.world.turso.add(name)
        elif what == "approver removed":
            self.world.dba -= {"U0BEN"}
        elif what == "member left":
            self.world.outside |= {"U0DANA" if name == NAMES[0] else "U0BEN"}
        elif what == "shared":
            self.world.is_shared = True
        elif what == "forbidden":
            self.world.is_forbidden = True
        elif what == "rights restored":
            self.world.dba |= set(DBA)
            self.world.outside.clear()
            self.world.is_shared = self.world.is_forbidden = False
        elif what == "restart" and self.stack is not None:
            self._restart()

    def _run_with_crash(
        self, crash_after: int | None, work: Callable[[], Awaitable[Any]], while_down: Callable[[], None] = lambda: None
    ) -> None:
        """Do some work, and crash and restart the process after `crash_after` steps, unless the work ends before that.

        Args:
            while_down: called between the crash and the restart.
        """
        self.world.crash_point.steps_left = crash_after
        try:
            self.runner.run(work())  # type: ignore[arg-type]
        except Crash:
            self._restart(while_down)
        finally:
            self.world.crash_point.steps_left = None

    def _restart(self, while_down: Callable[[], None] = lambda: None) -> None:
        self.world.crash_point.steps_left = None
        assert self.stack is not None
        self.runner.run(self.stack.aclose())
        self.stack = None
        while_down()
        self.world.crashes += 1
        self.runner.run(self._start())
        self.runner.run(self._current.run_jobs())
        self.runner.run(self._current.resume_open_intents())

    async def _start(self) -> None:
        self.stack = AsyncExitStack()
        self.process = await self.stack.enter_async_context(simulated_process(self.world))

    async def _run_due_work(self) -> None:
        await self._current.run_jobs()
        await self._current.fire_due_timers()

    def _check_that_everything_ends(self) -> None:
        """Let all requests end. Check their audit entries and the hash chain, and that no token is in a file."""
        self._restart()
        for minutes in (1, 2, 12, 62, 70, 70):
            self.world.offset += timedelta(minutes=minutes)
            self.runner.run(self._run_due_work())
        self.nothing_was_done_without_approval_or_twice()
        self.only_reveals_contain_tokens()
        assert self.runner.run(chain_fault(self._current.store)) == ""
        requests = self._requests()
        # If the rules refuse the end of a countdown, the request stays in quarantine for an indefinite time.
        finite = [one for one in requests if not one.is_indefinite]
        assert {one.state for one in finite} <= RESTING - {State.PENDING, State.READY, State.QUARANTINED}
        with sqlite3.connect(self.world.file) as connection:
            entries = [row[0] for row in connection.execute("SELECT entry FROM audit_log")]
            assert connection.execute("SELECT count(*) FROM intents WHERE is_open").fetchone() == (0,)
        for request in requests:
            of_it = [entry for entry in entries if f'"request_id":"{request.id}"' in entry]
            assert any('"event":"asked"' in entry for entry in of_it), request
            assert any(f'"outcome":"{request.state.value}"' in entry for entry in of_it), (request, of_it)
            assert not request.is_indefinite or any('"outcome":"denied"' in entry for entry in of_it), (
                request,
                of_it,
            )
        kept = b"".join(path.read_bytes() for path in self.folder.iterdir())
        assert not [one for one in self.world.sent if one.secret and one.secret.encode() in kept]


def _is_probe(sent: Sent) -> bool:
    return sent.by.endswith(":execute") and sent.path.endswith("/auth/tokens")
