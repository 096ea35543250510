"""Charts: as Slack's `data_visualization` block within its limits, and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.blocks import kit
from bot.blocks.text import Plain, cut
from bot.core.reply import Block

SERIES: Final = 6
POINTS: Final = 20
LABEL: Final = 20
TITLE: Final = 50
_BAR: Final = 24


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart for a ranking, or a line chart over time. Every series has a number or None for each label.

    Unknown values aren't drawn: a series without any number is left out, and so is a label that a drawn series lacks.
    """

    kind: Literal["bar", "line"]
    title: Plain
    labels: Sequence[Plain]
    series: Mapping[str, Sequence[int | float | None]]
    x_label: str = ""
    y_label: str = ""
    least: int = 1
    """How many complete labels are needed to draw a chart."""

    def blocks(self) -> list[Block]:
        """Return Slack's chart block, or no block if too few labels have values."""
        known, series = self._known_points()
        return [self._block(known, series)] if len(known) >= self.least else []

    def _block(self, known: Sequence[Plain], numbers: Mapping[str, Sequence[int | float]]) -> Block:
        labels = unique([cut(label, LABEL) for label in known])
        names = unique([cut(Plain(name), LABEL) for name in list(numbers)[:SERIES]])
        series = [
            {"name": name, "data": [{"label": at, "value": value} for at, value in zip(labels, values, strict=True)]}
            for name, values in zip(names, numbers.values(), strict=False)
        ]
        axes: dict[str, object] = {"categories": labels}
        axes |= {"x_label": cut(self.x_label, TITLE)} if self.x_label else {}
        axes |= {"y_label": cut(self.y_label, TITLE)} if self.y_label else {}
        return {
            "type": "data_visualization",
            "title": cut(self.title, TITLE),
            "chart": {"type": self.kind, "series": series, "axis_config": axes},
        }

    def plain(self) -> list[Block]:
        """Return the chart as text. Empty if too few labels have values."""
        labels, series = self._known_points()
        if len(labels) < self.least:
            return []
        lines = [str(self.title)]
        for name, values in series.items():
            lines += [name] if len(series) > 1 else []
            top = max([*values, 0]) or 1
            width = max(len(cut(label, 32)) for label in labels)
            lines += [
                f"{cut(label, 32).ljust(width)}  {'█' * round(_BAR * value / top):{_BAR}}  {value:,}"
                for label, value in zip(labels, values, strict=True)
            ]
        return kit.preformatted(*lines)

    def _known_points(self) -> tuple[list[Plain], dict[str, list[int | float]]]:
        drawn = {name: values for name, values in self.series.items() if any(value is not None for value in values)}
        rows = [
            (label, row)
            for label, *row in zip(self.labels[:POINTS], *drawn.values(), strict=False)
            if row and None not in row
        ]
        labels = [label for label, _ in rows]
        return labels, {name: [row[at] for _, row in rows] for at, name in enumerate(drawn)}


def unique(labels: Sequence[str]) -> list[str]:
    """Make labels unique within their maximum length, because Slack refuses equal ones."""
    taken: set[str] = set()
    found = []
    for label in labels:
        shown, copy = label or "–", 2
        while shown in taken:
            tail = f"~{copy}"
            shown, copy = f"{(label or '–')[: LABEL - len(tail)]}{tail}", copy + 1
        taken.add(shown)
        found.append(shown)
    return found
