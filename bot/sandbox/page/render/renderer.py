"""Renders messages and views, with one template per type of block and element."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from . import charts
from .directory import Directory
from .emoji import emoji, with_emoji
from .links import link, safe_href
from .markdown import markdown
from .mrkdwn import mrkdwn, preformatted
from .people import face
from .rich_text import flat, inline, rich_text

TEMPLATES = Path(__file__).parent.parent / "templates"
Json = Mapping[str, Any]


@cache
def environment() -> Environment:
    """Return the Jinja environment of the page's templates. It escapes everything except `Markup`."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["compact_json"] = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    made.filters["pretty_json"] = lambda value: json.dumps(value, ensure_ascii=False, indent=2, default=str)
    made.filters["scriptsafe"] = lambda text: Markup(text.replace("<", "\\u003c"))  # noqa: S704  (JSON in a script element)
    made.filters["emoji"] = with_emoji
    made.filters["merged"] = lambda first, second: {**first, **second}
    made.globals["face"] = face
    return made


@cache
def template_names(folder: str) -> frozenset[str]:
    """Return the types of blocks or elements that have a template."""
    return frozenset(path.stem for path in (TEMPLATES / folder).glob("[a-z]*.html"))


class Renderer:
    """Renders for one viewer.

    `values` are the viewer's choices, in the form of `state.values`. `errors` are a modal's errors by `block_id`.
    """

    def __init__(
        self, names: Directory, *, values: Json | None = None, errors: Mapping[str, str] | None = None
    ) -> None:
        self.names, self.values, self.errors = names, values or {}, errors or {}

    def blocks(self, blocks: Sequence[Json]) -> Markup:
        return Markup("").join(self.block(block) for block in blocks)

    def block(self, block: Json) -> Markup:
        """Render a block. An unknown or invalid block is rendered as an error, so that it is noticed."""
        kind = str(block.get("type"))
        if kind not in template_names("blocks"):
            return self._trouble(f"This page can't draw a block of type “{kind}”.", block)
        try:
            return self._template(f"blocks/{kind}.html", b=block, block_id=block.get("block_id", ""))
        except (jinja2.TemplateError, LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            return self._trouble(f"This {kind} block is malformed: {error}", block)

    def element(self, element: Json, block_id: str = "") -> Markup:
        """Render an interactive element, or the image of a context block."""
        kind = str(element.get("type"))
        name = kind.removeprefix("multi_")
        name = "static_select" if name in ("external_select",) else name
        if name not in template_names("elements"):
            return self._trouble(f"This page can't draw an element of type “{kind}”.", element)
        chosen = self.values.get(block_id, {}).get(element.get("action_id"), {})
        return self._template(
            f"elements/{name}.html", e=element, block_id=block_id, chosen=chosen, multi=kind.startswith("multi_")
        )

    def text(self, text: Any) -> Markup:
        """Render a text object of either type. A bare string counts as plain text."""
        if not isinstance(text, Mapping):
            return self.plain(text)
        if text.get("type") == "mrkdwn":
            return mrkdwn(str(text.get("text", "")), self.names, verbatim=bool(text.get("verbatim")))
        return self.plain(text)

    def plain(self, text: Any) -> Markup:
        """Render plain text: emoji names become emoji, and line breaks are kept."""
        content = str(text.get("text", "")) if isinstance(text, Mapping) else str(text or "")
        return Markup("<br>").join(Markup("{}").format(line) for line in with_emoji(content).split("\n"))

    def mrkdwn(self, text: str) -> Markup:
        return mrkdwn(text, self.names)

    def pre(self, text: str) -> Markup:
        return preformatted(text)

    def markdown(self, text: str) -> Markup:
        return markdown(text)

    def rich_text(self, elements: Sequence[Json]) -> Markup:
        return rich_text(elements, self.names)

    def inline(self, pieces: Sequence[Json]) -> Markup:
        return inline(pieces, self.names)

    def flat(self, element: Json) -> str:
        return flat(element)

    def plot(self, chart: Json) -> charts.Plot:
        return charts.plot(chart)

    def pie(self, segments: Sequence[Json]) -> list[charts.Slice]:
        return charts.pie(segments)

    def link(self, url: str, label: str) -> Markup:
        return link(url, label)

    def href(self, url: str) -> str | None:
        return safe_href(url)

    def icon(self, name: str) -> str:
        """Return the emoji that has the name of one of Slack's own icons, or ◆ if there is none."""
        return emoji().get(str(name).replace("-", "_"), "◆")

    def cell(self, cell: Json, block_id: str = "") -> Markup:
        """Render a cell of a table. An `action_cell` contains a button."""
        match cell.get("type"):
            case "raw_text" | "raw_number":
                return self.plain(cell.get("text", cell.get("value", "")))
            case "rich_text":
                return rich_text(cell.get("elements", []), self.names)
            case "action_cell":
                return self.element(cell.get("element", {}), block_id)
            case other:
                return self._trouble(f"Unknown cell “{other}”.", cell)

    def numeric(self, rows: Sequence[Sequence[Json]], column: int) -> bool:
        """Return whether a data_table's column contains only numbers, and is therefore sorted by value."""
        return bool(rows) and all(row[column].get("type") == "raw_number" for row in rows)

    def select_choices(self, kind: str) -> list[str]:
        """Return the choices of a users, channels or conversations select."""
        people, channels = list(self.names.people), list(self.names.channels)
        return people if kind == "users" else channels if kind == "channels" else [*channels, *people]

    def id_label(self, some_id: str) -> str:
        return f"#{self.names.channel(some_id)}" if some_id in self.names.channels else self.names.person(some_id)

    def _template(self, name: str, **context: Any) -> Markup:
        return Markup(environment().get_template(name).render(r=self, **context))  # noqa: S704  (autoescaped)

    def _trouble(self, sentence: str, source: Json) -> Markup:
        return self._template("blocks/_trouble.html", sentence=sentence, source=source)
