"""What all tests share: golden files."""

import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files; then read their diff as code")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted: each `record_property("figure", …)`."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, ())]
    for figure in [value for one in reports for name, value in one.user_properties if name == "figure"]:
        terminalreporter.write_line(str(figure))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """Compare a value with `tests/golden/NAME.json`."""
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
