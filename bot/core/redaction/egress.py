"""What must never leave the bot outside a reveal, nor reach a log: tokens, keys and `response_url`s.

Tokens are found by their real shapes, at the beginning of a word; each expression takes time in proportion to the text.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

HIDDEN: Final = "[hidden]"
_WORD: Final = r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))"
"""The beginning of a word, also behind a line break as JSON and `repr` write it."""
_SECRET: Final = re.compile(
    # A JWT, also without its signature: database tokens, and the tokens of Turso's API. Both parts are JSON objects.
    r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]{8,}+\.eyJ[\w-]{8,}(?:\.[\w-]*)?"
    r"|ZXlK[A-Za-z0-9+/_-]{24,}"  # the same once more in base64
    # Slack's tokens
    rf"|{_WORD}xox[a-z](?:\.xox[a-z])?-(?:\d-)?\d{{9,}}-[\w-]{{6,}}"
    rf"|{_WORD}xoxe(?:\.xox[a-z])?-\d-(?=[\w-]{{0,60}}[A-Z])[\w-]{{10,}}"
    rf"|{_WORD}xoxe\.xox[a-z]-\d-[\w-]{{10,}}"
    rf"|{_WORD}xoxd-(?=[\w%+/=-]{{0,60}}[A-Z%])[\w%+/=-]{{20,}}"
    rf"|{_WORD}xapp-\d+-A[A-Z0-9]{{2,}}-\d{{4,}}-[\w-]{{6,}}"
    r"|hooks\.slack(?:-gov)?\.com/[\w/-]{10,}",  # a `response_url` is a bearer secret
    re.ASCII,
)
_NAME: Final = re.compile(r"[A-Z]?[a-z0-9._ -]*|[A-Z0-9._ -]*", re.ASCII)
SHORTEST_SECRET: Final = 8
SHORTEST_NAME: Final = 16


def is_recognizable(secret: str) -> bool:
    """Say whether a known secret can be searched for: else ordinary text would be taken for it.

    What could be a word or a database's name needs 16 characters; everything else, 8.
    """
    return len(secret) >= (SHORTEST_NAME if _NAME.fullmatch(secret) else SHORTEST_SECRET)


def recognizable(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return the known secrets that can be searched for, each once."""
    return tuple(dict.fromkeys(filter(is_recognizable, secrets)))


def looks_secret(text: str, known: Iterable[str] = ()) -> bool:
    """True when `text` holds what looks like a token, or one of the `known` secrets of this process."""
    return has_token(text) or any(secret in text for secret in recognizable(known))


def has_token(text: str) -> bool:
    """True when `text` holds what has the shape of a token."""
    return _SECRET.search(text) is not None


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """Return `text` with everything that `looks_secret` blanked out, for logs."""
    for secret in recognizable(known):
        text = text.replace(secret, "[secret]")
    return without_tokens(text)


def without_tokens(text: str, replacement: str = "[secret]") -> str:
    """Return `text` with everything that has the shape of a token replaced."""
    return _SECRET.sub(replacement, text)


def without_lines(text: str, finds: Callable[[str], bool]) -> str:
    """Hide the lines in which a secret is found; when it spans several lines, the whole text."""
    kept = "\n".join(HIDDEN if finds(line) else line for line in text.split("\n"))
    return HIDDEN if finds(kept) else kept
