"""What must never leave the bot outside a reveal, nor reach a log: tokens, keys and `response_url`s."""

import re
from collections.abc import Iterable
from typing import Final

_SECRET: Final = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}"  # a JWT: database tokens, and the tokens of Turso's API
    r"|ZXlK[A-Za-z0-9+/_-]{24,}"  # the same once more in base64
    r"|xox[a-z](?:\.xox[a-z])?-[\w-]{10,}|xapp-[\w-]{10,}"  # Slack's tokens
    r"|hooks\.slack(?:-gov)?\.com/[\w/-]{10,}",  # a `response_url` is a bearer secret
    re.ASCII,
)
SHORTEST_SECRET: Final = 8
"""Known values that are shorter are not searched for: they would be found in ordinary words."""


def looks_secret(text: str, known: Iterable[str] = ()) -> bool:
    """True when `text` holds what looks like a token, or one of the `known` secrets of this process."""
    if _SECRET.search(text):
        return True
    return any(len(secret) >= SHORTEST_SECRET and secret in text for secret in known)


def without_secrets(text: str, known: Iterable[str] = ()) -> str:
    """Return `text` with everything that `looks_secret` blanked out, for logs."""
    for secret in known:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "[secret]")
    return _SECRET.sub("[secret]", text)
