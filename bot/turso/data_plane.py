"""The databases themselves, over libSQL's HTTP protocol: where one is reached, and whether a token opens it."""

import re
from enum import StrEnum
from typing import Final

import httpx
from pydantic import SecretStr

from bot.turso.calls import NETWORK, Calls
from bot.turso.models import Database

SELECT_1: Final = {"requests": [{"type": "execute", "stmt": {"sql": "SELECT 1"}}, {"type": "close"}]}
TURSO_HOSTS: Final = re.compile(r"(?<![a-z0-9.-])[a-z0-9][a-z0-9.-]*\.turso\.io")
"""The names of Turso's own databases."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_REFUSAL: Final = 4000


class TokenAnswer(StrEnum):
    """What a database answers to a token."""

    WORKS = "works"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNCLEAR = "unclear"
    """No answer, or one that says nothing about the token."""


class DataPlane(Calls):
    """Requests to databases. Turso says where they are, so their host names are checked before anything is sent."""

    def pipeline_url(self, database: Database) -> httpx.URL | None:
        """Return where a database takes requests; None: the host name is neither Turso's nor the API's own.

        Whatever the API answers, nothing is sent to any other host.
        """
        try:
            url = httpx.URL(f"{database.https_url.rstrip('/')}/v2/pipeline")
        except (httpx.InvalidURL, ValueError):
            return None
        known = TURSO_HOSTS.fullmatch(url.host) is not None or self._is_own_host(url.host)
        return url if known and not url.userinfo else None

    def takes_tokens(self, database: Database) -> bool:
        """True where a token may be sent: to a known host, over TLS unless the API itself is reached without."""
        url = self.pipeline_url(database)
        own = url is not None and self._is_own_host(url.host) and self._writer.base_url.scheme == "http"
        return url is not None and (url.scheme == "https" or own)

    async def try_token(self, database: Database, token: SecretStr) -> TokenAnswer:
        """Run `SELECT 1` with a database token and say what comes of it. Never raises for what Turso answers."""
        url = self.pipeline_url(database)
        if url is None or not self.takes_tokens(database):
            return TokenAnswer.UNCLEAR
        try:
            headers = {"authorization": f"Bearer {token.get_secret_value()}"}
            request = httpx.Request("POST", url, json=SELECT_1, headers=headers, extensions=_TIMEOUT)
            response = await self._writer.send(request)
        except (*NETWORK, UnicodeError):
            return TokenAnswer.UNCLEAR
        return _answer(response)

    def _is_own_host(self, host: str) -> bool:
        own = self._writer.base_url.host
        return host == own or (host in LOOPBACK and own in LOOPBACK)


_TIMEOUT: Final = {"timeout": httpx.Timeout(10).as_dict()}


def _answer(response: httpx.Response) -> TokenAnswer:
    said = response.text[:LONGEST_REFUSAL].lower()
    if response.is_success:
        # A portal on the way may say 200 to everything.
        return TokenAnswer.WORKS if '"results"' in said else TokenAnswer.UNCLEAR
    if response.status_code not in (401, 403) or not _is_about_the_token(response.status_code, said):
        return TokenAnswer.UNCLEAR
    return TokenAnswer.EXPIRED if "expired" in said else TokenAnswer.REVOKED


def _is_about_the_token(status: int, said: str) -> bool:
    """Tell a refusal of this token from one of a request without any, and of a database that took the name over.

    Source: the texts of sqld (`auth`) and of Turso's edge, see `docs/platform.md`.
    """
    if "empty jwt" in said or "none given" in said or "permission" in said or "blocked" in said:
        return False
    return status == 401 or "jwt" in said or "token" in said
