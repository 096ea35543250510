"""Runs `python -m bot …` as a shell would: in a folder, with only the given environment."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.forked import shared_fork_server

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """The exit status and output of a finished command."""

    status: int
    out: str
    err: str


async def run(*arguments: str, folder: Path, env: Mapping[str, str] | None = None, within: float = 40.0) -> Ran:
    """Run `python -m bot` to its end, in a forked process. From this process's environment it gets only `PATH`."""
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said, "out"), Path(said, "err")
        fork = partial(
            shared_fork_server().fork, *arguments, environment=_given(folder, env), cwd=folder, out=out, err=err
        )
        child = await asyncio.to_thread(fork)
        try:
            status = await child.ended(within)
        except TimeoutError:
            child.kill()
            await child.ended()
            raise AssertionError(f"{arguments} did not end within {within:.0f} s") from None
        return Ran(status, out.read_text(), err.read_text())


async def run_afresh(*arguments: str, folder: Path, env: Mapping[str, str] | None = None, within: float = 40.0) -> Ran:
    """Run `python -m bot` to its end with an interpreter of its own, as a shell would.

    This takes seconds, so most tests use `run`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, env=_given(folder, env), cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), within)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"{arguments} did not end within {within:.0f} s") from None
    return Ran(process.returncode or 0, out.decode(), err.decode())


def _given(folder: Path, env: Mapping[str, str] | None) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "HOME": str(folder), **(env or {})}
