"""The data plane's errors, with the texts and codes of libSQL's server."""

import apsw

_SYNTAX = ("syntax error", "incomplete input", "unrecognized token")


class BadRequest(Exception):
    """The request is malformed. The response is 400, and if the request has begun to run, its stream is closed."""


class StatementError(Exception):
    """A statement failed. The following requests of the pipeline still run."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)

    @property
    def wire(self) -> dict[str, str]:
        return {"message": str(self), "code": self.code}


class Busy(Exception):
    """Another connection is writing. Nothing was done, so the statement can be run again."""


class TooManyStreams(Exception):
    """No other stream can be opened, because too many are open."""


class StreamExpired(Exception):
    """The stream was idle for too long and was closed."""


def no_statement() -> StatementError:
    return StatementError("SQL_NO_STATEMENT", "SQL string does not contain any statement")


def many_statements() -> StatementError:
    return StatementError("SQL_MANY_STATEMENTS", "SQL string contains more than one statement")


def unsupported_statement() -> StatementError:
    return StatementError("SQL_PARSE_ERROR", "SQL string could not be parsed: unsupported statement")


def arguments_invalid(why: str) -> StatementError:
    return StatementError("ARGS_INVALID", f"Arguments are invalid: {why}")


def blocked(reason: str) -> StatementError:
    return StatementError("BLOCKED", f"Operation was blocked: {reason}")


def transaction_timeout() -> StatementError:
    return StatementError("TRANSACTION_TIMEOUT", "Transaction timed-out")


def database_locked() -> StatementError:
    return StatementError("SQLITE_BUSY", "SQLite error: database is locked")


def stream_closed() -> StatementError:
    return StatementError("STREAM_EXPIRED", "The stream was closed")


def response_too_large() -> StatementError:
    return StatementError("RESPONSE_TOO_LARGE", "Response is too large")


def from_sqlite(error: Exception) -> StatementError:
    """Return the protocol's error for an error of SQLite. The message of an input error has its position in the SQL."""
    message, offset = str(error), getattr(error, "error_offset", -1)
    if isinstance(error, UnicodeError):
        return StatementError("SQLITE_UNKNOWN", "SQLite error: text is not valid UTF-8")
    if isinstance(error, apsw.SQLError):
        if any(words in message for words in _SYNTAX):
            return StatementError("SQL_PARSE_ERROR", f"SQL string could not be parsed: {message}")
        if offset >= 0:
            return StatementError("SQL_INPUT_ERROR", f"SQL input error: {message} (at offset {offset})")
        return StatementError("SQLITE_UNKNOWN", f"SQLite error: {message}")
    name = apsw.mapping_result_codes.get(getattr(error, "result", -1), "SQLITE_UNKNOWN")
    return StatementError(str(name), f"SQLite error: {message}")
