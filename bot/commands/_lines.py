"""Write a command line in canonical spelling, for buttons that run it."""

import re

_BARE = re.compile(r"[\w@#<>.:/*?!^,=+|%-]+")


def command_line(name: str, *words: str | None, **options: object) -> str:
    """Write a command with its arguments: `list "a b" --sort size --page 2`. None, False and `""` are left out."""
    parts = [name, *(quoted(word) for word in words if word)]
    for option, value in options.items():
        if value is None or value is False or value == "":
            continue
        flag = f"--{option.rstrip('_').replace('_', '-')}"
        parts.append(flag if value is True else f"{flag} {quoted(str(value))}")
    return " ".join(parts)


def quoted(word: str) -> str:
    """Quote a word so that parsing gives it back."""
    if _BARE.fullmatch(word) and not word.startswith("-"):
        return word
    mark = "'" if '"' in word else '"'
    return f"{mark}{word.replace(mark, '')}{mark}"
