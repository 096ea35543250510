"""The page of the golden catalogue: people's actions, and every message that follows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.sandbox.workspace.model import Message
from tests.messages.rendering import rendered, rendered_view
from tests.world import ANA, BEN, DANA, DB_OPS, GIL, REMY, World, buttons, until, words

PEOPLE = (ANA, BEN, DANA, REMY, GIL)


@dataclass
class Page:
    """The lines of the page so far."""

    world: World
    lines: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def subject(self, title: str) -> None:
        """Start a section."""
        self.lines.append(f"\n## {title}\n")

    def add(self, title: str, *shown: str) -> None:
        """Add a title and its messages, except those that are already on the page. If none is left, add nothing."""
        new = [one for one in dict.fromkeys(shown) if one and one not in self._seen]
        self._seen.update(new)
        if new:
            self.lines += [f"**{title}**\n", *(f"{one}\n" for one in new)]

    async def step(self, title: str, act: Callable[[], Awaitable[object]], *, then: str = "") -> None:
        """Await an action, and add every message and form that is new or has changed afterwards. Close the forms.

        Args:
            then: text of a message that a timer posts. Wait for it.
        """
        before = self._messages()
        await act()
        if then:
            await until(lambda: any(then in words(one) for one in self._messages().values()), what=then)
        await self.world.wait_until_idle()
        after = self._messages()
        shown = sorted(rendered(one.blocks, one.text) for ts, one in after.items() if before.get(ts) != one)
        for person in PEOPLE:
            for view in self.world.workspace.views_of(person):
                shown.append(rendered_view(view.source))
                await self.world.workspace.close_view(person, view.id)
        self.add(title, *shown)

    async def types(self, line: str, by: str = DANA, channel: str = DB_OPS, *, then: str = "") -> None:
        """Type a line as a person."""
        await self.step(f"`{line}`", lambda: self.world.workspace.say(by, channel, line), then=then)

    async def presses(
        self, label: str, card: str, by: str = ANA, channel: str = DB_OPS, then: str = "", **typed: str
    ) -> None:
        """Press a button of the newest message that contains `card`, and fill in its form."""
        found = self._with_button(label, card, by, channel)

        async def press() -> None:
            await self.world.person(by).presses(label, found)
            if typed:
                view = await self.world.person(by).modal()
                await self.world.person(by).submits(typed, view)

        await self.step(f"[{label}]", press, then=then)

    def _with_button(self, label: str, holding: str, by: str, channel: str) -> Message:
        seen = self.world.person(by).sees(channel)
        found = next((one for one in reversed(seen) if holding in words(one) and label in buttons(one)), None)
        assert found is not None, f"no message with {label!r} and {holding!r} among {[words(one) for one in seen[-3:]]}"
        return found

    def _messages(self) -> dict[str, Message]:
        workspace, bot = self.world.workspace, self.world.workspace.app.bot_user_id
        channels = {*workspace.state.messages, *workspace.channels}
        seen = [one for channel in channels for person in PEOPLE for one in workspace.history(channel, person)]
        return {f"{one.channel_id} {one.ts}": one for one in seen if one.user_id == bot}
