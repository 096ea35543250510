"""The Home tab of a person: open items, own requests and tokens, blocked databases, and permissions by channel."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar

import structlog

from bot.blocks.home_view import ROWS, HomeContent, Page, Place, home_view, pages_of
from bot.commands._existing_databases import PATIENCE_SECONDS, PlannedDatabase, StoredRecord, keep_listed
from bot.commands.databases import thaw
from bot.core.model import Action, Channel, Person, Subject, Target, Verdict
from bot.core.policy import is_on, refuses_person, rights_of, undo_approvers
from bot.core.records.holds import Hold, HoldKind
from bot.core.records.incidents import Incident, Review
from bot.core.records.tokens import LedgerToken
from bot.core.reply import View
from bot.core.requests.ballots import can_approve
from bot.core.requests.decision import decide_request, request_action
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.request import Mode, Request, State
from bot.errors import BotError, Unavailable
from bot.pipeline.authorization.decision import judge
from bot.pipeline.authorization.vote_counts import with_votes_of_now
from bot.pipeline.environment import Environment
from bot.pipeline.home.channel_rights import place_of
from bot.turso.models import Listing

T = TypeVar("T")
log = structlog.get_logger(__name__)
OPEN: Final = (State.PENDING, State.READY, State.APPROVED, State.EXECUTING, State.UNKNOWN)
CHANNELS: Final = 40
"""The number of channels after which no further memberships of this person are looked up for one view.

