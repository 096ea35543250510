"""Sets up structured logs without secrets."""

import json
import logging
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from structlog.typing import Processor

from bot.core.redaction.egress import HIDDEN, has_token, spellings, without_lines
from bot.slack.sdk_logging import cap_sdk_loggers
from bot.turso.http import limit_loggers

TRACEBACKS: Final = ("exception", "stack")
_encode: Final = json.JSONEncoder(default=repr).encode  # created once, which takes as long as writing a line


class Redactor:
    """A processor that hides recognizable secrets, and text that looks like one, even in tracebacks."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = spellings(secrets)

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Rewrite every value of one log line."""
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return without_lines(value, self.finds) if self.finds(value) else value
        if isinstance(value, Mapping):
            return {HIDDEN if self.finds(str(key)) else key: self._clean(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(one) for one in value]
        return HIDDEN if self.finds(repr(value)) else value

    def finds(self, text: str) -> bool:
        """Return True if a text contains a secret, as it is or escaped by `repr` or JSON, or what looks like one."""
        return has_token(text) or any(secret in text for secret in self._secrets)


def on_one_line(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape control characters such as line breaks, so that typed text can't look like a log line.

    A traceback keeps its lines.
    """
    return {key: value if key in TRACEBACKS else _escaped(value) for key, value in event.items()}


def _escaped(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in value)


class JsonLine:
    """Renders a line as JSON. It searches the whole line for secrets, and only if one is found, each value."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        """Return the line."""
        line = _encode(event)
        if not self._redactor.finds(line):
            return line
        line = _encode(self._redactor(logger, method, event))
        return line if not self._redactor.finds(line) else _encode({"event": HIDDEN, "level": method})


class Line:
    """Writes finished lines of the bot's packages. `logging` would take twice as long."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Write one line to standard error. If that is closed or full, the line is lost and the work continues."""
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = exception = log = msg


def set_up_logs(level: str, style: str, secrets: Sequence[str]) -> None:
    """Configure logging: lines of the bot and of libraries go through the same processors to standard error."""
    redactor = Redactor(secrets)
    rendered: list[Processor] = [JsonLine(redactor)]
    if style != "json":
        rendered = [redactor, on_one_line, structlog.dev.ConsoleRenderer(colors=False)]
    annotation: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[Processor] = [structlog.processors.format_exc_info, *rendered]
    structlog.configure(
        processors=[*annotation, *rendering],
        logger_factory=Line,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    _set_up_libraries(level, annotation, [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering])


def _set_up_libraries(level: str, annotation: list[Processor], rendering: list[Processor]) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=annotation, processors=rendering))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    cap_sdk_loggers()
    limit_loggers()
    for name in ("sqlalchemy", "asyncio", "alembic", "httpcore", "httpx", "dbos", "uvicorn.access"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
