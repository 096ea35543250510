"""Structured logs: one line a command, and nothing secret in any of them."""

import logging
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import structlog
from structlog.typing import Processor

from bot.core.egress import looks_secret
from bot.slack.quiet import cap_sdk_loggers
from bot.turso.http import quiet_loggers

HIDDEN = "[hidden]"


class Redactor:
    """A processor that hides whatever is, or looks like, a secret, also in tracebacks."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secret for secret in secrets if len(secret) >= 8)

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Rewrite every value of one log line."""
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


def set_up_logs(level: str, style: str, secrets: Sequence[str]) -> None:
    """Send structlog's lines and the standard library's through one set of processors, to standard output."""
    redactor = Redactor(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redactor,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    cap_sdk_loggers()
    quiet_loggers()
    for name in ("sqlalchemy", "aiosqlite", "asyncio", "alembic", "httpcore", "httpx", "dbos", "uvicorn.access"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