Also the maximum number of active incidents that are loaded for it.
"""
REACH: Final = 15
"""The minimum number of items to load and filter first. If too few remain for a page, more are loaded, up to `MOST`."""
MOST: Final = 480


async def view_of(env: Environment, user_id: str, state: str) -> View:
    """Return a person's Home tab. `state` is a button's value with the page of each list. Empty for the first pages."""
    subject = await env.subject(
        Incoming(id="", key="", kind=Kind.HOME, at=env.clock.now(), user_id=user_id, channel_id="")
    )
    if judge(env, subject, Action(env.catalogue.home)).verdict is Verdict.DENY or refuses_person(
        env.rules.policy, subject.person
    ):
        return home_view(HomeContent(person=user_id), env.catalogue, now=env.clock.now())
    return home_view(await _Drawing(env, subject, pages_of(state)).content(), env.catalogue, now=env.clock.now())


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Builds the Home tab for one person. Lists are read in steps until their page is full, up to `MOST` items."""

    env: Environment
    subject: Subject
    pages: Mapping[str, int]
    _memberships: dict[str, bool] = field(default_factory=dict)
    """Whether this person is a member, by channel. Contains only channels that were looked up."""
    _listings: dict[str, asyncio.Task[Listing | None]] = field(default_factory=dict)
    """The current databases by organization. None if Turso doesn't respond within `PATIENCE_SECONDS`."""
    _missed: list[str] = field(default_factory=list)
    """The kinds of the items and the channels that are left out because of an error."""

    @property
    def me(self) -> str:
        return self.subject.person.id

    async def content(self) -> HomeContent:
        env, store, now = self.env, self.env.store, self.env.clock.now()
        decide, mine, undo, tokens = await asyncio.gather(
            self._counted("decide", self._requests([State.PENDING]), self._decides),
            self._counted("mine", self._requests(OPEN, requester=self.me), _always),
            self._newest("undo", self._requests([State.QUARANTINED]), self._undoes),
            self._newest("tokens", lambda limit: self._tokens(now, limit), self._is_there),
        )
        reviews, frozen, incidents = await asyncio.gather(
            self._newest("reviews", lambda limit: store.reviews.find(owed=True, limit=limit), self._owes),
            self._newest("frozen", lambda limit: store.holds.find(newest=limit), self._sees_hold),
            self._newest(
                "incidents", lambda limit: store.incidents.find_running(newest=limit), self._sees_incident, CHANNELS
            ),
        )
        thaws = [one.id for one in frozen.items if await self._thaws(one)]
        return HomeContent(
            person=self.me,
            decide=decide,
            mine=mine,
            undo=undo,
            reviews=reviews,
            frozen=frozen,
            thaws=frozenset(thaws),
            incidents=incidents,
            tokens=tokens,
            archived=self._archived(),
            places=self._page("places", await self._places(incidents.items)),
            problem=env.rules.problem or "",
            is_unsure=bool(self._missed) or None in self.subject.groups.values(),
            may_use_bot=True,
        )

    async def _counted(
        self,
        kind: str,
        fetch: Callable[[int], Awaitable[Sequence[Request]]],
        keep: Callable[[Request], Awaitable[bool]],
    ) -> Page[Request]:
        """Return a page of requests with the votes that count now."""
        page = await self._newest(kind, fetch, keep)
        return replace(page, items=[await with_votes_of_now(self.env, one) for one in page.items])

    async def _newest(
        self,
        kind: str,
        fetch: Callable[[int], Awaitable[Sequence[T]]],
        keep: Callable[[T], Awaitable[bool]],
        most: int = MOST,
    ) -> Page[T]:
        """Filter the newest items until a page is full and it is known whether there is another page.

        Stop after `most` items.
        """
        need = self.pages[kind] * ROWS + 1
        kept: list[T] = []
        limit = looked = 0
        while len(kept) < need and limit < most:
            limit = min(most, limit * 4 or max(REACH, need))
            items = await fetch(limit)
            for one in items[looked:]:
                if len(kept) < need and await self._keeps(keep, one):
                    kept.append(one)
            looked = len(items)
            if looked < limit:
                break
        return self._page(kind, kept)

    async def _keeps(self, keep: Callable[[T], Awaitable[bool]], item: T) -> bool:
        """Return whether a filter keeps an item. If it fails, the item is left out so that the rest can be shown."""
        try:
            return await keep(item)
        except Exception:
            log.exception("an item was left out of a Home tab", what=type(item).__name__, of=getattr(item, "id", ""))
            self._missed.append(type(item).__name__)
            return False

    def _requests(
        self, states: Sequence[State], requester: str | None = None
    ) -> Callable[[int], Awaitable[list[Request]]]:
        return lambda limit: self.env.store.requests.find(states=states, requester=requester, limit=limit)

    def _page(self, kind: str, items: Sequence[T]) -> Page[T]:
        number = min(self.pages[kind], max(1, -(-len(items) // ROWS)))
        at = (number - 1) * ROWS
        return Page(kind, tuple(items[at : at + ROWS]), number, has_more=len(items) > at + ROWS, pages=self.pages)

    async def _tokens(self, now: datetime, limit: int) -> list[LedgerToken]:
        live = [
            await self.env.store.tokens.find(organization=name, holder=self.me, live_at=now, limit=limit)
            for name in self.env.rules.policy.organizations_used
        ]
        return sorted((one for some in live for one in some), key=lambda one: one.minted_at, reverse=True)[:limit]

    async def _owes(self, review: Review) -> bool:
        is_named = self.me in review.reviewers and self.me != review.actor
        return is_named and await self._is_in(review.channel_id)

    async def _sees_hold(self, hold: Hold) -> bool:
        return hold.kind is HoldKind.FREEZE and await self._is_in(hold.channel_id) and await self._is_there(hold)

    async def _is_there(self, record: Hold | LedgerToken) -> bool:
        return await self._is_listed(record.organization, record)

    async def _is_listed(self, organization: str, record: StoredRecord) -> bool:
        """Return True if a database with the record's `DbId` still exists, or if Turso doesn't respond.

        A new database with the same name must not get the record's buttons.
        """
        task = self._listings.get(organization)
        if task is None:
            task = self._listings[organization] = asyncio.create_task(self._listing(organization))
        listing = await task
        return listing is None or bool(keep_listed([record], listing))

    async def _as_seen(self, hold: Hold) -> tuple[Target, ...]:
        """Return a hold's database for the policy. Empty if Turso doesn't return it. Then only a press decides."""
        listing = await self._listings[hold.organization]
        return tuple(target for one, target in (listing or Listing()).with_targets() if one.id == hold.database_id)

    def _archived(self) -> frozenset[str]:
        """Return the IDs of the archived databases in the listings that were read."""
        listings = [task.result() for task in self._listings.values() if task.done()]
        return frozenset(one.id for listing in listings for one in listing or () if one.is_archived)

    async def _listing(self, organization: str) -> Listing | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self.env.menu_listings.get((organization, None), fresh=True)
        except (BotError, TimeoutError):
            return None

    async def _sees_incident(self, incident: Incident) -> bool:
        return incident.until > self.env.clock.now() and await self._is_in(incident.channel_id)

    async def _decides(self, request: Request) -> bool:
        if request.requester == self.me or request.mode is not Mode.APPROVAL:
            return False
        requester = await self._requester(request)
        if requester.person.human == self.subject.person.human:
            return False
        policy, person = self.env.rules.policy, self.subject.person
        panel = decide_request(policy, requester, request).approvers
        active = await self.env.store.delegations.active(self.env.clock.now())
        away = [Person(one.person, person.team_id) for one in active if one.delegate == self.me]
        return can_approve(policy, panel, person, away, request.votes) and await self._is_in(request.channel_id)

    async def _requester(self, request: Request) -> Subject:
        """Return a request's requester with their current account and groups.

        If Slack doesn't respond, assume that they are in all groups. A press is authorized again.
        """
        try:
            return await self.env.requester_of(request)
        except Unavailable:
            requester = Person(request.requester, request.requester_team)
            groups = {name: (found or frozenset()) | {requester.id} for name, found in self.subject.groups.items()}
            return await self.env.with_incident(Subject(requester, Channel(request.channel_id), groups))

    async def _undoes(self, request: Request) -> bool:
        target = request.plan.target
        if target and not await self._is_listed(request.organization, PlannedDatabase(target.name, target.id)):
            return False
        if request.requester == self.me:
            return True
        policy, requester, action = self.env.rules.policy, await self._requester(request), request_action(request)
        panels = undo_approvers(policy, requester, action, decide_request(policy, requester, request))
        may_undo = any(is_on(policy, panel, self.subject.person) for panel in panels)
        return may_undo and await self._is_in(request.channel_id)

    async def _thaws(self, hold: Hold) -> bool:
        """Return True if the channel's rules may let this person thaw a freeze. A press is authorized again."""
        running = await self.env.store.incidents.running_in(hold.channel_id)
        if running is None and hold.channel_id not in self.env.rules.policy.channels:
            return True
        profile = self.env.rules.policy.profile_of(running) if running else None
        subject = replace(self.subject, channel=Channel(hold.channel_id), incident_profile=profile)
        action = Action(thaw.command.name, databases=await self._as_seen(hold), organization=hold.organization)
        return judge(self.env, subject, action).verdict is not Verdict.DENY

    async def _places(self, incidents: Sequence[Incident]) -> list[Place]:
        """Return this person's permissions in their channels, until a page is full."""
        inside = [one.channel_id for one in incidents]
        named = [one for one in self.env.rules.policy.channels if one not in inside and self._may_in(one)]
        named = named[: CHANNELS - len(self._memberships)]
        memberships = await asyncio.gather(*map(self._is_in, named))
        inside += [one for one, is_there in zip(named, memberships, strict=True) if is_there]
        places: list[Place] = []
        for channel_id in inside:
            if len(places) <= self.pages["places"] * ROWS and (place := await self._place(channel_id)):
                places.append(place)
        return places

    def _may_in(self, channel_id: str) -> bool:
        """Return True if the rules give this person a right in a channel that not everyone has. Doesn't call Slack."""
        here = replace(self.subject, channel=Channel(channel_id))
        return any(not one.open_to_all and rights_of(self.env.rules.policy, here, [one]) for one in self.env.commands)

    async def _place(self, channel_id: str) -> Place | None:
        try:
            subject = await self.env.subject_in(self.me, channel_id)
        except Unavailable:
            self._missed.append(channel_id)
            return None
        place = place_of(self.env, subject)
        return place if place.rights else None

    async def _is_in(self, channel_id: str) -> bool:
        """Return True if this person is known to be a member of a channel, whose items are only shown to its members.

        Returns False if Slack doesn't respond, or `CHANNELS` channels were already looked up.
        """
        if channel_id not in self._memberships:
            if len(self._memberships) >= CHANNELS:
                return False
            try:
                is_there = await self.env.directory.is_in(self.me, channel_id, fresh=False)
            except Unavailable:
                self._missed.append(channel_id)
                is_there = False
            self._memberships[channel_id] = is_there
        return self._memberships[channel_id]


async def _always(item: object) -> bool:
    return True
