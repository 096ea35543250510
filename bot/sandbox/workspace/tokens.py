"""The app's bot token and app-level token, and whether each of them is still valid."""

from __future__ import annotations

import hmac
from typing import Literal

from bot.sandbox.workspace.errors import SlackError

TokenKind = Literal["bot", "app"]


class Tokens:
    """Identifies the token of a call. No error contains a token."""

    def __init__(self, bot_token: str, app_token: str) -> None:
        self._known: dict[TokenKind, str] = {"bot": bot_token, "app": app_token}
        self._refusals: dict[TokenKind, str] = {}

    def refuse(self, kind: TokenKind, error: str) -> None:
        """Make a token fail with `error`, such as `token_revoked`, `account_inactive` or `token_expired`."""
        self._refusals[kind] = error

    def replace(self, kind: TokenKind, token: str) -> None:
        """Issue another token. The old one is refused from now on, as after a reinstallation."""
        self._known[kind] = token

    def accept(self, kind: TokenKind) -> None:
        """Undo `refuse`."""
        self._refusals.pop(kind, None)

    def identify(self, token: str | None) -> TokenKind:
        """Return the kind of a token.

        Raises:
            SlackError: `not_authed` without a token, `invalid_auth` for an unknown one, or the error that `refuse` set.
        """
        if not token:
            raise SlackError("not_authed")
        for kind, known in self._known.items():
            if hmac.compare_digest(token.encode(), known.encode()):
                if refusal := self._refusals.get(kind):
                    raise SlackError(refusal)
                return kind
        raise SlackError("invalid_auth")
