"""The command line: migrations, the policy, the manifest, the audit log, live checks, and `serve` as a process."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import yaml

from bot.sandbox.running import POLICY
from bot.slack.manifest import SCOPES
from tests.http import local_client
from tests.process import Process, local_servers
from tests.scenarios.shell import Ran, run, run_afresh
from tests.world import ANA, DANA, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True)
class Installation:
    """The local Slack and Turso, a bot process between them, and its policy file."""

    world: World
    bot: Process
    policy: Path

    async def asks(self, path: str) -> httpx.Response:
        """Request a page from the bot process."""
        async with local_client(base_url=f"http://127.0.0.1:{self.bot.port}", timeout=15) as http:
            return await http.get(path)

    async def command(self, *arguments: str, **changed: str) -> Ran:
        """Run another command with the bot's settings."""
        return await run(*arguments, folder=self.world.data, env=self.bot.environment | changed)

    async def command_afresh(self, *arguments: str) -> Ran:
        """Run another command with the bot's settings and an interpreter of its own."""
        return await run_afresh(*arguments, folder=self.world.data, env=self.bot.environment)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """Run `python -m bot serve` with a policy file of its own."""
    data = tmp_path_factory.mktemp("installation")
    policy = data / "policy.yaml"
    shutil.copy(POLICY, policy)
    async with local_servers(data) as (world, keys):
        bot = Process(world, keys, policy=policy, fresh=True)
        await bot.start()
        yield Installation(world, bot, policy)
        assert await bot.stop() == 0
        assert "Traceback" not in bot.log.read_text()


# -- without a bot


async def test_the_store_is_created_in_the_folder_and_upgrading_twice_is_harmless(tmp_path: Path) -> None:
    first = await run_afresh("db", "upgrade", folder=tmp_path)
    second = await run("db", "upgrade", folder=tmp_path)

    assert (first.status, second.status) == (0, 0)
    with sqlite3.connect(tmp_path / "data" / "turso-ops.db") as store:
        tables = [name for (name,) in store.execute("select name from sqlite_master where type = 'table'")]
    assert any("audit" in name for name in tables)


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        pytest.param(POLICY.read_text(), 0, "", id="the sandbox's policy"),
        pytest.param("", 1, "the file is empty", id="empty"),
        pytest.param("channels: {}\n", 1, "`version: 1` is missing", id="without a version"),
        pytest.param("version: 1\n", 1, "names no channels", id="a version alone"),
        pytest.param("version: 1\nchannels: {}\n", 0, "0 channels", id="denies everything on purpose"),
        pytest.param("version: 1\nchanels: {}\n", 1, "chanels", id="an unknown key"),
        pytest.param("version: 1\nworkspace: acme\n", 1, "workspace", id="a name instead of an id"),
        pytest.param(
            "version: 1\nchannels: {C0DBOPS: {databases: ['*'], rules: [{allow: fly}]}}\n", 1, "fly",
            id="an unknown command",
        ),
        pytest.param("a: [", 1, "line", id="not YAML"),
    ],
)  # fmt: skip
async def test_policy_check_says_whether_a_policy_is_valid(tmp_path: Path, text: str, status: int, says: str) -> None:
    policy = tmp_path / "mine.yaml"
    policy.write_text(text)

    ran = await run("policy", "check", str(policy), folder=tmp_path, env={"TURSO_ORGANIZATION": "acme"})

    assert ran.status == status, ran.out + ran.err
    assert says.lower() in (ran.out + ran.err).lower()
    assert "Traceback" not in ran.err


async def test_policy_explain_names_the_rule_that_decides(tmp_path: Path) -> None:
    ran = await run_afresh(
        "policy", "explain", "destroy", "users", "--now", "--as", DANA, "--in", "C0DBOPS", "--file", str(POLICY),
        folder=tmp_path, env={"TURSO_ORGANIZATION": "acme"},
    )  # fmt: skip

    assert "C0DBOPS.rules[5]" in ran.out
    assert "approv" in ran.out


