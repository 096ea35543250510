"""Charts: Slack's `data_visualization` within its first limits, and the same as numbers."""

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
    """Bars for a ranking, a line for what happened over time. One number for each label in every series."""

    kind: Literal["bar", "line"]
    title: Plain
    labels: Sequence[Plain]
    series: Mapping[str, Sequence[int | float]]
    x_label: str = ""
    y_label: str = ""

    def block(self) -> Block:
        """Draw it as Slack's chart."""
        labels = unique([cut(label, LABEL) for label in self.labels[:POINTS]])
        names = unique([cut(Plain(name), LABEL) for name in list(self.series)[:SERIES]])
        series = [
            {"name": name, "data": [{"label": at, "value": value} for at, value in zip(labels, values, strict=False)]}
            for name, values in zip(names, self.series.values(), strict=False)
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
        """Draw it as bars of characters with the numbers beside them."""
        lines = [str(self.title)]
        for name, values in self.series.items():
            lines += [name] if len(self.series) > 1 else []
            top = max([*values, 0]) or 1
            width = max((len(cut(label, 32)) for label in self.labels), default=0)
            lines += [
                f"{cut(label, 32).ljust(width)}  {'█' * round(_BAR * value / top):{_BAR}}  {value:,}"
                for label, value in zip(self.labels[:POINTS], values, strict=False)
            ]
        return kit.preformatted(*lines)


def unique(labels: Sequence[str]) -> list[str]:
    """Make labels differ within the length that they may have; Slack refuses two that are the same."""
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
