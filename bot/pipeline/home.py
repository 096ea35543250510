"""The Home tab: what waits for somebody, what they asked for and hold, what is blocked, what they can do where."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from bot.blocks.home_view import ROWS, Board, Page, Place, home_view, pages_of
from bot.core.model import Action, Channel, Subject, Target, Verdict
from bot.core.reply import View
from bot.core.request import Hold, HoldKind, Incoming, Kind, LedgerToken, Mode, Request, State
from bot.errors import Unavailable
from bot.pipeline.clicks import may_act
from bot.pipeline.environment import Environment
from bot.pipeline.judging import judge, request_action

T = TypeVar("T")
OPEN: Final = (State.PENDING, State.READY, State.APPROVED, State.EXECUTING, State.UNKNOWN)
CHANNELS: Final = 20
"""Channels whose members are asked for at most, for each kind; the ones of the newest things first."""
REACH: Final = 60
"""How many requests are looked through at first for those that fill a page; then up to `MOST`."""
MOST: Final = 480


async def view_of(env: Environment, user_id: str, state: str) -> View:
    """Draw somebody's Home tab; `state` says which page of what is turned to, as a button of it carries it."""
    subject = await env.subject(
        Incoming(id="", key="", kind=Kind.HOME, at=env.clock.now(), user_id=user_id, channel_id="")
    )
    if judge(env, subject, Action("home")).verdict is Verdict.DENY or not may_act(env, subject):
        return home_view(Board(person=user_id), now=env.clock.now())
    drawing = await _Drawing.begin(env, subject, pages_of(state))
    return home_view(await drawing.board(), now=env.clock.now())


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One drawing for one person. Nothing is looked at that no page shows, so that many things take little longer."""

    env: Environment
    subject: Subject
    pages: Mapping[str, int]
    profiles: Mapping[str, str]
    """The incident profile of each channel in which one runs."""

    @classmethod
    async def begin(cls, env: Environment, subject: Subject, pages: Mapping[str, int]) -> "_Drawing":
        now = env.clock.now()
        running = {one.channel_id: one.profile for one in await env.memory.incidents() if one.until > now}
        return cls(env, subject, pages, running)

    @property
    def me(self) -> str:
        return self.subject.person.id

    async def board(self) -> Board:
        env, memory, me = self.env, self.env.memory, self.me
        reviews, incidents, holds = await asyncio.gather(memory.reviews(owed=True), memory.incidents(), memory.holds())
        decide, mine, undo, tokens = await asyncio.gather(
            self._requests("decide", [State.PENDING], self._decides),
            self._requests("mine", OPEN, None),
            self._requests("undo", [State.QUARANTINED], self._undoes),
            self._tokens(),
        )
        frozen = [one for one in reversed(holds) if one.kind is HoldKind.FREEZE]
        newest = list(reversed(incidents))
        theirs = await self._channels_of(one.channel_id for one in newest)
        here = await self._channels_of(one.channel_id for one in frozen)
        seen = [one for one in frozen if one.channel_id in here]
        return Board(
            person=me,
            decide=decide,
            mine=mine,
            undo=undo,
            tokens=tokens,
            reviews=self._page("reviews", [one for one in reviews if me in one.reviewers and me != one.actor]),
            frozen=self._page("frozen", seen),
            thaws=frozenset(one.id for one in seen if self._thaws(one)),
            incidents=self._page("incidents", [one for one in newest if one.channel_id in theirs]),
            places=self._page("places", _places(env, self.subject)),
            problem=env.rules.problem or "",
            is_whole=True,
        )

    async def _requests(
        self, kind: str, states: Sequence[State], keep: Callable[[Request], Awaitable[bool]] | None
    ) -> Page[Request]:
        """Look through the newest until a page is full and it is known whether there is another one."""
        asker = self.me if keep is None else None
        need = self.pages[kind] * ROWS + 1
        found: list[Request] = []
        limit = looked = 0
        while len(found) < need and limit < MOST:
            limit = min(MOST, limit * 4 or max(REACH, need if keep is None else 0))
            requests = await self.env.memory.requests(states=states, asker=asker, limit=limit)
            for one in requests[looked:]:
                if keep is None or await keep(one):
                    found.append(one)
                if len(found) == need:
                    break
            looked = len(requests)
            if looked < limit:
                break
        return self._page(kind, found)

    def _page(self, kind: str, items: Sequence[T]) -> Page[T]:
        number = min(self.pages[kind], max(1, -(-len(items) // ROWS)))
        at = (number - 1) * ROWS
        return Page(kind, tuple(items[at : at + ROWS]), number, has_more=len(items) > at + ROWS, pages=self.pages)

    async def _tokens(self) -> Page[LedgerToken]:
        now, need = self.env.clock.now(), self.pages["tokens"] * ROWS + 1
        found = [
            await self.env.memory.tokens(organization=name, holder=self.me, live_at=now, limit=need)
            for name in self.env.rules.policy.organizations
        ]
        newest = sorted((one for some in found for one in some), key=lambda one: one.minted_at, reverse=True)
        return self._page("tokens", newest)

    async def _decides(self, request: Request) -> bool:
        if request.asker == self.me or request.mode is not Mode.APPROVAL:
            return False
        if any(vote.user_id == self.me for vote in request.votes):
            return False
        return self.me in judge(self.env, await self.env.asker_of(request), request_action(request)).approvers

    async def _undoes(self, request: Request) -> bool:
        if request.asker == self.me:
            return True
        decision = judge(self.env, await self.env.asker_of(request), request_action(request))
        return self.me in decision.undo_by | decision.approvers

    def _thaws(self, hold: Hold) -> bool:
        """Say whether the rules of its channel let this person thaw it; of what an incident left, pressing decides."""
        there = Channel(hold.channel_id)
        subject = replace(self.subject, channel=there, incident_profile=self.profiles.get(hold.channel_id))
        if subject.incident_profile is None and hold.channel_id not in self.env.rules.policy.channels:
            return True
        action = Action("thaw", databases=(Target(hold.database),))
        return judge(self.env, subject, action).verdict is not Verdict.DENY

    async def _channels_of(self, channels: Iterable[str]) -> set[str]:
        """Return which of these channels somebody is in: what is done in others is for their members."""

        async def is_in(channel_id: str) -> bool:
            try:
                return await self.env.directory.is_in(self.me, channel_id, fresh=False)
            except Unavailable:
                return False

        wanted = list(dict.fromkeys(channels))[:CHANNELS]
        found = await asyncio.gather(*map(is_in, wanted))
        return {channel_id for channel_id, there in zip(wanted, found, strict=True) if there}


def _places(env: Environment, subject: Subject) -> list[Place]:
    """Say what this person may do in each channel of the policy."""
    places = []
    for channel_id in env.rules.policy.channels:
        here = Subject(subject.person, Channel(channel_id), subject.groups)
        verdicts = {one.name: judge(env, here, Action(one.name)).verdict for one in env.commands if not one.open_to_all}
        at_once = [name for name, verdict in verdicts.items() if verdict in (Verdict.ALLOW, Verdict.BREAK_GLASS)]
        with_consent = [name for name, verdict in verdicts.items() if verdict is Verdict.APPROVE]
        if at_once or with_consent:
            places.append(Place(channel_id, tuple(at_once), tuple(with_consent)))
    return places