async def test_the_manifest_is_printed_for_socket_mode_or_for_an_address(tmp_path: Path) -> None:
    socket = yaml.safe_load((await run_afresh("manifest", folder=tmp_path)).out)
    http = yaml.safe_load((await run("manifest", "--url", "https://bot.example.com", folder=tmp_path)).out)
    wrong = await run("manifest", "--url", "http://bot.example.com", folder=tmp_path)

    assert socket["settings"]["socket_mode_enabled"]
    assert "https://bot.example.com/slack/events" in str(http)
    assert not http["settings"]["socket_mode_enabled"]
    assert {tuple(one["oauth_config"]["scopes"]["bot"]) for one in (socket, http)} == {tuple(SCOPES)}
    assert wrong.status != 0
    assert "Traceback" not in wrong.err


@pytest.mark.parametrize("words", [("audit", "verify"), ("audit", "export")], ids=" ".join)
async def test_a_missing_audit_log_is_not_called_valid(words: tuple[str, ...], tmp_path: Path) -> None:
    ran = await run(*words, folder=tmp_path, env={"DATABASE_URL": f"sqlite:///{tmp_path}/typo.db"})

    assert ran.status == 2
    assert f"There is no store `{tmp_path}/typo.db`" in ran.err
    assert "db upgrade" in ran.err
    assert ran.out == ""
    assert not (tmp_path / "typo.db").exists()


# -- with a running bot


async def test_a_bot_serves_pages_about_its_health_its_readiness_and_its_metrics(installation: Installation) -> None:
    alive, ready, metrics = [await installation.asks(page) for page in ("/healthz", "/readyz", "/metrics")]

    assert (alive.status_code, ready.status_code, metrics.status_code) == (200, 200, 200)
    assert set(ready.json()) >= {"ready", "store", "slack", "turso"}
    assert "turso_ops_" in metrics.text


async def test_the_doctor_finds_no_problems(installation: Installation) -> None:
    ran = await installation.command_afresh("doctor")

    assert ran.status == 0, ran.out + ran.err
    assert "ok    turso" in ran.out
    assert "FAIL" not in ran.out


