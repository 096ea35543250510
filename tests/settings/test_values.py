"""An error about any variable that the bot or its libraries read names the variable, and never shows a secret."""

import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import BadSettings, load_settings
from bot.settings.proxies import proxy_of

GIVEN = {
    "SLACK_BOT_TOKEN": "xoxb-1-canary",
    "SLACK_SIGNING_SECRET": "0123456789abcdef-canary",
    "SLACK_APP_TOKEN": "xapp-1-canary",
    "TURSO_API_TOKEN": "turso-1-canary",
    "TURSO_ORGANIZATION": "acme",
}
SECRETS = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "TURSO_API_TOKEN")
PREFIX = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}
TEXTS = (
    *SECRETS, "TURSO_ORGANIZATION", "SLACK_API_URL", "TURSO_API_BASEURL", "HOST", "PORT", "LOG_LEVEL", "LOG_FORMAT",
    "RETENTION_DAYS", "DATABASE_URL", "POLICY_FILE", "CLOCK_FILE",
)  # fmt: skip
OF_LIBRARIES = (
    "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "PSYCOPG_IMPL", "PROMETHEUS_MULTIPROC_DIR",
)  # fmt: skip
PIECES = (
    "http",
    "socks5",
    "://",
    ":",
    "@",
    "[",
    "]",
    "/",
    "?",
    "#",
    "%",
    '"',
    "1",
    "x",
    "é",
    " ",
    ",",
    "\udcff",
    "xoxb-",
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty folder, which has no `.env`, and return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(**changed: str) -> str:
    """Return the one sentence with which settings are refused. It must not contain a value."""
    with pytest.raises(BadSettings) as refused:
        load_settings(GIVEN | changed)
    sentence = str(refused.value)
    assert "canary" not in sentence
    assert len(sentence.splitlines()) == 1
    assert sentence.endswith((".", "?"))
    assert "Traceback" not in sentence
    return sentence


@pytest.mark.parametrize("quotes", ['""', "''", "``", "“”", "„“", "«»"])
def test_the_error_about_quotes_around_a_value_says_so(quotes: str) -> None:
    said = {name: refusal(**{name: f"{quotes[0]}{PREFIX.get(name, '')}canary{quotes[1]}"}) for name in TEXTS}

    assert [name for name in TEXTS if not said[name].startswith(f"{name} begins or ends with a quotation mark")] == []


@pytest.mark.parametrize("value", ["${CANARY}", "$(cat canary)", "{{ canary }}"])
def test_the_error_names_a_setting_with_a_placeholder_that_was_not_replaced(value: str) -> None:
    said = {name: refusal(**{name: value}) for name in TEXTS}

    assert [name for name in TEXTS if not said[name].startswith(f"{name} is a placeholder")] == []


@pytest.mark.parametrize(
    ("character", "called"),
    [
        ("\n", "a line break"),
        ("\t", "a tab"),
        ("\x1b", "U+001B"),
        ("\u200b", "U+200B (ZERO WIDTH SPACE)"),
        ("\u2028", "U+2028"),
        ("\udcff", "a byte that isn't UTF-8"),
    ],
    ids=["line break", "tab", "escape", "zero width", "separator", "latin-1"],
)
def test_the_error_names_an_invisible_character(character: str, called: str) -> None:
    said = {name: refusal(**{name: f"{PREFIX.get(name, '')}can{character}ary"}) for name in TEXTS}

    assert [name for name in TEXTS if not said[name].startswith(f"{name} contains ")] == []
    assert [name for name in TEXTS if called not in said[name]] == []


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(("character", "called"), [(" ", "a space"), ("é", "U+00E9"), ("…", "U+2026"), ("–", "U+2013")])
def test_the_error_names_a_character_that_no_token_contains(name: str, character: str, called: str) -> None:
    assert called in refusal(**{name: f"{PREFIX.get(name, '')}can{character}ary"})


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1-canary", "SLACK_BOT_TOKEN contains an app-level token."),
        ("SLACK_BOT_TOKEN", "xoxp-1-canary", "SLACK_BOT_TOKEN contains a user token."),
        ("SLACK_BOT_TOKEN", "canary", "SLACK_BOT_TOKEN doesn't begin with `xoxb-`."),
        ("SLACK_BOT_TOKEN", "Bearer xoxb-1-canary", "contains a space"),
        ("SLACK_APP_TOKEN", "xoxb-1-canary", "SLACK_APP_TOKEN contains a bot token."),
        ("SLACK_APP_TOKEN", "A0CANARY", "SLACK_APP_TOKEN doesn't begin with `xapp-`."),
        ("SLACK_SIGNING_SECRET", "xoxb-1-canary", "SLACK_SIGNING_SECRET contains a bot token of Slack"),
        ("TURSO_API_TOKEN", "xoxb-1-canary", "TURSO_API_TOKEN contains a bot token of Slack"),
        ("TURSO_ORGANIZATION", "acme/../other-canary", "TURSO_ORGANIZATION isn't the slug of an organization"),
        ("TURSO_ORGANIZATION", "https://app.turso.tech/canary", "TURSO_ORGANIZATION isn't the slug"),
        ("SLACK_API_URL", "ftp://slack.com/api/", "SLACK_API_URL must be a URL"),
        ("SLACK_API_URL", "https://slack.com/", "SLACK_API_URL must end in /api/."),
        ("SLACK_API_URL", "https:///api/", "SLACK_API_URL must be a URL"),
        ("SLACK_API_URL", "https://slack.com:port/api/", "SLACK_API_URL isn't a URL"),
        ("TURSO_API_BASEURL", "api.turso.tech", "TURSO_API_BASEURL must be a URL"),
        ("TURSO_API_BASEURL", "https://[::1/", "TURSO_API_BASEURL isn't a URL"),
        ("TURSO_API_BASEURL", "https://api.turso.tech:99999", "TURSO_API_BASEURL isn't a URL"),
        ("TURSO_API_BASEURL", "https://user:canary@api.turso.tech", "TURSO_API_BASEURL contains a user or password"),
        ("TURSO_API_BASEURL", "https://api.turso.tech?org=canary", "TURSO_API_BASEURL contains a query"),
        ("TURSO_API_BASEURL", "https://api.turso.tech/#canary", "TURSO_API_BASEURL contains a query or fragment"),
        ("TURSO_API_BASEURL", "https://api turso.tech", "TURSO_API_BASEURL contains a space"),
        ("PORT", "tcp://10.0.0.1:8080", "PORT must be a whole number from 0 to 65535"),
        ("PORT", "99999", "PORT must be a whole number from 0 to 65535"),
        ("PORT", "-1", "PORT must be"),
        ("PORT", "8_080", "PORT must be"),
        ("PORT", "8080.0", "PORT must be"),
        ("PORT", "٨٠٨٠", "PORT must be a whole number from 0 to 65535, written with the digits 0 to 9"),
        ("RETENTION_DAYS", "0", "RETENTION_DAYS must be a whole number from 1"),
        ("RETENTION_DAYS", "9" * 30, "RETENTION_DAYS must be"),
        ("RETENTION_DAYS", "90d", "RETENTION_DAYS must be"),
        ("LOG_LEVEL", "TRACE", "LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR."),
        ("LOG_FORMAT", "xml", "LOG_FORMAT must be json or console."),
        ("HOST", "http://0.0.0.0", "HOST must be a name or an IP address"),
    ],
)
def test_the_error_about_a_value_of_the_wrong_form_says_what_is_wrong(name: str, value: str, says: str) -> None:
    sentence = refusal(**{name: value})

    assert says in sentence
    assert name in sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxe.xoxb-1-rotated"),
        ("SLACK_API_URL", "https://slack.com/api"),
        ("TURSO_API_BASEURL", "http://127.0.0.1:8080/v1/"),
        ("TURSO_API_TOKEN", "eyJhbGciOiJFZERTQSJ9.eyJhIjoicncifQ.AAAA-_BBBB"),
        ("LOG_LEVEL", "debug"),
        ("HOST", "[::1]"),
        ("PORT", "0"),
        ("DATABASE_URL", "postgresql://bot:p%22ss'word@db/x"),
    ],
)
def test_a_usable_value_is_accepted(name: str, value: str) -> None:
    load_settings(GIVEN | {name: f" {value}\n"})


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("xoxb-canary".encode("utf-16"), "which isn't UTF-8 text."),
        (b"\xff\xfe\xfa", "which isn't UTF-8 text."),
        (b" \n", "which is empty."),
        (b"\xef\xbb\xbf", "which is empty."),
    ],
    ids=["UTF-16", "no text", "blank", "only a byte order mark"],
)
def test_the_error_names_a_secret_file_that_cannot_be_used(folder: Path, name: str, content: bytes, says: str) -> None:
    (secret := folder / "secret").write_bytes(content)
    values = {key: value for key, value in GIVEN.items() if key != name} | {f"{name}_FILE": str(secret)}

    with pytest.raises(BadSettings) as refused:
        load_settings(values)

    assert str(refused.value) == f"{name}_FILE names `{secret}`, {says}"


