"""The geometry of charts: axis labels, marks within the plot, and segments of a pie."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.page.render.charts import LEFT, PLOT_HEIGHT, TOP, WIDTH, compact, pie, plot


def chart(kind: str, *rows: list[float]) -> dict[str, Any]:
    categories = [f"c{index}" for index in range(len(rows[0]))]
    series = [
        {"name": f"s{at}", "data": [{"label": c, "value": v} for c, v in zip(categories, row, strict=True)]}
        for at, row in enumerate(rows)
    ]
    return {"type": kind, "series": series, "axis_config": {"categories": categories}}


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (950, "950"), (1200, "1.2K"), (3_000_000, "3M"), (2.5e9, "2.5B"), (0.25, "0.25"), (-1500, "-1.5K")],
)
def test_numbers_on_an_axis_are_short(value: float | int, text: str) -> None:
    assert compact(value) == text


@given(
    st.sampled_from(["bar", "line", "area"]),
    st.lists(
        st.floats(-1e15, 1e15, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-9), min_size=1, max_size=20
    ),
)
def test_every_mark_lies_within_the_plot(kind: str, values: Any) -> None:
    drawn = plot(chart(kind, values))
    assert 2 <= len(drawn.ticks) <= 12
    for mark in drawn.series[0].marks:
        assert LEFT <= mark.x <= WIDTH
        assert mark.y >= TOP - 1
        assert mark.y + mark.height <= TOP + PLOT_HEIGHT + 1


def test_bars_start_at_zero_and_grow_with_their_value() -> None:
    first, second = plot(chart("bar", [1, 2])).series[0].marks
    assert second.height == pytest.approx(first.height * 2)
    assert first.y + first.height == pytest.approx(plot(chart("bar", [1, 2])).base)


def test_long_names_are_slanted() -> None:
    wide = chart("bar", [1] * 12)
    wide["axis_config"]["categories"] = [f"a-long-database-{index}" for index in range(12)]
    assert plot(wide).slanted
    assert not plot(chart("bar", [1, 2])).slanted


def test_a_pie_of_one_value_is_a_full_circle() -> None:
    (only,) = pie([{"label": "all", "value": 5}])
    assert only.share == "100%"
    assert "A80" in only.path
