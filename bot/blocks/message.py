"""Put blocks together to one message that Slack takes: at most 50 blocks and about 12,000 characters."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from bot.blocks import kit
from bot.blocks.text import Mrkdwn, Plain, cut_mrkdwn, notification
from bot.core.reply import Attachment, Block, Reply

BLOCKS: Final = 50
CHARACTERS: Final = 11_500
NOTIFICATION: Final = 1_500
_APART: Final = frozenset({"data_table", "data_visualization"})
"""They have limits of their own."""
_SHOWN: Final = frozenset({"text", "title", "label", "placeholder", "hint", "caption"})


def reply(
    text: Mrkdwn,
    blocks: Iterable[Block],
    *,
    plain_blocks: Iterable[Block] = (),
    private: bool = False,
    secret: bool = False,
    attachment: Attachment | None = None,
) -> Reply:
    """Return a message within Slack's limits. `text` is what notifications and screen readers say, without mark-up."""
    return Reply(
        text=cut_mrkdwn(notification(text), NOTIFICATION),
        blocks=fitting(list(blocks)),
        plain_blocks=fitting(list(plain_blocks)),
        private=private,
        secret=secret,
        attachment=attachment,
    )


def headline(message: Reply) -> Mrkdwn:
    """Return the first paragraph of a message, with its mark-up."""
    first = next((block for block in message.blocks if block["type"] == "section" and "text" in block), None)
    return Mrkdwn(first["text"]["text"] if first else message.text)


def fitting(blocks: Sequence[Block]) -> Sequence[Block]:
    """Return the blocks, or as many as fit; buttons are kept, because without them a message is of no use."""
    if len(blocks) <= BLOCKS and sum(map(characters, blocks)) <= CHARACTERS:
        return blocks
    buttons = [block for block in blocks if block["type"] == "actions"]
    count, left = BLOCKS - 1 - len(buttons), CHARACTERS - sum(map(characters, buttons))
    kept = []
    for block in blocks:
        if block["type"] != "actions":
            count, left = count - 1, left - characters(block)
            if count < 0 or left < 0:
                break
        kept.append(block)
    rest = [button for button in buttons if not any(button is one for one in kept)]
    return [*kept[: BLOCKS - 1 - len(rest)], kit.context(Plain("Shortened because it was too long.")), *rest]


def characters(block: Any) -> int:
    """Count what Slack counts: the text of a block, wherever it stands in it."""
    if isinstance(block, dict):
        if block.get("type") in _APART:
            return 0
        return sum(
            len(value) if key in _SHOWN and isinstance(value, str) else characters(value)
            for key, value in block.items()
        )
    return sum(map(characters, block)) if isinstance(block, list) else 0
