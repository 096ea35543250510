"""The wheel is installed in a clean environment of each Python, and works from `init` to an acknowledged command."""

import hashlib
import hmac
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.packages.built import ROOT, built
from tests.process import free_port
from tests.soak import LIMIT_SECONDS
from tools.test_versions import find_interpreter, supported

pytestmark = [pytest.mark.soak, pytest.mark.timeout(LIMIT_SECONDS)]
SECRET = "0123456789abcdef0123456789abcdef"
SETTINGS = {
    "SLACK_BOT_TOKEN": "xoxb-000000000000-000000000000-abcdefabcdefabcdefabcdef",
    "SLACK_SIGNING_SECRET": SECRET,
    "SLACK_API_URL": "http://127.0.0.1:9/api/",
    "TURSO_API_TOKEN": "eyJ0b2tlbiI6ImZvciB0ZXN0cyJ9.abcdefabcdef",
    "TURSO_API_BASEURL": "http://127.0.0.1:9",
    "TURSO_ORGANIZATION": "acme",
}
"""Settings with addresses at which nothing responds. A command is still acknowledged."""


@pytest.fixture(scope="module", params=supported())
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return `turso-ops` installed with production's locked packages, once for each supported Python."""
    interpreter = find_interpreter(request.param, os.environ)
    if interpreter is None:
        pytest.skip(f"Python {request.param} isn't on this machine")
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([interpreter, "-m", "venv", folder], check=True)
    pip: list[str | Path] = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements.txt"], check=True)
    subprocess.run([*pip, "--no-deps", built("wheel")], check=True)
    return folder / "bin/turso-ops"


def run(program: Path, *arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}
    return subprocess.run([program, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def test_the_installed_wheel_works_from_init_to_a_command_that_is_acknowledged(program: Path, tmp_path: Path) -> None:
    assert run(program, "init", folder=tmp_path).returncode == 0
    assert run(program, "policy", "check", folder=tmp_path).returncode == 0
    assert run(program, "init", folder=tmp_path).returncode == 1
    without = run(program, "sandbox", folder=tmp_path)
    assert (without.returncode, without.stderr.count("\n")) == (2, 1)
    assert "turso-ops[sandbox]" in without.stderr
    upgraded = run(program, "db", "upgrade", folder=tmp_path, **SETTINGS)
    assert upgraded.returncode == 0, upgraded.stderr

    with running(program, "serve", folder=tmp_path, variables=SETTINGS) as address:
        answer = send_command(address)

    assert answer.status_code == 200
    assert run(program, "audit", "verify", folder=tmp_path, **SETTINGS).returncode == 0
    copied = run(program, "db", "backup", "copy.db", folder=tmp_path, **SETTINGS)
    assert copied.returncode == 0, copied.stderr
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    restored = SETTINGS | {"DATABASE_URL": "sqlite:///./copy.db"}
    assert run(program, "audit", "verify", folder=tmp_path, **restored).returncode == 0
    unlisted = run(program, "db", "after-restore", folder=tmp_path, **restored)
    assert (unlisted.returncode, "Traceback" in unlisted.stderr) == (1, False), "Turso doesn't answer"


def test_the_extra_installs_a_sandbox_and_a_turso_for_restore_drills(program: Path, tmp_path: Path) -> None:
    pip: list[str | Path] = [
        program.with_name("python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, f"{built('wheel')}[sandbox]"], check=True)

    with running(program, "sandbox", folder=tmp_path, variables={}) as address:
        page = httpx.get(address, follow_redirects=True)
    assert page.status_code == 200

    assert run(program, "init", folder=tmp_path).returncode == 0
    assert run(program, "db", "upgrade", folder=tmp_path, **SETTINGS).returncode == 0
    with running(program, "platform", folder=tmp_path, variables=SETTINGS) as address:
        restored = run(program, "db", "after-restore", folder=tmp_path, **SETTINGS | {"TURSO_API_BASEURL": address})
    assert restored.returncode == 0, restored.stdout + restored.stderr


@contextmanager
def running(program: Path, command: str, *, folder: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """Run `serve`, `sandbox` or `platform` while the block runs. Yields its address once it listens."""
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PORT": str(port), **variables}
    arguments = [command] if command == "serve" else [command, "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, *arguments], cwd=folder, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _listens(address + {"serve": "/healthz", "platform": "/v1/locations", "sandbox": "/"}[command], folder / "log")
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130), (folder / "log").read_text()[-4000:]


def _listens(address: str, log: Path) -> None:
    end = time.monotonic() + 120
    with httpx.Client(follow_redirects=True) as http:
        while time.monotonic() < end:
            try:
                if http.get(address).status_code < 500:  # the local Turso answers 401 without a token
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
    raise AssertionError(log.read_text()[-4000:])


def send_command(address: str) -> httpx.Response:
    """Send a signed `/turso help`."""
    body = "command=%2Fturso&text=help&team_id=T0ACME&channel_id=C0DBOPS&user_id=U0ANA&trigger_id=1.2.x"
    body += "&response_url=http%3A%2F%2F127.0.0.1%3A9%2Fresponse"
    now = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), f"v0:{now}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": f"v0={signature}",
    }
    with httpx.Client(timeout=10) as http:
        return http.post(f"{address}/slack/events", content=body, headers=headers)
