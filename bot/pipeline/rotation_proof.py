"""Verification of a rotation: probe tokens are tried until the database rejects them, for as long as Turso may need.

The tokens are in the memory of one process. Its task tries them, and postpones the timer `prove` each time. If the
timer fires in a process without the tokens, the first process is considered stopped, and what isn't proven yet remains
unknown.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import structlog

from bot.commands.base import ChangeCommand, ChangeContext, Probes
from bot.core.records.audit_entry import TIMER
from bot.core.records.timers import Timer, TimerKind
from bot.core.requests.proof import PROOF, WATCHED_FOR, Finding, OldTokens, Proof
from bot.core.requests.request import Request, State
from bot.core.requests.transition import Transition
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.outcomes.token_holders import notify_holders
from bot.pipeline.probe_watches import ProbeWatch
from bot.pipeline.replies import entry
from bot.pipeline.transitions.settlement import LEASE, REVOKES, revoked_by
from bot.turso import DatabaseNotFound, TursoError, TursoReader
from bot.turso.data_plane import TokenAnswer

log = structlog.get_logger(__name__)

FIRST_PAUSES: Final = (0.0, 0.3, 0.7)
"""The pauses in seconds before the first checks. If the rotation is proven by then, people need only one message."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
_AUDITED: Final = {OldTokens.REFUSED: "proven", OldTokens.WATCHED: "watched"}
RESTARTED: Final = "Turso Ops restarted, and my test token was only in memory"


async def mint(env: Environment, probes: Probes, ctx: ChangeContext, request: Request) -> None:
    """Mint a request's probe tokens. They stay in memory and appear in no log, store or error."""
    if env.watches.of(request.id) is not None:
        return
    try:
        minted = await probes(ctx, request.plan)
    except Exception as error:  # the rotation continues. The exception isn't logged, because it may contain a token
        log.error("proof.mint_failed", request=request.id, error=type(error).__name__)
        minted = [(one, None) for one in _without(request, "I couldn't create a test token")]
    env.watches.keep(request.id, minted)


async def first_findings(
    env: Environment, ctx: ChangeContext, request: Request, sent_at: datetime | None, *, accepted: bool = True
) -> dict[str, Any]:
    """Return the facts of a rotation, with its proof so far.

    Args:
        accepted: False if Turso refused the rotation or its response is unknown, and the request's state doesn't show
            this because the rotation was only its second operation.
    """
    watch, now = env.watches.of(request.id), env.clock.now()
    findings = watch.begun if watch else _without(request, RESTARTED)
    proof = Proof(sent_at or now, now + WATCHED_FOR, findings[0], findings[1] if len(findings) > 1 else None, accepted)
    for pause in FIRST_PAUSES:
        if watch and proof.target.tokens is OldTokens.WATCHED:
            await asyncio.sleep(pause)
            proof = await _try_all(env, ctx.turso, request.id, watch, proof)
    return {PROOF: proof.to_json()}


def _without(request: Request, why: str) -> list[Finding]:
    """Return the findings of a request without probe tokens, with the reason."""
    plan = request.plan
    members = [(one.name, id_) for one, id_ in zip(plan.databases, plan.ends_tokens_of, strict=False)]
    chosen = members[:1] + sorted(members[1:])[:1]
    return [Finding(name, id_, OldTokens.UNKNOWN, why=why) for name, id_ in chosen]


async def keep_trying(env: Environment, request_id: str) -> None:
    """Try the tokens in the background while any result is open. Otherwise delete them."""
    request = await env.store.requests.get(request_id)
    proof = Proof.of(request.facts) if request else None
    if proof is None or not proof.is_watched:
        env.watches.forget(request_id)
    elif env.watches.of(request_id) is not None:
        env.watches.start(request_id, lambda: _watch(env, request_id))


async def continue_proof(env: Environment, timer: Timer) -> Timer | None:
    """Try the tokens once more if this process has them. Otherwise end the proof, whose open findings stay unknown."""
    request = await env.store.requests.get(timer.subject)
    proof = Proof.of(request.facts) if request else None
    if request is None or proof is None:
        return None
    if env.watches.of(request.id) is not None:
        await _step(env, request.id)
    elif proof.is_watched:
        over = [_unproven(one, env.clock.now(), RESTARTED) for one in proof.findings]
        ended = replace(proof, target=over[0], sibling=over[1] if len(over) > 1 else None)
        if not await _conclude(env, request, ended):
            return replace(timer, due_at=env.clock.now() + LEASE)
    else:  # in case a crash prevented the notification
        await notify_outcome(env, request.id)
    return None


async def _watch(env: Environment, request_id: str) -> None:
    pause = FIRST_PAUSE
    while env.watches.of(request_id) is not None:
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
        try:
            await _step(env, request_id)
        except Exception as error:
            log.error("proof.step_failed", request=request_id, error=type(error).__name__)


