"""The protocol through which the Slack listeners pass on commands, clicks and forms."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bot.core.requests.incoming import Incoming

Work = Callable[[], Awaitable[None]]
"""The work that is done after the acknowledgement."""


@dataclass(frozen=True, slots=True)
class Ack:
    """The response to a submitted view."""

    response: dict[str, Any] | None = None
    """`response_action` with `errors` or `view`. None closes the view, unless there is a `refusal`."""
    then: Work | None = None
    refusal: str = ""
    """Why the form stays open, with what was filled in. It shows this sentence.

    It couldn't be stored now, was submitted before, or it isn't known yet whether it is stored.
    """


class RequestHandler(Protocol):
    """What the listeners need of the pipeline.

    Before the acknowledgement, it calls neither Slack nor Turso, only the store. `options` is the exception.
    """

    async def before_ack(self, incoming: Incoming) -> Work | None:
        """Parse the input, and commit an intent for a mention and for what may change something.

        Returns the work to do after the acknowledgement. None for a redelivery, which needs no more work.
        """

    async def submission(self, incoming: Incoming) -> Ack:
        """Handle a submitted view. The response may contain errors or another view."""

    async def options(self, incoming: Incoming, typed: str) -> list[dict[str, Any]]:
        """Return at most 100 options of an `external_select` that match the text `typed` so far."""

    async def home_opened(self, incoming: Incoming) -> None:
        """Show a person's Home tab."""
