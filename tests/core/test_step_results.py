"""Results of workflow steps are stored in the database. Every version can read those of older versions."""

import json
from datetime import UTC, datetime

import pytest

from bot.core.requests.step_results import (
    ActResult,
    Attempt,
    BeginResult,
    PhaseKind,
    PhaseResult,
    StepName,
    VerifyResult,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("enum", "values"),
    [
        (StepName, ["begin", "act", "see", "finish", "tell"]),
        (PhaseKind, ["execute", "finish", "undo"]),
        (BeginResult, ["go", "stop"]),
        (Attempt, ["done", "before", "unknown", "refused", "not_sent", "stale", "again", "stopped"]),
        (PhaseResult, ["succeeded", "failed", "unknown", "stale", "again", "stopped"]),
    ],
)
def test_the_stored_values_never_change(enum: type[StepName], values: list[str]) -> None:
    assert [one.value for one in enum] == values


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        pytest.param({"acted": "before"}, ActResult(Attempt.BEFORE), id="sent before"),
        pytest.param({"acted": "stale", "why": "It is gone."}, ActResult(Attempt.STALE, "It is gone."), id="stale"),
        pytest.param(
            {"acted": "done", "facts": {"hostname": "x"}, "at": "2026-11-24T12:00:00+00:00"},
            ActResult(Attempt.DONE, facts={"hostname": "x"}, at=NOON),
            id="done",
        ),
        pytest.param(
            {"acted": "unknown", "why": "No response.", "at": "2026-11-24T12:00:00+00:00"},
            ActResult(Attempt.UNKNOWN, "No response.", at=NOON),
            id="unknown",
        ),
    ],
)
def test_an_attempt_stored_by_an_older_version_is_read(kept: dict[str, object], read: ActResult) -> None:
    assert ActResult.from_json(kept) == read


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        pytest.param({"result": "failed", "why": "No."}, VerifyResult(PhaseResult.FAILED, "No."), id="without facts"),
        pytest.param(
            {"result": "succeeded", "why": "", "facts": None}, VerifyResult(PhaseResult.SUCCEEDED), id="null as facts"
        ),
    ],
)
def test_a_read_back_stored_by_an_older_version_is_read(kept: dict[str, object], read: VerifyResult) -> None:
    assert VerifyResult.from_json(kept) == read


@pytest.mark.parametrize("attempt", Attempt)
@pytest.mark.parametrize("at", [None, NOON])
def test_a_stored_attempt_is_read_unchanged(attempt: Attempt, at: datetime | None) -> None:
    result = ActResult(attempt, "why", {"hostname": "x"}, at)

    assert ActResult.from_json(json.loads(json.dumps(result.to_json()))) == result


@pytest.mark.parametrize("result", PhaseResult)
def test_a_stored_result_is_read_unchanged(result: PhaseResult) -> None:
    seen = VerifyResult(result, "why", {"rows": 3})

    assert VerifyResult.from_json(json.loads(json.dumps(seen.to_json()))) == seen


@pytest.mark.parametrize(("phase", "kind"), [("execute", "execute"), ("finish12", "finish"), ("undo2", "undo")])
def test_a_phase_that_is_tried_again_keeps_its_kind(phase: str, kind: str) -> None:
    assert PhaseKind.of(phase).value == kind
