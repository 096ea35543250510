"""The conversation with the real bot with which the sandbox starts, on a new store and on a used one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.sandbox.conversation import BEGINS_BEFORE, play
from bot.sandbox.running import sandbox
from bot.sandbox.workspace.seed import DANA, DB_OPS, INCIDENT
from tests.scenarios.invariants import keep_log
from tests.world import words


async def test_the_opening_conversation_is_complete_at_each_start_and_ends_in_the_present(tmp_path: Path) -> None:
    for _ in range(2):
        async with sandbox(port=0, data=tmp_path, begins=-BEGINS_BEFORE) as running:
            log = keep_log()
            await play(running)

            ops = "\n".join(words(one) for one in running.workspace.history(DB_OPS, None))
            incident = "\n".join(words(one) for one in running.workspace.history(INCIDENT, None))
            assert "Turso digest for the last 7 days" in ops
            assert "create a token for orders succeeded" in ops
            assert "databases* in this channel" in ops
            assert "INC-42" in incident
            assert "is unblocked" in incident
            assert "Incident permissions no longer apply here" in incident
            now = datetime.now(UTC)
            for shown in (running.workspace.now(), running.clock.now(), running.platform.state.turso.clock.now()):
                assert abs(shown - now) < timedelta(minutes=1)
            said = [one.ts for one in running.workspace.history(DB_OPS, DANA)]
            assert float(said[0]) < now.timestamp() - 20 * 3600
            assert not log.tracebacks
