"""The Home tab as blocks, within the 100 that Slack shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.blocks import buttons, kit
from bot.blocks.cards import request_row
from bot.blocks.text import Mrkdwn, Plain, ago, channel, joined, mrkdwn, person, sentence, when
from bot.core.reply import Block, View
from bot.core.request import Hold, HoldKind, Incident, LedgerToken, Request, Review, TokenState

ROWS: Final = 5
"""Of each kind; the rest is counted, and a command shows all."""
BLOCKS: Final = 100


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody may do in a channel."""

    channel_id: str
    at_once: tuple[str, ...]
    with_consent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that concerns one person."""

    person: str
    to_decide: tuple[Request, ...] = ()
    mine: tuple[Request, ...] = ()
    tokens: tuple[LedgerToken, ...] = ()
    reviews: tuple[Review, ...] = ()
    quarantined: tuple[Request, ...] = ()
    holds: tuple[Hold, ...] = ()
    incidents: tuple[Incident, ...] = ()
    places: tuple[Place, ...] = ()
    problem: str = ""
    """Why the policy file as it is now is not in force."""


def home_view(board: Board, *, now: datetime) -> View:
    """Draw somebody's Home tab."""
    blocks: list[Block] = [kit.header(Plain("Turso Ops"))]
    if board.problem:
        blocks.append(kit.section(mrkdwn(":warning: The policy file is not in force: {}", sentence(board.problem))))
    blocks += _waiting(board, now)
    blocks += _mine(board, now)
    blocks += _reviews(board)
    blocks += _blocked(board, now)
    blocks += _tokens(board, now)
    blocks += _incidents(board)
    blocks += _places(board)
    blocks.append(kit.context(mrkdwn("Drawn {}. `/turso help` in a channel says what you can do there.", when(now))))
    return {"type": "home", "blocks": blocks[: BLOCKS - 1] + blocks[-1:] if len(blocks) > BLOCKS else blocks}


def _section(title: str, rows: Sequence[Sequence[Block]], more: Mrkdwn) -> list[Block]:
    shown = [block for row in rows[:ROWS] for block in row]
    left = len(rows) - ROWS
    rest = [kit.context(mrkdwn("And {} more: {}", left, more))] if left > 0 else []
    return [kit.divider(), kit.section(mrkdwn("*{}*", title)), *shown, *rest]


def _waiting(board: Board, now: datetime) -> list[Block]:
    if not board.to_decide:
        return [kit.section(mrkdwn(":relieved: Nothing waits for you."))]
    rows = [request_row(one, now=now, mine=False, may_approve=True) for one in board.to_decide]
    return _section("Waits for you", rows, mrkdwn("`/turso requests --to-approve` in the channel"))


def _mine(board: Board, now: datetime) -> list[Block]:
    if not board.mine:
        return []
    rows = [request_row(one, now=now, mine=True, may_approve=False) for one in board.mine]
    return _section("Your requests", rows, mrkdwn("`/turso requests --mine`"))


def _reviews(board: Board) -> list[Block]:
    if not board.reviews:
        return []
    return _section("Reviews you owe", [_review(one) for one in board.reviews], mrkdwn("settle these first"))


def _review(review: Review) -> list[Block]:
    words = mrkdwn(":eyes: Break-glass by {} in {}, due {}", person(review.actor), channel(review.channel_id),
                   when(review.due_at))  # fmt: skip
    return [kit.section(words, accessory=kit.button(Plain("Review"), buttons.REVIEW, review.request_id))]


def _blocked(board: Board, now: datetime) -> list[Block]:
    rows = [request_row(one, now=now, mine=False, may_approve=False) for one in board.quarantined]
    rows += [[kit.section(_hold(one))] for one in board.holds if one.kind is HoldKind.FREEZE]
    return _section("Blocked now", rows, mrkdwn("`/turso requests`")) if rows else []


def _hold(hold: Hold) -> Mrkdwn:
    what = "reads and writes" if hold.block_reads else "writes"
    until = mrkdwn("until {}", when(hold.due_at)) if hold.due_at else mrkdwn("until somebody thaws it")
    return mrkdwn(":snowflake: `{}`: {} blocked {} (in {})", hold.database, what, until, channel(hold.channel_id))


def _tokens(board: Board, now: datetime) -> list[Block]:
    if not board.tokens:
        return []
    return _section("Your live tokens", [[kit.section(_token(one, now))] for one in board.tokens],
                    mrkdwn("`/turso tokens --mine`"))  # fmt: skip


def _token(token: LedgerToken, now: datetime) -> Mrkdwn:
    scope = "read-only" if token.read_only else "full access"
    end = mrkdwn("ends {}", when(token.expires_at)) if token.expires_at else mrkdwn("never ends")
    unsure = mrkdwn(" (may exist; shown to nobody)") if token.state is TokenState.UNKNOWN else Mrkdwn("")
    return mrkdwn(":key: `{}`, {}, minted {}, {}{}", token.database, scope, ago(token.minted_at, now), end, unsure)


def _incidents(board: Board) -> list[Block]:
    if not board.incidents:
        return []
    rows = [
        [kit.section(mrkdwn(":fire: `{}` in {}, until {}", one.key, channel(one.channel_id), when(one.until)))]
        for one in board.incidents
    ]
    return _section("Incidents running", rows, mrkdwn("`/turso incident status` in their channels"))


def _places(board: Board) -> list[Block]:
    if not board.places:
        return [kit.divider(), kit.section(mrkdwn("No channel of the policy gives you anything yet."))]
    rows = [[kit.section(_place(one))] for one in board.places]
    return _section("What you can do where", rows, mrkdwn("`/turso` in any channel"))


def _place(place: Place) -> Mrkdwn:
    parts = [mrkdwn("*{}*", channel(place.channel_id))]
    if place.at_once:
        parts.append(mrkdwn("at once: {}", _names(place.at_once)))
    if place.with_consent:
        parts.append(mrkdwn("with somebody's consent: {}", _names(place.with_consent)))
    return joined(" · ", parts)


def _names(names: Iterable[str]) -> Mrkdwn:
    return joined(", ", (mrkdwn("`{}`", name) for name in names))
