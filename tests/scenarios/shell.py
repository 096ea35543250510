"""The command line as somebody uses it: `python -m bot …` in a folder, with an environment and nothing else."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str


async def run(*arguments: str, folder: Path, env: Mapping[str, str] | None = None, within: float = 40.0) -> Ran:
    """Run `python -m bot` to its end; of this process's environment it gets the path alone."""
    given = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "HOME": str(folder), **(env or {})}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, env=given, cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(process.communicate(), within)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise AssertionError(f"{arguments} did not end within {within:.0f} s") from None
    return Ran(process.returncode or 0, out.decode(), err.decode())
