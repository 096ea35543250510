"""A problem that the Block Kit validator finds in a payload."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Problem:
    """A place in a payload that Slack would refuse. `str()` is the line in Slack's `response_metadata.messages`."""

    pointer: str  # a JSON pointer into the payload: /blocks/0/text/text
    message: str
    code: str
    constraint: int | None = None

    def under(self, prefix: str) -> Problem:
        return replace(self, pointer=prefix + self.pointer)

    def __str__(self) -> str:
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"
