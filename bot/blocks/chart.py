"""Draws charts: as Slack's `data_visualization` block within its limits, or as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.blocks import kit
from bot.blocks.text import Plain, cut
from bot.core.reply import Block

MAX_SERIES: Final = 6
MAX_POINTS: Final = 20
MAX_LABEL: Final = 20
MAX_TITLE: Final = 50
_BAR_WIDTH: Final = 24


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart for a ranking, or a line chart over time. Every series has a number or None for each label.

    A series with no numbers is left out. So is a label for which one of the remaining series has None.
    """

    kind: Literal["bar", "line"]
    title: Plain
    labels: Sequence[Plain]
    series: Mapping[str, Sequence[int | float | None]]
    x_label: str = ""
    y_label: str = ""
    min_labels: int = 1
    """How many labels must have a number in every drawn series. With fewer, no chart is drawn."""

    def blocks(self) -> list[Block]:
        """Return Slack's chart block, or no block if too few labels have values."""
        known, series = self._known_points()
        return [self._block(known, series)] if len(known) >= self.min_labels else []

    def _block(self, known: Sequence[Plain], numbers: Mapping[str, Sequence[int | float]]) -> Block:
        labels = unique([cut(label, MAX_LABEL) for label in known])
        names = unique([cut(Plain(name), MAX_LABEL) for name in list(numbers)[:MAX_SERIES]])
        series = [
            {"name": name, "data": [{"label": at, "value": value} for at, value in zip(labels, values, strict=True)]}
            for name, values in zip(names, numbers.values(), strict=False)
        ]
        axes: dict[str, object] = {"categories": labels}
        axes |= {"x_label": cut(self.x_label, MAX_TITLE)} if self.x_label else {}
        axes |= {"y_label": cut(self.y_label, MAX_TITLE)} if self.y_label else {}
        return {
            "type": "data_visualization",
            "title": cut(self.title, MAX_TITLE),
            "chart": {"type": self.kind, "series": series, "axis_config": axes},
        }

    def plain_blocks(self) -> list[Block]:
        """Return the chart as preformatted text, for clients that don't support the block.

        Return no block in the same cases as `blocks`.
        """
        labels, series = self._known_points()
        if len(labels) < self.min_labels:
            return []
        lines = [str(self.title)]
        for name, values in series.items():
            lines += [name] if len(series) > 1 else []
            top = max([*values, 0]) or 1
            width = max(len(cut(label, 32)) for label in labels)
            lines += [
                f"{cut(label, 32).ljust(width)}  {'█' * round(_BAR_WIDTH * value / top):{_BAR_WIDTH}}  {value:,}"
                for label, value in zip(labels, values, strict=True)
            ]
        return kit.preformatted(*lines)

    def _known_points(self) -> tuple[list[Plain], dict[str, list[int | float]]]:
        drawn = {name: values for name, values in self.series.items() if any(value is not None for value in values)}
        rows = [
            (label, row)
            for label, *row in zip(self.labels[:MAX_POINTS], *drawn.values(), strict=False)
            if row and None not in row
        ]
        labels = [label for label, _ in rows]
        return labels, {name: [row[at] for _, row in rows] for at, name in enumerate(drawn)}


def unique(labels: Sequence[str]) -> list[str]:
    """Make labels unique within their maximum length, because Slack refuses duplicates."""
    taken: set[str] = set()
    found = []
    for label in labels:
        shown, copy = label or "–", 2
        while shown in taken:
            tail = f"~{copy}"
            shown, copy = f"{(label or '–')[: MAX_LABEL - len(tail)]}{tail}", copy + 1
        taken.add(shown)
        found.append(shown)
    return found
