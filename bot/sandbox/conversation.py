"""The opening conversation: when the sandbox starts, people in it use the bot, so that newcomers see what it does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bot.sandbox.workspace.model import Message
from bot.sandbox.workspace.seed import ANA, BEN, DANA, DB_OPS, INCIDENT, REMY

if TYPE_CHECKING:
    from bot.sandbox.running import Sandbox

T = TypeVar("T")
BEGINS_BEFORE: Final = timedelta(hours=26)
PATIENCE_SECONDS: Final = 30.0


class NotPlayed(Exception):
    """Raised if the bot doesn't finish its work, or an expected button doesn't appear, within `PATIENCE_SECONDS`.

    The rest of the conversation is skipped, and the sandbox can be used.
    """


async def play(running: "Sandbox") -> None:
    """Play the conversation in a sandbox whose clocks are `BEGINS_BEFORE` behind.

    Afterwards, also if it fails, the clocks show the present.

    Raises:
        NotPlayed: the bot didn't finish its work, or a button didn't appear.
    """
    conversation = _Conversation(running)
    try:
        await conversation.say(DANA, DB_OPS, "Morning! What used the most yesterday?")
        await conversation.say(DANA, DB_OPS, "/turso digest now")
        await conversation.move(timedelta(hours=2))
        await conversation.say(DANA, DB_OPS, '/turso token orders --expiration 1h --reason "backfill of order totals"')
        await conversation.press(ANA, DB_OPS, "Approve", holding="backfill of order totals")
        await conversation.press(DANA, DB_OPS, "Reveal", holding="backfill of order totals")
        await conversation.move(timedelta(hours=20))
        await conversation.say(REMY, INCIDENT, "Checkout is slow, and `orders` takes far more writes than usual.")
        await conversation.say(REMY, INCIDENT, "/turso incident start INC-42 --for 2h")
        await conversation.say(REMY, INCIDENT, "/turso triage orders")
        await conversation.press(REMY, INCIDENT, "Freeze writes 30 min", holding="orders")
        await conversation.press(REMY, INCIDENT, "Freeze writes", holding="Do you want to freeze")
        await conversation.move(timedelta(minutes=20))
        await conversation.say(BEN, INCIDENT, "The import job is stopped. Thawing.")
        await conversation.say(BEN, INCIDENT, "/turso thaw orders")
        await conversation.press(BEN, INCIDENT, "Thaw", holding="Do you want to thaw")
        await conversation.say(REMY, INCIDENT, "/turso incident end")
        await conversation.move(timedelta(hours=3))
        await conversation.say(ANA, DB_OPS, "/turso ls --sort writes")
    finally:
        await conversation.move(BEGINS_BEFORE - conversation.passed)


class _Conversation:
    """Acts for the people in the local Slack, and moves the sandbox's clocks."""

    def __init__(self, running: "Sandbox") -> None:
        self.running, self.workspace, self.passed = running, running.workspace, timedelta()

    async def move(self, by: timedelta) -> None:
        """Move the clocks of the bot, the local Slack and the local Turso ahead."""
        self.running.clock.move(by)
        self.workspace.move_time(by)
        self.running.platform.state.turso.clock.offset += by
        self.passed += by

    async def say(self, person_id: str, channel_id: str, text: str) -> None:
        """Send a message or command, and wait until the bot has handled it."""
        await self.workspace.say(person_id, channel_id, text)
        await self._wait_until_idle()

    async def press(self, person_id: str, channel_id: str, label: str, *, holding: str) -> None:
        """Press the button `label` in the newest message that has it and contains the text `holding`.

        Then wait until the bot has handled the press.
        """
        message, action_id = await self._button(person_id, channel_id, label, holding)
        await self.workspace.click(person_id, message=message, action_id=action_id)
        await self._wait_until_idle()

    async def _button(self, person_id: str, channel_id: str, label: str, holding: str) -> tuple[Message, str]:
        async def look() -> tuple[Message, str] | None:
            for message in reversed(self.workspace.history(channel_id, person_id)):
                elements = [one for block in message.blocks for one in block.get("elements", ())]
                named = [one for one in elements if _label(one) == label]
                if named and holding in f"{message.text} {message.blocks}":
                    return message, named[0]["action_id"]
            return None

        found = await self._until(look, f"The button `{label}` didn't appear")
        assert found is not None
        return found

    async def _wait_until_idle(self) -> None:
        async def is_idle() -> bool:
            bot = self.running.bot
            return not len(bot.tasks) and not await bot.health.queue.stuck(for_=timedelta(0))

        await self._until(is_idle, "The bot didn't finish its work")

    async def _until(self, look: Callable[[], Awaitable[T]], failure: str) -> T:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_SECONDS
        while not (found := await look()):
            if loop.time() > end:
                raise NotPlayed(f"{failure} in time, so the rest of the opening conversation is skipped.")
            await asyncio.sleep(0.02)
        return found


def _label(element: Mapping[str, Any]) -> str:
    text = element.get("text")
    return text.get("text", "") if isinstance(text, dict) else ""
