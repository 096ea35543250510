"""What came of commands, in the bot's own words for its metrics."""

from collections.abc import Callable

from tests.world import World


def outcomes_of(world: World) -> Callable[[], list[str]]:
    """Listen from now on; the result tells the outcomes so far, in order."""
    assert world.bot is not None
    metrics, heard = world.bot.metrics, list[str]()
    before = type(metrics).command

    def listening(command: str, outcome: str, seconds: float) -> None:
        heard.append(outcome)
        before(metrics, command, outcome, seconds)

    metrics.command = listening  # type: ignore[method-assign]
    return lambda: heard
