"""A missing or malformed setting is reported in one sentence that names it, with status 2.

Settings from `.env` and secrets from files work, too.
"""

import asyncio
import signal
import socket
from pathlib import Path

import pytest

from bot.sandbox.running import POLICY
from tests.process import Process, local_servers
from tests.scenarios.shell import run, run_afresh
from tests.world import DANA, World, words

GIVEN = {
    "SLACK_BOT_TOKEN": "xoxb-canary-0123456789",
    "SLACK_SIGNING_SECRET": "canary-signing-0123456789",
    "SLACK_APP_TOKEN": "xapp-canary-0123456789",
    "SLACK_API_URL": "http://127.0.0.1:9/api/",
    "TURSO_API_TOKEN": "canary-turso-0123456789",
    "TURSO_ORGANIZATION": "acme",
    "TURSO_API_BASEURL": "http://127.0.0.1:9",
    "POLICY_FILE": str(POLICY),
}


def assert_one_line(err: str, name: str) -> None:
    """Assert that the output is one line that names the setting, without a value or a traceback."""
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert name in lines[0]
    assert "Traceback" not in err
    assert "canary" not in err


@pytest.mark.parametrize("how", ["missing", "empty", "blank"])
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("serve", "SLACK_BOT_TOKEN"),
        ("serve", "SLACK_SIGNING_SECRET"),
        ("serve", "TURSO_API_TOKEN"),
        ("serve", "TURSO_ORGANIZATION"),
        ("socket", "SLACK_APP_TOKEN"),
        ("worker", "TURSO_API_TOKEN"),
        ("doctor", "SLACK_BOT_TOKEN"),
    ],
)
async def test_the_error_names_a_missing_setting(tmp_path: Path, command: str, name: str, how: str) -> None:
    values = {"missing": {}, "empty": {name: ""}, "blank": {name: "  "}}[how]
    env = {key: value for key, value in GIVEN.items() if key != name} | values

    ran = await run(command, folder=tmp_path, env=env)

    assert ran.status == 2
    assert_one_line(ran.err, name)


@pytest.mark.parametrize("command", ["serve", "socket", "worker", "doctor"])
async def test_a_real_process_names_a_missing_setting_too(tmp_path: Path, command: str) -> None:
    env = {key: value for key, value in GIVEN.items() if key != "TURSO_API_TOKEN"}

    ran = await run_afresh(command, folder=tmp_path, env=env)

    assert ran.status == 2
    assert_one_line(ran.err, "TURSO_API_TOKEN")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "99999"),
        ("SLACK_API_URL", "ftp://slack.com/api/"),
        ("SLACK_API_URL", "https://slack.com/"),
        ("TURSO_API_BASEURL", "api.turso.tech"),
        ("TURSO_ORGANIZATION", "acme/../other"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("RETENTION_DAYS", "0"),
        ("DATABASE_URL", "mysql://root:canary@db/x"),
        ("DATABASE_URL", "canary"),
        ("POLICY_FILE", "/nowhere/policy.yaml"),
        ("POLICY_FILE", "/tmp"),  # a folder
        ("SLACK_BOT_TOKEN", '"xoxb-canary"'),
        ("SLACK_APP_TOKEN", "xoxb-canary"),
        ("TURSO_API_TOKEN", "“canary”"),
        ("ALL_PROXY", "socks5://canary:1080"),
        ("https_proxy", "http://proxy:canary"),
        ("SSL_CERT_FILE", "/nowhere/ca.pem"),
        ("SSL_CERT_DIR", "/nowhere"),
        ("SSLKEYLOGFILE", "/nowhere/keys"),
        ("PROMETHEUS_MULTIPROC_DIR", "/nowhere"),
        ("HOST", f"{'long' * 20}.example.com"),
    ],
)
async def test_the_error_names_a_malformed_setting(tmp_path: Path, name: str, value: str) -> None:
    ran = await run("serve", folder=tmp_path, env=GIVEN | {name: value})

    assert ran.status == 2
    assert_one_line(ran.err, name)


