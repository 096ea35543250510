"""The data plane's limits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits in bytes, counts and seconds. The defaults are those of libSQL's server, if it has such a limit.

    A stream and an open database each take two or three file descriptors, of which a process often has 1024.
    """

    body_bytes: int = 16 * 2**20
    response_bytes: int = 10 * 2**20
    statement_bytes: int = 1_000_000
    value_bytes: int = 10 * 2**20
    temporary_bytes: int = 64 * 2**20
    database_bytes: int = 10 * 2**30
    history_bytes: int = 2 * 2**30
    stored_texts: int = 50
    stored_text_bytes: int = 5_000
    statement_seconds: float = 30.0
    busy_seconds: float = 10.0
    stream_idle_seconds: float = 10.0
    stream_remembered_seconds: float = 300.0
    transaction_seconds: float = 5.0
    streams: int = 200
    open_databases: int = 100
    threads: int = 32
