"""A comparison in words: which tables differ, how the schemas differ, and what is unknown."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from bot.blocks import kit
from bot.blocks.text import Mrkdwn, counted, joined, mrkdwn, number, sentence, when
from bot.commands.rewind._comparison import Comparison, TableSide
from bot.core.reply import Block

TABLES: Final = 10
WHYS: Final = 4
NOTHING: Final = Mrkdwn("I couldn't compare the two databases.")


def comparison_blocks(found: Comparison | None, old: str, copy: str, why: str = "") -> list[Block]:
    """Return the blocks of a comparison.

    Args:
        found: the comparison, or None if there is none.
        why: the reason if there is none. Empty if it isn't known.
    """
    if found is None:
        return [kit.section(joined(" ", (NOTHING, sentence(why))))]
    lines = [mrkdwn("*Compared with* `{}`", old), *_tables(found, old), *_schema(found, old, copy)]
    whys = [sentence(one) for one in found.whys[:WHYS]]
    return [
        kit.section(Mrkdwn("\n".join(lines))),
        *([kit.context(*_left_out(found), *whys)] if _unknown(found) else []),
    ]


def summary(found: Comparison | None, old: str, copy: str) -> list[str]:
    """Return the lines of a comparison as plain text, for a report."""
    if found is None:
        return [str(NOTHING)]
    tables = [f"{name}: {_rows(one)} in {old}, {_rows(other)} in {copy}" for name, one, other in found.sides]
    schema = [
        *(f"Only in {old}: {one}" for one in found.only_old),
        *(f"Only in {copy}: {one}" for one in found.only_copy),
        *(f"Different: {one}" for one in found.changed),
    ]
    partly = [] if found.is_schema_known else ["The schemas weren't fully compared"]
    known = [*schema, *partly] or ["The schemas are the same"]
    left = [f"{counted(found.left_out, 'table')} not compared"] if found.left_out else []
    return [*tables, *known, *left, *found.whys]


def _tables(found: Comparison, old: str) -> list[Mrkdwn]:
    differ = [one for one in found.sides if not _same(*one[1:])]
    shown = [_line(old, *one) for one in sorted(differ, key=lambda one: -_distance(*one[1:]))[:TABLES]]
    more = len(differ) - len(shown)
    same = len(found.sides) - len(differ)
    rest = [mrkdwn("• {} more with differences", more)] if more else []
    equal = [mrkdwn("• {} with the same number of rows", counted(same, "other table" if differ else "table"))]
    return [*shown, *rest, *(equal if same else [])]


def _line(database: str, table: str, old: TableSide, copy: TableSide) -> Mrkdwn:
    rows = mrkdwn("• `{}`: {} in `{}`, *{}* in the copy", table, _rows(old), database, _rows(copy))
    if not (old.newest or copy.newest):
        return rows
    newest = mrkdwn("newest row {} in `{}`, {} in the copy", _time(old.newest), database, _time(copy.newest))
    return joined(" · ", (rows, newest))


def _rows(side: TableSide) -> str:
    if not side.is_there:
        return "no such table"
    if side.rows is None:
        return "unknown"
    return f"more than {number(side.rows)} rows" if side.more else counted(side.rows, "row")


def _time(moment: str | None) -> Mrkdwn:
    return when(datetime.fromisoformat(moment)) if moment else Mrkdwn("unknown")


def _same(old: TableSide, copy: TableSide) -> bool:
    known = old.rows is not None and copy.rows is not None and not (old.more or copy.more)
    return known and old == copy


def _distance(old: TableSide, copy: TableSide) -> int:
    return abs((old.rows or 0) - (copy.rows or 0))


def _schema(found: Comparison, old: str, copy: str) -> list[Mrkdwn]:
    parts = [
        *(_only_in(where, objects) for where, objects in ((old, found.only_old), (copy, found.only_copy)) if objects),
        *([mrkdwn("{} different", _with_verb(found.changed))] if found.changed else []),
    ]
    if not found.is_schema_known:
        parts.append(Mrkdwn("the rest is unknown" if parts else "unknown"))
    return [mrkdwn("• Schema: {}", joined(" · ", parts) if parts else "the same")]


def _only_in(database: str, objects: Sequence[str]) -> Mrkdwn:
    return mrkdwn("{} only in `{}`", _with_verb(objects), database)


def _with_verb(objects: Sequence[str]) -> Mrkdwn:
    """Return objects of a schema with a verb: "the table `items` is". The last object may be `and 5 more`."""
    parts = [mrkdwn("the {} `{}`", *one.split(" ", 1)) for one in objects if not one.startswith("and ")]
    rest = mrkdwn("{}", objects[-1]) if len(parts) < len(objects) else Mrkdwn("")
    if len(objects) == 1:
        return mrkdwn("{} is", parts[0])
    rest = rest or mrkdwn("and {}", parts.pop())
    return mrkdwn("{} {} are", joined(", ", parts), rest)


def _unknown(found: Comparison) -> bool:
    return bool(found.left_out or found.whys)


def _left_out(found: Comparison) -> Iterable[Mrkdwn]:
    return [mrkdwn("Not compared: {}.", counted(found.left_out, "table"))] if found.left_out else []
