"""One cell of the crash matrix: stop the bot at one point of a change, kill it, start it again, check the outcome."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import Request, State
from bot.sandbox.workspace.records import Acted
from tests.crash.harness import Harness
from tests.crash.scenarios import Scenario, acknowledged
from tests.crash.told import notes_to, was_told
from tests.world import ANA, DANA, DB_OPS, words

MAX_WAIT_SECONDS = 90.0
"""The most seconds in which a change must end."""
MOVE_CLOCK_AFTER_SECONDS = 2.6
"""Seconds without a change after which the clock is moved forward. A sweep for due timers runs every two seconds."""
ACK_SECONDS = 10.0
"""How long a cell waits for a response. The local Slack gives up after three seconds."""
RUNNING = (State.APPROVED, State.EXECUTING)


@dataclass(frozen=True)
class Point:
    """The point at which the bot is stopped: before or after its n-th call or commit, counted from 0."""

    when: str
    """`before` or `after`."""
    number: int
    down_for: timedelta = timedelta(0)
    """How long the process stays down, by its clock."""
    family: str = ""
    """The beginning of the calls or commits that are counted, such as `turso` or `commit of intents`. Empty for all."""
    waits_for_ack: bool = False
    """True to wait for the response to Slack before the kill. It says that nothing is recorded yet."""


@dataclass(frozen=True)
class CellResult:
    """The result of a cell."""

    at: str
    """The call or commit at which the bot was stopped. Empty if the change ended before it got there."""
    word: str
    """The outcome: `done`, `done when asked again`, `unknown`, or the state of a request that changed nothing."""


class Cell:
    """Runs one scenario with one database, with or without a kill."""

    def __init__(self, harness: Harness, scenario: Scenario, name: str) -> None:
        self.harness, self.scenario, self.name = harness, scenario, name
        self.about = scenario.about or name

    async def rehearse(self) -> list[str]:
        """Run the change without a kill, assert that it succeeds, and return its calls and commits in order."""
        await self._prepare()
        self.harness.gate.arm(None)
        await self.scenario.act(self.harness, self.name)
        await self._wait_until_settled()
        passed = self.harness.gate.passed
        self.harness.gate.open()
        assert await self._verdict() == "done"
        return [what.removeprefix("before ") for what in passed if what.startswith("before ")]

    async def play(self, point: Point) -> CellResult:
        """Stop the bot at the point, kill it, start it again, and check the outcome."""
        try:
            return await self._play(point)
        except AssertionError as error:
            held = self.harness.gate.held_at or "not stopped"
            raise AssertionError(f"{self.scenario.name} {point} [{held}], {self.name}: {error}") from error

    async def _play(self, point: Point) -> CellResult:
        harness, seen = self.harness, 0

        def fits(_: int, what: str) -> bool:
            nonlocal seen
            is_one = what.startswith(f"{point.when} {point.family}")
            seen += is_one
            return is_one and seen == point.number + 1

        await self._prepare()
        harness.gate.arm(fits)
        acting = asyncio.create_task(self._act())
        held = asyncio.create_task(harness.gate.held.wait())
        over = asyncio.create_task(self._over(acting))
        await asyncio.wait({held, over}, return_when=asyncio.FIRST_COMPLETED)
        at = harness.gate.held_at
        over.cancel()
        held.cancel()
        if not at:
            harness.gate.open()  # a call that is stopped must not continue before the process is killed
        elif point.waits_for_ack:
            await asyncio.wait({acting}, timeout=ACK_SECONDS)
        await harness.kill_and_start(down_for=point.down_for)
        acted = await acting
        await self._wait_until_settled()
        word = await self._verdict(may_be_untouched=not acknowledged(acted) or self._was_told(acted))
        if word == "untouched":
            await self.scenario.act(harness, self.name)
            await self._wait_until_settled()
            assert await self._verdict() == "done"
            word = "done when asked again"
        await harness.check_audit_chain()
        return CellResult(at, word)

    async def _prepare(self) -> None:
        await self.scenario.prepare(self.harness, self.name)
        if self.scenario.finds is not None:
            self.name = self.about = await self.scenario.finds(self.harness, self.name)
        self.sent_before = self._sent()
        self.state_before = await self.harness.state_of(self.about)
        self.notes_before = {person: len(notes_to(self.harness.world, person)) for person in (ANA, DANA)}

    async def _act(self) -> Acted | None:
        return await self.scenario.act(self.harness, self.name)

    def _was_told(self, acted: Acted | None) -> bool:
        """Return True if the person was told that the action isn't recorded, or may not be.

        The bot says so if the store doesn't respond in time, for example while the process is stopped at a commit.
        """
        if acted is None or acted.delivery is None:
            return False
        before = self.notes_before[acted.delivery.person_id or ""]
        return was_told(self.harness.world, acted, notes_before=before)

    async def _over(self, acting: asyncio.Task[Acted | None]) -> None:
        """Wait until the change has ended without reaching the point."""
        await asyncio.wait({acting})
        await self._wait_until_settled()

    async def _wait_until_settled(self) -> None:
        """Wait until all work has ended.

        Move the clock forward if the request's state doesn't change for a while, because it may wait for a timer.
        """
        loop = asyncio.get_running_loop()
        end, still = loop.time() + MAX_WAIT_SECONDS, loop.time()
        quiet, before = 0, None
        while quiet < 2:
            assert loop.time() < end, (
                f"the bot is still working: {await self.harness.state_of(self.about)}, {await self._details()}"
            )
            state = await self.harness.state_of(self.about)
            if state != before:
                before, still = state, loop.time()
            if await self._is_settled(state):
                quiet += 1
            else:
                quiet = 0
                if loop.time() - still > MOVE_CLOCK_AFTER_SECONDS:
                    still = loop.time()
                    # Pass an hour only if a timer needs it. Otherwise the approval may be too old at the start.
                    long = state is not None and state in (State.UNKNOWN, self.scenario.passes)
                    self.harness.clock.pass_time(timedelta(seconds=3700 if long else 100))
            await asyncio.sleep(0.1)

    async def _is_settled(self, state: State | None) -> bool:
        if not await self.harness.idle() or state in RUNNING:
            return False
        if self.scenario.settled is not None and not await self.scenario.settled(self.harness, self.name):
            return False
        if state is not None and state is self.scenario.passes:
            return False
        if state is State.PENDING and not await self._card_was_posted():
            return False
        if await self._has_pending_notices():
            return False
        if self.scenario.proven and await self._is_watched():
            return False
        return state is not State.UNKNOWN or self.scenario.final_unknown

    async def _is_watched(self) -> bool:
        request = await self.harness.newest(self.about)
        proof = Proof.of(request.facts) if request else None
        return proof is not None and proof.target.tokens is OldTokens.WATCHED

    async def _card_was_posted(self) -> bool:
        request = await self.harness.newest(self.about)
        return request is not None and bool(await self.harness.store.cards.of(request.id))

    async def _has_pending_notices(self) -> bool:
        """Return True while notices about the outcome still have to be sent."""
        request = await self.harness.newest(self.about)
        return request is not None and bool(await self.harness.store.notices.pending(request.id))

    async def _verdict(self, *, may_be_untouched: bool = False) -> str:
        """Check that the store, Turso, the requester's messages and the audit log agree.

        Args:
            may_be_untouched: accept that the action had no effect at all.
        Returns:
            `done`, `unknown`, `untouched` if the action had no effect, or the state of a request that changed nothing.
        """
        scenario, request = self.scenario, await self.harness.newest(self.about)
        state, sent = request.state if request else None, self._sent() - self.sent_before
        happened = await scenario.happened(self.harness, self.name)
        details = await self._details()
        if state is scenario.done and (happened or not may_be_untouched or state is not self.state_before):
            assert happened, f"the request is done, but Turso doesn't show the change: {details}"
            assert sent == scenario.calls, f"the change was sent {sent} times: {details}"
            await self._check_shown(scenario.says, details)
            await self._check_audited(request, scenario.event, scenario.audited or state.value, details)
            return "done"
        if state is State.UNKNOWN and scenario.final_unknown:
            assert sent <= 1, details
            await self._check_shown("may", details)
            await self._check_audited(request, scenario.event, state.value, details)
            return "unknown"
        assert not happened, f"Turso shows the change, but the request is {state}: {details}"
        assert sent == 0, f"the change was sent, but the request is {state}: {details}"
        if state is self.state_before and may_be_untouched:
            return "untouched"
        assert state is scenario.undone, f"the command was acknowledged, but the request is {state}: {details}"
        assert request is not None
        await self._check_shown(request.outcome[:20].replace("`", ""), details)
        await self._check_audited(
            request, "expired" if state is State.EXPIRED else scenario.event, state.value, details
        )
        return str(state.value)

    async def _check_shown(self, phrase: str, details: str) -> None:
        seen = [words(one).replace("`", "") for one in self.harness.world.workspace.history(DB_OPS, DANA)]
        assert any(self.about in one and phrase in one for one in seen), f"no message with {phrase!r}: {details}"

    async def _check_audited(self, request: Request | None, event: str, outcome: str, details: str) -> None:
        page = await self.harness.store.audit.page(before_seq=None, limit=50, databases=[self.name])
        ends = [
            one
            for _, one in page
            if one.event.startswith(event) and one.outcome == outcome
            if request is not None and one.request_id == request.id
        ]
        assert len(ends) == 1, f"{len(ends)} audit entries {event} {outcome}: {details}"

    def _sent(self) -> int:
        method, path = self.scenario.call
        return self.harness.sent(method, path.format(self.name))

    async def _details(self) -> str:
        request = await self.harness.newest(self.about)
        page = await self.harness.store.audit.page(before_seq=None, limit=50, databases=[self.name])
        seen = [words(one) for one in self.harness.world.workspace.history(DB_OPS, DANA) if self.about in words(one)]
        lines = [
            f"state {request.state.value}, outcome {request.outcome!r}" if request else "no request",
            f"sent {self._sent() - self.sent_before}",
            "audit " + ", ".join(f"{one.event}/{one.outcome}" for _, one in reversed(page)),
            *(f"> {one[:160]}" for one in seen[-4:]),
            self.harness.bot.log.read_text()[-1500:],
        ]
        return "\n".join(lines)
