"""A problem that the Block Kit validator finds in a payload."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Problem:
    """What Slack would refuse at one place of a payload. `str()` is the line in `response_metadata.messages`."""

    pointer: str  # a JSON pointer into the payload: /blocks/0/text/text
    message: str
    code: str
    constraint: int | None = None

    def under(self, prefix: str) -> Problem:
        return replace(self, pointer=prefix + self.pointer)

    def __str__(self) -> str:
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"
