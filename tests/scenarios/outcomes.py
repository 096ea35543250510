"""Records the outcomes of commands, as the bot reports them to its metrics."""

from collections.abc import Callable

from tests.world import World


def outcomes_of(world: World) -> Callable[[], list[str]]:
    """Record the outcomes of commands from now on, and return a function that returns them in order."""
    assert world.bot is not None
    metrics, recorded = world.bot.metrics, list[str]()
    before = type(metrics).command

    def listening(command: str, outcome: str, seconds: float) -> None:
        recorded.append(outcome)
        before(metrics, command, outcome, seconds)

    metrics.command = listening  # type: ignore[method-assign]
    return lambda: recorded
