"""DBOS's settings, client and logging."""

import logging
from typing import Any, Final

from dbos import DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from bot.durable.fenced_engine import RunEnded, engine_for_dbos
from bot.durable.outages import is_outage, type_name

APPLICATION: Final = "turso-ops"
VERSION: Final = "1"
"""Must never change. DBOS only recovers work of its own version, so work interrupted by an upgrade would be lost."""
QUEUE: Final = "turso-ops"
PICK_UP_SECONDS: Final = 0.1
"""How often the queue is polled, in seconds. With 0.05, an idle process uses twice the CPU, 6 % of a core."""
EXECUTE: Final = "execute"
FIRE: Final = "fire"
SWEEP: Final = "sweep"
RESUME: Final = "resume"
"""The names of workflows, which the database stores. A name must not change while a row contains it."""
DURABLE_POOL: Final = 6
"""The default of `DATABASE_DURABLE_POOL_SIZE`."""
CLIENT_POOL: Final = 2


class _TakenTooLate(logging.Filter):
    """Turns errors into one-line warnings while DBOS is being destroyed.

    DBOS takes work from its queue until it has stopped. That work fails before its first step, because no threads are
    left. Its row is kept, so another process, or the next start of this one, does the work.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            error = record.exc_info[1] if record.exc_info else record.getMessage()
            record.levelno, record.levelname = logging.WARNING, logging.getLevelName(logging.WARNING)
            record.msg, record.args = "taken while stopping, continues later: %s", (error,)
            record.exc_info = record.exc_text = None
        return True


class _AfterTheEnd(logging.Filter):
    """Drops the errors that DBOS's threads log about closed connections after its end. They are expected."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, RunEnded) and str(RunEnded()) not in record.getMessage()


class _Shortened(logging.Filter):
    """Shortens the tracebacks in DBOS's messages, and those attached to messages about an outage of the database.

    While the database doesn't respond, DBOS logs them every few seconds.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and is_outage(error):
            record.msg, record.args = f"{record.getMessage()} {type_name(error)}", ()
            record.exc_info = record.exc_text = None
        head, found, rest = record.getMessage().partition("Traceback (most recent call last):")
        if found:
            errors = [line for line in rest.splitlines() if line and not line.startswith((" ", "(Background"))]
            record.msg, record.args = head + (errors[-1] if errors else ""), ()
        return True


_SHORTENED: Final = _Shortened()
_TAKEN_TOO_LATE: Final = _TakenTooLate()
_AFTER_THE_END: Final = _AfterTheEnd()


def configure_logging(*, stops: bool = False) -> None:
    """Send DBOS's warnings and errors to the process's log. By default, DBOS prints everything to the console.

    Args:
        stops: True while DBOS is being destroyed. Its errors are then about work that it took from its queue too late.
    """
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.WARNING)
    logger.addFilter(_AFTER_THE_END)
    logger.addFilter(_SHORTENED)
    logger.propagate = True
    if stops:
        logger.addFilter(_TAKEN_TOO_LATE)
    else:
        logger.removeFilter(_TAKEN_TOO_LATE)


def config(
    database: str, executor_id: str, *, engine: Engine | None = None, pool_size: int = DURABLE_POOL
) -> DBOSConfig:
    """Return the settings of an executor: no telemetry, no console output, no schema changes.

    Args:
        engine: replaces DBOS's own engine for the database.
    """
    return DBOSConfig(
        name=APPLICATION,
        system_database_url=database,
        system_database_engine=engine,
        application_version=VERSION,
        executor_id=executor_id,
        serializer=DBOSPortableJSONSerializer(),
        run_migrations=False,
        sys_db_pool_size=pool_size,
        enable_otlp=False,
        otlp_traces_endpoints=[],
        otlp_logs_endpoints=[],
        log_level="WARNING",
        scheduler_polling_interval_sec=10.0,
        # We send no notifications. On SQLite, the end of a process waits for the listener, which sleeps this long.
        notification_listener_polling_interval_sec=0.1,
    )


def client(database: str) -> tuple[DBOSClient, Engine | None]:
    """Return a client for DBOS's tables that executes no workflows, and its engine if the caller must dispose of it.

    The client connects on first use. Its calls raise an error if the database doesn't respond.
    """
    configure_logging()
    url = make_url(database)
    engine = None if url.get_backend_name() == "sqlite" else engine_for_dbos(url, CLIENT_POOL, "turso-ops queue")
    dbos = DBOSClient(
        system_database_url=database,
        system_database_engine=engine,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        lazy=True,
        retry_connection_errors=False,
    )
    return dbos, engine


def enqueueing(workflow: str, workflow_id: str) -> Any:
    """Return the options for enqueueing a workflow, at most once per ID."""
    return {"workflow_name": workflow, "queue_name": QUEUE, "workflow_id": workflow_id, "app_version": VERSION}
