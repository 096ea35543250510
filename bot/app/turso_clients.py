"""Keeps a Turso client for TURSO_ORGANIZATION and each organization in the policy, open until the process ends."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Self

import httpx

from bot.core.policy import Policy
from bot.errors import BotError
from bot.settings import BadSettings, Settings
from bot.turso import TursoClient
from bot.turso.calls import Observer
from bot.turso.http import connect


class TursoClients:
    """The open clients. `follow` opens the clients of a new policy."""

    def __init__(
        self, settings: Settings, observer: Observer, follow: Callable[[httpx.AsyncClient], None] = lambda client: None
    ) -> None:
        """Open no client yet.

        Args:
            follow: called with each HTTP client, to observe it.
        """
        self._settings = settings
        self._observer = observer
        self._follow = follow
        self._stack = AsyncExitStack()
        self._open: dict[str, TursoClient] = {}
        self._shut: dict[str, str] = {}
        """Why an organization has no client. Without effect for one that has got a client since."""
        self._variables: dict[str, str] = {}
        """The variable from which each open client got its token."""

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        await self._add(self._settings.turso_organization, "TURSO_API_TOKEN")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def follow(self, policy: Policy) -> None:
        """Open a client for each organization that has none, or whose token now comes from another variable.

        The previous client stays open for calls that are still running.
        """
        for organization, variable in policy.organizations.items():
            if organization not in self._open or self._variables[organization] != variable:
                await self._add(organization, variable)

    def turso(self, organization: str) -> TursoClient:
        """Return the client of an organization. Raises BotError if there is none."""
        if client := self._open.get(organization):
            return client
        why = self._shut.get(organization, f"The policy doesn't say which API token to use for `{organization}`.")
        raise BotError(f"The organization `{organization}` can't be reached: {why}")

    async def _add(self, organization: str, variable: str) -> None:
        try:
            token = self._settings.token_of(variable)
        except BadSettings as error:
            self._shut[organization] = str(error)
            self._open.pop(organization, None)  # the policy no longer refers to the previous token
            return
        client = connect(
            self._settings.turso_api_baseurl, token, organization, observer=self._observer, follow=self._follow
        )
        self._variables[organization] = variable
        self._open[organization] = await self._stack.enter_async_context(client)
