"""A new in-memory pipeline for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.commands.rewind import _both_sides
from bot.commands.tokens import _probes
from bot.pipeline import rotation_proof
from bot.pipeline.execution import verify
from tests.pipeline.in_memory import Pipeline, pipeline
from tests.pipeline.usage_counters import Counters


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pipeline]:
    """Yield the pipeline, without pauses between tries: the in-memory Turso shows each change at once."""
    monkeypatch.setattr(verify, "READ_PAUSES", (0.0,))
    monkeypatch.setattr(_both_sides, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(_probes, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(rotation_proof, "FIRST_PAUSES", (0.0, 0.0, 0.0))
    async with pipeline(tmp_path) as found:
        yield found


@pytest.fixture
def counters(here: Pipeline) -> Counters:
    """Return Turso's usage counters, which grow only when a test says so."""
    return Counters(here)
