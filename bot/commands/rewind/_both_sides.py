"""Compares a database with its copy by fixed statements: the schema, the rows of each table, and its newest row.

The tokens are read-only, expire soon and never leave memory. What can't be read in time is unknown.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from pydantic import SecretStr

from bot.blocks.text import clean, cut
from bot.commands.base import ChangeContext
from bot.commands.rewind._comparison import Comparison, TableSide
from bot.commands.rewind._statements import COLUMNS, OBJECTS, SCHEMA, counted, counting, time_columns
from bot.core.redaction.egress import without_tokens
from bot.errors import BotError, Unavailable
from bot.turso import Database, TursoUnavailable
from bot.turso.data_reading import Rows

EXPIRATION: Final = "5m"
TABLES: Final = 40
TOGETHER: Final = 8
"""How many tables are counted in one request."""
SECONDS: Final = 15.0
"""The time limit for reading both sides together."""
PAUSES: Final = (0.5, 1.0)
"""Pauses in seconds after the first reads that fail."""
NAMED: Final = 8
LONGEST_NAME: Final = 60
Statement = tuple[str, int]
"""A statement, and how many columns its rows have."""
Schema = Mapping[tuple[str, str], str]
"""Type and name of each object, and its definition."""


@dataclass(slots=True)
class _Side:
    """What was read from one database."""

    name: str
    schema: Schema | None = None
    is_whole: bool = False
    """True if the schema was read completely."""
    times: dict[str, str] = field(default_factory=dict)
    tables: dict[str, TableSide] = field(default_factory=dict)
    whys: list[str] = field(default_factory=list)

    def names(self) -> list[str]:
        return [name for kind, name in self.schema or {} if kind == "table"]


async def compare(ctx: ChangeContext, old: str, copy: str) -> Comparison:
    """Read both databases and return what differs. Makes four calls to Turso, and a bounded number to each database."""
    clock = asyncio.get_running_loop()
    until = clock.time() + SECONDS
    sides = [_Side(old), _Side(copy)]
    readers = await asyncio.gather(*(_reader(ctx, side) for side in sides))
    await asyncio.gather(*(one.schema(until) for one in readers if one))
    chosen = sorted({name for side in sides for name in side.names()})
    await asyncio.gather(*(one.count(chosen[:TABLES], until) for one in readers if one))
    return _compared(sides[0], sides[1], chosen)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one database with a token that only it has. `repr` hides it."""

    ctx: ChangeContext
    database: Database
    token: SecretStr = field(repr=False)
    side: _Side

    async def schema(self, until: float) -> None:
        """Read the objects of the schema, and which columns contain a time."""
        try:
            objects, columns = await self._first_read([(SCHEMA, 3), (COLUMNS, 2)], until)
        except BotError as error:
            self.side.whys.append(str(error))
            return
        if objects.error:
            self.side.whys.append(f"`{self.side.name}` refused to show its schema: {objects.error}.")
            return
        self.side.is_whole = len(objects.rows) < OBJECTS
        if not self.side.is_whole:
            self.side.whys.append(f"`{self.side.name}` has too many tables and indexes to compare them all.")
        self.side.schema = {(str(kind), str(name)): str(sql or "") for kind, name, sql in objects.rows}
        self.side.times = time_columns(columns.rows)

    async def count(self, names: Sequence[str], until: float) -> None:
        """Count the rows of tables, a few at a time, until all are counted or the time is over."""
        own = set(self.side.names())
        there = [name for name in names if name in own]
        for start in range(0, len(there), TOGETHER):
            some = there[start : start + TOGETHER]
            try:
                times = self.side.times
                asked = [(counting(name, times.get(name)), 2 if name in times else 1) for name in some]
                found = await self._read(asked, until)
            except BotError as error:
                self.side.whys.append(str(error))
                return
            self.side.tables |= {name: counted(rows) for name, rows in zip(some, found, strict=True) if not rows.error}
            refused = next((rows.error for rows in found if rows.error), "")
            if refused:
                self.side.whys.append(f"`{self.side.name}` didn't let me count every table: {refused}.")

    async def _first_read(self, statements: Sequence[Statement], until: float) -> list[Rows]:
        """Read with a new token, which a new database may take a moment to accept."""
        for pause in PAUSES:
            try:
                return await self._read(statements, until)
            except TursoUnavailable:
                await asyncio.sleep(pause)
        return await self._read(statements, until)

    async def _read(self, statements: Sequence[Statement], until: float) -> list[Rows]:
        """Run statements. What a database answers isn't trusted: rows without the expected columns are unreadable."""
        left = until - asyncio.get_running_loop().time()
        if left <= 0:
            raise Unavailable(f"There was no time left to read all of `{self.side.name}`.")
        asked = [sql for sql, _ in statements]
        found = await self.ctx.turso.read_rows(self.database, self.token, asked, within_seconds=left)
        widths = [width for _, width in statements]
        if any(len(row) != width for rows, width in zip(found, widths, strict=True) for row in rows.rows):
            raise Unavailable(f"`{self.side.name}` sent a response that I can't read.")
        return found


async def _reader(ctx: ChangeContext, side: _Side) -> _Reader | None:
    """Mint a token for one side. Returns None and notes the reason if that isn't possible."""
    try:
        database = await ctx.turso.database(side.name)
        if not ctx.turso.takes_tokens(database):
            raise Unavailable(f"Turso returned no usable host for `{side.name}`, so no token was sent.")
        minted = await ctx.turso.mint_token(side.name, expiration=EXPIRATION, read_only=True)
    except BotError as error:
        side.whys.append(str(error))
        return None
    return _Reader(ctx, database, minted.token, side)


def _printable(name: str) -> str:
    """Return a name that other people chose as one short line, without anything that looks like a token."""
    return cut(without_tokens(clean(name)), LONGEST_NAME)


def _compared(old: _Side, copy: _Side, names: Sequence[str]) -> Comparison:
    rows: list[list[Any]] = []
    for name in names[:TABLES]:
        both = [_side_of(side, name) for side in (old, copy)]
        if any(one is not None and one.is_there for one in both):
            rows.append([_printable(name), *(asdict(one or TableSide()) for one in both)])
    known = old.is_whole and copy.is_whole
    one, other = old.schema or {}, copy.schema or {}
    return Comparison(
        tables=rows,
        only_old=_named(key for key in one if known and key not in other),
        only_copy=_named(key for key in other if known and key not in one),
        changed=_named(key for key in one if known and key in other and one[key] != other[key]),
        is_schema_known=known,
        left_out=len(names) - len(rows),
        whys=list(dict.fromkeys(_printable_reason(why) for why in (*old.whys, *copy.whys))),
    )


def _side_of(side: _Side, name: str) -> TableSide | None:
    """Return what is known about a table. None if nothing is."""
    if side.schema is not None and side.is_whole and ("table", name) not in side.schema:
        return TableSide(is_there=False)
    return side.tables.get(name)


def _named(keys: Iterable[tuple[str, str]]) -> list[str]:
    named = [f"{kind} {_printable(name)}" for kind, name in keys]
    more = len(named) - NAMED
    return named if more <= 0 else [*named[:NAMED], f"and {more} more"]


def _printable_reason(why: str) -> str:
    return cut(without_tokens(clean(why)), 240)
