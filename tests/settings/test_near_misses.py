"""The bot warns about variables whose names are almost those of settings, and about others that have no effect."""

from pathlib import Path

import pytest

from bot.__main__ import main
from bot.settings import BadSettings, load_settings, warnings_about
from bot.settings.near_misses import OTHER_NAMES
from tests.settings.test_values import GIVEN

TYPOS = {
    "DATABSE_URL": "DATABASE_URL",
    "DATABASEURL": "DATABASE_URL",
    "database_url": "DATABASE_URL",
    "DATABASE-URL": "DATABASE_URL",
    "DATABSE_URL_FILE": "DATABASE_URL",
    "POLICYFILE": "POLICY_FILE",
    "LOG_LEVL": "LOG_LEVEL",
    "RETENTION_DAY": "RETENTION_DAYS",
    "SLACK_API_URLS": "SLACK_API_URL",
    "TURSO_API_BASE_URL": "TURSO_API_BASEURL",
    "SECRET_DIR": "SECRETS_DIR",
}
"""Misspelled names of optional settings, and the settings."""
REQUIRED = {
    "SLACK_BOT_TOKENS": "SLACK_BOT_TOKEN",
    "SLACK_BOT_TOKN": "SLACK_BOT_TOKEN",
    "SLACK_TOKEN": "SLACK_BOT_TOKEN",
    "TURSO_TOKEN": "TURSO_API_TOKEN",
    "TURSO_ORGANISATION": "TURSO_ORGANIZATION",
    "TURSO_ORG": "TURSO_ORGANIZATION",
}
"""Misspelled names of required settings, and the settings."""
OTHERS = [
    "PATH",
    "HOSTNAME",
    "HOSTS",
    "PORTS",
    "SUPPORT",
    "LOGNAME",
    "PYTHONPATH",
    "DATABASE_HOST",
    "SLACK_CHANNEL",
    "SLACK_APP_ID",
    "TURSO_OPS_PORT",
    "TURSO_PROD_TOKEN",
    "TURSO_DATABASE_URL",
]
"""Names of other programs' variables, some of which are similar to those of settings."""


def warned(**given: str) -> list[str]:
    """Return the warnings about valid settings and these additional variables."""
    return warnings_about(load_settings(GIVEN | given))


@pytest.mark.parametrize(("name", "meant"), TYPOS.items())
def test_a_typo_of_an_optional_setting_is_warned_about(name: str, meant: str) -> None:
    (sentence,) = warned(**{name: "canary"})

    assert sentence == f"{name} isn't a setting and has no effect. Did you mean {meant}?"


@pytest.mark.parametrize(("name", "meant"), OTHER_NAMES.items())
def test_a_common_other_name_of_a_setting_is_warned_about_unless_the_setting_is_set(name: str, meant: str) -> None:
    if meant not in GIVEN:
        assert f"Did you mean {meant}?" in warned(**{name: "canary"})[0]
    assert warnings_about(load_settings(GIVEN | {name: "canary"} | ({} if meant in GIVEN else proper(meant)))) == []


def proper(name: str) -> dict[str, str]:
    """Return an optional setting with a valid value."""
    import certifi

    values = {
        "DATABASE_URL": "sqlite:///x.db", "TURSO_API_BASEURL": "https://api.turso.tech", "POLICY_FILE": "policy.yaml",
        "LOG_LEVEL": "INFO", "LOG_FORMAT": "json", "SSL_CERT_FILE": certifi.where(),
    }  # fmt: skip
    return {name: values[name]}


@pytest.mark.parametrize(("name", "meant"), REQUIRED.items())
def test_the_error_about_a_missing_setting_names_the_typo(name: str, meant: str) -> None:
    given = {key: value for key, value in GIVEN.items() if key != meant} | {name: "canary"}

    with pytest.raises(BadSettings) as refused:
        load_settings(given)

    assert str(refused.value).startswith(f"{meant} isn't set.")
    assert str(refused.value).endswith(f" {name} is set: is its name misspelled?")


def test_the_error_about_a_setting_that_only_some_commands_need_names_the_typo() -> None:
    given = {key: value for key, value in GIVEN.items() if key != "SLACK_APP_TOKEN"} | {"SLACK_APP_TOKENS": "x"}

    with pytest.raises(BadSettings, match=r"SLACK_APP_TOKEN isn't set.*SLACK_APP_TOKENS is set"):
        load_settings(given, needs=("SLACK_APP_TOKEN",))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty working directory, and an environment without settings."""
    for name in (*GIVEN, "DATABASE_URL", "DATABASE_DIRECT_URL", "SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_error_about_a_missing_setting_names_a_typo_in_dot_env(folder: Path) -> None:
    lines = [f"{name.replace('BOT_TOKEN', 'BOT_TOKN')}={value}" for name, value in GIVEN.items()]
    (folder / ".env").write_text("\n".join(lines))

    with pytest.raises(BadSettings, match=r"^SLACK_BOT_TOKEN isn't set\. .* SLACK_BOT_TOKN is set: is its name"):
        load_settings()


def test_the_error_about_a_missing_setting_names_a_file_with_a_typo(folder: Path) -> None:
    (folder / "SLACK_BOT_TOKN").write_text("xoxb-1")
    given = {name: value for name, value in GIVEN.items() if name != "SLACK_BOT_TOKEN"}

    with pytest.raises(BadSettings, match=r"SLACK_BOT_TOKN is set: is its name misspelled"):
        load_settings(given | {"SECRETS_DIR": str(folder)})


@pytest.mark.parametrize("command", ["db upgrade", "db backup copy.db", "audit verify", "audit export"])
def test_commands_that_only_need_the_store_warn_only_about_a_typo_of_its_address(
    folder: Path, command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").write_text("DATABSE_URL=postgresql://u:canary@h/x\nLOG_LEVL=INFO\n")

    main(command.split())

    warning = "turso-ops: DATABSE_URL isn't a setting and has no effect. Did you mean DATABASE_URL?\n"
    out, err = capfd.readouterr()
    assert err.startswith(warning)
    assert "canary" not in out + err
    assert "LOG_LEVL" not in err


@pytest.mark.parametrize("command", ["doctor", "db after-restore", "audit resend --from 1"])
def test_commands_that_need_all_settings_warn_about_every_typo(
    folder: Path, command: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    unreachable = dict.fromkeys(("SLACK_API_URL", "TURSO_API_BASEURL"), "http://127.0.0.1:1/api/")
    for name, value in (GIVEN | unreachable | {"AUDIT_STREM": "canary", "LOG_LEVL": "canary"}).items():
        monkeypatch.setenv(name, value)

    main(command.split())

    out, err = capfd.readouterr()
    for name, meant in {"AUDIT_STREM": "AUDIT_STREAM", "LOG_LEVL": "LOG_LEVEL"}.items():
        assert f"turso-ops: {name} isn't a setting and has no effect. Did you mean {meant}?\n" in err
    assert "canary" not in out + err


def test_variables_of_other_programs_are_not_warned_about() -> None:
    assert warned(**dict.fromkeys(OTHERS, "x")) == []


def test_a_proxy_only_for_http_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")

    (sentence,) = warned(HTTP_PROXY="http://proxy:3128")

    assert "HTTP_PROXY is for http addresses only" in sentence


def test_variables_that_have_no_effect_in_dot_env_are_warned_about(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    (folder / ".env").write_text("\n".join(f"{name}={value}" for name, value in GIVEN.items()) + "\nHTTPS_PROXY=x\n")

    assert "HTTPS_PROXY has no effect in `.env`. Set it in the environment." in warnings_about(load_settings())
