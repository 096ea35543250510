"""Detect secrets that must not be logged, nor leave the bot except by a reveal: tokens, keys and `response_url`s.

Tokens are recognized by their formats, and Slack's tokens only at the beginning of a word. Each expression takes
linear time.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Final

HIDDEN: Final = "[hidden]"
_WORD: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))"
"""The beginning of a word, even directly after an escape such as `\\n` in JSON or in a `repr`."""
_SECRET: Final = re.compile(
    # A JWT, with or without its signature: database tokens, and Turso's API tokens. Both parts are JSON objects.
    r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]{8,}+\.eyJ[\w-]{8,}(?:\.[\w-]*)?"
    r"|ZXlK[A-Za-z0-9+/_-]{24,}"  # a JWT, encoded in base64 once more
    # Slack's tokens
    rf"|{_WORD}xox[a-z](?:\.xox[a-z])?-(?:\d-)?\d{{9,}}-[\w-]{{6,}}"
    rf"|{_WORD}xoxe(?:\.xox[a-z])?-\d-(?=[\w-]{{0,60}}[A-Z])[\w-]{{10,}}"
    rf"|{_WORD}xoxe\.xox[a-z]-\d-[\w-]{{10,}}"
    rf"|{_WORD}xoxd-(?=[\w%+/=-]{{0,60}}[A-Z%])[\w%+/=-]{{20,}}"
    rf"|{_WORD}xapp-\d+-A[A-Z0-9]{{2,}}-\d{{4,}}-[\w-]{{6,}}"
    r"|hooks\.slack(?:-gov)?\.com/[\w/-]{10,}",  # a `response_url` is a bearer secret
    re.ASCII,
)
_MARKS: Final = ("eyJ", "ZXlK", "xox", "xapp-", "hooks.slack")
"""Every format contains one of these. Searching for them is a hundred times faster than the expression."""
_NAME: Final = re.compile(r"[A-Z]?[a-z0-9._ -]*|[A-Z0-9._ -]*", re.ASCII)
SHORTEST_SECRET: Final = 8
SHORTEST_NAME: Final = 16


def is_recognizable(secret: str) -> bool:
    """Return True if a known secret can be searched for without matching ordinary text.

    A secret that looks like a word or a database name needs 16 characters, others 8.
    """
    return len(secret) >= (SHORTEST_NAME if _NAME.fullmatch(secret) else SHORTEST_SECRET)


def recognizable(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return the known secrets that can be searched for, without duplicates."""
    return tuple(dict.fromkeys(filter(is_recognizable, secrets)))


def spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return the known secrets that can be searched for, as they are and with the escapes of `repr` and of JSON."""
    known = recognizable(secrets)
    plain = [*known, *(repr(secret)[1:-1] for secret in known)]
    escaped = [json.dumps(text, ensure_ascii=is_ascii)[1:-1] for text in plain for is_ascii in (True, False)]
    return tuple(dict.fromkeys([*plain, *escaped]))


def looks_secret(text: str, known: Iterable[str] = ()) -> bool:
    """Return True if `text` contains something that looks like a token, or a `known` secret of this process."""
    return has_token(text) or any(secret in text for secret in recognizable(known))


def has_token(text: str) -> bool:
    """Return True if `text` contains something in the format of a token."""
    return any(mark in text for mark in _MARKS) and _SECRET.search(text) is not None


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """Return `text` with everything replaced that `looks_secret` would find, for logs."""
    for secret in recognizable(known):
        text = text.replace(secret, "[secret]")
    return without_tokens(text)


def without_tokens(text: str, replacement: str = "[secret]") -> str:
    """Return `text` with everything in the format of a token replaced."""
    return _SECRET.sub(replacement, text)


def without_lines(text: str, finds: Callable[[str], bool]) -> str:
    """Hide lines that contain a secret, or the whole text if a secret spans several lines."""
    kept = "\n".join(HIDDEN if finds(line) else line for line in text.split("\n"))
    return HIDDEN if finds(kept) else kept
