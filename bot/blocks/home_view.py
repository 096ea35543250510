"""Builds a person's Home tab: what waits for them, their requests and tokens, blocked databases, their permissions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from bot.blocks import buttons, forms, kit
from bot.blocks.cards import request_row
from bot.blocks.rights import NOTHING, databases_text, right_lines, unknown_groups
from bot.blocks.text import Mrkdwn, Plain, channel, joined, mrkdwn, person, sentence, span, when
from bot.core.catalogue import CommandCatalogue
from bot.core.policy import Right
from bot.core.policy.databases import Databases
from bot.core.records.holds import Hold
from bot.core.records.incidents import Incident, Review
from bot.core.records.tokens import LedgerToken, TokenState
from bot.core.reply import Block, View
from bot.core.requests.request import Request

QUICK: Final = 3
"""How many commands of a channel have their own button at most."""
ROWS: Final = 5
"""How many items of each kind a page shows at most."""
BLOCKS: Final = 100
KINDS: Final = ("decide", "mine", "reviews", "undo", "frozen", "tokens", "incidents", "places")
"""The lists on Home. Each has its own pages. (`home_view` decides the order.)"""
LAST: Final = 999
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """What a person may do in a channel."""

    channel_id: str
    rights: tuple[Right, ...]
    databases: Databases | None
    unknown: tuple[str, ...] = ()
    """User groups and on-call schedules in the channel's rules that couldn't be looked up."""


UNSURE: Final = Mrkdwn(
    ":grey_question: I couldn't look up everything, so something may be missing here. Open Home again later."
)


def pages_of(state: str) -> Mapping[str, int]:
    """Parse the current page of each list, such as `mine=2 tokens=3`. Anything else means the first page."""
    pages = dict.fromkeys(KINDS, 1)
    for word in state.split()[: len(KINDS)]:
        kind, _, number = word.partition("=")
        if kind in pages and number.isascii() and number.isdigit() and 1 <= int(number[:4]) <= LAST:
            pages[kind] = int(number[:4])
    return pages


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of one list."""

    kind: str
    items: Sequence[T] = ()
    number: int = 1
    has_more: bool = False
    pages: Mapping[str, int] = field(default_factory=dict)
    """The current page number of every list."""

    def page_value(self, number: int) -> str:
        """Return the value of a button that shows another page of this list."""
        pages = {**self.pages, self.kind: number}
        return " ".join(f"{kind}={page}" for kind, page in pages.items() if page > 1) or f"{self.kind}=1"


@dataclass(frozen=True, slots=True)
class HomeContent:
    """Everything that the Home tab of one person shows."""

    person: str
    decide: Page[Request] = Page("decide")
    mine: Page[Request] = Page("mine")
    undo: Page[Request] = Page("undo")
    reviews: Page[Review] = Page("reviews")
    frozen: Page[Hold] = Page("frozen")
    thaws: frozenset[str] = frozenset()
    """The IDs of the freezes that this person may thaw."""
    tokens: Page[LedgerToken] = Page("tokens")
    archived: frozenset[str] = frozenset()
    """The IDs of the databases that are archived."""
    incidents: Page[Incident] = Page("incidents")
    places: Page[Place] = Page("places")
    problem: str = ""
    """Why the current policy file isn't used."""
    is_unsure: bool = False
    """True if something couldn't be looked up, so that more may concern this person."""
    may_use_bot: bool = False
    """True if the person may use the bot. If not, all lists are empty, and the policy's status isn't shown."""


def home_view(content: HomeContent, catalogue: CommandCatalogue, *, now: datetime) -> View:
    """Return a person's Home tab."""
    blocks: list[Block] = [kit.header(Plain("Turso Ops"))]
    if content.decide.items:
        blocks += _section(
            "Waiting for you",
            content.decide,
            [_request(one, catalogue, now, approves=True) for one in content.decide.items],
        )
    elif not content.is_unsure:
        blocks.append(kit.section(mrkdwn(":relieved: Nothing is waiting for you.")))
    if content.is_unsure:
        blocks.append(kit.section(UNSURE))
    blocks += _section(
        "Your requests", content.mine, [_request(one, catalogue, now, mine=True) for one in content.mine.items]
    )
    blocks += _section("Reviews to do", content.reviews, [_review(one, now) for one in content.reviews.items])
    undo = [_request(one, catalogue, now, mine=one.requester == content.person) for one in content.undo.items]
    blocks += _section("In quarantine", content.undo, undo)
    blocks += _section("Frozen", content.frozen, [_hold(one, content) for one in content.frozen.items])
    blocks += _section(
        "Your active tokens", content.tokens, [_token(one, content, now) for one in content.tokens.items]
    )
    blocks += _section("Active incidents", content.incidents, [_incident(one, now) for one in content.incidents.items])
    blocks += _section(
        "What you can do in each channel", content.places, [_place(one, catalogue) for one in content.places.items]
    )
    if not (content.places.items or content.is_unsure):
        blocks += [kit.divider(), kit.section(mrkdwn("You can't use commands in any of your channels yet."))]
    blocks += [kit.divider(), *_health(content)]
    blocks.append(kit.context(mrkdwn("Updated {}. `/turso help` in a channel shows what you can do there.", when(now))))
    return {"type": "home", "blocks": blocks[: BLOCKS - 1] + blocks[-1:] if len(blocks) > BLOCKS else blocks}


