"""What the door hands to the path, and what it gets back."""

from bot.core.ports import Ack, Door, Work

__all__ = ["Ack", "Door", "Work"]
