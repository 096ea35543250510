"""Escapes text from people or Turso for a Markdown report."""

from bot.blocks.text import clean


def escaped(text: str) -> str:
    """Escape a text, so that it can't become a table border, a link, HTML or a heading."""
    for sign in "\\`*_{}[]<>|#!~":
        text = text.replace(sign, f"\\{sign}") if sign != "<" else text.replace("<", "&lt;")
    return clean(text)
