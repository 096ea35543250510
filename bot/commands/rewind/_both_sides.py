"""Compares a database with its copy by fixed statements: the schemas, and the rows and newest times of tables.

The tokens for this are read-only, expire soon and are never stored. What can't be read in time is unknown.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from pydantic import SecretStr

from bot.blocks.text import clean, cut
from bot.commands.base import ChangeContext
from bot.commands.rewind._comparison import Comparison, TableSide
from bot.commands.rewind._statements import ALL_TABLES, COLUMNS, OBJECTS, OTHER_OBJECTS, counted, counting, time_columns
from bot.core.redaction.egress import without_tokens
from bot.errors import BotError, Unavailable
from bot.turso import Database, TursoUnavailable
from bot.turso.data_reading import Rows

EXPIRATION: Final = "5m"
TABLES: Final = 40
"""The most tables whose rows are counted."""
TOGETHER: Final = 8
"""How many tables are counted in one request."""
SECONDS: Final = 15.0
"""How many seconds after the start of a comparison statements may still run. Minting the tokens isn't cut off."""
PAUSES: Final = (0.5, 1.0)
"""Pauses in seconds after the first reads that fail."""
NAMED: Final = 8
TABLE: Final = "table"
LONGEST_NAME: Final = 60
Statement = tuple[str, int]
"""A statement, and how many columns its rows have."""
Compared = tuple[str, str]
"""The name of a database and its `DbId`, which is empty if it isn't known."""
Schema = Mapping[tuple[str, str], str]
"""Type and name of each object, and its definition."""


@dataclass(slots=True)
class _Side:
    """What was read from one database."""

    name: str
    id: str
    schema: Schema | None = None
    knows_tables: bool = False
    """True if every table was read."""
    knows_others: bool = False
    """True if every index, view and trigger was read."""
    times: dict[str, str] = field(default_factory=dict)
    tables: dict[str, TableSide] = field(default_factory=dict)
    whys: list[str] = field(default_factory=list)

    def knows(self, kind: str) -> bool:
        """Return True if every object of this type was read."""
        return self.knows_tables if kind == TABLE else self.knows_others

    def names(self) -> list[str]:
        return [name for kind, name in self.schema or {} if kind == TABLE]


async def compare(ctx: ChangeContext, old: Compared, copy: Compared) -> Comparison:
    """Read both databases and return what differs. Makes at most four calls to Turso, and a few to each database.

    Never raises a BotError: the result says what is unknown, and why.
    """
    clock = asyncio.get_running_loop()
    until = clock.time() + SECONDS
    sides = [_Side(*old), _Side(*copy)]
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
            statements = [(ALL_TABLES, 3), (OTHER_OBJECTS, 3), (COLUMNS, 2)]
            tables, others, columns = await self._first_read(statements, until)
        except BotError as error:
            self.side.whys.append(str(error))
            return
        self.side.knows_tables = self._is_complete(tables, "tables")
        self.side.knows_others = self._is_complete(others, "indexes, views and triggers")
        if tables.error:
            return
        objects = (*tables.rows, *others.rows)
        self.side.schema = {(str(kind), str(name)): str(sql or "") for kind, name, sql in objects}
        self.side.times = time_columns(columns.rows)

    def _is_complete(self, found: Rows, what: str) -> bool:
        """Return True if a statement returned everything. Otherwise note why it didn't."""
        if found.error:
            self.side.whys.append(f"`{self.side.name}` refused to show its {what}: {found.error}.")
        elif len(found.rows) >= OBJECTS:
            self.side.whys.append(f"`{self.side.name}` has too many {what} to compare them all.")
        else:
            return True
        return False

    async def count(self, names: Sequence[str], until: float) -> None:
        """Count the rows of tables, a few at a time, until all are counted, the time is up, or a call fails."""
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
        """Run statements. Responses aren't trusted: a row without the expected number of columns makes all unreadable.

        Raises:
            Unavailable: the time is up, or the database didn't return what is expected.
        """
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
        if side.id and database.id != side.id:
            raise Unavailable(f"The name `{side.name}` now belongs to a different database, so it wasn't read.")
        if database.block_reads:
            raise Unavailable(f"`{side.name}` wasn't compared, because its reads are blocked.")
        if not ctx.turso.takes_tokens(database):
            raise Unavailable(f"Turso didn't return a valid address for `{side.name}`, so I couldn't connect to it.")
        minted = await ctx.turso.mint_token(side.name, expiration=EXPIRATION, read_only=True)
    except BotError as error:
        side.whys.append(str(error))
        return None
    return _Reader(ctx, database, minted.token, side)


def _printable(name: str) -> str:
    """Return a name from a schema as one short line, without anything that looks like a token."""
    return cut(without_tokens(clean(name)), LONGEST_NAME)


def _compared(old: _Side, copy: _Side, names: Sequence[str]) -> Comparison:
    rows: list[list[Any]] = []
    for name in names[:TABLES]:
        both = [_side_of(side, name) for side in (old, copy)]
        if any(one is not None and one.is_there for one in both):
            rows.append([_printable(name), *(asdict(one or TableSide()) for one in both)])
    one, other = old.schema or {}, copy.schema or {}

    def is_known(key: tuple[str, str]) -> bool:
        return old.knows(key[0]) and copy.knows(key[0])

    return Comparison(
        tables=rows,
        only_old=_named(key for key in one if is_known(key) and key not in other),
        only_copy=_named(key for key in other if is_known(key) and key not in one),
        changed=_named(key for key in one if is_known(key) and key in other and one[key] != other[key]),
        is_schema_known=all(side.knows_tables and side.knows_others for side in (old, copy)),
        left_out=len(names) - len(rows),
        whys=list(dict.fromkeys(_printable_reason(why) for why in (*old.whys, *copy.whys))),
    )


def _side_of(side: _Side, name: str) -> TableSide | None:
    """Return what is known about a table. None if nothing is."""
    if side.schema is not None and side.knows_tables and (TABLE, name) not in side.schema:
        return TableSide(is_there=False)
    return side.tables.get(name)


def _named(keys: Iterable[tuple[str, str]]) -> list[str]:
    named = [f"{kind} {_printable(name)}" for kind, name in keys]
    more = len(named) - NAMED
    return named if more <= 0 else [*named[:NAMED], f"and {more} more"]


def _printable_reason(why: str) -> str:
    return cut(without_tokens(clean(why)), 240)
