"""One cell of the crash matrix: stop the bot at one point of a change, kill it, start it again, check the outcome."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import Request, State
from bot.sandbox.workspace.records import Acted
from tests.crash.lane import Lane
from tests.crash.scenarios import Scenario, taken
from tests.world import DANA, DB_OPS, words

PATIENCE = 90.0
NUDGE_SECONDS = 2.6
"""Seconds without a change after which the clock is moved forward. A sweep for due timers runs every two seconds."""
UNDER_WAY = (State.APPROVED, State.EXECUTING)


@dataclass(frozen=True)
class Point:
    """The point at which the bot is stopped: before or after its n-th call or commit, counted from 0.

    With a `family`, only the calls to Turso, the calls to Slack or the commits are counted.
    """

    when: str
    number: int
    down_for: timedelta = timedelta(0)
    family: str = ""


@dataclass(frozen=True)
class Ended:
    """The result of a cell."""

    at: str
    """The call or commit at which the bot was stopped. Empty if the change ended before it got there."""
    word: str


class Cell:
    """Runs one change of one database."""

    def __init__(self, lane: Lane, scenario: Scenario, name: str) -> None:
        self.lane, self.scenario, self.name = lane, scenario, name
        self.about = scenario.about or name

    async def rehearse(self) -> list[str]:
        """Run the change without a kill, and return its calls and commits in order."""
        await self._prepare()
        self.lane.gate.arm(None)
        await self.scenario.act(self.lane, self.name)
        await self._come_to_rest()
        passed = self.lane.gate.passed
        self.lane.gate.open()
        assert await self._verdict() == "done"
        return [what.removeprefix("before ") for what in passed if what.startswith("before ")]

    async def play(self, point: Point) -> Ended:
        """Stop the bot at the point, kill it, start it again, and check the outcome."""
        try:
            return await self._play(point)
        except AssertionError as error:
            held = self.lane.gate.held_at or "not stopped"
            raise AssertionError(f"{self.scenario.name} {point} [{held}], {self.name}: {error}") from error

    async def _play(self, point: Point) -> Ended:
        lane, seen = self.lane, 0

        def fits(_: int, what: str) -> bool:
            nonlocal seen
            is_one = what.startswith(f"{point.when} {point.family}")
            seen += is_one
            return is_one and seen == point.number + 1

        await self._prepare()
        lane.gate.arm(fits)
        acting = asyncio.create_task(self._act())
        held = asyncio.create_task(lane.gate.held.wait())
        over = asyncio.create_task(self._over(acting))
        await asyncio.wait({held, over}, return_when=asyncio.FIRST_COMPLETED)
        at = lane.gate.held_at
        over.cancel()
        held.cancel()
        lane.gate.drop() if at else lane.gate.open()
        await lane.kill_and_start(down_for=point.down_for)
        acted = await acting
        await self._come_to_rest()
        word = await self._verdict(may_be_untouched=not taken(acted))
        if word == "untouched":
            await self.scenario.act(lane, self.name)
            await self._come_to_rest()
            assert await self._verdict() == "done"
            word = "done when asked again"
        await lane.audit_holds()
        return Ended(at, word)

    async def _prepare(self) -> None:
        await self.scenario.prepare(self.lane, self.name)
        if self.scenario.finds is not None:
            self.name = self.about = await self.scenario.finds(self.lane, self.name)
        self.sent_before = self._sent()
        self.state_before = await self.lane.state_of(self.about)

    async def _act(self) -> Acted | None:
        return await self.scenario.act(self.lane, self.name)

    async def _over(self, acting: asyncio.Task[Acted | None]) -> None:
        await asyncio.wait({acting})
        await self._come_to_rest()

    async def _come_to_rest(self) -> None:
        """Wait until all work has ended. Move the clock forward while the bot only waits for a timer."""
        loop = asyncio.get_running_loop()
        end, still = loop.time() + PATIENCE, loop.time()
        quiet, before = 0, None
        while quiet < 2:
            assert loop.time() < end, (
                f"the bot is still working: {await self.lane.state_of(self.about)}, {await self._picture()}"
            )
            state = await self.lane.state_of(self.about)
            if state != before:
                before, still = state, loop.time()
            if await self._rests(state):
                quiet += 1
            else:
                quiet = 0
                if loop.time() - still > NUDGE_SECONDS:
                    still = loop.time()
                    # Never an hour before a request exists: its approval could be too old when the bot starts it.
                    long = state is not None and state in (State.UNKNOWN, self.scenario.passes)
                    self.lane.clock.pass_time(timedelta(seconds=3700 if long else 100))
            await asyncio.sleep(0.1)

    async def _rests(self, state: State | None) -> bool:
        if not await self.lane.idle() or state in UNDER_WAY:
            return False
        if self.scenario.settled is not None and not await self.scenario.settled(self.lane, self.name):
            return False
        if state is not None and state is self.scenario.passes:
            return False
        if state is State.PENDING and not await self._card_was_posted():
            return False
        if await self._is_untold():
            return False
        if self.scenario.proven and await self._is_watched():
            return False
        return state is not State.UNKNOWN or self.scenario.final_unknown

    async def _is_watched(self) -> bool:
        request = await self.lane.newest(self.about)
        proof = Proof.of(request.facts) if request else None
        return proof is not None and proof.target.tokens is OldTokens.WATCHED

    async def _card_was_posted(self) -> bool:
        request = await self.lane.newest(self.about)
        return request is not None and bool(await self.lane.store.cards.of(request.id))

    async def _is_untold(self) -> bool:
        """Return True while notices about the outcome still have to be sent."""
        request = await self.lane.newest(self.about)
        return request is not None and bool(await self.lane.store.notices.pending(request.id))

    async def _verdict(self, *, may_be_untouched: bool = False) -> str:
        """Check that the store, Turso, the requester's messages and the audit log agree, and return the outcome."""
        scenario, request = self.scenario, await self.lane.newest(self.about)
        state, sent = request.state if request else None, self._sent() - self.sent_before
        happened = await scenario.happened(self.lane, self.name)
        picture = await self._picture()
        if state is scenario.done and (happened or not may_be_untouched or state is not self.state_before):
            assert happened, f"the request is done, but Turso doesn't show the change: {picture}"
            assert sent == scenario.calls, f"the change was sent {sent} times: {picture}"
            await self._told(scenario.says, picture)
            await self._audited(request, scenario.event, scenario.audited or state.value, picture)
            return "done"
        if state is State.UNKNOWN and scenario.final_unknown:
            assert sent <= 1, picture
            await self._told("may", picture)
            await self._audited(request, scenario.event, state.value, picture)
            return "unknown"
        assert not happened, f"Turso shows the change, but the request is {state}: {picture}"
        assert sent == 0, f"the change was sent, but the request is {state}: {picture}"
        if state is self.state_before and may_be_untouched:
            return "untouched"
        assert state is scenario.undone, f"the command was acknowledged, but the request is {state}: {picture}"
        assert request is not None
        await self._told(request.outcome[:20].replace("`", ""), picture)
        await self._audited(request, "expired" if state is State.EXPIRED else scenario.event, state.value, picture)
        return str(state.value)

    async def _told(self, phrase: str, picture: str) -> None:
        seen = [words(one).replace("`", "") for one in self.lane.world.workspace.history(DB_OPS, DANA)]
        assert any(self.about in one and phrase in one for one in seen), f"no message with {phrase!r}: {picture}"

    async def _audited(self, request: Request | None, event: str, outcome: str, picture: str) -> None:
        page = await self.lane.store.audit.page(before_seq=None, limit=50, databases=[self.name])
        ends = [
            one
            for _, one in page
            if one.event.startswith(event) and one.outcome == outcome
            if request is not None and one.request_id == request.id
        ]
        assert len(ends) == 1, f"{len(ends)} audit entries {event} {outcome}: {picture}"

    def _sent(self) -> int:
        method, path = self.scenario.call
        return self.lane.sent(method, path.format(self.name))

    async def _picture(self) -> str:
        request = await self.lane.newest(self.about)
        page = await self.lane.store.audit.page(before_seq=None, limit=50, databases=[self.name])
        seen = [words(one) for one in self.lane.world.workspace.history(DB_OPS, DANA) if self.about in words(one)]
        lines = [
            f"state {request.state.value}, outcome {request.outcome!r}" if request else "no request",
            f"sent {self._sent() - self.sent_before}",
            "audit " + ", ".join(f"{one.event}/{one.outcome}" for _, one in reversed(page)),
            *(f"> {one[:160]}" for one in seen[-4:]),
            self.lane.bot.log.read_text()[-1500:],
        ]
        return "\n".join(lines)
