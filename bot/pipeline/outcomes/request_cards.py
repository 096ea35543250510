"""Cards: messages that show stored requests. One may be posted more than once, and every copy is updated."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

import structlog

from bot.blocks import cards, request_notices
from bot.commands.base import FREEZE_ENDED
from bot.core.declaration import IncidentRole
from bot.core.oncall import is_schedule, not_said
from bot.core.records.holds import HoldKind
from bot.core.records.incidents import Incident, Review
from bot.core.reply import Reply
from bot.core.requests.decision import decide_request
from bot.core.requests.request import Mode, Request, State
from bot.errors import CannotPost, Unavailable
from bot.pipeline.authorization.case import WantedGroups
from bot.pipeline.authorization.vote_counts import counted_now
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.delegates import delegates_of
from bot.pipeline.outcomes.delivery import may_be_seen
from bot.pipeline.outcomes.recipients import with_people_on_call

log = structlog.get_logger(__name__)


NOT_SHOWN: Final = "not_shown"
"""The code of the error if the channel may not show a card."""


class RefreshResult(Enum):
    """The result of `refresh_cards`."""

    NO_CARD = auto()
    """The request has no card."""
    UPDATED = auto()
    POSTED_AGAIN = auto()
    """The request's cards were deleted, so a new one was posted."""
    NOWHERE = auto()
    """The channel may not show the card, or the bot can't post there."""


async def card_of(env: Environment, request: Request) -> Reply:
    """Return the card of a request in its current state. A success is shown by its command's message."""
    done = success_message(env, await with_current_state(env, request), is_over=await _is_over(env, request))
    named = Named()
    if request.state is State.PENDING:
        request, named = await people_named(env, request)
    review = await _review_of(env, request) if request.mode is Mode.BREAK_GLASS else None
    card = cards.request_card(
        request,
        env.catalogue,
        now=env.clock.now(),
        done=done,
        approvers=named.approvers,
        delegates=named.delegates,
        silent=named.silent,
        review=review,
        links=env.rules.policy.links,
    )
    return await with_timeline(env, card, request.incident_id) if request.incident_id else card


async def with_current_state(env: Environment, request: Request) -> Request:
    """Add the current state of the incident or the copy that a request created, which its card shows."""
    command = env.by_name.get(request.command)
    if command is None or command.standing is None or request.state is not State.SUCCEEDED:
        return request
    return replace(request, facts={**request.facts, **await command.standing(env.store, request)})


async def announce_again(env: Environment, incident: Incident, *, but: str = "") -> None:
    """Update the cards that announce an incident, after it has ended or its end has changed.

    Args:
        but: the request whose card is already up to date.

    Raises:
        Unavailable: Slack doesn't accept an update now.
    """
    if not await may_be_seen(env, incident.channel_id):
        return
    for request in await requests_that_started(env, incident):
        if request.id != but:
            for copy in await env.store.cards.of(request.id):
                await env.messenger.update(*copy, await card_of(env, request))


async def requests_that_started(env: Environment, incident: Incident) -> list[Request]:
    """Return the request that started an incident and those that extended it, newest first."""
    here, since, begun = incident.channel_id, incident.started_at, list[Request]()
    for name in (one.name for one in env.commands if one.incident is IncidentRole.STARTS):
        begun += await env.store.requests.find(states=[State.SUCCEEDED], channel_id=here, command=name, since=since)
    return [one for one in begun if one.plan.arguments.get("incident_id") == incident.id]


def success_message(env: Environment, request: Request, *, is_over: bool = False) -> Reply | None:
    """Return the command's own message for a success. None if the general card is used instead.

    Args:
        is_over: True if the freeze that the request placed has ended.
    """
    command = env.by_name.get(request.command)
    facts = {**request.facts, FREEZE_ENDED: True} if is_over else request.facts
    return command.message_after(request.state, request.plan, facts) if command else None


async def _is_over(env: Environment, request: Request) -> bool:
    hold, target = request.plan.hold, request.plan.target
    if request.state is not State.SUCCEEDED or hold is None or hold.kind != HoldKind.FREEZE or target is None:
        return False
    return all(one.request_id != request.id for one in await env.store.holds.find(database_id=target.id))


async def _review_of(env: Environment, request: Request) -> Review | None:
    for owed in (True, False):
        for review in await env.store.reviews.find(owed=owed, request_ids=[request.id]):
            return review
    return None


async def with_timeline(env: Environment, reply: Reply, incident_id: str) -> Reply:
    """Add a link to the incident's timeline below a message."""
    incident = await env.store.incidents.get(incident_id)
    if incident is None or incident.timeline_ts is None:
        return reply
    return request_notices.add_incident_note(reply, incident.key, await timeline_link(env, incident_id))


async def timeline_link(env: Environment, incident_id: str) -> str:
    """Return a link to an incident's timeline, or an empty string."""
    incident = await env.store.incidents.get(incident_id)
    if incident is None or incident.timeline_ts is None:
        return ""
    return await env.messenger.permalink(incident.channel_id, incident.timeline_ts) or ""


