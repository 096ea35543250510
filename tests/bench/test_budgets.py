"""A budget that is a gate is missed if a figure misses its required value (`must`) or wasn't measured.

The table shows the missed budgets and those that weren't measured.
"""

from typing import Any

import pytest

from bench import report
from bench.budgets import BUDGETS, missed_gates
from bench.load import is_complete
from bench.processes import ROOT
from bench.signing import SECRET, command, request
from bot.slack.incoming.request_guard import PARSED, Guard
from bot.slack.incoming.signing_secrets import SigningSecrets

MET = {key: must for budget in BUDGETS for key, must, _ in budget.parts}


def test_figures_that_just_reach_the_required_values_pass() -> None:
    assert missed_gates(MET) == []


@pytest.mark.parametrize("budget", [one for one in BUDGETS if one.gates], ids=lambda one: str(one.number))
def test_a_gate_is_missed_if_a_figure_is_too_bad_or_was_not_measured(budget: Any) -> None:
    for key, must, _ in budget.parts:
        worse = must * 0.9 if budget.at_least else must + 0.1
        assert missed_gates({**MET, key: worse}) == [budget]
        assert missed_gates({name: value for name, value in MET.items() if name != key}) == [budget]


def test_a_missed_budget_that_is_not_a_gate_is_only_shown_in_the_table() -> None:
    figures = MET | {"12": 99.0}

    assert missed_gates(figures) == []
    assert "| 12 | start to first answer, migrations done | B | ≤ 5 | ≤ 3.5 | 99 | **missed** |" in report.table(
        figures
    )


def test_the_table_shows_whether_the_desired_or_only_the_required_value_is_reached() -> None:
    table = report.table({"15": 1.0, "7": 0.015})

    assert "| 1 | aim |" in next(line for line in table.splitlines() if line.startswith("| **15** |"))
    assert "| 0.015 | must |" in next(line for line in table.splitlines() if line.startswith("| **7** |"))
    assert table.count("not measured") == len(BUDGETS) - 2


async def test_the_load_is_signed_like_slacks_requests() -> None:
    passed = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        passed.append(scope[PARSED])

    async def send(message: Any) -> None:
        raise AssertionError(message)

    whole = request(command("db list", respond_to="http://127.0.0.1:1"))
    head, _, body = whole.partition(b"\r\n\r\n")
    headers = [tuple(line.split(b": ", 1)) for line in head.split(b"\r\n")[1:]]
    scope = {"type": "http", "method": "POST", "headers": [(name.lower(), value) for name, value in headers]}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    await Guard(inner, SigningSecrets([SECRET]))(scope, receive, send)

    assert [parsed["text"] for parsed in passed] == ["db list"]


@pytest.mark.parametrize(
    ("answer", "complete"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-le", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    ],
)
def test_a_response_is_complete_once_its_whole_body_has_arrived(answer: bytes, complete: bool) -> None:
    assert is_complete(answer) is complete


def test_the_performance_page_has_the_introduction_and_the_table_header_of_the_report() -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")

    assert page.startswith(f"{report.HEAD}\nMeasured on ")
    assert report.table({}).splitlines()[0] in page.splitlines()