def _health(content: HomeContent) -> list[Block]:
    if content.problem:
        words = mrkdwn(
            ":warning: The policy file has an error, so the previous policy still applies. {}",
            sentence(content.problem),
        )
        return [kit.section(words)]
    return [kit.context(mrkdwn(":white_check_mark: The policy is loaded."))] if content.may_use_bot else []


def _section(title: str, page: Page[Any], rows: Sequence[Sequence[Block]]) -> list[Block]:
    if not rows:
        return []
    number = mrkdwn(" · page {}", page.number) if page.number > 1 or page.has_more else Mrkdwn("")
    shown = [block for row in rows[:ROWS] for block in row]
    return [kit.divider(), kit.section(mrkdwn("*{}*{}", title, number)), *shown, *kit.actions(*_page_buttons(page))]


def _page_buttons(page: Page[Any]) -> list[kit.Element]:
    pages = [("‹ Previous", page.number - 1)] if page.number > 1 else []
    pages += [("Next ›", page.number + 1)] if page.has_more else []
    return [kit.button(Plain(label), f"{buttons.HOME_PAGE}{page.kind}.{number}", page.page_value(number))
            for label, number in pages]  # fmt: skip


def _request(
    request: Request, catalogue: CommandCatalogue, now: datetime, *, mine: bool = False, approves: bool = False
) -> list[Block]:
    return request_row(request, catalogue, now=now, mine=mine, may_approve=approves)


def _review(review: Review, now: datetime) -> list[Block]:
    late = mrkdwn("*overdue*, was due {}", when(review.due_at))
    due = late if review.due_at < now else mrkdwn("due {}", when(review.due_at))
    where = channel(review.channel_id)
    words = mrkdwn(":eyes: Break-glass operation by {} in {}, {}", person(review.actor), where, due)
    return [kit.section(words, accessory=buttons.review(review.request_id))]


def _hold(hold: Hold, content: HomeContent) -> list[Block]:
    what = "reads and writes" if hold.block_reads else "writes"
    until = mrkdwn("until {}", when(hold.due_at)) if hold.due_at else mrkdwn("until someone thaws it")
    where, archived = channel(hold.channel_id), _archived(hold.database_id, content)
    words = mrkdwn(":snowflake: `{}`: {} blocked {} (in {}){}", hold.database, what, until, where, archived)
    return [kit.section(words, accessory=buttons.thaw(hold.id) if hold.id in content.thaws else None)]


def _archived(database_id: str, content: HomeContent) -> Mrkdwn:
    return mrkdwn(" · archived") if database_id in content.archived else Mrkdwn("")


def _token(token: LedgerToken, content: HomeContent, now: datetime) -> list[Block]:
    scope = "read-only" if token.read_only else "full access"
    end = mrkdwn("*never expires*")
    if token.expires_at:
        end = mrkdwn("{} left, until {}", span(token.expires_at - now), when(token.expires_at))
    is_doubtful = token.state is TokenState.UNKNOWN
    note = mrkdwn(" (may have been created, even if you didn't see it)") if is_doubtful else Mrkdwn("")
    if token.state is TokenState.REVOKED:
        note = mrkdwn(" (revoked, but may still work)")
    archived = _archived(token.database_id, content)
    return [kit.section(mrkdwn(":key: `{}`, {}, {}{}{}", token.database, scope, end, note, archived))]


def _incident(incident: Incident, now: datetime) -> list[Block]:
    words = mrkdwn(":rotating_light: *{}* in {}, until {}", incident.key, channel(incident.channel_id),
                   when(incident.until))  # fmt: skip
    return [kit.section(words)]


def _place(place: Place, catalogue: CommandCatalogue) -> list[Block]:
    """Return a channel with its databases, and buttons for the first few allowed commands that have a `quick_label`.

    The last button opens the list of all commands that the person may use there.
    """
    may = {right.command for right in place.rights}
    quick = [one for one in catalogue.quick if one.name in may][:QUICK]
    head = mrkdwn("*{}* · {}", channel(place.channel_id), databases_text(place.databases))
    return [
        kit.section(joined("\n", (head, unknown_groups(place.unknown)))),
        *kit.actions(
            *(buttons.channel_form(one.name, one.quick_label, place.channel_id) for one in quick),
            buttons.channel_rights(place.channel_id),
        ),
    ]


def rights_view(place: Place, catalogue: CommandCatalogue) -> View:
    """Return a modal with everything that a person may do in a channel."""
    head = mrkdwn("*{}* · {}", channel(place.channel_id), databases_text(place.databases))
    lines = right_lines(place.rights, catalogue) or [NOTHING]
    blocks = [kit.section(one) for one in (head, *lines)]
    unknown = [kit.context(unknown_groups(place.unknown))] if place.unknown else []
    return forms.content_view("What you can do", [*blocks, *unknown])
