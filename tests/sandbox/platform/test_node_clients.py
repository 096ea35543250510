"""Third-party Node clients over real HTTP: all their operations that the local Turso supports."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sandbox.platform.hosting import API_TOKEN, Process

SCRIPTS = Path(__file__).parent / "node"
NODE, NPM = shutil.which("node"), shutil.which("npm")

pytestmark = [
    pytest.mark.skipif(not (NODE and NPM), reason="Node and npm are needed to try Node's clients"),
    pytest.mark.timeout(600),  # the first test installs the clients
]

# These fail with the real service too: an empty 200 isn't JSON, and a token is validated at another path.
FAIL_THERE_TOO = {
    "groups.rotateTokens": "SyntaxError: Unexpected end of JSON input",
    "databases.rotateTokens": "SyntaxError: Unexpected end of JSON input",
    "databases.updateVersion": "SyntaxError: Unexpected end of JSON input",
    "apiTokens.validate": "TursoClientError: Method Not Allowed",
}


@pytest.fixture(scope="module")
def modules() -> Path:
    """Return a folder with the installed clients. It is kept between runs, outside the repository."""
    lock = (SCRIPTS / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "turso-ops"
    folder = cache / f"node-clients-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / ".installed").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(SCRIPTS / name, folder / name)
            command = [str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
            (folder / ".installed").touch()
    return folder


def run(modules: Path, script: str, **environment: str) -> dict[str, str]:
    """Run a script of operations, and return the outcome of each."""
    source = (SCRIPTS / "harness.mjs").read_text() + (SCRIPTS / script).read_text()
    done = subprocess.run(
        [str(NODE), "--input-type=module"],
        input=source,
        cwd=modules,
        env={**os.environ, **environment, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    outcomes: dict[str, str] = json.loads(done.stdout)
    return outcomes


@pytest.fixture(scope="module")
def database(server: Process) -> dict[str, str]:
    url = server.create("js")
    return {"URL_": url, "TOKEN": server.token("js"), "READ_ONLY": server.token("js", authorization="read-only")}


@pytest.mark.parametrize(("script", "at_least"), [("client.mjs", 17), ("serverless.mjs", 22)])
def test_every_operation_of_a_database_client_works(
    modules: Path, database: dict[str, str], script: str, at_least: int
) -> None:
    outcomes = run(modules, script, **database)

    assert {name: outcome for name, outcome in outcomes.items() if outcome != "ok"} == {}
    assert len(outcomes) >= at_least


def test_every_operation_of_the_platform_client_behaves_as_with_turso(modules: Path, server: Process) -> None:
    outcomes = run(modules, "api.mjs", URL_=server.url, TOKEN=API_TOKEN)

    failed = {name: outcome for name, outcome in outcomes.items() if outcome != "ok"}
    assert failed.keys() == FAIL_THERE_TOO.keys(), failed
    for name, outcome in failed.items():
        assert outcome == FAIL_THERE_TOO[name], name
    assert len(outcomes) >= 30
