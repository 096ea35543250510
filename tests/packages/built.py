"""Builds the wheel and the source archive, once for all tests of a process."""

import functools
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


@functools.cache
def built(kind: str) -> Path:
    """Build a `wheel` or an `sdist` of this checkout, and return its path."""
    folder = tempfile.mkdtemp(prefix="turso-ops-dist-")
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", folder]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    (path,) = Path(folder).iterdir()
    return path
