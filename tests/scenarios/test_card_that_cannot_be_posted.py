"""A request whose card can't be posted anywhere ends, because no one could approve it. The requester is notified."""

from pathlib import Path

import pytest

from bot.core.requests.request import State
from tests.scenarios import forging
from tests.world import DANA, DB_OPS, running_sandbox, until, words


@pytest.mark.asyncio
async def test_a_request_without_a_card_ends_and_its_requester_is_notified(tmp_path: Path) -> None:
    async with running_sandbox(tmp_path) as world:
        assert world.bot is not None
        dana = world.person(DANA)
        await world.create_databases("unseen")
        # As if the bot was removed from the channel after the request was made and before the card is posted.
        world.workspace.faults.add("api_error", "chat.postMessage", times=1, error="not_in_channel")
        await world.workspace.say(DANA, DB_OPS, "/turso rotate unseen --reason leak")
        notices = lambda: [one for one in forging.private_messages(world, DANA) if "couldn't be posted" in words(one)]  # noqa: E731
        await until(notices, what="its end")
        await world.wait_until_idle()

        (request,) = await world.bot.store.requests.find(states=[State.CANCELLED])
        rows = await world.bot.store.audit.page(before_seq=None, limit=100, channel_id=DB_OPS)
        mine = [entry for _, entry in reversed(rows) if entry.request_id == request.id]
        assert [(one.event, one.outcome) for one in mine] == [("asked", "pending"), ("unseen", "cancelled")]
        shown = await dana.types("/turso audit --db unseen", holding="Audit log")
        assert "ended: its card couldn't be posted" in words(shown)
