"""Attacks through settings and the policy: odd URLs, references to other secrets, hostile YAML, file permissions."""

import asyncio
import os
import stat
import time
import traceback
from pathlib import Path

import pytest

from bot.app.clock import SystemClock
from bot.app.compose import secrets_of
from bot.app.policy_book import PolicyBook
from bot.commands import CATALOGUE
from bot.core.policy import PolicyInvalid, load
from bot.errors import BotError
from bot.settings import BadSettings, Settings, load_settings
from bot.store.connections.sqlite import DRIVER
from bot.store.connections.urls import BadDatabaseUrl, place_of
from bot.store.schema.upgrading import upgrade
from bot.store.store import open_store
from tests.policies import ACME
from tests.security.canaries import canary_token

GIVEN = {
    "SLACK_BOT_TOKEN": "xoxb-0123456789-canary-bot",
    "SLACK_SIGNING_SECRET": "signing-secret-canary-0123",
    "SLACK_APP_TOKEN": "xapp-1-canary-0123456789",
    "TURSO_API_TOKEN": "turso-api-token-canary-0123",
    "PAGERDUTY_API_TOKEN": "pagerduty-token-canary-0123",
    "OPSGENIE_API_TOKEN": "opsgenie-token-canary-0123",
    "INCIDENT_IO_API_TOKEN": "incident-io-token-canary-0123",
    "TURSO_ORGANIZATION": "acme",
    "DATABASE_URL": "postgresql://ops:p%40ss-canary@db.example/ops",
}
SECRETS = [value for name, value in GIVEN.items() if name != "TURSO_ORGANIZATION"] + ["p%40ss-canary", "p@ss-canary"]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite:///file:/etc/passwd?mode=ro",
        "mysql://root:hunter2-canary@db/x",
        "postgresql+evil://u:hunter2-canary@db/x",
        "http://u:hunter2-canary@db/x",
        "hunter2-canary",
        "postgresql://u:hunter2-canary@[::bad/x",
        "",
    ],
)
def test_an_unusable_database_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadDatabaseUrl) as refused:
        place_of(url)

    assert "hunter2-canary" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    "query", ["?mode=memory&uri=true", "?mode=ro", "?vfs=unix-none", "?immutable=1&uri=true", "?cipher=none"]
)
def test_parameters_of_a_sqlite_url_do_not_reach_the_driver(tmp_path: Path, query: str) -> None:
    """Options are refused rather than ignored, because the person who wrote them expects an effect."""
    with pytest.raises(BadDatabaseUrl, match=r"^DATABASE_URL has options"):
        place_of(f"sqlite:///{tmp_path}/ops.db{query}")

    assert str(place_of(f"sqlite:///{tmp_path}/ops.db").url) == f"{DRIVER}:///{tmp_path}/ops.db"


def test_no_other_user_of_the_machine_can_read_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    url = f"sqlite:///{folder}/ops.db"
    old = os.umask(0o022)
    try:
        seen = asyncio.run(_modes_in_use(url, folder))
    finally:
        os.umask(old)

    assert {"ops.db", "ops.db-wal", "ops.db-shm"} <= set(seen)
    assert not {name: oct(mode) for name, mode in seen.items() if mode & 0o077}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def _modes_in_use(url: str, folder: Path) -> dict[str, int]:
    await upgrade(url)
    async with open_store(url, SystemClock()) as store:
        assert await store.trouble() == ""
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.mark.parametrize(
    "reference",
    [
        "env:SLACK_SIGNING_SECRET",
        "env:SLACK_BOT_TOKEN",
        "env:DATABASE_URL",
        "env:PATH",
        "env:turso_api_token",
        "env:TURSO_API_TOKEN ",
        "env:TURSO_A\nSLACK_BOT_TOKEN",
        "env:TURSO_../SLACK_BOT_TOKEN",
        "file:/etc/passwd",
        "${SLACK_BOT_TOKEN}",
        "sandbox-hunter2-canary",
        canary_token(),
        ["env:TURSO_API_TOKEN"],
        None,
    ],
)
def test_a_policy_cannot_contain_a_token_and_refers_only_to_variables_of_turso(reference: object) -> None:
    import json

    text = f"version: 1\norganizations: {{acme: {{token: {json.dumps(reference)}}}}}\nchannels: {{}}\n"

    with pytest.raises(PolicyInvalid) as refused:
        load(text, CATALOGUE, default_organization="acme")

    assert "hunter2-canary" not in str(refused.value)
    assert "eyJ" not in str(refused.value)


def test_a_reference_to_a_missing_variable_is_reported_and_reveals_nothing() -> None:
    settings = load_settings(GIVEN)

    with pytest.raises(BadSettings, match="TURSO_OTHER isn't set"):
        settings.token_of("env:TURSO_OTHER")


