"""Configuration for all tests: golden files, printed figures, time limits, and the distribution of tests to workers."""

import gc
import json
import signal
import zlib
from collections.abc import Callable, Generator
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_timeout
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.soak import CHOICE, SOAK

GOLDEN = Path(__file__).parent / "golden"

LONGEST = (
    "crash/test_kill",
    "crash/test_races",
    "audit_stream/test_process",
    "incidents/test_digests",
    "incidents/test_home",
    "messages",
    "durable",
    "crash",
    "security",
    "browser",
    "scenarios",
    "incidents",
    "sandbox/platform",
    "store",
    "sandbox/workspace/test_socket_mode",
    "tracing",
    "slack/test_limits",
    "turso/test_sockets",
)
"""The tests that start first, so that no worker is left at the end with a long test."""


# No deadline, because how long an example takes depends on how busy the machine is. `make test` runs the same examples
# each time, so that a failure comes from a change. The soak looks for new ones.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not SOAK)
settings.load_profile("patient")


REPEAT_SECONDS = 30
"""Seconds until the timeout error is raised again.

If a background task gets the first error, asyncio keeps it in the task, and the test would continue to wait.
"""


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(settings: pytest_timeout.Settings) -> Generator[None, bool, bool]:
    """Repeat the time limit of a test until the test has ended."""
    is_set = yield
    if settings.method == "signal":
        signal.setitimer(signal.ITIMER_REAL, settings.timeout, REPEAT_SECONDS)
    return is_set


class Spread(LoadFileScheduling):  # type: ignore[misc]
    """Gives each worker one file at a time, because tests in one file may share a sandbox.

    Each test of kills and each test of races is distributed separately. The browser's files form two groups, so that at
    most two workers start a browser.
    """

    def _split_scope(self, nodeid: str) -> str:
        if "crash/test_kill" in nodeid or "crash/test_races" in nodeid:
            return nodeid
        file = str(super()._split_scope(nodeid))
        return f"browser {zlib.crc32(file.encode()) % 2}" if file.startswith("tests/browser/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Spread:
    """Keep the order of `LONGEST`: by default, xdist starts with the files that have the most tests."""
    config.option.loadscopereorder = False
    return Spread(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests so that the longest start first."""
    items.sort(key=_rank)


def pytest_collection_finish() -> None:
    """Exclude all objects that exist so far, about half a million, from garbage collection."""
    gc.collect()
    gc.freeze()


def _rank(item: pytest.Item) -> int:
    path = item.nodeid.removeprefix("tests/")
    return next((rank for rank, name in enumerate(LONGEST) if path.startswith(name)), len(LONGEST))


def pytest_configure() -> None:
    """Let SIGHUP end the processes that tests start. Under `nohup` they would inherit that it is ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; then read their diff as code")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded (`record_property("figure", …)`), and which part of the soak ran."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, ())]
    for figure in [value for one in reports for name, value in one.user_properties if name == "figure"]:
        terminalreporter.write_line(str(figure))
    if not SOAK:
        terminalreporter.write_line(f"TEST_CHOICE={CHOICE}: a part of the large matrices. `make soak` runs them all.")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """Return a function that compares a value with `tests/golden/NAME.json`. `--update-golden` rewrites the file."""
    updates = request.config.getoption("--update-golden")

    def check(name: str, value: Any) -> None:
        path = GOLDEN / f"{name}.json"
        plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        text = json.dumps(plain, indent=1, ensure_ascii=False, default=str) + "\n"
        if updates:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.exists(), f"there is no golden file {name}: run pytest --update-golden"
        assert json.loads(text) == json.loads(path.read_text()), f"{name} differs: pytest --update-golden shows how"

    return check
