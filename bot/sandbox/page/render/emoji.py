"""Emoji: turns `:name:` into the character, by Slack's names. An unknown name stays as it is."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_NAME = re.compile(r":([a-z0-9_+'-]{1,80}):")


@cache
def emoji() -> Mapping[str, str]:
    """Return the characters by name. The names are those of the npm package `emoji-datasource` (MIT)."""
    lines = Path(__file__).with_name("emoji.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def with_emoji(text: str) -> str:
    """Replace each known `:name:`. The result is still plain text, so the caller must escape it."""
    if ":" not in text:
        return text
    return _NAME.sub(lambda match: emoji().get(match[1], match[0]), text)
