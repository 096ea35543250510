"""No log line contains a secret, whatever module writes it and in whatever form."""

import json
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import structlog

from bot.app.logs import set_up_logs
from bot.core.redaction.egress import HIDDEN

SECRET = 'a "quoted" \\ söcret'
JWT = "eyJhbGciOiJFZERTQSJ9.eyJhIjoicncifQ.AAAABBBBCCCC"


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[str]]]:
    """Yield a function that returns the lines logged since its last call. Restore the configuration afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda: [line for line in capsys.readouterr().err.splitlines() if line]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("secret", [SECRET, JWT, "xoxb-1234567890-abcdefghij"])
def test_a_secret_is_hidden_anywhere_in_a_line(written: Callable[[], list[str]], style: str, secret: str) -> None:
    set_up_logs("DEBUG", style, [SECRET])
    log = structlog.get_logger("bot.test")

    class Holder:
        def __repr__(self) -> str:
            return f"Holder({secret})"

    log.debug("flat", value=f"it is {secret}.")
    log.info("nested", value={"deep": [secret, {"deeper": (secret,)}]}, number=1)
    log.warning(f"in the event: {secret}")
    logging.getLogger("library").warning("from a library: %s", secret)
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("in a traceback")
        logging.getLogger("library").exception("in a library's traceback")
    log.info("in an object", value=Holder())
    log.info("in the repr of an object", value=SimpleNamespace(value=secret))
    log.info("in a key", value={secret: 1})

    lines = written()
    assert [name for name in LOGGED if not any(name in line for line in lines)] == []
    assert not [line for line in lines for text in escaped(secret) if text in line]


LOGGED = (
    "flat", "nested", "in a traceback", "in a library's traceback", "in an object", "in the repr of an object",
    "in a key",
)  # fmt: skip
"""The logged texts without the secret, which stay visible. A line of text that contains the secret is hidden."""


def escaped(secret: str) -> set[str]:
    """Return a secret as it is, and as `repr`, JSON or both escape it."""
    plain = (secret, repr(secret)[1:-1])
    return {*plain, *(json.dumps(text, ensure_ascii=is_ascii)[1:-1] for text in plain for is_ascii in (True, False))}


def test_the_rest_of_a_line_with_a_secret_is_kept(written: Callable[[], list[str]]) -> None:
    set_up_logs("INFO", "json", [SECRET])

    structlog.get_logger("bot.test").info("asked", user="U1", value=SECRET)

    (line,) = map(json.loads, written())
    assert (line["event"], line["user"], line["value"]) == ("asked", "U1", HIDDEN)


@pytest.mark.parametrize("style", ["json", "console"])
def test_in_a_traceback_only_the_line_with_the_secret_is_hidden(written: Callable[[], list[str]], style: str) -> None:
    set_up_logs("INFO", style, [])

    try:
        raise ValueError(f"refused: {JWT}")
    except ValueError:
        structlog.get_logger("bot.test").exception("failed")

    text = "\n".join(written())
    assert JWT not in text
    assert HIDDEN in text
    assert "Traceback" in text
    assert "test_logs.py" in text


def test_a_line_has_its_logger_level_time_and_reference(written: Callable[[], list[str]]) -> None:
    set_up_logs("INFO", "json", [])

    with structlog.contextvars.bound_contextvars(reference="i-abc"):
        structlog.get_logger("bot.test").info("answered", outcome="answered", nothing=None)
        logging.getLogger("library").error("from %s", "a library")
    structlog.get_logger("bot.test").debug("not at this level")

    ours, theirs = map(json.loads, written())
    assert (ours["logger"], ours["level"], ours["reference"]) == ("bot.test", "info", "i-abc")
    assert (theirs["logger"], theirs["level"], theirs["reference"]) == ("library", "error", "i-abc")
    assert (ours["event"], theirs["event"]) == ("answered", "from a library")
    assert all(line["timestamp"].endswith("Z") for line in (ours, theirs))
    assert ours["nothing"] is None


@pytest.mark.parametrize("style", ["json", "console"])
def test_logged_text_cannot_start_a_new_line(written: Callable[[], list[str]], style: str) -> None:
    set_up_logs("INFO", style, [])
    forged = "nothing\n2026-11-27T10:00:00Z [info] approved \x1b[2Kuser=U0EVE\r\u2028end"

    structlog.get_logger("bot.test").info("a line", text=forged)
    logging.getLogger("library").warning("from a library: %s", forged)

    lines = written()
    assert len(lines) == 2, lines
    assert not any(sign in line for line in lines for sign in ("\x1b", "\r", "\u2028"))
