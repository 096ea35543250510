"""The rules for tables and charts, with the limits of rows, columns, characters and charts."""

from __future__ import annotations

from typing import Any

from bot.sandbox.workspace.blockkit.elements import button
from bot.sandbox.workspace.blockkit.objects import ID
from bot.sandbox.workspace.blockkit.rich_text import rich_text
from bot.sandbox.workspace.blockkit.rules import (
    At,
    Rule,
    boolean,
    integer,
    items,
    listed,
    number,
    one_of,
    shape,
    string,
    typed,
)

TABLE_ROWS, TABLE_COLUMNS, TABLE_CHARACTERS = 100, 20, 10_000
DATA_ROWS, DATA_COLUMNS, DATA_CHARACTERS = 200, 20, 20_000
SERIES, POINTS, SEGMENTS, CHARTS = 12, 20, 12, 2

_raw_text = shape({"text": string(least=1)})
_raw_number = shape({"value": number(), "text": string(least=1)})
_CELLS: dict[str, Rule] = {"raw_text": _raw_text, "raw_number": _raw_number, "rich_text": rich_text}
_HEADER_CELLS: dict[str, Rule] = {"raw_text": _raw_text, "raw_number": _raw_number}
_DATA_CELLS: dict[str, Rule] = {
    **_CELLS,
    "action_cell": shape({"element": typed({"button": button}), "fallback": typed({"raw_text": _raw_text})}),
}

# -- table


def _table_as_a_whole(value: dict[str, Any], at: At) -> None:
    _count_characters(value, at, "table", TABLE_CHARACTERS)


table = shape(
    {"rows": items(items(typed(_CELLS), least=1, most=TABLE_COLUMNS), least=1, most=TABLE_ROWS)},
    {
        "block_id": ID,
        "column_settings": items(
            shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean}), most=TABLE_COLUMNS
        ),
    },
    then=_table_as_a_whole,
)

# -- data_table


def _rows(value: Any, at: At) -> None:
    if not isinstance(value, list):
        at.fail("must provide an array", "invalid_type")
        return
    if len(value) < 2:
        at.fail("must have a header and at least one row", "too_few", 2)
    if len(value) > DATA_ROWS + 1:
        at.fail(f"no more than {DATA_ROWS + 1} items allowed", "too_many", DATA_ROWS + 1)
    for index, row in enumerate(value):
        cells = _HEADER_CELLS if index == 0 else _DATA_CELLS
        items(typed(cells), least=1, most=DATA_COLUMNS)(row, at / index)
    lengths = {len(row) for row in value if isinstance(row, list)}
    if len(lengths) > 1:
        at.fail("all rows must have the same number of cells", "invalid_length")


def _data_table_as_a_whole(value: dict[str, Any], at: At) -> None:
    _count_characters(value, at, "data_table", DATA_CHARACTERS)
    rows, header = value.get("rows"), value.get("row_header_column_index")
    if isinstance(rows, list) and rows and isinstance(rows[0], list) and isinstance(header, int):
        integer(0, len(rows[0]) - 1)(header, at / "row_header_column_index")


data_table = shape(
    {"rows": _rows, "caption": string(least=1)},
    {"block_id": ID, "page_size": integer(1, 100), "row_header_column_index": integer(0)},
    then=_data_table_as_a_whole,
)


def _count_characters(value: dict[str, Any], at: At, total: str, most: int) -> None:
    rows = value.get("rows")
    cells = [cell for row in rows if isinstance(row, list) for cell in row] if isinstance(rows, list) else []
    if at.add(total, sum(_characters(cell) for cell in cells)) > most:
        at.fail(f"must be less than {most + 1} characters over all tables", "too_long", most)


def _characters(cell: Any) -> int:
    """Return the number of characters of all text in a cell."""
    if isinstance(cell, list):
        return sum(_characters(each) for each in cell)
    if not isinstance(cell, dict):
        return 0
    own = len(cell["text"]) if isinstance(cell.get("text"), str) else _characters(cell.get("text"))
    inner = ("element", "elements") if cell.get("type") == "action_cell" else ("elements",)
    return own + sum(_characters(cell.get(name)) for name in inner)


# -- data_visualization

_LABEL, _AXIS = string(20, least=1), string(50, least=1)
_pie = shape({"segments": items(shape({"label": _LABEL, "value": number(above=0)}), least=1, most=SEGMENTS)})


def _series_fit(value: dict[str, Any], at: At) -> None:
    """Check that names and categories are unique, and that each series has one point per category, in their order."""
    series = [each for each in listed(value, "series") if isinstance(each, dict)]
    names = [each.get("name") for each in series]
    if len(set(map(str, names))) != len(names):
        (at / "series").fail("series names must be unique", "duplicate")
    axis = value.get("axis_config")
    categories = axis.get("categories") if isinstance(axis, dict) else None
    if not isinstance(categories, list):
        return
    if len(set(map(str, categories))) != len(categories):
        (at / "axis_config" / "categories").fail("categories must be unique", "duplicate")
    for index, each in enumerate(series):
        labels = [point.get("label") for point in listed(each, "data") if isinstance(point, dict)]
        if labels != categories:
            (at / "series" / index / "data").fail("must have one point for each category", "invalid_length")


_point = shape({"label": _LABEL, "value": number()})
_plotted = shape(
    {
        "series": items(
            shape({"name": _LABEL, "data": items(_point, least=1, most=POINTS)}), least=1, most=SERIES
        ),
        "axis_config": shape(
            {"categories": items(_LABEL, least=1, most=POINTS)}, {"x_label": _AXIS, "y_label": _AXIS}
        ),
    },
    then=_series_fit,
)  # fmt: skip


def _count_charts(value: dict[str, Any], at: At) -> None:
    if at.add("data_visualization", 1) > CHARTS:
        at.fail(f"no more than {CHARTS} data_visualization blocks allowed", "too_many", CHARTS)


data_visualization = shape(
    {
        "title": string(50, least=1),
        "chart": typed({"pie": _pie, "bar": _plotted, "line": _plotted, "area": _plotted}),
    },
    {"block_id": ID},
    then=_count_charts,
)