def test_a_byte_order_mark_is_not_part_of_a_secret(folder: Path) -> None:
    (folder / "SLACK_BOT_TOKEN").write_bytes(b"\xef\xbb\xbfxoxb-of-the-folder\r\n")
    (folder / "named").write_bytes(b"\xef\xbb\xbfturso-named\r\n")
    values = {"TURSO_ORGANIZATION": "acme", "SECRETS_DIR": str(folder), "TURSO_API_TOKEN_FILE": str(folder / "named")}

    settings = load_settings(values)

    assert settings.slack_bot_token.get_secret_value() == "xoxb-of-the-folder"
    assert settings.turso_api_token.get_secret_value() == "turso-named"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_dot_env_in_another_encoding_is_read_or_refused_in_a_sentence(
    folder: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)
    # with `utf-8-sig`, a byte order mark precedes the first name
    lines = [*(f"{name}={value}" for name, value in GIVEN.items()), "# é"]
    (folder / ".env").write_bytes("\n".join(lines).encode(encoding))
    if encoding == "utf-8-sig":
        first = next(iter(GIVEN))
        assert load_settings(needs=(first,)).model_dump(by_alias=True)[first].get_secret_value() == GIVEN[first]
        return

    with pytest.raises(BadSettings) as refused:
        load_settings()

    assert str(refused.value) == "`.env` isn't UTF-8 text. Save it as UTF-8."


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SSL_CERT_FILE", "/nowhere/ca.pem", "SSL_CERT_FILE names `/nowhere/ca.pem`, which can't be read"),
        ("SSL_CERT_FILE", "FOLDER", "SSL_CERT_FILE names "),
        ("SSL_CERT_FILE", "FILE", "which has no certificate in PEM format."),
        ("SSL_CERT_FILE", "\r", "SSL_CERT_FILE contains a line break. Copy the value again."),
        ("SSL_CERT_DIR", "/a\n/b", "SSL_CERT_DIR contains a line break."),
        ("SSLKEYLOGFILE", "keys\x85", "SSLKEYLOGFILE contains the character U+0085."),
        ("SSL_CERT_DIR", "/nowhere", "SSL_CERT_DIR names `/nowhere`, which isn't a folder."),
        ("SSLKEYLOGFILE", "/nowhere/keys", "SSLKEYLOGFILE names `/nowhere/keys`, which can't be written"),
        ("PROMETHEUS_MULTIPROC_DIR", "/nowhere", "PROMETHEUS_MULTIPROC_DIR is set"),
        ("prometheus_multiproc_dir", "/nowhere", "prometheus_multiproc_dir is set"),
        ("PSYCOPG_IMPL", "fast", "PSYCOPG_IMPL must be c, binary or python"),
        ("PSYCOPG_WAIT_FUNC", "fast", "PSYCOPG_WAIT_FUNC is set"),
    ],
)
def test_the_error_names_a_wrong_variable_that_only_libraries_read(
    folder: Path, name: str, value: str, says: str
) -> None:
    (folder / "file").write_text("no certificate")
    value = {"FOLDER": str(folder), "FILE": str(folder / "file")}.get(value, value)

    sentence = refusal(**{name: value})

    assert says in sentence
    assert name in sentence


def test_readable_certificates_are_accepted(folder: Path) -> None:
    import certifi

    load_settings(GIVEN | {"SSL_CERT_FILE": certifi.where(), "SSL_CERT_DIR": f"{folder}:{folder}"})
    assert ssl.create_default_context(cafile=certifi.where()).get_ca_certs()


@given(
    name=st.sampled_from((*TEXTS, *OF_LIBRARIES)),
    value=st.lists(st.sampled_from(PIECES) | st.characters()).map("".join),
)
def test_any_value_is_accepted_or_refused_in_a_sentence(name: str, value: str) -> None:
    sentence = f"{name} is accepted"
    try:
        settings = load_settings(GIVEN | {"HTTPS_PROXY": "http://proxy"} | {name: value.replace("\0", "")})
        proxy_of(settings.turso_api_baseurl, {"ALL_PROXY": "http://proxy", "NO_PROXY": value})
    except BadSettings as refused:
        sentence = str(refused)

    assert sentence.startswith(name)
    assert len(sentence.splitlines()) == 1
