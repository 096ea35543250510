"""Turso fails at each call of a rewind, of the decisions about its copy, and of the end of a branch.

What people are told afterwards is compared with what is true at Turso: nothing is claimed that wasn't seen, an unknown
outcome is called unknown, and nothing is left over without being mentioned.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from bot.commands.databases import _new_database
from bot.commands.rewind import _both_sides
from bot.commands.tokens import _probes
from bot.core.records.branches import Branch, BranchState
from bot.core.records.timers import TimerKind
from bot.core.requests.request import Request, State
from bot.errors import BotError
from bot.pipeline import rotation_proof
from bot.pipeline.approval import votes
from bot.pipeline.execution import verify
from bot.pipeline.outcomes.request_cards import card_of
from bot.turso.calls import CallLimits
from tests.blocks.messages import words
from tests.crash.simulation import Simulation
from tests.pipeline.in_memory import ANA, Pipeline, pipeline
from tests.pipeline.rewinds import copies, is_blocked, rewound
from tests.present import present
from tests.soak import one_in, pairs

TRIES: Final = 4
"""How often a step that raises is repeated, as the durable work would do it. Turso works again for the last one."""


def not_of_turso(_: httpx.Request) -> httpx.Response:
    return httpx.Response(404, json={"error": "Not Found"})


def too_late(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too slow")


def wrong_body(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"something": ["else"]})


FAULTS: dict[str, Callable[[httpx.Request], httpx.Response]] = {
    "500": lambda _: httpx.Response(500, json={"error": "internal error"}),
    "404": not_of_turso,
    "404 of Turso": lambda _: httpx.Response(404, json={"error": "record not found"}),
    "timeout": too_late,
    "wrong body": wrong_body,
    "no JSON": lambda _: httpx.Response(200, text="<html>OK</html>"),
}


@dataclass
class Faults:
    """Makes Turso fail at one call, or from one call on, once `at` is set."""

    answer: Callable[[httpx.Request], httpx.Response]
    is_lasting: bool
    after_the_change: bool
    at: int = 0
    calls: int = 0

    def handle(self, real: Callable[[httpx.Request], httpx.Response], request: httpx.Request) -> httpx.Response:
        self.calls += 1
        is_due = self.at and (self.calls >= self.at if self.is_lasting else self.calls == self.at)
        if not is_due or request.url.path.endswith("/v2/pipeline"):
            return real(request)
        if (self.after_the_change and request.method != "GET") or self._has_no_body(request):
            real(request)
        return self.answer(request)

    def _has_no_body(self, request: httpx.Request) -> bool:
        """Return True for a rotation that is answered with JSON. A success without a documented body can't be wrong."""
        return self.answer is wrong_body and request.url.path.endswith("/auth/rotate")

    def end(self) -> None:
        self.at = 0


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat what failed at once."""
    monkeypatch.setattr(verify, "READ_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(_both_sides, "PAUSES", (0.0,))
    monkeypatch.setattr(_probes, "PAUSES", (0.0,))
    monkeypatch.setattr(rotation_proof, "FIRST_PAUSES", (0.0,))
    monkeypatch.setattr(_new_database, "WAITS_SECONDS", 0)
    monkeypatch.setattr(CallLimits, "__init__", _without_waiting)


_init = CallLimits.__init__


def _without_waiting(self: CallLimits, **given: Any) -> None:
    _init(self, **{"attempts": 2, "first_wait": 0.0, "longest_wait": 0.0, "jitter": 0.0, **given})


@asynccontextmanager
async def failing(folder: Path, faults: Faults) -> AsyncIterator[Pipeline]:
    real = Simulation.handle
    Simulation.handle = lambda self, request: faults.handle(lambda one: real(self, one), request)  # type: ignore[method-assign]
    try:
        async with pipeline(folder) as here:
            yield here
    finally:
        Simulation.handle = real  # type: ignore[method-assign]


@dataclass(frozen=True)
class Operation:
    """A change: how to request it before Turso fails, and what must be true of what people are told afterwards."""

    prepare: Callable[[Pipeline], Awaitable[Request]]
    check: Callable[[Pipeline, Request, str], None]


async def told(here: Pipeline, request: Request) -> str:
    """Return everything that people read about a request: its card and its outcome."""
    card = words(await card_of(here.env, request))
    return "\n".join([card, request.outcome, *here.slack.public, *(text for _, text in here.slack.private)])


def changes_of(here: Pipeline) -> list[str]:
    return [one for one in here.changes() if not one.endswith("/auth/tokens")]


async def run(here: Pipeline, request: Request, faults: Faults) -> Request:
    """Execute a request, and repeat a step that raises. Turso works again for the last try."""
    for number in range(TRIES):
        if number == TRIES - 1:
            faults.end()
        try:
            await here.execute(request)
            break
        except BotError:
            continue
    return await here.now(request)


async def reconciled(here: Pipeline, request: Request) -> Request:
    """Return a request after Turso works again and the reconciler has read an unknown outcome."""
    for _ in range(4):
        if (await here.now(request)).state is State.UNKNOWN and await here.timer(TimerKind.RECONCILE, request.id):
            await here.fire(TimerKind.RECONCILE, request.id)
    return await here.now(request)


def check_in_general(here: Pipeline, request: Request, text: str) -> None:
    """Check what holds for every request: no claim that nothing was changed if something was."""
    assert request.state not in (State.APPROVED, State.EXECUTING), "it has ended"
    if request.state in (State.STALE, State.EXPIRED) or "Nothing was changed" in request.outcome:
        assert not changes_of(here), f"{request.state}: {request.outcome}"
    if request.state is State.UNKNOWN:
        assert "may or may not" in text
    if request.state is State.FAILED:
        assert request.outcome


async def rewind(here: Pipeline) -> Request:
    return await here.approved("db rewind orders --to 08:30")


def check_rewind(here: Pipeline, request: Request, text: str) -> None:
    made, name = copies(here), str(request.plan.arguments["copy"])
    assert not is_blocked(here)
    if made and request.state not in (State.SUCCEEDED, State.UNKNOWN):
        assert f"`{name}`" in text, f"the copy is left over, and no one knows: {request.state} {request.outcome}"
        assert "exists" in text
    if request.state is State.SUCCEEDED:
        assert made == [name]
        assert request.facts.get("served") or "is ready" not in text


async def switch(here: Pipeline) -> Request:
    await rewound(here)
    return await here.approved("rewind switch orders")


def check_switch(here: Pipeline, request: Request, text: str) -> None:
    if request.state is State.QUARANTINED:
        assert is_blocked(here)
    if is_blocked(here) and request.state is State.FAILED:
        assert "still blocked" in text
    assert copies(here), "the copy stays"
    rotated = "orders" in here.turso.rotated
    if "weren't revoked" in text:
        assert not rotated
    if "Turso accepted the revocation" in text or "Old tokens no longer work" in text:
        assert rotated


async def discard(here: Pipeline) -> Request:
    await rewound(here)
    return await here.approved("rewind discard orders")


def check_discard(here: Pipeline, request: Request, text: str) -> None:
    if request.state is State.SUCCEEDED:
        assert not copies(here)
    if request.state in (State.FAILED, State.STALE):
        assert copies(here), f"it is gone: {request.outcome}"
    assert "orders" in here.turso.databases


async def keep(here: Pipeline) -> Request:
    await rewound(here)
    return await here.approved("rewind keep orders")


def check_keep(here: Pipeline, request: Request, text: str) -> None:
    assert copies(here)
    assert not changes_of(here)


async def announced_branch(here: Pipeline) -> Branch:
    """Create a branch, and fire its timer once, so that its end has been announced."""
    await here.execute(await here.ask("db branch orders orders-fix --for 3d"))
    (branch,) = await here.env.store.branches.find(organization="acme")
    await here.fire(TimerKind.BRANCH_END, branch.id)
    here.of.sent.clear()
    return branch


async def branch_end(here: Pipeline) -> Request:
    await here.fire(TimerKind.BRANCH_END, (await announced_branch(here)).id)
    (request,) = await here.env.store.requests.find(states=list(State), command="destroy")
    return await _approve(here, request)


async def _approve(here: Pipeline, request: Request) -> Request:
    if request.state is State.PENDING:
        await votes.vote(here.env, here.press(ANA, request))
    return await here.now(request)


def check_branch_end(here: Pipeline, request: Request, text: str) -> None:
    blocks = here.turso.configurations["orders-fix"]
    both = bool(blocks["block_reads"] and blocks["block_writes"])
    if request.state is State.QUARANTINED:
        assert both
    if both and request.state is State.FAILED:
        assert "still blocked" in text
    assert "orders-fix" in here.turso.databases, "the countdown isn't over"


OPERATIONS = {
    "rewind": Operation(rewind, check_rewind),
    "switch": Operation(switch, check_switch),
    "discard": Operation(discard, check_discard),
    "keep": Operation(keep, check_keep),
    "branch end": Operation(branch_end, check_branch_end),
}
MODES = {"once": (False, False), "lasting": (True, False), "after the change": (False, True)}
FAILURES = [
    f"{fault}, {mode}"
    for fault in FAULTS
    for mode in MODES
    if fault != "404 of Turso" or mode == "once"  # otherwise, Turso itself would say what isn't true
]

OF_READS = [one for one in FAILURES if "after" not in one and "of Turso" not in one]


def faults_of(failure: str) -> Faults:
    fault, mode = failure.split(", ")
    return Faults(FAULTS[fault], *MODES[mode])


@pytest.mark.parametrize(("operation", "failure"), pairs(OPERATIONS, FAILURES))
async def test_people_are_told_the_truth_whichever_call_fails(tmp_path: Path, operation: str, failure: str) -> None:
    doing, at, calls = OPERATIONS[operation], 0, 1
    while calls >= at:  # once more than there are calls
        at += 1
        faults = faults_of(failure)
        (folder := tmp_path / str(at)).mkdir()
        async with failing(folder, faults) as here:
            request = await doing.prepare(here)
            faults.calls, faults.at = 0, at
            first = await run(here, request, faults)
            for check in (check_in_general, doing.check):
                check(here, first, await told(here, first))
            calls = faults.calls
            faults.end()
            last = await reconciled(here, request)
            for check in (check_in_general, doing.check):
                check(here, last, await told(here, last))
    assert at > 2


@pytest.mark.parametrize("failure", one_in(3, OF_READS))
async def test_a_branch_whose_end_cannot_be_requested_now_ends_later(tmp_path: Path, failure: str) -> None:
    at, calls = 0, 1
    while calls >= at:  # once more than there are calls
        at += 1
        faults = faults_of(failure)
        (folder := tmp_path / str(at)).mkdir()
        async with failing(folder, faults) as here:
            branch = await announced_branch(here)
            faults.calls, faults.at = 0, at
            with suppress(BotError):
                await here.fire(TimerKind.BRANCH_END, branch.id)
            calls = faults.calls
            faults.end()
            state = present(await here.env.store.branches.get(branch.id)).state
            requested = await here.env.store.requests.find(states=list(State), command="destroy")
            assert state is BranchState.ENDING or requested
            if state is BranchState.ENDING:
                await here.fire(TimerKind.BRANCH_END, branch.id)
                requested = await here.env.store.requests.find(states=list(State), command="destroy")
            assert len(requested) == 1
            assert changes_of(here) == []


@pytest.mark.parametrize("failure", one_in(3, OF_READS))
async def test_a_rewind_that_cannot_be_planned_is_not_requested(tmp_path: Path, failure: str) -> None:
    at, calls = 0, 1
    while calls >= at:  # once more than there are calls
        at += 1
        faults = faults_of(failure)
        (folder := tmp_path / str(at)).mkdir()
        async with failing(folder, faults) as here:
            faults.calls, faults.at = 0, at
            found = None
            with suppress(BotError):
                found = await here.ask("db rewind orders --to 08:30")
            calls = faults.calls
            made = await here.env.store.requests.find(states=list(State), command="rewind")
            assert [one.id for one in made] == ([found.id] if found else [])
            assert changes_of(here) == []
            if found is not None:
                assert present(found.plan.target).id == here.turso.databases["orders"]["DbId"]
