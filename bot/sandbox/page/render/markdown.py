"""The `markdown` block: standard Markdown without HTML, images and unsafe links."""

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup

from .emoji import with_emoji
from .links import safe_href


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True})
    parser.enable(["table", "strikethrough"]).disable("image")
    parser.validateLink = lambda url: safe_href(url) is not None  # type: ignore[method-assign]
    return parser


def markdown(text: str) -> Markup:
    """Render Markdown. Raw HTML is shown as text."""
    return Markup(_parser().render(with_emoji(text)))  # noqa: S704  (the parser escapes: html is off)
