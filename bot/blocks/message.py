"""Builds messages within Slack's limits: at most 50 blocks and about 12,000 characters."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from bot.blocks import kit
from bot.blocks.text import Mrkdwn, Plain, cut_mrkdwn, notification
from bot.core.reply import Attachment, Block, Reply

BLOCKS: Final = 50
CHARACTERS: Final = 11_500
NOTIFICATION: Final = 1_500
_APART: Final = frozenset({"data_table", "data_visualization"})
"""Blocks with limits of their own. Their characters don't count toward `CHARACTERS`."""
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
    """Return a message within Slack's limits.

    `text` is for notifications and screen readers, so its markup is removed.
    """
    return Reply(
        text=cut_mrkdwn(notification(text), NOTIFICATION),
        blocks=fit_blocks(list(blocks)),
        plain_blocks=fit_blocks(list(plain_blocks)),
        private=private,
        secret=secret,
        attachment=attachment,
    )


def headline(message: Reply) -> Mrkdwn:
    """Return the first paragraph of a message, with its markup. If it has none, return the message's `text`."""
    first = next((block for block in message.blocks if block["type"] == "section" and "text" in block), None)
    return Mrkdwn(first["text"]["text"] if first else message.text)


def fit_blocks(blocks: Sequence[Block]) -> Sequence[Block]:
    """Return the blocks, or as many as fit and a note. Buttons are kept, because a message is useless without them."""
    if len(blocks) <= BLOCKS and sum(map(count_characters, blocks)) <= CHARACTERS:
        return blocks
    buttons = [block for block in blocks if block["type"] == "actions"]
    count, left = BLOCKS - 1 - len(buttons), CHARACTERS - sum(map(count_characters, buttons))
    kept = []
    for block in blocks:
        if block["type"] != "actions":
            count, left = count - 1, left - count_characters(block)
            if count < 0 or left < 0:
                break
        kept.append(block)
    rest = [button for button in buttons if not any(button is one for one in kept)]
    return [*kept[: BLOCKS - 1 - len(rest)], kit.context(Plain("Shortened because it was too long.")), *rest]


def count_characters(block: Any) -> int:
    """Return the number of characters of a block, including nested text, as Slack counts them."""
    if isinstance(block, dict):
        if block.get("type") in _APART:
            return 0
        return sum(
            len(value) if key in _SHOWN and isinstance(value, str) else count_characters(value)
            for key, value in block.items()
        )
    return sum(map(count_characters, block)) if isinstance(block, list) else 0
