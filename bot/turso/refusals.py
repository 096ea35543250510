"""Turn a status and an `error` body into the error that says what happened."""

import email.utils
import json
import re
import time
from collections.abc import Mapping
from typing import Any

import httpx
from pydantic_core import from_json

from bot.core.redaction.text_cleaning import clean
from bot.turso.errors import (
    AlreadyExists,
    Answered,
    DatabaseNotFound,
    GroupNotFound,
    NotSent,
    OrganizationNotFound,
    OutcomeUnknown,
    PlanLacksFeature,
    TursoError,
    TursoForbidden,
    TursoRateLimited,
    TursoRejected,
    TursoUnauthorized,
    TursoUnavailable,
)

_LONGEST = 300
_TOKEN_LIKE = re.compile(r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]{5,}+(?:\.[\w-]*){1,2}")
NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


def answered(response: httpx.Response, secret: str) -> Answered:
    """Read what Turso said; proxies answer in HTML, and a sentence may repeat the credential it refuses."""
    body = _json(response.content)
    said = body.get("error", body.get("message"))
    code = body.get("code")
    return Answered(
        status=response.status_code,
        code=clean(str(code))[:_LONGEST] if code else None,
        said=_sentence(said, secret),
        retry_after=_seconds(response.headers.get("retry-after")),
    )


def refusal(said: Answered, subject: Mapping[str, str], *, writes: bool, creates: bool = False) -> TursoError:
    """Return the error for an answer that is not 2xx.

    Args:
        said: what Turso answered.
        subject: which `database` and `group` the call was about.
        writes: whether it was a change, of which a 5xx does not tell whether it happened.
        creates: whether it was a creation, where 409, 422 and some 400 mean a name that is taken.
    """
    status = said.status or 0
    if status == 429:
        return TursoRateLimited("Turso is rate-limiting requests. Try again in a moment.", said)
    if not 400 <= status < 500 or status == 408:
        return _unavailable(said, writes=writes)
    text = (said.said or "").lower()
    if creates and (status in (409, 422) or "already exists" in text):
        name = subject.get("database", "")
        return AlreadyExists(f"Turso refused: `{name}` already exists.", said, name=name)
    return _missing(said, text, subject) or _rejected(said, subject)


def _missing(said: Answered, text: str, subject: Mapping[str, str]) -> TursoError | None:
    group, database = subject.get("group"), subject.get("database")
    if said.status in (400, 404) and group and "group not found" in text:
        return GroupNotFound(group, said)
    if said.status != 404:
        return None
    if "organization not found" in text:
        return OrganizationNotFound("Turso doesn't know this organization. Check `TURSO_ORGANIZATION`.", said)
    if "route not found" in text or "page not found" in text:
        return None
    if database and not (group and "group" in text):
        return DatabaseNotFound(database, said)
    return GroupNotFound(group, said) if group else None


def _rejected(said: Answered, subject: Mapping[str, str]) -> TursoError:
    why = f"Turso said: {said.said.rstrip('.')}." if said.said else "Turso gave no reason."
    name = subject.get("database") or subject.get("group")
    if said.status == 401:
        return TursoUnauthorized("Turso doesn't accept the API token (401). An admin has to renew it.", said)
    if said.status == 402:
        return PlanLacksFeature(f"The organization's plan doesn't include this (402). {why}", said, name=name)
    if said.status == 403:
        return TursoForbidden(f"The bot's API token isn't allowed to do this (403). {why}", said, name=name)
    return TursoRejected(f"Turso refused this ({said.status}). {why}", said, name=name)


def _unavailable(said: Answered, *, writes: bool) -> TursoError:
    if writes:
        return OutcomeUnknown(f"Turso answered {said.status} to the change.", said)
    return TursoUnavailable(f"Turso answered {said.status}. Try again in a moment.", said)


def no_answer(error: Exception, *, writes: bool) -> TursoError:
    """Return the error for a call that got no answer; nothing of `error` but its kind is looked at."""
    late = isinstance(error, TimeoutError | httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout)
    if not writes:
        return TursoUnavailable(f"Turso {'is taking too long' if late else 'is unreachable'}. Try again in a moment.")
    if isinstance(error, NEVER_LEFT):
        return NotSent("Turso is unreachable.")
    how = "didn't answer in time" if late else "broke the connection"
    return OutcomeUnknown(f"Turso {how}.")


def unreadable(status: int, *, writes: bool) -> TursoError:
    """Return the error for a 2xx whose body is not what the API sends."""
    said = Answered(status=status)
    if writes:
        return OutcomeUnknown("Turso's answer to the change can't be read.", said)
    return TursoUnavailable("Turso's answer can't be read. Try again.", said)


def _json(content: bytes) -> dict[str, Any]:
    try:
        body = from_json(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _sentence(said: Any, secret: str) -> str | None:
    if said is None or said == "":
        return None
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    text = text.replace(secret, "…") if secret else text
    text = " ".join(_TOKEN_LIKE.sub("…", clean(text)).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _seconds(header: str | None) -> float | None:
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