async def test_the_error_about_an_invalid_policy_names_the_key(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nchanels: {}\n")

    ran = await run_afresh("serve", folder=tmp_path, env=GIVEN | {"POLICY_FILE": str(policy)})

    assert ran.status == 2
    assert "POLICY_FILE" in ran.err
    assert "chanels" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("content", [None, ""], ids=["no file", "an empty file"])
async def test_the_error_names_a_secrets_file_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_text(content)
    env = {key: value for key, value in GIVEN.items() if key != "SLACK_BOT_TOKEN"}

    ran = await run("serve", folder=tmp_path, env=env | {"SLACK_BOT_TOKEN_FILE": str(secret)})

    assert ran.status == 2
    assert_one_line(ran.err, "SLACK_BOT_TOKEN_FILE")


@pytest.mark.parametrize("host", ["127.0.0.1", "256.1.1.1"], ids=["a port that is taken", "an invalid host"])
async def test_the_error_names_a_host_or_port_that_cannot_be_used(tmp_path: Path, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = await run("serve", folder=tmp_path, env=GIVEN | {"HOST": host, "PORT": port})

    assert ran.status == 2
    assert_one_line(ran.err, "PORT")
    assert host in ran.err


@pytest.mark.parametrize("command", ["sandbox", "platform"])
async def test_the_sandbox_and_the_platform_name_a_port_that_is_taken(tmp_path: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = ("--port", port, "--data", str(tmp_path))
        ran = await run_afresh(command, *given, folder=tmp_path, env={"TURSO_API_TOKEN": "x"})

    assert ran.status == 2
    assert_one_line(ran.err, port)


class FromFiles(Process):
    """A bot that gets all its settings from the folder where it starts: `.env`, and a file for each secret."""

    @property
    def environment(self) -> dict[str, str]:
        """Write all settings to `.env` and to files, and return only `PATH` and `HOME`."""
        whole = super().environment
        secrets = {name for name in whole if name.startswith(("SLACK_", "TURSO_API_TOKEN")) and "URL" not in name}
        for name in secrets:
            (self.world.data / name.lower()).write_text(f"{whole[name]}\n")
        lines = [f"{name}_FILE={self.world.data / name.lower()}" for name in sorted(secrets)]
        lines += [f'{name}="{value}"' for name, value in whole.items() if name not in secrets | {"PATH", "HOME"}]
        (self.world.data / ".env").write_text("\n".join(lines))
        return {"PATH": whole["PATH"], "HOME": whole["HOME"]}


async def test_a_bot_starts_with_only_a_dot_env_and_secret_files(tmp_path: Path) -> None:
    async with local_servers(tmp_path) as (world, keys):
        bot = FromFiles(world, keys)
        await bot.start()

        assert "orders" in await listed(world)
        assert await bot.stop() == 0
        assert keys.bot_token not in bot.log.read_text()


async def listed(world: World) -> str:
    """Let Dana list the databases, and return the answer."""
    return words(await world.person(DANA).types("/turso ls"))


HARMLESS = {
    "WEB_CONCURRENCY": "many",
    "FORWARDED_ALLOW_IPS": "the proxy",
    "NO_PROXY": "fd00::/8,[::1],[,:",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "http_proxy": "127.0.0.1:1",
    "PYTHONIOENCODING": "ascii",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "TZ": "Mars/City",
    "CLOCK_FILE": "/nowhere",
    "PGPORT": "abc",
    "PGSERVICE": "nowhere",
    "SLACK_CLIENT_ID": "1",
    "SLACK_CLIENT_SECRET": "2",
    "DBOS__VMID": "x",
    "DBOS__CONDUCTOR_KEY": "x",
    "RETENTION_DAY": "1",
    "HOST": "::",
}
"""Variables of other programs, a misspelled setting, and an address of IPv6."""


async def test_the_bot_starts_and_answers_despite_variables_for_other_programs(tmp_path: Path) -> None:
    async with local_servers(tmp_path) as (world, keys):
        bot = Process(world, keys, extra=HARMLESS, fresh=True)
        await bot.start()

        assert "orders" in await listed(world)

        assert await bot.stop(signal.SIGHUP) == 0
        written = bot.log.read_text()
        assert "RETENTION_DAY isn't a setting and has no effect. Did you mean RETENTION_DAYS?" in written
        assert "Traceback" not in written


async def test_an_app_token_that_slack_refuses_ends_the_process_and_the_error_names_it(tmp_path: Path) -> None:
    async with local_servers(tmp_path) as (world, keys):
        bot = Process(world, keys, command="socket", extra={"SLACK_APP_TOKEN": "xapp-canary-0123456789"})
        await bot.start()

        assert await asyncio.wait_for(bot.ended(), 30) == 2

        last = bot.log.read_text().splitlines()[-1]
        assert last.startswith("turso-ops: Slack doesn't accept SLACK_APP_TOKEN (invalid_auth).")
        assert "canary" not in bot.log.read_text()
