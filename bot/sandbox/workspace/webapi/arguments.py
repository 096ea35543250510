"""The arguments of a call, in any form: query string, form, multipart or JSON."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Args:
    """The arguments of one call. The methods convert an argument, and raise Slack's error if that isn't possible."""

    def __init__(self, given: Json, warnings: tuple[str, ...] = ()) -> None:
        self.given, self.warnings = given, list(warnings)

    def text(self, name: str) -> str | None:
        """Return an argument as a string, or None if it is missing or empty."""
        value = self.given.get(name)
        return str(value) if value not in (None, "") else None

    def required(self, name: str) -> str:
        """Return an argument as a string.

        Raises:
            SlackError: `invalid_arguments`, with the argument's name, if it is missing or empty.
        """
        value = self.text(name)
        if value is None:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.given.get(name)
        if value is None or value == "":
            return default
        return str(value).lower() in ("1", "true")

    def number(self, name: str, default: int, *, most: int, least: int = 1) -> int:
        """Return an argument as an integer from `least` to `most`, or the default if it is missing or empty.

        Raises:
            SlackError: `invalid_arguments`, or `invalid_limit` for a `limit` that is too small or too large.
        """
        value = self.given.get(name)
        if value in (None, ""):
            return default
        try:
            number = int(str(value))
        except ValueError:
            raise invalid_arguments(f"must be an integer: {name}") from None
        if not least <= number <= most:
            raise SlackError("invalid_limit" if name == "limit" else "invalid_arguments")
        return number

    def structure(self, name: str, error: str) -> Any:
        """Return a list or an object, given as JSON or as a JSON string. None if the argument is missing or empty.

        Raises:
            SlackError: `error`, if the string isn't JSON.
        """
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error) from None

    def names(self, name: str) -> list[str]:
        """Return a list of strings, given as a list or as one string with commas."""
        value = self.given.get(name) or []
        parts = value if isinstance(value, list) else str(value).split(",")
        return [str(part).strip() for part in parts if str(part).strip()]

    def without_token(self) -> Json:
        return {key: value for key, value in self.given.items() if key != "token"}


async def read_arguments(request: Request) -> Args:
    """Return the arguments in the query string and, unless the method is GET, in the body.

    Raises:
        SlackError: `invalid_json`, `json_not_object`, `invalid_form_data`, `invalid_charset`, `invalid_post_type`,
            `missing_post_type`.
    """
    given: Json = dict(request.query_params)
    if request.method == "GET":
        return Args(given)
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    kind = kind.strip()
    if "charset=" in parameters and "utf-8" not in parameters and "utf8" not in parameters:
        raise SlackError("invalid_charset")
    body = await request.body()
    if kind == "application/json":
        warnings = () if "charset" in parameters else ("missing_charset",)
        return Args(given | _json(body), warnings)
    if kind in _FORMS:
        warnings = ("superfluous_charset",) if "charset" in parameters else ()
        return Args(given | await _form(request), warnings)
    if body:
        raise SlackError("invalid_post_type" if kind else "missing_post_type")
    return Args(given)


def invalid_arguments(message: str, pointer: str = "") -> SlackError:
    where = f" [json-pointer:{pointer}]" if pointer else ""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}{where}"]})


def _json(body: bytes) -> Json:
    try:
        found = json.loads(body or b"{}")
    except ValueError:  # not JSON, or not UTF-8
        raise SlackError("invalid_json") from None
    if not isinstance(found, dict):
        raise SlackError("json_not_object")
    return found


async def _form(request: Request) -> Json:
    try:
        form = await request.form()
    except Exception:  # the parsers raise exceptions without a common base class
        raise SlackError("invalid_form_data") from None
    return {key: value for key, value in form.items() if isinstance(value, str)}
