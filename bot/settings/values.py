"""Checks of the values of settings. Each error names the setting and never quotes its value."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

PREVIOUS: Final = "SLACK_SIGNING_SECRET_PREVIOUS"
SECRETS: Final = (
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    PREVIOUS,
    "SLACK_APP_TOKEN",
    "TURSO_API_TOKEN",
    "DATABASE_URL",
    "DATABASE_DIRECT_URL",
    "AUDIT_STREAM",
    "AUDIT_STREAM_SECRET",
    "PAGERDUTY_API_TOKEN",
    "OPSGENIE_API_TOKEN",
    "INCIDENT_IO_API_TOKEN",
)
URLS: Final = (
    "SLACK_API_URL",
    "TURSO_API_BASEURL",
    "PAGERDUTY_API_BASEURL",
    "OPSGENIE_API_BASEURL",
    "INCIDENT_IO_API_BASEURL",
)
NUMBERS: Final = {
    "PORT": (0, 65535),
    "RETENTION_DAYS": (1, 36_500),
    "DATABASE_POOL_SIZE": (1, 100),
    "DATABASE_DURABLE_POOL_SIZE": (2, 100),
    "DATABASE_TIMEOUT": (2, 300),
}
LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS: Final = ("json", "console")
LONGEST_SLUG: Final = 100
_SLUG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_QUOTES: Final = "\"'`“”„‘’‚«»"
_KINDS: Final = {
    "xoxb-": "a bot token",
    "xoxe.xoxb-": "a bot token",
    "xapp-": "an app-level token",
    "xoxp-": "a user token",
    "xoxe.xoxp-": "a user token",
    "xoxe-": "a refresh token",
    "xoxs-": "a session token",
    "xoxc-": "a session token",
}
"""The prefixes of Slack's tokens, and the kind of token that each marks."""
_EXPECTED: Final = {
    "SLACK_BOT_TOKEN": ("a bot token", "xoxb-", "OAuth & Permissions > Bot User OAuth Token"),
    "SLACK_APP_TOKEN": ("an app-level token", "xapp-", "Basic Information > App-Level Tokens"),
}


class BadSettings(Exception):
    """Raised when a setting, an option or a file that a command needs is missing or unusable. The message names it."""


def check_value(name: str, value: str) -> None:
    """Check one setting's value, without surrounding whitespace. Raises BadSettings."""
    if problem := _problem(name, value):
        raise BadSettings(f"{name} {problem}")


def _problem(name: str, value: str) -> str:
    if value[0] in _QUOTES or value[-1] in _QUOTES:
        return "begins or ends with a quotation mark, which isn't part of the value. Remove the quotes."
    if value.startswith(("${", "$(", "{{")):
        return "is a placeholder that wasn't replaced by its value."
    if odd := invisible_character(value):
        return f"contains {describe_character(odd)}. Copy the value again."
    if is_token(name):
        return _problem_of_token(name, value)
    if name in URLS:
        return _problem_of_url(name, value)
    if name in NUMBERS:
        return _problem_of_number(value, *NUMBERS[name])
    return _problem_of_word(name, value)


def is_token(name: str) -> bool:
    """Return True for a setting with a token or a secret, and for a `TURSO_…_TOKEN` of the policy."""
    return name.endswith(("_TOKEN", "_SECRET")) or name == PREVIOUS


def _problem_of_token(name: str, value: str) -> str:
    if odd := next((sign for sign in value if not "!" <= sign <= "~"), None):
        return f"contains {describe_character(odd)}, which no token contains. Copy the value again."
    found = next((kind for prefix, kind in _KINDS.items() if value.startswith(prefix)), "")
    if name not in _EXPECTED:
        return f"contains {found} of Slack, which belongs in another setting." if found else ""
    kind, prefix, place = _EXPECTED[name]
    if found == kind:
        return ""
    is_wrong = f"contains {found}" if found else f"doesn't begin with `{prefix}`"
    return f"{is_wrong}. It must be {kind} (`{prefix}…`): see {place} in the settings of the Slack app."


def _problem_of_url(name: str, value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "isn't a URL: its host or port can't be read."
    if parts.scheme not in ("https", "http") or not host:
        return "must be a URL that begins with https:// or http:// and a host."
    if " " in value or not host.isprintable():
        return "contains a space."
    if parts.username is not None or parts.password is not None:
        return "contains a user or password, which aren't used. Remove them."
    if parts.query or parts.fragment or "?" in value or "#" in value:
        return "contains a query or fragment (from `?` or `#` on), which isn't used. Remove it."
    if name == "SLACK_API_URL" and not f"{parts.path}/".replace("//", "/").endswith("/api/"):
        return "must end in /api/."
    return ""


def _problem_of_number(value: str, least: int, most: int) -> str:
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        return f"must be a whole number from {least} to {most}, written with the digits 0 to 9."
    return ""


def _problem_of_word(name: str, value: str) -> str:
    if name == "LOG_LEVEL" and value.upper() not in LOG_LEVELS:
        return f"must be {_either(LOG_LEVELS)}."
    if name == "LOG_FORMAT" and value not in LOG_FORMATS:
        return f"must be {_either(LOG_FORMATS)}."
    if name == "TURSO_ORGANIZATION" and (len(value) > LONGEST_SLUG or not _SLUG.fullmatch(value)):
        return (
            "isn't the slug of an organization, which has letters, digits, dots, dashes and underscores only. "
            "You can find it in the dashboard's address: https://app.turso.tech/SLUG."
        )
    if name == "HOST" and ("/" in value or " " in value or len(value) > 253):
        return (
            "must be a name or an IP address on which to listen, such as 0.0.0.0, without http:// and without a port."
        )
    return ""


def _either(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def invisible_character(value: str) -> str | None:
    """Return the first invisible character of a value, such as a line break. None if there is none."""
    return next((sign for sign in value if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")), None)


def describe_character(sign: str) -> str:
    """Return a character's name for a message, such as "a space" or "U+201C LEFT DOUBLE QUOTATION MARK"."""
    known = {" ": "a space", "\n": "a line break", "\r": "a line break", "\t": "a tab"}
    if sign in known:
        return known[sign]
    if unicodedata.category(sign) == "Cs":
        return "a byte that isn't UTF-8"
    name = unicodedata.name(sign, "")
    return f"the character U+{ord(sign):04X}{f' ({name})' if name else ''}"


def check_values(values: Mapping[str, object]) -> None:
    """Check every text value. Raises BadSettings for the first problem."""
    for name, value in values.items():
        if isinstance(value, str) and value:
            check_value(name, value)
