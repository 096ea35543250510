"""A test that hangs fails with its name, and the next one runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANGING = """
import asyncio, time

async def test_that_waits():
    await asyncio.Event().wait()

def test_that_sleeps():
    time.sleep(600)

async def test_whose_background_task_never_rests():
    async def spin():
        while True:
            time.sleep(0.001)
            await asyncio.sleep(0)
    spinning = asyncio.create_task(spin())
    await asyncio.Event().wait()

def test_that_ends():
    pass
"""


def test_every_test_has_a_time_limit(pytestconfig: pytest.Config) -> None:
    assert float(pytestconfig.getini("timeout")) == 300


def test_a_test_that_hangs_is_named_and_the_next_one_runs(tmp_path: Path) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING)
    hooks = (ROOT / "tests/conftest.py").read_text()
    (tmp_path / "conftest.py").write_text(hooks.replace("REPEAT_SECONDS = 30", "REPEAT_SECONDS = 3"))
    command = [sys.executable, "-m", "pytest", "-c", f"{ROOT}/pyproject.toml", f"--rootdir={tmp_path}", "--timeout=1"]
    done = subprocess.run([*command, str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    failed = [line.split("::")[1].split(" ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert failed == ["test_that_waits", "test_that_sleeps", "test_whose_background_task_never_rests"], done.stdout
    assert "3 failed, 1 passed" in done.stdout, done.stdout
