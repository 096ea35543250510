"""Faces without pictures: initials on a colour that stays the same for the same id."""

import zlib
from typing import NamedTuple


class Face(NamedTuple):
    initials: str
    tone: int


def face(user_id: str, name: str) -> Face:
    """Two letters and one of twelve tones."""
    words = [word for word in name.replace("-", " ").replace("_", " ").split() if word[0].isalnum()]
    initials = "".join(word[0] for word in words[:2]).upper() or "?"
    return Face(initials, zlib.crc32(user_id.encode()) % 12)
