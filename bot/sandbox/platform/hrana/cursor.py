"""A cursor: runs a batch and streams its rows as lines of JSON."""

from collections.abc import Generator
from typing import Any

from pydantic_core import to_json

from bot.sandbox.platform.hrana.errors import StatementError
from bot.sandbox.platform.hrana.requests import Outcome, is_met
from bot.sandbox.platform.hrana.stream import Pause, Stream
from bot.sandbox.platform.hrana.wire import Step

_CHUNK_BYTES = 64 * 1024


def run_cursor(stream: Stream, steps: tuple[Step, ...]) -> Generator[Pause | bytes, None, None]:
    """Run a batch, and yield its results as chunks of whole lines, and `PAUSE` to wait for another writer."""
    try:
        yield from _run_steps(stream, steps)
    finally:
        stream.end_request()


def _run_steps(stream: Stream, steps: tuple[Step, ...]) -> Generator[Pause | bytes, None, None]:
    outcomes: list[Outcome] = []
    for number, step in enumerate(steps):
        outcome: Outcome = None
        if step.condition is None or is_met(step.condition, outcomes, stream):
            try:
                yield from _run_step(stream, number, step)
                outcome = {}
            except StatementError as error:
                outcome = error
                yield line({"type": "step_error", "step": number, "error": error.wire})
        outcomes.append(outcome)


def _run_step(stream: Stream, number: int, step: Step) -> Generator[Pause | bytes, None, None]:
    run = yield from stream.start(step.statement)
    columns = [{"name": name, "decltype": decltype} for name, decltype in run.columns]
    chunk = bytearray(line({"type": "step_begin", "step": number, "cols": columns}))
    try:
        for row in stream.rows(run):
            # The rows are streamed, so only a single row is limited, not the whole response.
            stream.budget = stream.served.limits.response_bytes
            if step.statement.want_rows:
                chunk += line({"type": "row", "row": row})
            if len(chunk) > _CHUNK_BYTES:
                yield bytes(chunk)
                chunk.clear()
    except StatementError:
        if chunk:
            yield bytes(chunk)
        raise
    finally:
        stream.measure(run)
    rowid = None if run.last_insert_rowid is None else str(run.last_insert_rowid)
    chunk += line({"type": "step_end", "affected_row_count": run.affected, "last_insert_rowid": rowid})
    yield bytes(chunk)


def line(entry: dict[str, Any]) -> bytes:
    return to_json(entry, inf_nan_mode="null") + b"\n"
