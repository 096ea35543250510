"""Avatars: initials on a colour that depends on the ID."""

from typing import NamedTuple


class Face(NamedTuple):
    initials: str
    tone: int


def face(user_id: str, name: str) -> Face:
    """Return up to two initials (`?` if there are none), and the number of a colour from 0 to 11."""
    words = [word for word in name.replace("-", " ").replace("_", " ").split() if word[0].isalnum()]
    initials = "".join(word[0] for word in words[:2]).upper() or "?"
    return Face(initials, sum(at * code for at, code in enumerate(user_id.encode(), 1)) % 12)