@dataclass(frozen=True, slots=True)
class Named:
    """The people whom the card of a waiting request names."""

    approvers: frozenset[str] = frozenset()
    delegates: Mapping[str, str] = field(default_factory=dict)
    silent: str = ""
    """A sentence about the services that didn't return who is on call. Empty if all did."""


async def people_named(env: Environment, request: Request) -> tuple[Request, Named]:
    """Return a request with the people on call in `notify` and the votes that count now, and the people to name.

    Of the approvers and delegates, only those in the channel are named, because Slack notifies everybody whom a card
    names. If Slack doesn't respond, the request is unchanged and none is named, so that the card still appears.
    """
    try:
        requester, inside = await env.requester_of(request), await env.directory.inside(request.channel_id)
        request = await with_people_on_call(env, request)
        wanted = WantedGroups(requester.groups)
        decision = decide_request(env.rules.policy, replace(requester, groups=wanted), request)
        delegates = await delegates_of(env, decision, inside)
        request = await counted_now(env, request, decision, inside)
    except Unavailable:
        return request, Named()
    silent = [group for group in wanted.silent if is_schedule(group)]
    approvers = decision.approvers.ids & inside
    return request, Named(approvers, delegates, not_said(silent) if silent else "")


async def post_card(env: Environment, request: Request, *, fresh: bool = True) -> None:
    """Post a copy of a request's card in its channel.

    Args:
        fresh: False if cached data on the channel is recent enough.
    Raises:
        CannotPost: the channel may not show the card, or Slack refused it.
        Unavailable: Slack doesn't respond, for example about the channel.
    """
    if not await may_be_seen(env, request.channel_id, fresh=fresh):
        raise CannotPost("The channel is archived, shared with another organization, or I'm not in it.", NOT_SHOWN)
    thread, broadcast = await thread_of(env, request), request.incident_id is not None
    card = await card_of(env, request)
    ts = await env.messenger.post(request.channel_id, card, thread_ts=thread, broadcast=broadcast)
    await remember_card(env, request, ts)


async def remember_card(env: Environment, request: Request, ts: str) -> None:
    """Store the address of a posted card, and update it if the request has changed in the meantime."""
    if not ts:  # a copy that can't be updated doesn't count, so another may be posted later
        return
    await env.store.cards.add(request.id, request.channel_id, ts)
    now = await env.store.requests.get(request.id)
    if now is not None and (now.state, now.votes) != (request.state, request.votes):
        # The request changed while the card was being posted, so that change couldn't update it.
        await env.messenger.update(request.channel_id, ts, await card_of(env, now))


async def thread_of(env: Environment, request: Request) -> str | None:
    """Return the thread for a request's card: its own, or its incident's timeline. None means the channel itself.

    Break-glass operations are posted in the channel itself, where people notice them.
    """
    if request.mode is Mode.BREAK_GLASS:
        return None
    if request.thread_ts or not request.incident_id:
        return request.thread_ts
    incident = await env.store.incidents.get(request.incident_id)
    return incident.timeline_ts if incident else None


async def below_card(env: Environment, request: Request) -> tuple[str, str | None]:
    """Return where to post a notice about a request: the channel, and its thread, or else its card's `ts`, if any."""
    copies = await env.store.cards.of(request.id)
    channel_id, ts = copies[0] if copies else (request.channel_id, None)
    return channel_id, await thread_of(env, request) or ts


async def refresh_cards(env: Environment, request: Request, *, fresh: bool = True) -> RefreshResult:
    """Update every copy of a card. If all copies were deleted, post it again. Raises Unavailable."""
    copies = await env.store.cards.of(request.id)
    if not copies:
        return RefreshResult.NO_CARD
    if not await may_be_seen(env, request.channel_id, fresh=fresh):
        return RefreshResult.NOWHERE
    reply = await card_of(env, request)
    gone = [copy for copy in copies if not await env.messenger.update(*copy, reply)]
    if len(gone) < len(copies):
        return RefreshResult.UPDATED
    try:
        await post_card(env, request)
    except CannotPost as error:
        log.warning("a deleted card could not be posted again", request=request.id, why=error.code)
        return RefreshResult.NOWHERE
    for channel_id, ts in gone:
        await env.store.cards.drop(request.id, channel_id, ts)
    return RefreshResult.POSTED_AGAIN


async def refresh_ended_freezes(env: Environment, request: Request) -> None:
    """Update the cards of the freezes that ended since a request was made. Their Thaw buttons no longer work."""
    if target := request.plan.target:
        for hold in await env.store.holds.find(database_id=target.id, released_since=request.created_at):
            if hold.kind is HoldKind.FREEZE and hold.request_id != request.id:
                await show(env, hold.request_id)


async def show(env: Environment, request_id: str) -> Request | None:
    """Update every copy of a request's card, and return the request, if it exists. An error of Slack is only logged."""
    request = await env.store.requests.get(request_id)
    if request is not None:
        try:
            await refresh_cards(env, request, fresh=False)
        except Unavailable as error:
            log.warning("a card was not updated", request=request_id, why=str(error))
    return request
