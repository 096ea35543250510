"""The sources of settings, and which of two values takes precedence."""

from pathlib import Path

import pytest

from bot.settings import BadSettings, load_database_urls, load_settings

NEEDED = {"SLACK_BOT_TOKEN": "xoxb-1", "TURSO_API_TOKEN": "turso-1", "TURSO_ORGANIZATION": "acme"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a working directory without `.env`, and an environment without the settings that these tests use."""
    for name in (*NEEDED, "PORT", "HOST", "DATABASE_URL", "SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def secrets_in(folder: Path, **files: str) -> str:
    """Create a folder of secrets, and return its path."""
    made = folder / "secrets"
    made.mkdir()
    for name, content in files.items():
        (made / name).write_text(content)
    return str(made)


def test_the_environment_wins_over_dot_env_and_an_empty_value_counts_as_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{name}={value}" for name, value in NEEDED.items()]
    (folder / ".env").write_text("\n".join([*lines, "PORT=1", "HOST=from-dot-env"]))
    monkeypatch.setenv("PORT", " 2 ")
    monkeypatch.setenv("HOST", "")

    settings = load_settings()

    assert (settings.port, settings.host) == (2, "from-dot-env")
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1"


def test_only_a_variable_with_exactly_the_name_of_a_setting_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**NEEDED, "port": "1", "sources": "x", "Host": "x"}.items():
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert (settings.port, settings.host) == (8080, "127.0.0.1")


def test_given_values_replace_the_environment_and_dot_env(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("PORT=1\nDATABASE_URL=sqlite:///from-dot-env.db")
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)

    assert load_settings(NEEDED).port == 8080
    assert load_database_urls({}) == ("sqlite:///./data/turso-ops.db", None)
    assert load_database_urls() == ("sqlite:///from-dot-env.db", None)
    with pytest.raises(BadSettings, match="SLACK_BOT_TOKEN isn't set"):
        load_settings({})


def test_secrets_come_from_a_folder_unless_a_more_specific_source_has_them(folder: Path) -> None:
    named = folder / "named"
    named.write_text("from-a-named-file\n")
    path = secrets_in(folder, SLACK_BOT_TOKEN="xoxb-2\n", SLACK_APP_TOKEN="xapp-2", TURSO_API_TOKEN="turso-2")
    given = {"TURSO_ORGANIZATION": "acme", "SECRETS_DIR": path, "TURSO_API_TOKEN_FILE": str(named)}

    settings = load_settings(given | {"SLACK_APP_TOKEN": "xapp-1"}, needs=("SLACK_APP_TOKEN",))

    assert settings.slack_bot_token.get_secret_value() == "xoxb-2"
    assert settings.turso_api_token.get_secret_value() == "from-a-named-file"
    assert settings.slack_app_token is not None
    assert settings.slack_app_token.get_secret_value() == "xapp-1"


def test_a_blank_value_does_not_hide_the_named_file(folder: Path) -> None:
    (folder / "named").write_text("xoxb-2")

    settings = load_settings({**NEEDED, "SLACK_BOT_TOKEN": "  ", "SLACK_BOT_TOKEN_FILE": str(folder / "named")})

    assert settings.slack_bot_token.get_secret_value() == "xoxb-2"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/nowhere/secrets", "SECRETS_DIR names `/nowhere/secrets`, which isn't a folder."),
        ("hunter2-canary", "SECRETS_DIR names a file, which isn't a folder."),
    ],
)
def test_a_missing_folder_is_named_only_if_its_value_looks_like_a_path(path: str, sentence: str) -> None:
    with pytest.raises(BadSettings) as refused:
        load_settings({**NEEDED, "SECRETS_DIR": path})

    assert str(refused.value) == sentence


def test_a_binary_file_is_reported_in_one_sentence(folder: Path) -> None:
    (folder / ".env").write_bytes(b"PORT=\xff\xfe")

    with pytest.raises(BadSettings, match=r"`\.env` isn't UTF-8 text"):
        load_settings()


def test_tokens_that_a_policy_refers_to_can_also_come_from_files(folder: Path) -> None:
    (folder / "named").write_text("turso-prod")

    settings = load_settings(
        {**NEEDED, "TURSO_PROD_TOKEN_FILE": str(folder / "named"), "TURSO_TEST_TOKEN": "turso-test"}
    )

    assert settings.token_of("env:TURSO_PROD_TOKEN").get_secret_value() == "turso-prod"
    assert settings.token_of("env:TURSO_TEST_TOKEN").get_secret_value() == "turso-test"
