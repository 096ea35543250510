"""What Slack's listeners hand incoming requests to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bot.core.requests.incoming import Incoming

Work = Callable[[], Awaitable[None]]
"""What is left to do once Slack has its ack."""


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to a submitted view."""

    response: dict[str, Any] | None = None
    """`response_action` with `errors` or `view`; None closes the view."""
    then: Work | None = None


class RequestHandler(Protocol):
    """The path, as the listeners see it. Nothing before the ack may wait for the network."""

    async def before_ack(self, incoming: Incoming) -> Work | None:
        """Parse, and commit the intent of whatever may change something.

        Returns the work for after the ack; None: a redelivery, there is nothing to do.
        """

    async def submission(self, incoming: Incoming) -> Ack:
        """Take a submitted view; it may answer with errors or another view at once."""

    async def options(self, incoming: Incoming, typed: str) -> list[dict[str, Any]]:
        """Offer at most 100 options for what is `typed` so far into an `external_select`."""

    async def home_opened(self, incoming: Incoming) -> None:
        """Show a person's Home tab."""
