"""Checks the credentials that no other check covers: the app-level token and the signing secret."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from slack_sdk.errors import SlackApiError

from bot.errors import BotError
from bot.settings import HOW_TO_CONNECT
from bot.slack.outgoing.web_api import SlackCalls

LOOP: Final = "Slack signatures"
"""The name of the background loop that fails while requests are refused for their signatures.

Other processes can read in the store that it fails.
"""
CHECK_EVERY: Final = 20.0
REFUSED_WITHIN_SECONDS: Final = 900.0
SUSPICIOUS: Final = 3
"""How many requests in a row must be refused before the signing secret is reported as wrong."""


class SignaturesRefused(Exception):
    """Raised while requests are refused for their signatures and none is accepted."""


class WrongCredential(BotError):
    """Raised if a credential doesn't work."""


@dataclass(slots=True)
class Signatures:
    """Remembers when the latest requests in a row were refused for their signatures."""

    now: Callable[[], float] = time.monotonic
    _refused: list[float] = field(default_factory=list)

    def accepted(self) -> None:
        """Note a request with a valid signature."""
        if self._refused:
            self._refused.clear()

    def refused(self) -> None:
        """Note a request that was refused for its signature."""
        self._refused = [*self._refused[-SUSPICIOUS + 1 :], self.now()]

    @property
    def are_refused(self) -> bool:
        """Return True if the last `SUSPICIOUS` requests were refused within `REFUSED_WITHIN_SECONDS`."""
        since = self.now() - REFUSED_WITHIN_SECONDS
        return len([at for at in self._refused if at >= since]) >= SUSPICIOUS

    async def check(self) -> None:
        """Run one round of the background loop. Raises SignaturesRefused."""
        if self.are_refused:
            raise SignaturesRefused


@dataclass(frozen=True, slots=True)
class CredentialChecks:
    """The credential checks of `doctor`."""

    calls: SlackCalls
    app_token: str
    failing: Callable[[], Awaitable[Mapping[str, str]]]
    """Returns the failing background loops of every process."""

    async def check_app_token(self) -> str:
        """Request the address of a Socket Mode connection from Slack, without opening one. Raises WrongCredential."""
        if not self.app_token:
            return "SLACK_APP_TOKEN isn't set. Only `socket` needs it."
        try:
            await self.calls.client.apps_connections_open(app_token=self.app_token)
        except SlackApiError as error:
            code = error.response.get("error")
            raise WrongCredential(f"Slack doesn't accept SLACK_APP_TOKEN ({code}). {HOW_TO_CONNECT}") from None
        except Exception as error:  # the library raises many types of errors
            raise WrongCredential(f"SLACK_APP_TOKEN couldn't be tested ({type(error).__name__}).") from None
        return "Slack accepts the app-level token."

    async def check_signing_secret(self) -> str:
        """Check that no process refuses Slack's requests for their signatures. The secret can't be tested otherwise.

        Raises:
            WrongCredential: a process refuses them.
        """
        refusing = sorted(process for process, loops in (await self.failing()).items() if LOOP in loops)
        if refusing:
            raise WrongCredential(
                f"These processes reject Slack's signatures: {', '.join(f'`{one}`' for one in refusing)}. "
                "Compare SLACK_SIGNING_SECRET with Basic Information > Signing Secret in the Slack app."
            )
        return "No requests from Slack are failing the signature check."
