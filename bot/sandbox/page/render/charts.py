"""The layout of `data_visualization` blocks: the coordinates and labels that the SVG templates draw."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, LEFT, TOP, PLOT_HEIGHT = 440.0, 50.0, 12.0, 170.0
RIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One value: a bar's rectangle, or in other charts a point without width and height."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Series:
    name: str
    marks: Sequence[Mark]
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A bar, line or area chart with its axes."""

    kind: str
    height: float
    base: float
    ticks: Sequence[Tick]
    categories: Sequence[Tick]
    slanted: bool
    series: Sequence[Series]
    x_label: str
    y_label: str


@dataclass(frozen=True, slots=True)
class Slice:
    label: str
    path: str
    share: str
    value: str


def plot(chart: Mapping[str, Any]) -> Plot:
    """Lay out a bar, line or area chart."""
    axis = chart.get("axis_config") or {}
    series = chart["series"]
    categories = list(axis.get("categories") or [point["label"] for point in series[0]["data"]])
    values = [float(point["value"]) for one in series for point in one["data"]]
    low, high, step = _scale(min(0.0, *values), max(0.0, *values))
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(categories))
    slanted = max(len(label) for label in categories) * 6.2 > slot - 4

    def y_of(value: float) -> float:
        return TOP + PLOT_HEIGHT * (high - value) / (high - low)

    drawn = [_series(str(chart["type"]), one, number, len(series), slot, y_of) for number, one in enumerate(series)]
    tilt = min(92.0, max(len(label) for label in categories) * 4.2 + 14) if slanted else 20.0
    x_label, y_label = str(axis.get("x_label") or ""), str(axis.get("y_label") or "")
    return Plot(
        kind=str(chart["type"]),
        height=TOP + PLOT_HEIGHT + tilt + (18 if x_label else 4),
        base=y_of(0.0),
        ticks=[Tick(y_of(value), compact(value)) for value in _steps(low, high, step)],
        categories=[Tick(LEFT + slot * (number + 0.5), label) for number, label in enumerate(categories)],
        slanted=slanted,
        series=drawn,
        x_label=x_label,
        y_label=y_label,
    )


def pie(segments: Sequence[Mapping[str, Any]], radius: float = 80.0) -> list[Slice]:
    """Lay out a pie around (0, 0), clockwise from twelve o'clock."""
    total = sum(float(segment["value"]) for segment in segments) or 1.0
    slices, turn = [], 0.0
    for segment in segments:
        share = float(segment["value"]) / total
        slices.append(
            Slice(
                str(segment["label"]),
                _wedge(turn, turn + share, radius),
                f"{share:.1%}" if share < 0.1 else f"{share:.0%}",
                compact(float(segment["value"])),
            )
        )
        turn += share
    return slices


def compact(value: float) -> str:
    """Return a number in short form: `1.2K` or `3M`. A number below 1,000 is rounded to two decimal places."""
    for limit, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= limit:
            return f"{value / limit:.1f}".rstrip("0").rstrip(".") + suffix
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def _series(kind: str, series: Mapping[str, Any], number: int, count: int, slot: float, y_of: Any) -> Series:
    marks = []
    bar = min(slot * 0.72 / count, 44.0)
    for index, point in enumerate(series["data"]):
        value = float(point["value"])
        middle = LEFT + slot * (index + 0.5)
        title = f"{point['label']}: {value:,.10g} ({series['name']})"
        if kind == "bar":
            top, bottom = sorted((y_of(value), y_of(0.0)))
            x = middle + (number - count / 2) * bar
            marks.append(Mark(x + 0.5, top, max(1.0, bar - 1), max(0.75, bottom - top), title))
        else:
            marks.append(Mark(middle, y_of(value), 0, 0, title))
    line = " ".join(f"{mark.x:.1f},{mark.y:.1f}" for mark in marks)
    base = y_of(0.0)
    area = f"{marks[0].x:.1f},{base:.1f} {line} {marks[-1].x:.1f},{base:.1f}" if marks else ""
    return Series(str(series["name"]), marks, line, area)


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """Return the ends of an axis, rounded outward, and its step: 1, 2, 2.5 or 5 times a power of ten.

    The axis has about four steps.
    """
    span = (high - low) or 1.0
    magnitude = 10.0 ** math.floor(math.log10(span / 4))
    step = next(magnitude * factor for factor in (1, 2, 2.5, 5, 10) if span / (magnitude * factor) <= 4.5)
    return math.floor(low / step) * step, (math.ceil(high / step) or 1) * step, step


def _steps(low: float, high: float, step: float) -> list[float]:
    return [low + step * number for number in range(round((high - low) / step) + 1)]


def _wedge(start: float, end: float, radius: float) -> str:
    if end - start > 0.9999:  # an arc can't end where it starts
        return f"M0 {-radius} A{radius} {radius} 0 1 1 -0.01 {-radius} Z"
    (x1, y1), (x2, y2) = ((radius * math.sin(t * math.tau), -radius * math.cos(t * math.tau)) for t in (start, end))
    large = 1 if end - start > 0.5 else 0
    return f"M0 0 L{x1:.2f} {y1:.2f} A{radius} {radius} 0 {large} 1 {x2:.2f} {y2:.2f} Z"
