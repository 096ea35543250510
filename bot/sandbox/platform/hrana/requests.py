"""Runs the requests of a pipeline on a stream, one after another."""

from collections.abc import Generator
from typing import Any

from pydantic_core import to_json

from bot.sandbox.platform.hrana.errors import StatementError
from bot.sandbox.platform.hrana.stream import Pause, Stream
from bot.sandbox.platform.hrana.wire import Condition, Request, Step

Wire = dict[str, Any]
Outcome = Wire | StatementError | None


def answer_pipeline(stream: Stream, requests: tuple[Request, ...]) -> Generator[Pause, None, bytes]:
    """Run a pipeline and return its results as JSON. Raises BadRequest."""
    try:
        results = yield from run_pipeline(stream, requests)
        return to_json(results, inf_nan_mode="null")
    finally:
        stream.end_request()


def run_pipeline(stream: Stream, requests: tuple[Request, ...]) -> Generator[Pause, None, list[Wire]]:
    """Run every request, even if an earlier request failed, and return one result for each. Raises BadRequest."""
    results: list[Wire] = []
    for request in requests:
        try:
            response = yield from _respond(stream, request)
            results.append({"type": "ok", "response": {"type": request.type} | response})
        except StatementError as error:
            results.append({"type": "error", "error": error.wire})
    return results


def _respond(stream: Stream, request: Request) -> Generator[Pause, None, Wire]:
    if request.type == "close":
        stream.close()
    elif request.type == "execute" and request.statement:
        return {"result": (yield from stream.execute(request.statement))}
    elif request.type == "batch":
        return {"result": (yield from run_batch(stream, request.steps))}
    elif request.type == "sequence" and request.text:
        yield from stream.sequence(stream.sql(request.text))
    elif request.type == "describe" and request.text:
        return {"result": (yield from _describe(stream, stream.sql(request.text)))}
    elif request.type == "store_sql" and request.text:
        stream.store(request.sql_id, request.text.sql or "")
    elif request.type == "close_sql":
        stream.forget(request.sql_id)
    elif request.type == "get_autocommit":
        return {"is_autocommit": stream.is_autocommit}
    return {}


def _describe(stream: Stream, sql: str) -> Generator[Pause, None, Wire]:
    description = yield from stream.describe(sql)
    return {
        "params": [{"name": name} for name in description.parameters],
        "cols": [{"name": name, "decltype": decltype} for name, decltype in description.columns],
        "is_explain": description.is_explain,
        "is_readonly": description.is_readonly,
    }


def run_batch(stream: Stream, steps: tuple[Step, ...]) -> Generator[Pause, None, Wire]:
    """Run the steps whose conditions are true, and return a `BatchResult`."""
    outcomes: list[Outcome] = []
    for step in steps:
        outcome: Outcome = None
        if step.condition is None or is_met(step.condition, outcomes, stream):
            try:
                outcome = yield from stream.execute(step.statement)
            except StatementError as error:
                outcome = error
        outcomes.append(outcome)
    return {
        "step_results": [outcome if isinstance(outcome, dict) else None for outcome in outcomes],
        "step_errors": [outcome.wire if isinstance(outcome, StatementError) else None for outcome in outcomes],
        "replication_index": None,
    }


def is_met(condition: Condition, outcomes: list[Outcome], stream: Stream) -> bool:
    """Return True if a condition is met. A skipped step counts neither as ok nor as an error."""
    if condition.kind == "ok":
        return isinstance(outcomes[condition.step], dict)
    if condition.kind == "error":
        return isinstance(outcomes[condition.step], StatementError)
    if condition.kind == "is_autocommit":
        return stream.is_autocommit
    parts = (is_met(part, outcomes, stream) for part in condition.parts)
    if condition.kind == "and":
        return all(parts)
    return any(parts) if condition.kind == "or" else not next(parts)
