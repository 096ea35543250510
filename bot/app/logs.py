"""Structured logs: one line a command, and nothing secret in any of them."""

import json
import logging
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final

import structlog
from structlog.typing import Processor

from bot.core.egress import looks_secret
from bot.slack.quiet import cap_sdk_loggers
from bot.turso.http import quiet_loggers

HIDDEN: Final = "[hidden]"
_PLAIN: Final = (str, int, float, type(None))


class Redactor:
    """A processor that hides whatever is, or looks like, a secret, also in tracebacks."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secret for secret in secrets if len(secret) >= 8)

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Rewrite every value of one log line; the usual line is searched once and left as it is."""
        values = event.values()
        if all(isinstance(value, _PLAIN) for value in values) and not self._is_secret("\n".join(map(str, values))):
            return event
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return HIDDEN if self._is_secret(value) else value
        if isinstance(value, Mapping):
            return {key: self._clean(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(one) for one in value]
        return value

    def _is_secret(self, text: str) -> bool:
        return looks_secret(text) or any(secret in text for secret in self._secrets)


class Line:
    """Writes finished lines of the bot's own rooms; `logging` would take twice as long for each."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Write one line to standard error."""
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = exception = log = msg


def set_up_logs(level: str, style: str, secrets: Sequence[str]) -> None:
    """Send the bot's own lines, and those of the libraries, through the same processors to standard error."""
    renderer: Processor = _as_json if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    said: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    written: list[Processor] = [structlog.processors.format_exc_info, Redactor(secrets), renderer]
    structlog.configure(
        processors=[*said, *written],
        logger_factory=Line,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    _set_up_libraries(level, said, [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written])


_encode = json.JSONEncoder(default=repr).encode  # one for all lines: making it takes as long as a line


def _as_json(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    return _encode(event)


def _set_up_libraries(level: str, said: list[Processor], written: list[Processor]) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=said, processors=written))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    cap_sdk_loggers()
    quiet_loggers()
    for name in ("sqlalchemy", "aiosqlite", "asyncio", "alembic", "httpcore", "httpx", "dbos", "uvicorn.access"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
