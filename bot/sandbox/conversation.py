"""The conversation that is played when the sandbox starts, so that a newcomer sees immediately what the bot does."""

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

    The sandbox stays usable, with what was played so far.
    """


async def play(running: "Sandbox") -> None:
    """Play the conversation in a sandbox whose clocks are `BEGINS_BEFORE` behind, and move the clocks to the present.

    Raises:
        NotPlayed: the bot didn't finish its work, or a button didn't appear.
    """
    scene = _Conversation(running)
    try:
        await scene.say(DANA, DB_OPS, "Morning! What used the most yesterday?")
        await scene.say(DANA, DB_OPS, "/turso digest now")
        await scene.move(timedelta(hours=2))
        await scene.say(DANA, DB_OPS, '/turso token orders --expiration 1h --reason "backfill of order totals"')
        await scene.press(ANA, DB_OPS, "Approve", holding="backfill of order totals")
        await scene.press(DANA, DB_OPS, "Reveal", holding="backfill of order totals")
        await scene.move(timedelta(hours=20))
        await scene.say(REMY, INCIDENT, "Checkout is slow, and `orders` takes far more writes than usual.")
        await scene.say(REMY, INCIDENT, "/turso incident start INC-42 --for 2h")
        await scene.say(REMY, INCIDENT, "/turso triage orders")
        await scene.press(REMY, INCIDENT, "Freeze writes 30 min", holding="orders")
        await scene.press(REMY, INCIDENT, "Freeze writes", holding="Do you want to freeze")
        await scene.move(timedelta(minutes=20))
        await scene.say(BEN, INCIDENT, "The import job is stopped. Thawing.")
        await scene.say(BEN, INCIDENT, "/turso thaw orders")
        await scene.press(BEN, INCIDENT, "Thaw", holding="Do you want to thaw")
        await scene.say(REMY, INCIDENT, "/turso incident end")
        await scene.move(timedelta(hours=3))
        await scene.say(ANA, DB_OPS, "/turso ls --sort writes")
    finally:
        await scene.move(BEGINS_BEFORE - scene.passed)


class _Conversation:
    """Acts for the people in the local Slack, and moves the sandbox's clocks."""

    def __init__(self, running: "Sandbox") -> None:
        self.running, self.workspace, self.passed = running, running.workspace, timedelta()

    async def move(self, by: timedelta) -> None:
        """Move every clock ahead."""
        self.running.clock.move(by)
        self.workspace.move_time(by)
        self.running.platform.state.turso.clock.offset += by
        self.passed += by

    async def say(self, person_id: str, channel_id: str, text: str) -> None:
        """Send a line, and wait until the bot has handled it."""
        await self.workspace.say(person_id, channel_id, text)
        await self._rest()

    async def press(self, person_id: str, channel_id: str, label: str, *, holding: str) -> None:
        """Press the button with this label, in the newest message that has it and contains `holding`."""
        message, action_id = await self._button(person_id, channel_id, label, holding)
        await self.workspace.click(person_id, message=message, action_id=action_id)
        await self._rest()

    async def _button(self, person_id: str, channel_id: str, label: str, holding: str) -> tuple[Message, str]:
        async def look() -> tuple[Message, str] | None:
            for message in reversed(self.workspace.history(channel_id, person_id)):
                elements = [one for block in message.blocks for one in block.get("elements", ())]
                named = [one for one in elements if _label(one) == label]
                if named and holding in f"{message.text} {message.blocks}":
                    return message, named[0]["action_id"]
            return None

        found = await self._until(look, f"the button {label}")
        assert found is not None
        return found

    async def _rest(self) -> None:
        async def at_rest() -> bool:
            bot = self.running.bot
            return not len(bot.tasks) and not await bot.health.queue.stuck(for_=timedelta(0))

        await self._until(at_rest, "an answer")

    async def _until(self, look: Callable[[], Awaitable[T]], what: str) -> T:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_SECONDS
        while not (found := await look()):
            if loop.time() > end:
                raise NotPlayed(f"the sandbox's first conversation waited in vain for {what}")
            await asyncio.sleep(0.02)
        return found


def _label(element: Mapping[str, Any]) -> str:
    text = element.get("text")
    return text.get("text", "") if isinstance(text, dict) else ""