async def test_the_doctor_finds_a_process_with_another_policy(installation: Installation, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(installation.policy.read_text().replace("expires: 30m", "expires: 25m"))

    with closing(sqlite3.connect(installation.world.data / "turso-ops.db")) as store:
        store.executescript(
            "CREATE TABLE new_ones (id); CREATE TRIGGER new_process AFTER INSERT ON processes "
            "BEGIN INSERT INTO new_ones VALUES (new.id); END"
        )

        ran = await installation.command("doctor", POLICY_FILE=str(other))

        assert ran.status == 1
        assert "FAIL  policy: " in ran.out
        assert "other processes use" in ran.out
        assert not store.execute("SELECT * FROM new_ones").fetchall(), (
            "a command that only reads isn't listed as a process"
        )
        store.executescript("DROP TRIGGER new_process; DROP TABLE new_ones")


@pytest.mark.parametrize(("words", "status"), [(("worker", "--no-upgrade"), 2), (("doctor",), 1)])
async def test_a_process_that_must_not_upgrade_does_not_create_a_store(
    installation: Installation, tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    ran = await installation.command(*words, DATABASE_URL=f"sqlite:///{tmp_path}/new.db")

    assert ran.status == status
    assert "There is no store" in ran.err
    assert not (tmp_path / "new.db").exists()


async def test_the_audit_log_is_exported_and_verified_and_a_changed_entry_is_found(installation: Installation) -> None:
    world = installation.world
    await world.create_databases("audited")
    card = await world.person(DANA).types("/turso db destroy audited --now --reason old")
    await world.person(ANA).presses("Approve", card)
    await world.person(ANA).submits({"typed_name": "audited"})
    await world.wait_for_content(card, holding="*audited* was destroyed")

    verified = await installation.command_afresh("audit", "verify")
    exported = [json.loads(line) for line in (await installation.command_afresh("audit", "export")).out.splitlines()]
    assert verified.status == 0, verified.out
    destroyed = [one for one in exported if "audited" in one["databases"] and one["outcome"] == "succeeded"]
    assert destroyed
    assert destroyed[0]["user_id"] == DANA
    assert any(ANA in json.dumps(one) for one in exported)

    copy = world.data / "copy.db"
    with sqlite3.connect(world.data / "turso-ops.db") as store, sqlite3.connect(copy) as edited:
        store.backup(edited)
    with sqlite3.connect(copy) as edited:
        table = next(
            name for (name,) in edited.execute("select name from sqlite_master where type='table'") if "audit" in name
        )
        columns = [row[1] for row in edited.execute(f"pragma table_info({table})")]
        body = next(name for name in columns if name in ("body", "entry", "text", "canonical"))
        trigger = [row[0] for row in edited.execute("select name from sqlite_master where type='trigger'")]
        for name in trigger:
            edited.execute(f"drop trigger {name}")
        edited.execute(f"update {table} set {body} = replace({body}, 'audited', 'other')")
    broken = await installation.command("audit", "verify", DATABASE_URL=f"sqlite:///{copy}")

    assert broken.status == 1
    assert "failed verification" in broken.out


async def test_readiness_and_the_doctor_say_when_turso_no_longer_accepts_the_token(installation: Installation) -> None:
    fault = installation.world.turso.faults.add("status", path="/v1/*", status=401, count=None)
    try:
        await until_down(installation, ["turso"], within=15)
        ran = await installation.command("doctor")
        assert ran.status == 1
        assert "FAIL  turso" in ran.out
        assert all(line.startswith(("ok  ", "FAIL")) for line in ran.out.splitlines()), "only findings, no log lines"
        assert all(json.loads(line)["level"] for line in ran.err.splitlines()), "only log lines in JSON"
        assert (await installation.asks("/healthz")).status_code == 200
    finally:
        installation.world.turso.faults.remove(fault.id)
    await until_down(installation, [], within=15)


async def until_down(installation: Installation, names: list[str], *, within: float) -> None:
    """Wait until `/readyz` lists exactly these names as down. It keeps responding with 200 meanwhile."""

    async def says_so() -> bool:
        answer = await installation.asks("/readyz")
        assert answer.status_code == 200
        return bool(answer.json()["down"] == names)

    await comes_true(says_so, within=within)


async def comes_true(look: Callable[[], Awaitable[bool]], *, within: float = 25.0) -> None:
    """Poll until `look` returns True."""
    async with asyncio.timeout(within):
        while not await look():  # a change in another process can only be seen by polling
            await asyncio.sleep(0.3)


async def test_a_changed_policy_takes_effect_and_an_invalid_one_does_not(installation: Installation) -> None:
    ana, good = installation.world.person(ANA), installation.policy.read_text()

    async def refused() -> bool:
        return bool((await ana.types("/turso ls")).only_for)

    async def allowed() -> bool:
        return not await refused()

    async def reports_the_error() -> bool:
        return "roles" in words(await ana.types("/turso doctor"))

    assert await allowed()
    installation.policy.write_text(good.replace("- {allow: read}", "- {deny: list}\n      - {allow: read}", 1))
    await comes_true(refused)
    assert "ok    policy: " in (await installation.command("doctor")).out, (
        "the process has reported its new policy at once"
    )

    installation.policy.write_text(good.replace("rules:", "roles:", 1))
    await comes_true(reports_the_error)
    assert await refused(), "the old policy stays in force"
    await installation.world.workspace.open_home(ANA)
    home = await until(lambda: installation.world.workspace.home_of(ANA), what="Home")
    assert "the previous policy still applies" in words(home)

    installation.policy.write_text(good)
    await comes_true(allowed)


async def test_a_process_that_gets_sigterm_first_answers_the_requests_that_it_has_accepted(
    installation: Installation,
) -> None:
    slow = installation.world.turso.faults.add("latency", method="GET", path="*/databases", seconds=1.5, count=1)
    dana = installation.world.person(DANA)
    before = {one.ts for one in dana.sees()}
    await installation.world.workspace.say(DANA, "C0DBOPS", "/turso ls")
    await until(lambda: slow.struck, what="the call of the list")

    assert await installation.bot.stop() == 0

    answers = [one for one in dana.sees() if one.ts not in before and one.user_id != DANA]
    assert [one for one in answers if "orders" in words(one)]
    await installation.bot.start()
