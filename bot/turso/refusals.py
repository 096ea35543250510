"""Turns error responses, and calls without a response, into the errors of `turso.errors`."""

import email.utils
import json
import re
import ssl
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import httpx
from pydantic_core import from_json

from bot.core.redaction.text_cleaning import clean
from bot.turso.errors import (
    AlreadyExists,
    DatabaseNotFound,
    ErrorAnswer,
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
_SAYS_MISSING = re.compile(r"\b(not found|could not find|no such|does not exist|doesn't exist)\b")
_DATABASE = re.compile(r"\b(database|record)\b")
_GROUP = re.compile(r"\b(group|record)\b")
NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


def read_answer(response: httpx.Response, secret: str) -> ErrorAnswer:
    """Read an error response and remove secrets from it.

    Proxies respond in HTML, and an error text may repeat the credential that was refused.
    """
    body = _json(response.content)
    raw = body.get("error", body.get("message"))
    code = body.get("code")
    return ErrorAnswer(
        status=response.status_code,
        code=_sentence(str(code), secret) if code else None,
        message=_sentence(raw, secret),
        retry_after=_seconds(response.headers.get("retry-after")),
    )


def refusal(answer: ErrorAnswer, subject: Mapping[str, str], *, writes: bool, creates: bool = False) -> TursoError:
    """Return the error for a response that isn't 2xx.

    Args:
        answer: the error response.
        subject: the `database` and `group` that the call was about.
        writes: True for a change. After a 408, or a status that is neither 2xx nor 4xx, it may have happened.
        creates: True for a creation. Then 409, 422, and other refusals that say so, mean that the name is taken.
    """
    status = answer.status or 0
    if status == 429:
        return TursoRateLimited("Turso is rate-limiting requests. Try again in a moment.", answer)
    if not 400 <= status < 500 or status == 408:
        return _unavailable(answer, writes=writes)
    text = (answer.message or "").lower()
    if creates and (status in (409, 422) or "already exists" in text):
        name = subject.get("database", "")
        return AlreadyExists(f"Turso refused: `{name}` already exists.", answer, name=name)
    if missing := _missing(answer, text, subject):
        return missing
    return not_of_turso(answer, writes=writes) if status == 404 and subject else _rejected(answer, subject)


def _missing(answer: ErrorAnswer, text: str, subject: Mapping[str, str]) -> TursoError | None:
    """Return the error for what doesn't exist, if the response says so in Turso's words. The status alone isn't enough.

    Source: https://docs.turso.tech/api-reference/databases/retrieve (`could not find database with name …: record not
    found`). Gateways send `{"error": "Not Found"}` for any address.
    """
    group, database = subject.get("group"), subject.get("database")
    if answer.status in (400, 404) and group and "group not found" in text:
        return GroupNotFound(group, answer)
    if answer.status != 404:
        return None
    if "organization not found" in text:
        return OrganizationNotFound("Turso doesn't know this organization. Check `TURSO_ORGANIZATION`.", answer)
    if not _SAYS_MISSING.search(text):
        return None
    if database and _DATABASE.search(text):
        return DatabaseNotFound(database, answer)
    return GroupNotFound(group, answer) if group and _GROUP.search(text) else None


def _rejected(answer: ErrorAnswer, subject: Mapping[str, str]) -> TursoError:
    why = f"Turso said: {answer.message.rstrip('.')}." if answer.message else "Turso gave no reason."
    name = subject.get("database") or subject.get("group")
    if answer.status == 401:
        return TursoUnauthorized("Turso doesn't accept the API token (401). An admin has to replace it.", answer)
    if answer.status == 402:
        return PlanLacksFeature(f"The organization's plan doesn't include this (402). {why}", answer, name=name)
    if answer.status == 403:
        return TursoForbidden(f"The bot's API token isn't allowed to do this (403). {why}", answer, name=name)
    return TursoRejected(f"Turso refused this ({answer.status}). {why}", answer, name=name)


def not_of_turso(answer: ErrorAnswer, *, writes: bool) -> TursoError:
    """Return the error for a 404 that a proxy may have sent. It proves neither a loss nor a refusal."""
    sentence = "The response (404) doesn't look like one from Turso. A proxy may have sent it."
    if writes:
        return OutcomeUnknown(sentence, answer)
    return TursoUnavailable(f"{sentence} Try again in a moment.", answer)


def _unavailable(answer: ErrorAnswer, *, writes: bool) -> TursoError:
    if writes:
        return OutcomeUnknown(f"Turso responded to the change with status {answer.status}.", answer)
    return TursoUnavailable(f"Turso responded with status {answer.status}. Try again in a moment.", answer)


def no_answer(error: Exception, *, writes: bool) -> TursoError:
    """Return the error for a call that got no response.

    Uses only the types of `error` and of its causes, because their texts may contain the token.
    """
    late = isinstance(error, TimeoutError | httpx.TimeoutException) and not isinstance(error, httpx.ConnectTimeout)
    if _is_untrusted(error):
        sentence = "Turso's certificate isn't trusted, so nothing was sent. An admin has to set SSL_CERT_FILE."
        return NotSent(sentence) if writes else TursoUnavailable(sentence)
    if not writes:
        return TursoUnavailable(f"Turso {'is taking too long' if late else 'is unreachable'}. Try again in a moment.")
    if isinstance(error, NEVER_LEFT):
        return NotSent("Turso is unreachable.")
    how = "didn't respond in time" if late else "dropped the connection"
    return OutcomeUnknown(f"Turso {how}.")


def _is_untrusted(error: BaseException | None) -> bool:
    """Return True if an error, or one of its causes, is about a certificate that couldn't be verified."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError | aiohttp.ClientConnectorCertificateError):
            return True
        error = error.__cause__ or error.__context__
    return False


def unreadable(status: int, *, writes: bool) -> TursoError:
    """Return the error for a 2xx response with an unexpected body."""
    answer = ErrorAnswer(status=status)
    if writes:
        return OutcomeUnknown("Turso's response to the change can't be read.", answer)
    return TursoUnavailable("Turso's response can't be read. Try again.", answer)


def _json(content: bytes) -> dict[str, Any]:
    """Return a JSON object, or an empty one for other content."""
    try:
        body = from_json(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _sentence(raw: Any, secret: str) -> str | None:
    if raw is None or raw == "":
        return None
    text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
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
