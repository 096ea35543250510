"""Executing a plan: re-read, compare, mark as sent, act, read back, put on record, tell. Each step may run again."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.commands.base import ChangeCommand, ChangeContext, Context, Phase
from bot.core.records.timers import TimerKind
from bot.core.requests.plan import Plan
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.transition import Transition
from bot.errors import BotError, NotOurs, Unavailable
from bot.pipeline import rotation_proof
from bot.pipeline.approval.expiry import start_is_over
from bot.pipeline.authorization.authorize import No, Step, authorize
from bot.pipeline.authorization.plan_drift import other_object
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.request_cards import post_card, show
from bot.pipeline.outcomes.telling import tell_outcome
from bot.pipeline.outcomes.waiting import said_if_it_waits
from bot.pipeline.quarantine.countdown import End, back_to_quarantine, examine
from bot.pipeline.quarantine.undoing import start_undo
from bot.pipeline.replies import entry
from bot.pipeline.transitions.hold_placement import placed_by, take
from bot.pipeline.transitions.settlement import Settlement, settle
from bot.turso import NotSent, TursoRejected

LOOKS = (0.0, 0.3, 0.7, 1.0, 2.0, 3.0, 4.0)
"""Seconds between the looks of a read-back: Turso may be late to show what it has done."""
FRESH = timedelta(seconds=15)
"""How long a comparison of the plan with the world holds. After a crash it is made again in any case."""
Outcome = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Executor:
    """The steps of the workflow `<request>:<phase>`; `durable` calls them in order."""

    env: Environment
    compared: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """Phases whose plan this process has compared with the world, and when."""

    async def begin(self, request_id: str, phase: str) -> str:
        """Authorize the start, and take the request: `go`, or `stop` when there is nothing to do."""
        request = await self.env.store.requests.get(request_id)
        if request is not None and request.state is State.STALE:
            await tell_outcome(self.env, request_id)  # stopped here before, and a crash came before it was told
        if request is None or request.state not in (State.APPROVED, State.EXECUTING):
            return "stop"
        if request.state is State.EXECUTING:
            async with said_if_it_waits(self.env, request_id):
                return await self._begin_again(request, phase)
        if await start_is_over(self.env, request):
            return "stop"
        async with said_if_it_waits(self.env, request_id):  # what is Unavailable is tried again, until it is too late
            answer = await authorize(self.env, request, Step.START)
            if answer.no is No.UNKNOWN:
                raise Unavailable(answer.why)
            if answer.allowed and await start_is_over(self.env, answer.request):
                return "stop"
            taken = await take(self.env, await self._context(request), answer.request) if answer.allowed else None
        if taken is None:
            await self._stop(request, answer.why)
            return "stop"
        if taken.why:
            await self._stop(request, taken.why)
        if taken.request is None:
            return "stop"
        self.compared[request_id, phase] = self.env.clock.now()
        await self._announce(taken.request)
        return "go"

    async def act(self, request_id: str, phase: str) -> Outcome:
        """Hand the change to Turso, at most once: who finds it marked as sent reads back and never sends."""
        request = await self._request(request_id)
        if await self.env.store.requests.was_sent(request_id, phase):
            return {"acted": "before"}
        compared = self.compared.pop((request_id, phase), None)
        is_fresh = compared is not None and self.env.clock.now() - compared <= FRESH
        async with said_if_it_waits(self.env, request_id):
            if not is_fresh and (why := await self.why_stale(request, phase)):
                return {"acted": "again" if _kind(phase) == "finish" else "stale", "why": why}
            ctx = await self._context(request)
        if phase == "execute":
            await rotation_proof.mint(self.env, self._command(request), ctx, request)
        # By the machine's clock: it is compared with Turso's, and with nothing that falls due.
        if not await self.env.store.requests.mark_sent(request_id, phase, datetime.now(UTC)):
            return {"acted": "stopped"}
        if self._command(request).undoes:
            return await self._undo_another(request)
        at = self.env.clock.now().isoformat()
        # Its card loses Deny and Withdraw beside the call: nothing waits for Slack between the mark and the change.
        shown = asyncio.create_task(self._show_quietly(request_id))
        try:
            facts = await self._deed(request, phase).act(ctx, request.plan)
        except NotSent as error:
            return {"acted": "not_sent", "why": f"{error} Nothing was changed."}
        except TursoRejected as error:
            return {"acted": "refused", "why": str(error)}
        except BotError as error:
            return {"acted": "unknown", "why": str(error), "at": at}
        finally:
            await shown
        return {"acted": "done", "facts": dict(facts or {}), "at": at}

    async def verify(self, request_id: str, phase: str, acted: Mapping[str, Any]) -> Outcome:
        """Say what is known to have happened, from Turso itself where it leaves something to read."""
        request = await self._request(request_id)
        word, why = acted["acted"], str(acted.get("why", ""))
        if word == "not_sent" and _kind(phase) == "finish":
            word = "again"
        if word in ("refused", "not_sent"):
            return {"result": "failed", "why": why}
        if word in ("stale", "stopped", "again"):
            return {"result": word, "why": why}
        facts = acted.get("facts", {})
        look = self._deed(request, phase).read_back
        ctx = await self._context(request)
        if self._command(request).probes is not None:
            facts = {**facts, **await rotation_proof.first_findings(self.env, ctx, request, acted)}
        if look is None:
            known = word == "done"
            return {"result": "succeeded" if known else "unknown", "why": why, "facts": facts}
        try:
            is_seen = await self._seen(ctx, request, look)
        except NotOurs as error:
            if word != "done":
                return {"result": "failed", "why": str(error)}
            is_seen = True  # Turso has said that it made it: the clocks are apart
        if is_seen:
            facts = facts or await facts_again(ctx, self._command(request), _kind(phase), request.plan)
            return {"result": "succeeded", "why": "", "facts": facts}
        return {"result": "unknown", "why": why or "Turso does not show it yet.", "facts": facts}

    async def finish(self, request_id: str, phase: str, seen: Mapping[str, Any]) -> None:
        """Commit the outcome, the audit entry and what follows, in one transaction."""
        request = await self.env.store.requests.get(request_id)
        if request is None or request.state is not State.EXECUTING or seen["result"] == "stopped":
            return
        if seen["result"] == "again":
            await back_to_quarantine(self.env, request, str(seen["why"]), at_once=False)
            return
        holds = await self.env.store.holds.find(organization=request.organization)
        command = self._command(request)
        settled = Settlement(str(seen["result"]), str(seen.get("why", "")), dict(seen.get("facts") or {}))
        move = settle(request, command, _kind(phase), settled, holds, self.env.clock.now())
        move = replace(move, only_unsent=settled.result == "stale" and _kind(phase) == "execute")
        if await self.env.store.requests.move(request_id, expect=[State.EXECUTING], move=move) is not None:
            self.env.observer.request(move.to)
            await rotation_proof.go_on(self.env, request_id)

    async def tell(self, request_id: str, phase: str) -> None:
        """Tell everybody concerned, and go on watching; what cannot be told now is told later, by a timer."""
        request = await self._request(request_id)
        if request.state in (State.DENIED, State.CANCELLED, State.EXPIRED):
            self.env.watches.forget(request_id)
            return  # the person who stopped it before it was sent tells of it
        await tell_outcome(self.env, request_id)
        await rotation_proof.go_on(self.env, request_id)

    async def _undo_another(self, request: Request) -> Outcome:
        """A restore does nothing by itself: it starts the Undo of the quarantine that its plan names."""
        other = await self.env.store.requests.get(str(request.plan.arguments["request_id"]))
        if other is None or await start_undo(self.env, other, by=request.requester) is None:
            return {"acted": "refused", "why": "The quarantine has ended meanwhile: there is nothing to undo."}
        return {"acted": "done", "facts": {}}

    async def _begin_again(self, request: Request, phase: str) -> str:
        """A phase that starts in EXECUTING (`finish`, `undo`), or one that a crash cut short."""
        if _kind(phase) == "execute":
            return "go"
        if why := await self.why_stale(request, phase):
            await (self._stop(request, why) if _kind(phase) == "undo" else back_to_quarantine(self.env, request, why))
            return "stop"
        self.compared[request.id, phase] = self.env.clock.now()
        await self._show_quietly(request.id)
        return "go"

    async def why_stale(self, request: Request, phase: str) -> str | None:
        """Say why this must not be done any more, if so. Raises Unavailable while that can't be told.

        An Undo is about the object alone. The end of a countdown that can't be examined now is not made now.
        """
        if _kind(phase) == "undo":
            turso, target = self.env.turso_clients.turso(request.organization), request.plan.target
            return await other_object(turso, target) if target else None
        if _kind(phase) == "finish":
            found = await examine(self.env, request)
            return None if found.end is End.DESTROY else found.why
        if request.state is not State.EXECUTING:
            return None  # it was stopped meanwhile, and is not sent
        answer = await authorize(self.env, request, Step.START)
        if answer.no is No.UNKNOWN:
            raise Unavailable(answer.why)
        return answer.why or None

    async def _stop(self, request: Request, why: str) -> None:
        now = self.env.clock.now()
        move = Transition(
            to=State.STALE,
            at=now,
            changes={"outcome": f"{why} Nothing was done."},
            entries=[entry("stale", "stale", at=now, request=request, what=why)],
            cancel=tuple(TimerKind),
            release_holds=await placed_by(self.env, request),
            only_unsent=request.state is State.APPROVED,
        )
        if (
            await self.env.store.requests.move(request.id, expect=[State.APPROVED, State.EXECUTING], move=move)
            is not None
        ):
            self.env.observer.request(State.STALE)
            await tell_outcome(self.env, request.id)

    async def stop_at_fault(self, request_id: str, why: str) -> str:
        """Begin nothing of what cannot be begun by a fault of ours; what is under way goes on: `act` examines it."""
        request = await self.env.store.requests.get(request_id)
        if request is not None and request.state is State.EXECUTING:
            return "go"
        if request is not None and request.state is State.APPROVED:
            await self._stop(request, why)
        return "stop"

    async def _seen(self, ctx: Context, request: Request, look: Any) -> bool:
        for pause in LOOKS:
            await asyncio.sleep(pause)
            try:
                if await look(ctx, request.plan):
                    return True
            except NotOurs:
                raise
            except BotError:
                continue
        return False

    async def _announce(self, request: Request) -> None:
        """Show that it begins; what is done without approval has its card in the channel before it happens."""
        if request.mode is not Mode.BREAK_GLASS or await self.env.store.cards.of(request.id):
            return await self._show_quietly(request.id)
        with suppress(BotError):
            await post_card(self.env, request)
        return None

    async def _show_quietly(self, request_id: str) -> None:
        with suppress(BotError):
            await show(self.env, request_id)

    async def _request(self, request_id: str) -> Request:
        request = await self.env.store.requests.get(request_id)
        assert request is not None, "a workflow is of a request"
        return request

    async def _context(self, request: Request) -> ChangeContext:
        subject = await self.env.requester_of(request)
        return self.env.context(
            subject,
            organization=request.organization,
            line=request.line,
            reason=request.reason,
            ticket=request.ticket,
            sent_at=request.sent_at,
        )

    def _command(self, request: Request) -> ChangeCommand[Any]:
        command = self.env.by_name[request.command]
        assert isinstance(command, ChangeCommand), "what is revealed is not executed"
        return command

    def _deed(self, request: Request, phase: str) -> Phase | ChangeCommand[Any]:
        return self._command(request).operation(_kind(phase))


async def facts_again(ctx: Context, command: ChangeCommand[Any], kind: str, plan: Plan) -> dict[str, Any]:
    """Read what the message of a operation says beside its plan; nothing where that cannot be read now."""
    if kind != "execute" or command.facts_again is None:
        return {}
    try:
        return dict(await command.facts_again(ctx, plan))
    except BotError:
        return {}


def _kind(phase: str) -> str:
    """`undo2` is an `undo`."""
    return phase.rstrip("0123456789")
