"""The settings of a process. They come from the environment, a `.env` file, files with secrets, and defaults."""

import os
import re
from base64 import b64decode
from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode

from bot.settings.certificates import FILE, check_certificates
from bot.settings.certificates import FOLDER as CERTIFICATES
from bot.settings.libraries import check_libraries
from bot.settings.near_misses import near_misses
from bot.settings.proxies import VARIABLES, check_proxies
from bot.settings.sources import FOLDER, POLICY_VARIABLES, SourcedSettings, names_given, variables_of_process
from bot.settings.values import SECRETS, BadSettings, check_value, is_token

DEFAULT_STORE: Final = SecretStr("sqlite:///./data/turso-ops.db")
SHORTEST_KEY: Final = 24
SOCKET_MODE: Final = "wss://wss-primary.slack.com"
A_DATABASE: Final = "https://database.turso.io"
HOW_TO_CONNECT: Final = (
    "Create one with the scope connections:write under Basic Information > App-Level Tokens in the Slack app."
)
BAD_FOLDER: Final = f"A file in {FOLDER} can't be read, or isn't UTF-8 text."
ENVIRONMENT_ONLY: Final = (*VARIABLES, "NO_PROXY", "no_proxy", FILE, CERTIFICATES)
"""Variables that are read from the environment of the process, and not from `.env`."""
__all__ = [
    "FOLDER",
    "POLICY_VARIABLES",
    "SECRETS",
    "BadSettings",
    "Settings",
    "load_database_urls",
    "load_settings",
    "load_signing_secrets",
    "warnings_about",
]


class _StoreSettings(SourcedSettings):
    """The only settings that offline commands need."""

    database_url: SecretStr = Field(DEFAULT_STORE, alias="DATABASE_URL")
    database_direct_url: SecretStr | None = Field(None, alias="DATABASE_DIRECT_URL")


class _SigningSettings(SourcedSettings):
    """The only settings that are read again while the process runs."""

    slack_signing_secret: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET")
    slack_signing_secret_previous: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET_PREVIOUS")


def _default_host() -> str:
    """Return the default of `HOST`: every address if the environment sets a port, as platforms do.

    A port in `.env` was set by a person, whose reverse proxy is usually on the same machine and can use 127.0.0.1.
    """
    return "0.0.0.0" if os.environ.get("PORT", "").strip() else "127.0.0.1"  # noqa: S104


