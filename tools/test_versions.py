"""Runs the tests of startup, durable work and Slack with every supported Python version on this machine.

Each interpreter gets its own environment in `build/versions`. Versions without an interpreter are named and skipped.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TESTS: Final = (
    "tests/durable",
    "tests/slack",
    "tests/store/test_upgrading.py",
    "tests/scenarios/test_command_line.py",
    "tests/scenarios/test_settings.py",
)
"""The last three are about startup: new and old stores, the command line, and the settings."""


def supported() -> list[str]:
    """Return the versions that pyproject.toml names, oldest first: `3.11`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in project["classifiers"])
    return [one[1] for one in found if one]


def find_interpreter(version: str, environ: Mapping[str, str]) -> Path | None:
    """Return an interpreter for a version: the first on the PATH that starts, or else the newest of pyenv."""
    on_path = (Path(folder) / f"python{version}" for folder in environ.get("PATH", "").split(os.pathsep))
    pyenv = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    built = sorted(pyenv.glob(f"{version}.*/bin/python"), key=lambda path: _numbers(path.parts[-3]), reverse=True)
    return next((path for path in [*on_path, *built] if os.access(path, os.X_OK) and _is(path, version)), None)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _is(interpreter: Path, version: str) -> bool:
    """Return True if the interpreter starts and has that version. A shim of pyenv may not."""
    says = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([interpreter, "-c", says], capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.strip() == version


def environment(interpreter: Path, version: str) -> Path:
    """Return the Python of an environment with the locked packages. Create the environment unless it is up to date."""
    folder = ROOT / "build" / "versions" / version
    python, ready = folder / "bin" / "python", folder / ".ready"
    sources = [ROOT / "requirements.lock", ROOT / "pyproject.toml"]
    if not ready.exists() or any(one.stat().st_mtime > ready.stat().st_mtime for one in sources):
        shutil.rmtree(folder, ignore_errors=True)
        pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([interpreter, "-m", "venv", folder])
        _run([*pip, "--require-hashes", "-r", ROOT / "requirements.lock"])
        _run([*pip, "--no-deps", "--no-build-isolation", "-e", ROOT])
        ready.touch()
    return python


def _run(command: Sequence[str | Path]) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def main(arguments: Sequence[str]) -> int:
    """Test with each version, even after one fails. Arguments are passed to pytest.

    Returns 1 if the tests failed with a version, or if no version was found.
    """
    results = dict(_results(supported(), arguments))
    for version, result in results.items():
        print(f"Python {version}: {result}")
    return int("failed" in results.values() or "passed" not in results.values())


def _results(versions: Iterable[str], arguments: Sequence[str]) -> Iterable[tuple[str, str]]:
    for version in versions:
        interpreter = find_interpreter(version, os.environ)
        if interpreter is None:
            yield version, "not found on this machine"
            continue
        print(f"== Python {version}: {interpreter}", flush=True)
        command: list[str | Path] = [environment(interpreter, version), "-m", "pytest", *TESTS, *arguments]
        yield version, "failed" if subprocess.run(command, cwd=ROOT).returncode else "passed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
