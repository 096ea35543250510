"""Limit what Slack's libraries and aiohttp log: drop records that may contain a request, and remove addresses."""

import logging
import re
from typing import Final

SDK_LOGGER: Final = "slack_sdk"
BOLT_LOGGER: Final = "slack_bolt"
_AIOHTTP: Final = ("aiohttp", "aiohttp.client", "aiohttp.internal", "aiohttp.websocket")
"""The loggers that aiohttp's client uses, because the filters of a logger don't apply to those below it."""
_BODIES: Final = re.compile(r"body|payload|Unhandled request|req_args", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"\b(?:https?|wss?)://\S+")


class WithoutBodies(logging.Filter):
    """Drops records that may contain a request, and removes addresses, because a `response_url` is a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for a record that must not be logged."""
        message = record.getMessage()
        if _BODIES.search(message):
            return False
        if record.exc_info and record.exc_info[0]:
            message = f"{message} [{record.exc_info[0].__name__}]"
        record.msg, record.args, record.exc_info, record.exc_text = _ADDRESS.sub("[address]", message), (), None, None
        return True


def cap_sdk_loggers() -> None:
    """Keep bodies out of the logs of Slack's libraries and aiohttp, at any level of the root logger.

    May be called more than once.
    """
    for name, level in (
        (SDK_LOGGER, logging.INFO),
        (BOLT_LOGGER, logging.ERROR),
        *((name, logging.WARNING) for name in _AIOHTTP),
    ):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        if not any(isinstance(one, WithoutBodies) for one in logger.filters):
            logger.addFilter(WithoutBodies())


def sdk_logger() -> logging.Logger:
    """Return the logger for every client of `slack_sdk`, after `cap_sdk_loggers` has limited it."""
    cap_sdk_loggers()
    return logging.getLogger(SDK_LOGGER)


def bolt_logger() -> logging.Logger:
    """Return the logger whose level and filters Bolt copies to its own loggers, after limiting it as well."""
    cap_sdk_loggers()
    return logging.getLogger(BOLT_LOGGER)
