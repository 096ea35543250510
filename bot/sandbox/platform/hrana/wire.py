"""Parses the JSON of libSQL's requests into values that a stream can run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from bot.sandbox.platform.hrana import values
from bot.sandbox.platform.hrana.errors import BadRequest
from bot.sandbox.platform.hrana.values import SqlValue


@dataclass(frozen=True)
class Text:
    """SQL text, or the ID under which it was stored."""

    sql: str | None
    sql_id: int | None


@dataclass(frozen=True)
class Statement:
    text: Text
    args: tuple[SqlValue, ...]
    named_args: tuple[tuple[str, SqlValue], ...]
    want_rows: bool


@dataclass(frozen=True)
class Condition:
    """The condition of a batch step. `kind` is `ok`, `error`, `not`, `and`, `or` or `is_autocommit`."""

    kind: str
    step: int = 0
    parts: tuple["Condition", ...] = ()


@dataclass(frozen=True)
class Step:
    condition: Condition | None
    statement: Statement


@dataclass(frozen=True)
class Request:
    """One request of a pipeline. Its type decides which fields it has."""

    type: str
    text: Text | None = None
    statement: Statement | None = None
    steps: tuple[Step, ...] = ()
    sql_id: int = 0


@dataclass(frozen=True)
class Pipeline:
    baton: str | None
    requests: tuple[Request, ...]


@dataclass(frozen=True)
class CursorRequest:
    baton: str | None
    steps: tuple[Step, ...]


def read_pipeline(body: bytes, version: int) -> Pipeline:
    """Parse the requests of a pipeline. Raises BadRequest."""
    message = _object(_json(body), "the body")
    requests = _list(message.get("requests"), "requests")
    return Pipeline(_baton(message), tuple(_request(request, version) for request in requests))


def read_cursor(body: bytes) -> CursorRequest:
    """Parse the request of a cursor. Raises BadRequest."""
    message = _object(_json(body), "the body")
    return CursorRequest(_baton(message), read_steps(message.get("batch")))


def _json(body: bytes) -> Any:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise BadRequest(f"Could not parse the body as JSON: {str(error)[:100]}") from None


def _baton(message: dict[str, Any]) -> str | None:
    baton = message.get("baton")
    if baton is not None and not isinstance(baton, str):
        raise BadRequest("a baton is a string")
    return baton


def _request(wire: object, version: int) -> Request:
    request = _object(wire, "a request")
    kind = request.get("type")
    read = _READERS.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise BadRequest(f"unknown request type `{str(kind)[:40]}`")
    if kind == "get_autocommit" and version < 3:
        raise BadRequest("The `get_autocommit` request is not supported in protocol version 2")
    return read(request)


_READERS: dict[str, Callable[[dict[str, Any]], Request]] = {
    "execute": lambda wire: Request("execute", statement=read_statement(wire.get("stmt"))),
    "batch": lambda wire: Request("batch", steps=read_steps(wire.get("batch"))),
    "sequence": lambda wire: Request("sequence", text=_text(wire)),
    "describe": lambda wire: Request("describe", text=_text(wire)),
    "store_sql": lambda wire: Request(
        "store_sql", sql_id=_integer(wire, "sql_id"), text=Text(_string(wire, "sql"), None)
    ),
    "close_sql": lambda wire: Request("close_sql", sql_id=_integer(wire, "sql_id")),
    "get_autocommit": lambda wire: Request("get_autocommit"),
    "close": lambda wire: Request("close"),
}


def read_statement(wire: object) -> Statement:
    """Parse a statement. Raises BadRequest."""
    statement = _object(wire, "stmt")
    args = _list(statement.get("args") or [], "args")
    named = _list(statement.get("named_args") or [], "named_args")
    want_rows = statement.get("want_rows")
    if want_rows is not None and not isinstance(want_rows, bool):
        raise BadRequest("`want_rows` is true or false")
    return Statement(
        text=_text(statement),
        args=tuple(values.decode(value) for value in args),
        named_args=tuple(_named(argument) for argument in named),
        want_rows=want_rows is not False,
    )


def _named(wire: object) -> tuple[str, SqlValue]:
    argument = _object(wire, "a named argument")
    return _string(argument, "name"), values.decode(argument.get("value"))


def read_steps(wire: object) -> tuple[Step, ...]:
    """Return the steps of a batch. Raises BadRequest."""
    steps = []
    for position, given in enumerate(_list(_object(wire, "batch").get("steps"), "steps")):
        step = _object(given, "a step")
        condition = step.get("condition")
        read = None if condition is None else _condition(condition, position)
        steps.append(Step(read, read_statement(step.get("stmt"))))
    return tuple(steps)


def _condition(wire: object, position: int) -> Condition:
    condition = _object(wire, "a condition")
    kind = condition.get("type")
    if kind in ("ok", "error"):
        step = _integer(condition, "step")
        if not 0 <= step < position:
            raise BadRequest("a condition may refer only to earlier steps")
        return Condition(kind, step=step)
    if kind == "not":
        return Condition(kind, parts=(_condition(condition.get("cond"), position),))
    if kind in ("and", "or"):
        parts = _list(condition.get("conds"), "conds")
        return Condition(kind, parts=tuple(_condition(part, position) for part in parts))
    if kind == "is_autocommit":
        return Condition(kind)
    raise BadRequest("unknown type of condition")


def _text(wire: dict[str, Any]) -> Text:
    sql, sql_id = wire.get("sql"), wire.get("sql_id")
    if (sql is None) == (sql_id is None):
        raise BadRequest("one of `sql` and `sql_id` is needed")
    if sql is not None:
        return Text(_string(wire, "sql"), None)
    return Text(None, _integer(wire, "sql_id"))


def _object(wire: object, what: str) -> dict[str, Any]:
    if not isinstance(wire, dict):
        raise BadRequest(f"{what} is an object")
    return wire


def _list(wire: object, what: str) -> list[Any]:
    if not isinstance(wire, list):
        raise BadRequest(f"{what} is a list")
    return wire


def _string(wire: dict[str, Any], key: str) -> str:
    value = wire.get(key)
    if not isinstance(value, str):
        raise BadRequest(f"`{key}` is a string")
    return value


def _integer(wire: dict[str, Any], key: str) -> int:
    value = wire.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**31) <= value < 2**31:
        raise BadRequest(f"`{key}` is an integer of 32 bits")
    return value
