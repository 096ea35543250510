"""A message as plain data: commands return it, and the Slack gateway delivers it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]
"""A Block Kit block, in Slack's JSON format."""
View = dict[str, Any]
"""A modal or Home tab, in Slack's JSON format."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text file that is shared after a message or a change."""

    filename: str
    title: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One message."""

    text: str
    """The text for notifications and screen readers. It contains no secret, and foreign text in it is escaped."""
    blocks: Sequence[Block] = ()
    plain_blocks: Sequence[Block] = ()
    """Sent instead if Slack rejects new block types with `invalid_blocks`. Empty if `blocks` has none."""
    private: bool = False
    """True if only the requester may see it, even if the policy's visibility is `channel`."""
    secret: bool = field(default=False, repr=False)
    """True if `blocks` contain a token. Only a reveal may deliver it, and `repr` hides it."""
    attachment: Attachment | None = None
    """Shared separately, after the message. When the message is updated, the file isn't shared again."""

    def __repr__(self) -> str:
        return f"Reply(text={self.text!r}, blocks={'<secret>' if self.secret else len(self.blocks)})"