class Settings(SourcedSettings):
    """All settings of a process. `load_settings` reads them."""

    slack_bot_token: SecretStr = Field(alias="SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET")
    slack_signing_secret_previous: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET_PREVIOUS")
    """The secret that `slack_signing_secret` replaced. Requests signed with it are still accepted."""
    slack_app_token: SecretStr | None = Field(None, alias="SLACK_APP_TOKEN")
    slack_api_url: str = Field("https://slack.com/api/", alias="SLACK_API_URL")
    turso_api_token: SecretStr = Field(alias="TURSO_API_TOKEN")
    turso_organization: str = Field(alias="TURSO_ORGANIZATION")
    turso_api_baseurl: str = Field("https://api.turso.tech", alias="TURSO_API_BASEURL")
    database_url: SecretStr = Field(DEFAULT_STORE, alias="DATABASE_URL")
    database_direct_url: SecretStr | None = Field(None, alias="DATABASE_DIRECT_URL")
    """The same database without a transaction pooler."""
    database_pool_size: int = Field(8, alias="DATABASE_POOL_SIZE")
    database_durable_pool_size: int = Field(6, alias="DATABASE_DURABLE_POOL_SIZE")
    database_timeout: int = Field(30, alias="DATABASE_TIMEOUT")
    policy_file: Path = Field(Path("policy.yaml"), alias="POLICY_FILE")
    host: str = Field(default_factory=_default_host, alias="HOST")
    port: int = Field(8080, alias="PORT")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="LOG_LEVEL")
    log_format: Literal["json", "console"] = Field("json", alias="LOG_FORMAT")
    clock_file: Path | None = Field(None, alias="CLOCK_FILE")
    """A file with the current time (RFC 3339) or an offset in seconds, to simulate timers. Not needed otherwise."""
    retention_days: int = Field(90, alias="RETENTION_DAYS")
    """How many days finished records are kept, such as requests and incidents. The audit log is never shortened."""
    audit_stream: SecretStr | None = Field(None, alias="AUDIT_STREAM")
    """The destination of the audit log: a URL, which may contain a password, `file:/path` or `stdout`."""
    audit_stream_format: Literal["jsonl", "ocsf"] = Field("jsonl", alias="AUDIT_STREAM_FORMAT")
    audit_stream_secret: SecretStr | None = Field(None, alias="AUDIT_STREAM_SECRET")
    """Signs the audit log that is sent to a URL."""
    pagerduty_api_token: SecretStr | None = Field(None, alias="PAGERDUTY_API_TOKEN")
    """Reads who is on call. A read-only key is enough."""
    pagerduty_api_baseurl: str = Field("https://api.pagerduty.com", alias="PAGERDUTY_API_BASEURL")
    opsgenie_api_token: SecretStr | None = Field(None, alias="OPSGENIE_API_TOKEN")
    """Reads who is on call. The key of a read-only integration is enough."""
    opsgenie_api_baseurl: str = Field("https://api.opsgenie.com", alias="OPSGENIE_API_BASEURL")
    incident_io_api_token: SecretStr | None = Field(None, alias="INCIDENT_IO_API_TOKEN")
    """Reads who is on call. A key that may read schedules is enough."""
    incident_io_api_baseurl: str = Field("https://api.incident.io", alias="INCIDENT_IO_API_BASEURL")
    secrets_dir: Path | None = Field(None, alias=FOLDER)
    sources: Annotated[Mapping[str, str], NoDecode] = Field(
        default_factory=dict, alias=POLICY_VARIABLES, exclude=True, repr=False
    )
    """The variables that a policy may refer to with `env:TURSO_…`."""

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_slash(cls, value: str) -> str:
        return value if value.endswith("/") else f"{value}/"

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, value: str) -> str:
        return value.removeprefix("[").removesuffix("]")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("audit_stream")
    @classmethod
    def _is_receiver(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.match(r"https?://[^/]|file:/.|stdout$", value.get_secret_value()):
            raise ValueError("must be an https:// or http:// URL, `file:` with an absolute path, or `stdout`")
        return value

    @field_validator("audit_stream_secret")
    @classmethod
    def _is_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        secret = value.get_secret_value()
        if len(secret) < SHORTEST_KEY:
            raise ValueError(f"must have at least {SHORTEST_KEY} characters")
        try:
            b64decode(secret.removeprefix("whsec_") if secret.startswith("whsec_") else "", validate=True)
        except ValueError:
            raise ValueError("must be Base64 after `whsec_`") from None
        return value

    @property
    def signing_secrets(self) -> list[str]:
        """Return the signing secrets that are accepted, the current one first."""
        return _signing_secrets(self)

    @property
    def streams_to_url(self) -> bool:
        """Return whether the audit log is sent to a URL."""
        return self.audit_stream is not None and self.audit_stream.get_secret_value().startswith("http")

    @property
    def on_call_services(self) -> Mapping[str, tuple[SecretStr, str]]:
        """Return the token and the address of each on-call service that has a token."""
        given = {
            "PAGERDUTY": (self.pagerduty_api_token, self.pagerduty_api_baseurl),
            "OPSGENIE": (self.opsgenie_api_token, self.opsgenie_api_baseurl),
            "INCIDENT_IO": (self.incident_io_api_token, self.incident_io_api_baseurl),
        }
        return {name: (token, url) for name, (token, url) in given.items() if token}

    def token_of(self, reference: str) -> SecretStr:
        """Return the API token that a policy refers to as `env:TURSO_…`.

        Raises:
            BadSettings: the variable isn't set, or is named like a token and its value is malformed.
        """
        name = reference.removeprefix("env:")
        if name == "TURSO_API_TOKEN":
            return self.turso_api_token
        if value := self.sources.get(name):
            if is_token(name):
                check_value(name, value)
            return SecretStr(value)
        raise BadSettings(f"The policy refers to `env:{name}`, but {name} isn't set.")


def load_settings(environ: Mapping[str, str] | None = None, *, needs: tuple[str, ...] = ()) -> Settings:
    """Read the settings of this process.

    Args:
        environ: used instead of the environment. `.env` isn't read then.
        needs: names of optional settings that this command requires.
    Raises:
        BadSettings: a setting is missing or malformed, or `.env` can't be read. The message names the first one, and
            quotes a value only if it is a path.
    """
    settings = _validated(Settings, environ)
    by_alias = settings.model_dump(by_alias=True)
    if settings.streams_to_url:
        needs = (*needs, "AUDIT_STREAM_SECRET")
    for name in needs:
        if by_alias[name] is None:
            raise BadSettings(_describe_missing(name, settings.given))
    surroundings = os.environ if environ is None else environ
    check_certificates(surroundings)
    check_proxies(addresses(settings), surroundings)
    return settings


def load_signing_secrets() -> list[str]:
    """Read only the signing secrets that are accepted now, the current one first. Returns none if none is set.

    Raises:
        BadSettings: a secret is malformed, or its file or `.env` can't be read.
    """
    return _signing_secrets(_validated(_SigningSettings, None))


def _signing_secrets(settings: Settings | _SigningSettings) -> list[str]:
    given = (settings.slack_signing_secret, settings.slack_signing_secret_previous)
    return [secret.get_secret_value() for secret in given if secret]


def addresses(settings: Settings) -> tuple[str, ...]:
    """Return an address of each service that the settings name, to check the proxies. An empty one is ignored."""
    receiver = settings.audit_stream.get_secret_value() if settings.audit_stream and settings.streams_to_url else ""
    on_call = [url for _, url in settings.on_call_services.values()]
    return settings.slack_api_url, SOCKET_MODE, settings.turso_api_baseurl, A_DATABASE, receiver, *on_call


def warnings_about(settings: Settings) -> list[str]:
    """Return a sentence for each variable that has no effect, or less than expected, such as a misspelled setting."""
    sentences = _misspelled(settings.given)
    unread = sorted(name for name in settings.given if name in ENVIRONMENT_ONLY and not os.environ.get(name))
    sentences += [f"{name} has no effect in `.env`. Set it in the environment." for name in unread]
    given = {name.upper() for name in settings.given}
    if "HTTP_PROXY" in given and not given & {"HTTPS_PROXY", "ALL_PROXY"}:
        sentences.append("HTTP_PROXY is for http addresses only. Slack and Turso are reached without a proxy.")
    return sentences


def load_database_urls(
    environ: Mapping[str, str] | None = None, *, warn: Callable[[str], None] | None = None
) -> tuple[str, str | None]:
    """Read `DATABASE_URL` and `DATABASE_DIRECT_URL`, the only settings of offline commands.

    Args:
        environ: used instead of the environment. `.env` isn't read then.
        warn: called with a sentence for each variable that is probably meant to be one of these settings.
    Raises:
        BadSettings: a setting is malformed, or `.env` can't be read.
    """
    settings = _validated(_StoreSettings, environ)
    if warn:
        for sentence in _misspelled(settings.given, ("DATABASE_URL", "DATABASE_DIRECT_URL", FOLDER)):
            warn(sentence)
    direct = settings.database_direct_url
    return settings.database_url.get_secret_value(), direct.get_secret_value() if direct else None


def _misspelled(given: Iterable[str], read: Container[str] | None = None) -> list[str]:
    """Return a sentence for each variable whose name is nearly that of a setting.

    Args:
        given: the names of all variables.
        read: the settings that the command reads, if not all.
    """
    known = [field.alias for field in Settings.model_fields.values() if field.alias and not field.exclude]
    similar = {name: meant for name, meant in near_misses(given, known).items() if read is None or meant in read}
    return [f"{name} isn't a setting and has no effect. Did you mean {meant}?" for name, meant in similar.items()]


S = TypeVar("S", bound=SourcedSettings)


def _validated(settings_cls: type[S], environ: Mapping[str, str] | None) -> S:
    """Read and check the settings of a class. Raises BadSettings."""
    check_libraries(os.environ if environ is None else environ)
    variables = variables_of_process() if environ is None else environ
    try:
        return settings_cls.model_validate({name: value for name, value in variables.items() if not _is_option(name)})
    except ValidationError as error:
        raise BadSettings(_describe_error(error, variables)) from None
    except (OSError, UnicodeError):
        raise BadSettings(BAD_FOLDER) from None


def _is_option(name: str) -> bool:
    """Return True if pydantic-settings may take a variable for an option of its own, such as `_env_file`."""
    return name.startswith("_") and name.islower()


def _describe_error(error: ValidationError, variables: Mapping[str, str]) -> str:
    """Return a sentence about the first invalid setting, without its value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if not first["loc"]:  # a source can't be read
        return BAD_FOLDER
    name = str(first["loc"][0])
    if first["type"] == "missing":
        return _describe_missing(name, names_given(variables))
    return f"{name} is malformed: {first['msg'].removeprefix('Value error, ')}."


def _describe_missing(name: str, given: Iterable[str]) -> str:
    similar = [other for other, meant in near_misses(given, [name]).items() if meant == name]
    hint = f" {similar[0]} is set: is its name misspelled?" if similar else ""
    return f"{name} isn't set. Set it in the environment or in `.env`.{hint}"
