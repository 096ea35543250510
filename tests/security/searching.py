"""Searches for secrets in all collected files, tables and messages: plain, encoded, pickled, or in pieces."""

import base64
import binascii
import json
import pickletools
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

PIECE = 20
"""The length of a piece, which is long enough not to match by coincidence."""
PIECES = 6
"""The maximum number of pieces of one secret to search for."""
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{32,}")


@dataclass(frozen=True)
class Secret:
    """A secret to search for."""

    name: str
    value: str = field(repr=False)

    @cached_property
    def needles(self) -> frozenset[bytes]:
        """Return every form of the secret to search for."""
        raw = self.value.encode()
        forms = {raw, quote(self.value, safe="").encode(), json.dumps(self.value)[1:-1].encode(), raw.hex().encode()}
        return frozenset({*forms, *_in_base64(raw), *self._pieces(), raw.decode().encode("utf-16-le")})

    def _pieces(self) -> Iterator[bytes]:
        """Yield pieces from the end, where a token's signature is. A database may store a long value in pieces."""
        for number in range(PIECES):
            end = len(self.value) - number * PIECE
            if end - PIECE >= min(len(self.value) // 2, 12):
                yield self.value[end - PIECE : end].encode()

    def is_in(self, content: bytes) -> bool:
        """Return True if the content contains any form of the secret."""
        return any(needle in content for needle in self.needles)


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Yield the base64 forms of the secret, which depend on its offset in the encoded text."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw)
        inner = encoded[4 if shift else 0 : -4]
        yield from (inner, inner.replace(b"+", b"-").replace(b"/", b"_"))


@dataclass(frozen=True)
class Place:
    """A file, a table or a message. Each cell is searched separately."""

    name: str
    cells: Sequence[bytes] = field(repr=False)


def place(name: str, *contents: object) -> Place:
    """Return a place with these contents: bytes unchanged, everything else as text."""
    return Place(name, [one if isinstance(one, bytes) else str(one).encode("utf-8", "replace") for one in contents])


def layers(content: bytes, depth: int = 2) -> Iterator[bytes]:
    """Yield the content, and what it contains: decoded from base64, unpickled or decompressed, at most twice."""
    yield content
    if depth == 0:
        return
    for inner in (*_decoded(content), *_unpickled(content), *_inflated(content)):
        yield from layers(inner, depth - 1)


def _decoded(content: bytes) -> Iterator[bytes]:
    for run in set(_RUN.findall(content)):
        plain = run.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            piece = plain[start:]
            piece = piece[:-1] if len(piece) % 4 == 1 else piece
            try:
                yield base64.b64decode(piece + b"=" * (-len(piece) % 4))
            except binascii.Error:
                continue


def _unpickled(content: bytes) -> Iterator[bytes]:
    """Yield the texts in a pickle, without running it."""
    if content[:1] != b"\x80":
        return
    try:
        for _, argument, _ in pickletools.genops(content):
            if isinstance(argument, str | bytes):
                yield argument.encode("utf-8", "replace") if isinstance(argument, str) else argument
    except (ValueError, IndexError, UnicodeError):
        return


def _inflated(content: bytes) -> Iterator[bytes]:
    if content[:2] not in (b"x\x9c", b"x\xda", b"\x1f\x8b"):
        return
    try:
        yield zlib.decompressobj(47).decompress(content)  # works for incomplete data, too
    except zlib.error:
        return


def found(secrets: Iterable[Secret], places: Iterable[Place]) -> set[tuple[str, str]]:
    """Return a pair of names for each secret that a place contains: of the secret and of the place."""
    secrets = list(secrets)
    hits = set()
    for here in places:
        for content in (layer for cell in here.cells for layer in layers(cell)):
            hits |= {(secret.name, here.name) for secret in secrets if secret.is_in(content)}
    return hits
