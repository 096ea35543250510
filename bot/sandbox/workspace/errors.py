"""The error that the app gets for a failed call: Slack's code and its details."""

from __future__ import annotations

from typing import Any


class SlackError(Exception):
    """Raised when Slack would refuse a call. The app then gets `{"ok": false, "error": error, …}` with HTTP `status`.

    At a `response_url`, HTTP 400 replaces 200.
    """

    def __init__(self, error: str, *, status: int = 200, headers: dict[str, str] | None = None, **details: Any) -> None:
        self.error = error
        self.status = status
        self.headers = headers or {}
        self.details = details
        super().__init__(error)

    def as_answer(self) -> dict[str, Any]:
        return {"ok": False, "error": self.error, **self.details}
