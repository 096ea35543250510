"""Command lines in canonical spelling, for buttons that run them."""

import re

from bot.core.parsing.normalise import split

_BARE = re.compile(r"[\w@#<>.:/*?!^,=+|%-]+")


def command_line(name: str, *words: str | None, **options: object) -> str:
    """Return a command line: `list "a b" --sort size --page 2`. None, False and empty values are left out."""
    parts = [name, *(quoted(word) for word in words if word)]
    for option, value in options.items():
        if value is None or value is False or value == "":
            continue
        flag = f"--{option.rstrip('_').replace('_', '-')}"
        parts.append(flag if value is True else f"{flag} {quoted(str(value))}")
    return " ".join(parts)


def quoted(word: str) -> str:
    """Quote a word if the parser would otherwise split or change it."""
    if _BARE.fullmatch(word) and not word.startswith("-"):
        return word
    mark = "'" if '"' in word else '"'
    return f"{mark}{word.replace(mark, '')}{mark}"


def without_private(line: str) -> str:
    """Return a command line without `--private`, for a button that shows the answer to everyone in the channel."""
    words = split(line)
    return " ".join(quoted(word.text) for word in words if word.literal or word.text.lower() != "--private")
