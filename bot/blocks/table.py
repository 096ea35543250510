"""Draws tables: as Slack's `data_table` block within its limits, or as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.blocks import kit
from bot.blocks.text import Plain, cut
from bot.core.reply import Block

MAX_ROWS: Final = 100
MAX_COLUMNS: Final = 20
MAX_CHARACTERS: Final = 10_000
MAX_CAPTION: Final = 150
GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Number:
    """A cell that is sorted by `value` and shown as `text`."""

    value: int | float
    text: str


Cell = Plain | Number


def amount(value: int | None, write: Callable[[int | None], str]) -> Cell:
    """Return a cell for a number. An unknown number is shown as a dash."""
    return Plain("–") if value is None else Number(value, write(value))


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be drawn as a block or as text. What is beyond the limits is left out, so use pages."""

    caption: Plain
    columns: Sequence[Plain]
    rows: Sequence[Sequence[Cell]]
    page_size: int = 25

    @property
    def width(self) -> int:
        """Return the width in characters that the text form would have with every row, and no cell shortened."""
        rows = [[_text(cell) for cell in row] for row in (self.columns, *self.rows)]
        return sum(max(map(len, column)) + GAP for column in zip(*rows, strict=True)) - GAP

    def block(self) -> Block:
        """Return the `data_table` block, which Slack's clients can sort, filter and page."""
        head = [_cell(column) for column in self.columns[:MAX_COLUMNS]]
        drawn, left = [head], MAX_CHARACTERS - sum(len(cell["text"]) for cell in head)
        for row in self.rows[:MAX_ROWS]:
            cells = [_cell(cell) for cell in row[:MAX_COLUMNS]]
            left -= sum(len(cell["text"]) for cell in cells)
            if left < 0:
                break
            drawn.append(cells)
        return {
            "type": "data_table",
            "caption": cut(self.caption, MAX_CAPTION) or "Table",
            "page_size": max(1, min(self.page_size, 100)),
            "row_header_column_index": 0,
            "rows": drawn,
        }

    def plain_blocks(self) -> list[Block]:
        """Return the table as preformatted text, for clients that don't support the block."""
        texts: list[list[str]] = [list(self.columns)]
        texts += [[_text(cell) for cell in row] for row in self.rows[:MAX_ROWS]]
        widths = [min(40, max(len(row[at]) for row in texts)) for at in range(len(self.columns))]
        right = [any(isinstance(row[at], Number) for row in self.rows) for at in range(len(self.columns))]
        lines = [
            (" " * GAP)
            .join(
                cut(text, width).rjust(width) if to_right else cut(text, width).ljust(width)
                for text, width, to_right in zip(row, widths, right, strict=True)
            )
            .rstrip()
            for row in texts
        ]
        return kit.preformatted(*lines)


def _cell(cell: Cell) -> dict[str, Any]:
    if isinstance(cell, Number):
        return {"type": "raw_number", "value": cell.value, "text": cell.text or "0"}
    return {"type": "raw_text", "text": cell or "–"}


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Number) else cell
