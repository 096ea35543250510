"""Variables whose names are similar to that of a setting, so that each is probably a typo. They are reported."""

from collections.abc import Collection, Iterable
from difflib import SequenceMatcher
from typing import Final

OTHER_NAMES: Final = {
    "SLACK_TOKEN": "SLACK_BOT_TOKEN",
    "SLACK_API_TOKEN": "SLACK_BOT_TOKEN",
    "SLACK_BOT_USER_TOKEN": "SLACK_BOT_TOKEN",
    "SLACK_SECRET": "SLACK_SIGNING_SECRET",
    "SLACK_SIGNING_KEY": "SLACK_SIGNING_SECRET",
    "SLACK_APP_LEVEL_TOKEN": "SLACK_APP_TOKEN",
    "SLACK_SOCKET_TOKEN": "SLACK_APP_TOKEN",
    "TURSO_TOKEN": "TURSO_API_TOKEN",
    "TURSO_API_KEY": "TURSO_API_TOKEN",
    "TURSO_AUTH_TOKEN": "TURSO_API_TOKEN",
    "TURSO_PLATFORM_TOKEN": "TURSO_API_TOKEN",
    "TURSO_ORG": "TURSO_ORGANIZATION",
    "TURSO_ORG_NAME": "TURSO_ORGANIZATION",
    "TURSO_ORG_SLUG": "TURSO_ORGANIZATION",
    "TURSO_API_URL": "TURSO_API_BASEURL",
    "TURSO_BASE_URL": "TURSO_API_BASEURL",
    "DATABASE_URI": "DATABASE_URL",
    "DB_URL": "DATABASE_URL",
    "DB_URI": "DATABASE_URL",
    "POSTGRES_URL": "DATABASE_URL",
    "POSTGRESQL_URL": "DATABASE_URL",
    "SQLALCHEMY_DATABASE_URI": "DATABASE_URL",
    "POLICY": "POLICY_FILE",
    "POLICY_PATH": "POLICY_FILE",
    "LOGLEVEL": "LOG_LEVEL",
    "LOGFORMAT": "LOG_FORMAT",
    "REQUESTS_CA_BUNDLE": "SSL_CERT_FILE",
    "CURL_CA_BUNDLE": "SSL_CERT_FILE",
}
"""Names that people and other programs use for a setting."""
SHORTEST: Final = 8
"""Shorter names, such as `PORT`, are similar to too many variables of other programs."""
CLOSE: Final = 0.88


def near_misses(given: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """Return the variables whose names are similar to that of a setting that isn't given, each with that setting.

    Args:
        given: the names of all variables.
        known: the names of the settings to compare with. The settings in `OTHER_NAMES` are always compared.
    """
    names = set(given)
    read = {*known, *OTHER_NAMES.values()}
    missing = sorted(name for name in read if not {name, f"{name}_FILE"} & names)
    unknown = sorted(name for name in names if name.removesuffix("_FILE") not in read)
    return {name: meant for name in unknown if (meant := _probable_name(name, missing))}


def _probable_name(name: str, missing: Collection[str]) -> str:
    upper = name.upper().replace("-", "_")
    if (other := OTHER_NAMES.get(upper, upper)) in missing:
        return other
    if upper in OTHER_NAMES:
        return ""
    candidates = [one for one in missing if len(one) >= SHORTEST]
    ratios = {one: SequenceMatcher(None, upper.removesuffix("_FILE"), one).ratio() for one in candidates}
    best = max(ratios, key=lambda one: ratios[one], default="")
    return best if best and ratios[best] >= CLOSE else ""
