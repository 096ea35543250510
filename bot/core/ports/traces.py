"""The protocol for traces (OpenTelemetry), which follow a request through processes, approvals and calls."""

from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

_NOTHING: Final = nullcontext()


class Traces(Protocol):
    """Records spans.

    Only names, methods, status codes and the bot's own IDs leave the process, never text that people wrote.
    """

    @property
    def is_on(self) -> bool:
        """Return True if spans are recorded."""

    def current(self) -> str:
        """Return the current position in a trace, as a W3C `traceparent`. Empty if there is none."""

    def span(self, name: str, *, follows: str = "", **ids: str) -> AbstractContextManager[None]:
        """Return a context manager that records what happens in its block as a span.

        Args:
            name: the name of a command, button or step.
            follows: the `traceparent` of another trace, which the span continues, with a link to the current position.
            ids: the bot's own IDs, by which the span can be found.
        """


class NoTraces:
    """Records nothing."""

    is_on = False

    def current(self) -> str:
        """Return an empty string."""
        return ""

    def span(self, name: str, *, follows: str = "", **ids: str) -> AbstractContextManager[None]:
        """Do nothing."""
        return _NOTHING
