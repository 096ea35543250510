"""Undo changes that phones, Slack and pasting make to a command's text, and split it into words."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_PLAIN: Final = re.compile(r"[ -!#-%(-;=?-_a-~]*")  # printable ASCII except " & ' < > and the back-tick

_INVISIBLE: Final = dict.fromkeys(
    [
        0x00AD,  # soft hyphen
        0x061C,
        *(0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0),  # invisible letters
        0x180E,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
        *range(0xFE00, 0xFE10),  # variation selectors
        *range(0xE0000, 0xE0080),  # tags
    ]
)
_SPACES: Final = dict.fromkeys([*range(0x09, 0x0E), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029], " ")
_SPACES_TOO: Final = dict.fromkeys([0x202F, 0x205F, 0x3000], " ")
_CONTROLS: Final = dict.fromkeys([*range(0x00, 0x09), *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0)])
_QUOTES: Final = {ord(sign): '"' for sign in "“”„‟«»″＂〝〞"} | {ord(sign): "'" for sign in "‘’‚‛‹›′＇"}
_HYPHENS: Final = {ord(sign): "-" for sign in "‐‑−﹣－"}
_SIGNS: Final = {**_INVISIBLE, **_CONTROLS, **_SPACES, **_SPACES_TOO, **_QUOTES, **_HYPHENS}

_DASHES: Final = re.compile(r"(?:(?<=[\s`])|^)[-‒–—―⸺⸻]+(?=[A-Za-z])")
_SLACK: Final = re.compile(r"<([^<>]*)>")
_ENTITY: Final = re.compile(r"&(amp|lt|gt);")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">"}


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `literal` means that it was quoted or came after `--`, so it is never an option."""

    text: str
    literal: bool = False


def normalise(text: str) -> str:
    """Return `text` with plain spaces, quotes and option dashes, links unwrapped, and entities decoded once.

    `<@U1|ann>` becomes `<@U1>`, likewise channels and user groups, because only the ID counts.
    """
    if _PLAIN.fullmatch(text):
        return text
    flat = unicodedata.normalize("NFC", text.translate(_SIGNS))
    flat = _DASHES.sub(_option_dash, flat)
    return _ENTITY.sub(lambda found: _ENTITIES[found[1]], _SLACK.sub(_unwrap, flat))


def _option_dash(found: re.Match[str]) -> str:
    """Return `--` if a long dash is among the dashes. Short dashes stay as they are."""
    return "--" if found[0].strip("-") else found[0]


def _unwrap(found: re.Match[str]) -> str:
    inside, _, label = found[1].partition("|")
    if inside[:1] in ("@", "#", "!"):
        return f"<{inside}>"
    if inside.startswith(("http://", "https://", "mailto:")):
        return label or inside.removeprefix("mailto:")
    return found[0]


def split(text: str) -> list[Word]:
    """Split at spaces.

    Quotes (`"` and `'`) at the beginning of a word, or after `--option=`, keep words together. Elsewhere they are
    ordinary characters. Back-ticks around a word are removed.
    """
    if '"' not in text and "'" not in text and "`" not in text:
        return [Word(word) for word in text.split()]
    words: list[Word] = []
    at = 0
    last = {mark: _last_close(text, mark) for mark in "\"'"}
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        word, at = _next_word(text, at, last)
        if word.text or word.literal:
            words.append(word)
    return words


_VALUE_QUOTE: Final = re.compile(r"--?[A-Za-z][\w-]{0,40}=(?=[\"'])")


def _last_close(text: str, mark: str) -> int:
    """Return the last position at which a quote of this kind can close. Quotes that start after it never close."""
    at = text.rfind(mark)
    while at != -1 and at + 1 < len(text) and not text[at + 1].isspace():
        at = text.rfind(mark, 0, at)
    return at


def _next_word(text: str, at: int, last: Mapping[str, int]) -> tuple[Word, int]:
    if quoted := _quoted(text, at, last):
        return Word(quoted[0], literal=True), quoted[1]
    if (option := _VALUE_QUOTE.match(text, at)) and (quoted := _quoted(text, option.end(), last)):
        return Word(option[0] + quoted[0]), quoted[1]
    end = at
    while end < len(text) and not text[end].isspace():
        end += 1
    return Word(text[at:end].strip("`")), end


def _quoted(text: str, at: int, last: Mapping[str, int]) -> tuple[str, int] | None:
    """Return the quoted text that starts at `at` and its end. None if the quote isn't closed."""
    mark = text[at]
    if at >= last.get(mark, -1):
        return None
    end = text.find(mark, at + 1)
    while end != -1 and end + 1 < len(text) and not text[end + 1].isspace():
        end = text.find(mark, end + 1)
    return None if end == -1 else (text[at + 1 : end], end + 1)


SUBCOMMANDS: Final[Mapping[str, frozenset[str]]] = {
    "rewind": frozenset({"discard", "keep", "switch"}),
    "tokens": frozenset({"create", "invalidate", "list"}),
}
"""The words after a command that takes a database and that make it another command. A database may have such a name."""


def is_subcommand(command: str, word: str) -> bool:
    """Return True if a word right after a command makes it another one, so that it must be quoted as a value."""
    return word.lower() in SUBCOMMANDS.get(command, ())


_STARTS: Final = ("-", '"', "'", "`")
_APOSTROPHE: Final = "\u02bc"
"""The modifier letter apostrophe. It looks like an apostrophe, but no quote is read from it."""


def quote(text: str, *, always: bool = False) -> str:
    """Quote a value that `split` would otherwise divide, or that would be read as an option.

    Curly quotes count as quotes, because `normalise` makes them plain. If the value has both kinds of quotes, those
    like the ones around it become letters that look like an apostrophe.
    """
    if not always and text.isascii() and text.isprintable() and " " not in text and not text.startswith(_STARTS):
        return text
    plain = text.translate(_QUOTES)
    mark = "'" if '"' in plain else '"'
    return f"{mark}{plain.replace(mark, _APOSTROPHE)}{mark}"
