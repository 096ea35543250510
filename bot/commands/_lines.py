"""Command lines in canonical spelling, for buttons that run them."""

import re

from bot.core.parsing.normalise import Word, is_subcommand, split

_BARE = re.compile(r"[\w@#<>.:/*?!^,=+|%-]+")


def command_line(name: str, *words: str | None, **options: object) -> str:
    """Return a command line: `list "a b" --sort size --page 2`. None, False and empty values are left out."""
    parts = [name, *(quoted(word, always=is_subcommand(name, word)) for word in words if word)]
    for option, value in options.items():
        if value is None or value is False or value == "":
            continue
        flag = f"--{option.rstrip('_').replace('_', '-')}"
        parts.append(flag if value is True else f"{flag} {quoted(str(value))}")
    return " ".join(parts)


def quoted(word: str, *, always: bool = False) -> str:
    """Quote a word if the parser would otherwise split or change it, or `always`.

    A word with both kinds of quotation marks loses the single ones.
    """
    if not always and _BARE.fullmatch(word) and not word.startswith("-"):
        return word
    mark = "'" if '"' in word else '"'
    return f"{mark}{word.replace(mark, '')}{mark}"


def without_private(line: str) -> str:
    """Return a command line without `--private`, for a button that shows the answer to everyone in the channel."""
    words = split(line)
    options = next((at for at, one in enumerate(words) if one == Word("--")), len(words))
    return " ".join(_written(one) for at, one in enumerate(words) if at > options or not _is_private(one))


def _is_private(word: Word) -> bool:
    return not word.literal and word.text.lower().partition("=")[0] == "--private"


def _written(word: Word) -> str:
    """Return a word as it is typed. An option or a subcommand stays one, because a quoted word is a value."""
    if word.literal or not word.text.startswith("-"):
        return quoted(word.text, always=word.literal)
    name, equals, value = word.text.partition("=")
    return f"{name}={quoted(value)}" if equals else name