HOSTILE = {
    "a constructor": "version: !!python/object/apply:os.system ['touch {marker}']\n",
    "a module": "channels: !!python/module:os\n",
    "a new object": "people: !!python/object/new:subprocess.Popen [['touch', '{marker}']]\n",
    "many aliases": "\n".join(
        ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    ),
    "an alias of itself": "channels: &a\n  C0X: *a\n",
    "deep lists": "[" * 3_000,
    "deep mappings": "".join(f"{' ' * n}a:\n" for n in range(2000)),
    "a merge": "base: &b {version: 1}\n<<: *b\n",
    "two documents": "version: 1\n---\nversion: 1\n",
    "not text": "\x00\x01\x02",
    "a list": "- version\n",
    "a hard glob": 'version: 1\nchannels: {C0X: {databases: ["' + "*a" * 200 + '"], rules: []}}\n',
}
VALID_BUT_EMPTY = "a hard glob"
"""The only hostile file that is a valid policy. It has no rules. It is the last in `HOSTILE`, because it is used."""


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_policy_file_runs_nothing_and_allows_nothing(tmp_path: Path, text: str) -> None:
    marker, started = tmp_path / "marker", time.perf_counter()
    text = text.replace("{marker}", str(marker))

    try:
        policy = load(text, CATALOGUE, default_organization="acme")
    except PolicyInvalid:
        policy = None

    assert not marker.exists()
    assert policy is None or not [one for binding in policy.channels.values() for one in binding.rules]
    assert time.perf_counter() - started < 10


def test_a_policy_file_that_becomes_hostile_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"{ACME}channels: {{C0DBOPS: {{databases: ['*'], rules: [{{allow: read}}]}}}}\n")
    book = PolicyBook(file, "acme", CATALOGUE)
    before = book.policy

    for name, text in HOSTILE.items():
        file.write_text(text)
        book.reload()
        assert (book.policy is before and book.problem) or name == VALID_BUT_EMPTY
    file.write_text("")
    book.reload()
    assert book.problem
    file.unlink()
    file.mkdir()
    book.reload()

    assert book.problem


@pytest.mark.parametrize(
    ("name", "why"),
    [(".", "it isn't a file"), ("nothing.yaml", "No such file"), ("/proc/self/mem", "")],
)
def test_an_unreadable_policy_file_is_reported_in_one_sentence(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(BotError, match=rf"^POLICY_FILE names `[^`]+`, which can't be read \({why}[^)]*\)\.$"):
        PolicyBook(tmp_path / name, "acme", CATALOGUE)


def test_no_secret_is_in_what_settings_print() -> None:
    settings = load_settings(GIVEN)

    shown = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json(), f"{settings!r:>10}"]

    assert not [secret for secret in SECRETS for text in shown if secret in text]


NAMES = [name for name in Settings.model_json_schema(by_alias=True)["properties"] if "*" not in name]


@pytest.mark.parametrize(
    "bad",
    ["hunter2-canary <not> a:value", "hunter2-canary\x00", "https://hunter2-canary@host:bad/x"],
    ids=["spaces", "NUL", "a URL without a port number"],
)
@pytest.mark.parametrize("name", NAMES)
def test_no_error_about_a_setting_repeats_a_value(name: str, bad: str) -> None:
    said = ""

    try:
        load_settings({**GIVEN, name: bad}, needs=("SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"))
    except BadSettings as refused:
        said = "".join(traceback.format_exception(refused))

    assert "hunter2-canary" not in said
    assert not said or name in said


@pytest.mark.parametrize("name", [name for name in GIVEN if name != "TURSO_ORGANIZATION"])
def test_a_secret_given_instead_of_the_path_of_its_file_is_not_repeated(name: str) -> None:
    given = {key: value for key, value in GIVEN.items() if key != name} | {f"{name}_FILE": GIVEN[name]}

    with pytest.raises(BadSettings) as refused:
        load_settings(given)

    assert f"{name}_FILE" in str(refused.value)
    assert GIVEN[name] not in str(refused.value)


def test_every_secret_in_the_settings_is_known_to_the_guards() -> None:
    named = {"TURSO_OTHER_TOKEN": "other-token-canary", "TURSO_PROD_API_KEY": "a-key-canary-0123"}
    settings = load_settings({**GIVEN, **named})

    known = secrets_of(settings)

    message = f"could not connect to {GIVEN['DATABASE_URL']}"
    assert any(secret in message for secret in known)
    elsewhere = ("TURSO_ORGANIZATION", "DATABASE_URL")
    assert {*named.values(), *(value for name, value in GIVEN.items() if name not in elsewhere)} <= set(known)
    assert "acme" not in known
