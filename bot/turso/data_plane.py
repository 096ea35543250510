"""Requests to the databases themselves, over libSQL's HTTP protocol: the URLs, and whether a token works."""

import re
from enum import StrEnum
from typing import Final

import httpx
from pydantic import SecretStr

from bot.turso.calls import NETWORK, Calls
from bot.turso.models import Database

SELECT_1: Final = {"requests": [{"type": "execute", "stmt": {"sql": "SELECT 1"}}, {"type": "close"}]}
TURSO_HOSTS: Final = re.compile(r"(?<![a-z0-9.-])[a-z0-9][a-z0-9.-]*\.turso\.io")
"""The hosts of databases that Turso runs."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_REFUSAL: Final = 4000


class TokenAnswer(StrEnum):
    """How a database responds to a token."""

    WORKS = "works"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNCLEAR = "unclear"
    """No response, or one that doesn't show whether the token works."""


class DataPlane(Calls):
    """Sends requests to databases.

    Hostnames come from Turso's responses, so they are checked before anything is sent.
    """

    def pipeline_url(self, database: Database) -> httpx.URL | None:
        """Return the URL for a database's requests. None if its host is invalid, or neither Turso's nor the API's.

        Nothing is ever sent to another host, whatever hostname the API returns.
        """
        try:
            url = httpx.URL(f"{database.https_url.rstrip('/')}/v2/pipeline")
        except (httpx.InvalidURL, ValueError):
            return None
        known = TURSO_HOSTS.fullmatch(url.host) is not None or self._is_own_host(url.host)
        return url if known and not url.userinfo else None

    def takes_tokens(self, database: Database) -> bool:
        """Return True if a token may be sent: to a known host, over TLS unless it is the API's, used without TLS."""
        url = self.pipeline_url(database)
        own = url is not None and self._is_own_host(url.host) and self._writer.base_url.scheme == "http"
        return url is not None and (url.scheme == "https" or own)

    async def try_token(self, database: Database, token: SecretStr) -> TokenAnswer:
        """Run `SELECT 1` with a database token and return how the database responds. Raises no network errors."""
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
    text = response.text[:LONGEST_REFUSAL].lower()
    if response.is_success:
        # A proxy or captive portal may return 200 for everything.
        return TokenAnswer.WORKS if '"results"' in text else TokenAnswer.UNCLEAR
    if response.status_code not in (401, 403) or not _is_about_the_token(response.status_code, text):
        return TokenAnswer.UNCLEAR
    return TokenAnswer.EXPIRED if "expired" in text else TokenAnswer.REVOKED


def _is_about_the_token(status: int, text: str) -> bool:
    """Return True if an error response is about this token.

    Other errors are about a request without a token, a missing permission or a block. A 403 that mentions no token may
    come from another database that has taken over the name.

    Source: error texts of sqld (`auth`) and of Turso's edge, see `docs/platform.md`.
    """
    if "empty jwt" in text or "none given" in text or "permission" in text or "blocked" in text:
        return False
    return status == 401 or "jwt" in text or "token" in text
