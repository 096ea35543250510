"""Reveal: authorize again, mint the token, and show it only to its requester. The token is never stored."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.blocks.request_text import STATE_WORDS
from bot.blocks.text import utc
from bot.commands.base import ChangeContext, Secret, SecretCommand
from bot.core.model import Never, Verdict
from bot.core.parsing.arguments import Expiration
from bot.core.ports import Address, address_of
from bot.core.records.timers import Timer, TimerKind
from bot.core.records.tokens import LedgerToken, TokenState
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request, State
from bot.core.requests.transition import Transition
from bot.errors import BotError, Refused
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.steps import RefusalKind, Step
from bot.pipeline.environment import Environment, new_id
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.replies import entry
from bot.turso import NotSent, TursoRejected

SETTLES_WITHIN = timedelta(seconds=90)
"""A reveal without an outcome after this time was interrupted.

Its outcome then becomes unknown, unless the ledger shows that the token was shown.
"""
OPEN_TO_REVEAL = (State.READY, State.UNKNOWN)
LAPSED = {
    State.READY: "It wasn't revealed in time, so no token was created. Ask for a new one.",
    State.UNKNOWN: "It is too late to reveal it again. Ask for a new one.",
}
SHOWN = "The token was shown to the requester once."
PERHAPS_SEEN = "only the requester could have seen it"


async def reveal(env: Environment, request: Request, incoming: Incoming) -> str:
    """Mint the token of a request, and show it to the requester, who has pressed Reveal or run the command.

    Raises:
        BotError: the reveal is refused, for example because it is no longer allowed, and mints no token.
        Unavailable: a service didn't respond before the token was minted, or the store didn't, perhaps afterwards.
    """
    command = _may_press(env, request, incoming)
    answer = await authorize(env, request, Step.REVEAL, actor=incoming)
    if answer.refusal is RefusalKind.CHANGED:
        why = f"{answer.why} {await _none_created(env, request)}"
        await _stale(env, request, why)
        raise BotError(why)
    if answer.refusal is RefusalKind.NOT_ALLOWED and answer.decision.verdict is not Verdict.DENY:
        raise Refused(f"{answer.why} {await _none_created(env, request)}")
    _require_in_time(env, answer.require_allowed().request)
    ctx = env.context(answer.subject, organization=request.organization)
    return await _mint_once(env, request, incoming, ctx, command)


def _may_press(env: Environment, request: Request, incoming: Incoming) -> SecretCommand[Any]:
    """Return the command of a request whose token this person may still reveal. Only checks the request itself."""
    if incoming.user_id != request.requester:
        raise Refused(f"Only the requester can reveal this token. Get your own with `/turso {request.line[:200]}`.")
    command = env.by_name.get(request.command)
    if not isinstance(command, SecretCommand):
        raise Refused("This request has nothing to reveal.")
    if request.facts.get("press") == incoming.id:
        raise Refused(f"This was interrupted and won't be retried. {request.outcome}".strip())
    _require_in_time(env, request)
    return command


def _require_in_time(env: Environment, request: Request) -> None:
    if request.state in OPEN_TO_REVEAL and request.expires_at and request.expires_at <= env.clock.now():
        raise Refused(LAPSED[request.state])


async def _mint_once(
    env: Environment, request: Request, incoming: Incoming, ctx: ChangeContext, command: SecretCommand[Any]
) -> str:
    now, token_id = env.clock.now(), new_id("t")
    # each attempt has its own phase, because another press may have failed since this one read the request
    phase = f"reveal:{token_id}"
    settle = Timer(TimerKind.RECONCILE, request.id, now + SETTLES_WITHIN)
    facts = {"token": token_id, "press": incoming.id}
    move = Transition(to=State.EXECUTING, at=now, changes={}, adds=facts, timers=[settle], cancel=[TimerKind.LAPSE])
    if await env.store.requests.move(request.id, expect=OPEN_TO_REVEAL, move=move) is None:
        raise Refused(await _why_closed(env, request))
    if not await env.store.requests.mark_sent(request.id, phase, now):  # it was denied or withdrawn since the move
        raise Refused(await _why_closed(env, request))
    await env.store.tokens.add(_row(request, token_id, now))
    try:
        secret = await command.mint(ctx, request.plan)
    except (NotSent, TursoRejected) as error:
        await env.store.tokens.settle(token_id, TokenState.REFUSED)
        await _settle(env, request, State.FAILED, f"{error} {await _none_created(env, request)}")
        return "failed"
    except BotError as error:
        await env.store.tokens.settle(token_id, TokenState.UNKNOWN)
        await _settle(env, request, State.UNKNOWN, f"{error} {_may_exist(request, now)}")
        return "unknown"
    return await _deliver(env, request, address_of(incoming), command, secret, token_id)


async def _why_closed(env: Environment, request: Request) -> str:
    """Return why a request's token can't be revealed now, by its current state."""
    now = await env.store.requests.get(request.id) or request
    if now.state is State.EXECUTING:
        return "This token is being revealed right now."
    again = "" if now.state is State.PENDING else " Ask for a new one."
    return f"There is no token to reveal, because this request {STATE_WORDS[now.state]}.{again}"


async def _deliver(
    env: Environment, request: Request, to: Address, command: SecretCommand[Any], secret: Secret, token_id: str
) -> str:
    fingerprint = hashlib.sha256(secret.value.encode()).hexdigest()[:16]
    shown = await env.messenger.reveal(to, command.message(request.plan, secret))
    await env.store.tokens.settle(token_id, TokenState.LIVE if shown else TokenState.UNKNOWN, fingerprint=fingerprint)
    if shown:
        await _settle(env, request, State.SUCCEEDED, SHOWN, fingerprint=fingerprint)
        return "revealed"
    why = f"Slack didn't confirm that the token was shown. {_may_exist(request, env.clock.now(), PERHAPS_SEEN)}"
    await _settle(env, request, State.UNKNOWN, why, fingerprint=fingerprint)
    return "not_delivered"


async def settle_cut_short(env: Environment, request: Request) -> None:
    """End an interrupted reveal as `unknown`, unless the ledger shows that the token was shown. Safe to run again."""
    if request.state is State.EXECUTING:
        rows = await _ledger_rows(env, request)
        row = next((one for one in rows if one.id == request.facts.get("token")), None)
        if row is not None and row.state is TokenState.LIVE:
            return await _settle(env, request, State.SUCCEEDED, SHOWN, fingerprint=row.fingerprint)
        if row is not None:
            await env.store.tokens.settle(row.id, TokenState.UNKNOWN)
        may_exist = _may_exist(request, request.updated_at or env.clock.now(), PERHAPS_SEEN)
        why = f"The reveal was interrupted. {may_exist}"
        return await _settle(env, request, State.UNKNOWN, why, cancel=[])
    return await notify_outcome(env, request.id)


async def _ledger_rows(env: Environment, request: Request) -> list[LedgerToken]:
    target = request.plan.target
    ids = [target.id] if target else []
    rows = await env.store.tokens.find(organization=request.organization, database_ids=ids, holder=request.requester)
    return [row for row in rows if row.request_id == request.id]


async def _settle(
    env: Environment,
    request: Request,
    to: State,
    outcome: str,
    *,
    fingerprint: str = "",
    cancel: Sequence[TimerKind] = (TimerKind.RECONCILE,),
) -> None:
    now = env.clock.now()
    event = "revealed" if to is State.SUCCEEDED else "reveal"
    line = entry(event, to.value, at=now, request=request, fingerprint=fingerprint, what=outcome)
    move = Transition(to=to, at=now, changes={"outcome": outcome}, entries=[line], cancel=cancel)
    if await env.store.requests.move(request.id, expect=[State.EXECUTING], move=move) is not None:
        env.observer.request(to)
        await notify_outcome(env, request.id)


async def _none_created(env: Environment, request: Request) -> str:
    """Return a sentence that no token was created, or that only an earlier press may have created one."""
    earlier = [row.minted_at for row in await _ledger_rows(env, request) if row.state is TokenState.UNKNOWN]
    if not earlier:
        return "No token was created."
    return f"No other token was created. {_may_exist(request, max(earlier), PERHAPS_SEEN)}"


async def _stale(env: Environment, request: Request, changed: str) -> None:
    now = env.clock.now()
    line = entry("stale", "stale", at=now, request=request, what=changed)
    move = Transition(to=State.STALE, at=now, changes={"outcome": changed}, entries=[line], cancel=[TimerKind.LAPSE])
    if await env.store.requests.move(request.id, expect=OPEN_TO_REVEAL, move=move) is not None:
        await notify_outcome(env, request.id)


def expiry_of(request: Request, minted_at: datetime) -> datetime | None:
    """Return when a token minted at the given time expires. None if it never does."""
    lifetime = Expiration.of(request.plan.arguments["expiration"]).lifetime
    return None if isinstance(lifetime, Never) else minted_at + lifetime


def _may_exist(request: Request, minted_at: datetime, who: str = "no one has seen it") -> str:
    until = expiry_of(request, minted_at)
    end = f"valid until {utc(until)}" if until else "that never expires"
    return f"A token {end} may have been created, but {who}."


def _row(request: Request, token_id: str, now: datetime) -> LedgerToken:
    target = request.plan.target
    assert target is not None, "a token belongs to a database"
    return LedgerToken(
        id=token_id,
        request_id=request.id,
        organization=request.organization,
        database=target.name,
        database_id=target.id,
        group=target.group,
        read_only="--read-only" in request.plan.options,
        holder=request.requester,
        channel_id=request.channel_id,
        minted_at=now,
        expires_at=expiry_of(request, now),
    )
