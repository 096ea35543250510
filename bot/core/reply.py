"""A message as plain data: what the commands return and what the Slack gateway delivers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]
"""One Block Kit block, as Slack reads it."""
View = dict[str, Any]
"""One modal or Home tab, as Slack reads it."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text file that goes with a message, in the same place."""

    filename: str
    title: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One message."""

    text: str
    """For notifications and screen readers; never a secret. Already escaped where it holds foreign text."""
    blocks: Sequence[Block] = ()
    plain_blocks: Sequence[Block] = ()
    """Sent instead when Slack answers `invalid_blocks` to a new kind of block; empty: `blocks` has none."""
    private: bool = False
    """Always for the requester alone, whatever the policy's visibility."""
    secret: bool = field(default=False, repr=False)
    """Carries a token: only a reveal may deliver it, and `repr` must not show it."""

    attachment: Attachment | None = None
    """Shared in the channel once, when the message is first delivered."""

    def __repr__(self) -> str:
        return f"Reply(text={self.text!r}, blocks={'<secret>' if self.secret else len(self.blocks)})"