async def _step(env: Environment, request_id: str) -> None:
    """Try the tokens without a final result, and commit new findings."""
    watch = env.watches.of(request_id)
    if watch is None:
        return None
    async with watch.trying:
        request = await env.store.requests.get(request_id)
        proof = Proof.of(request.facts) if request else None
        if request is None or proof is None or not proof.is_watched:
            return env.watches.forget(request_id)
        new_proof = await _try_all(env, env.turso_clients.turso(request.organization), request_id, watch, proof)
        # If the request has just changed, for example by an undo, the tokens are tried again.
        if new_proof == proof or not await _conclude(env, request, new_proof):
            return await env.store.timers.schedule(_lease(env, request_id))
    return None


def _lease(env: Environment, request_id: str) -> Timer:
    return Timer(TimerKind.PROVE, request_id, env.clock.now() + LEASE)


async def _conclude(env: Environment, request: Request, proof: Proof) -> bool:
    """Commit the proof, then delete the tokens if they are no longer needed, and notify people.

    The tokens are kept until the commit, because without them the findings couldn't be repeated.
    Returns False, and commits nothing, if the request's state has changed since it was read.
    """
    now, lease = env.clock.now(), _lease(env, request.id)
    words = {one.database: one.tokens.value for one in proof.findings}
    move = Transition(
        to=request.state,
        at=now,
        changes={},
        adds={PROOF: proof.to_json()},
        entries=[
            entry(
                "proof",
                _AUDITED.get(proof.target.tokens, "not_proven"),
                at=now,
                request=request,
                by=TIMER,
                tokens=words,
            )
        ],
        timers=[lease],
        revokes=revoked_by(request.plan, proof, request.state),
        notifies=request.state is not State.RESTORED,  # people were notified of the undo, and the card shows the proof
    )
    concluded = await env.store.requests.move(request.id, expect=[request.state], move=move)
    if concluded is None:
        return False  # the tokens are kept, and tried again
    if not proof.is_watched:
        env.watches.forget(request.id)
    await notify_outcome(env, request.id)
    if (sibling := proof.sibling) and sibling.tokens is OldTokens.REFUSED and request.state in REVOKES:
        await notify_holders(env, concluded, only_of=sibling.database_id)
    if not proof.is_watched:
        await env.store.timers.replace(lease, None)
    return True


async def _try_all(env: Environment, turso: TursoReader, request_id: str, watch: ProbeWatch, proof: Proof) -> Proof:
    """Try each token without a final result, and return the new proof."""
    findings = await asyncio.gather(*(_try(env, turso, watch, proof.until, one) for one in proof.findings))
    sibling = findings[1] if len(findings) > 1 else None
    if sibling and sibling != proof.sibling and sibling.tokens is OldTokens.REFUSED:
        sibling = await _by_this_rotation(env, request_id, proof.sent_at, sibling)
    return replace(proof, target=findings[0], sibling=sibling)


async def _by_this_rotation(env: Environment, request_id: str, since: datetime, sibling: Finding) -> Finding:
    """Discard the finding for `sibling` if that database was rotated separately, since it proves nothing then."""
    states = [State.EXECUTING, State.UNKNOWN, State.RESTORED, *REVOKES]
    for name in (one.name for one in env.commands if isinstance(one, ChangeCommand) and one.revokes):
        for one in await env.store.requests.find(states=states, command=name, since=since):
            is_its_own = one.plan.target is not None and one.plan.target.id == sibling.database_id
            if one.id != request_id and is_its_own:
                return replace(sibling, tokens=OldTokens.UNKNOWN, why="it was rotated separately")
    return sibling


async def _try(env: Environment, turso: TursoReader, watch: ProbeWatch, until: datetime, finding: Finding) -> Finding:
    probe = watch.probes.get(finding.database_id)
    if finding.tokens is not OldTokens.WATCHED or probe is None:
        return finding
    answer, now = await turso.try_token(probe.database, probe.token), env.clock.now()
    if answer is TokenAnswer.REVOKED:
        return await _refused(turso, finding, now)
    if answer is TokenAnswer.EXPIRED:
        return _unproven(finding, now, "my test token expired")
    if now < until:
        return finding
    if answer is TokenAnswer.WORKS:
        return replace(finding, tokens=OldTokens.STILL_WORK, at=now)
    return _unproven(finding, now, "the database's responses weren't clear")


async def _refused(turso: TursoReader, finding: Finding, now: datetime) -> Finding:
    """Return the finding for a rejected token. Checks the ID, because a new database with this name would reject it."""
    try:
        same = (await turso.database(finding.database)).id == finding.database_id
    except DatabaseNotFound:
        same = False
    except TursoError:
        return finding  # try again later
    if not same:
        return _unproven(finding, now, "the database was destroyed")
    return replace(finding, tokens=OldTokens.REFUSED, at=now)


def _unproven(finding: Finding, now: datetime, why: str) -> Finding:
    if finding.tokens is not OldTokens.WATCHED:
        return finding
    return replace(finding, tokens=OldTokens.UNKNOWN, at=now, why=why)
