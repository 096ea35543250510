"""The settings of a process. They come from the environment, a `.env` file, files with secrets, and defaults."""

import re
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SecretStr, StringConstraints, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

SECRETS = (
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
    "TURSO_API_TOKEN",
    "DATABASE_URL",
    "AUDIT_STREAM",
    "AUDIT_STREAM_SECRET",
)
FOLDER: Final = "SECRETS_DIR"
SHORTEST_KEY: Final = 24
POLICY_VARIABLES: Final = "TURSO_*"
"""The key under which the variables are collected that a policy may refer to. No real variable has this name."""
DEFAULT_STORE: Final = SecretStr("sqlite:///./data/turso-ops.db")
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


class BadSettings(Exception):
    """Raised when a setting is missing or malformed. The message is one sentence that names it."""


class _SourcedSettings(BaseSettings):
    """Base of settings that are read from the environment, `.env` and files with secrets.

    Values that the caller passes replace the environment and `.env`.
    """

    model_config = SettingsConfigDict(
        case_sensitive=True,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, the one with the highest priority first.

        A process passes no values. The sandbox and tests do. Files named by `NAME_FILE` variables come first, because
        they
        are read only for names that have no value.
        """
        assert isinstance(init_settings, InitSettingsSource)
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings,)
        variables: Mapping[str, object] = init_settings.init_kwargs
        if not variables:
            assert isinstance(env_settings, EnvSettingsSource)
            assert isinstance(dotenv_settings, EnvSettingsSource)
            sources = env_settings, dotenv_settings
            variables = {**dotenv_settings.env_vars, **env_settings.env_vars}
        given = {name: value.strip() for name, value in variables.items() if isinstance(value, str) and value.strip()}
        return SecretFiles(settings_cls, given), *sources, *_secrets_folder(settings_cls, given)

    @model_validator(mode="before")
    @classmethod
    def _drop_blanks(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Strip values, and drop those that are blank, so that they count as missing."""
        stripped = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in stripped.items() if value != ""}


class SecretFiles(PydanticBaseSettingsSource):
    """Source that reads the files named by `NAME_FILE` variables, and collects the variables for policies."""

    def __init__(self, settings_cls: type[BaseSettings], given: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._given = given

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return no value, because `__call__` reads all fields at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the contents of the files by setting name. Raises BadSettings."""
        given = self._given
        named = [key.removesuffix("_FILE") for key in given if key.startswith("TURSO_") and key.endswith("_FILE")]
        read = {
            name: _read_secret(name, given[f"{name}_FILE"])
            for name in (*SECRETS, *named)
            if name not in given and f"{name}_FILE" in given
        }
        return {
            **read,
            POLICY_VARIABLES: {name: value for name, value in {**read, **given}.items() if name.startswith("TURSO_")},
        }


def _secrets_folder(settings_cls: type[BaseSettings], given: Mapping[str, str]) -> list[PydanticBaseSettingsSource]:
    """Return the source that reads `SECRETS_DIR`, or none if that isn't set. Raises BadSettings."""
    if FOLDER not in given:
        return []
    if not Path(given[FOLDER]).is_dir():
        raise BadSettings(f"{FOLDER} names {_describe_path(given[FOLDER])}, which is not a folder.")
    return [SecretsSettingsSource(settings_cls, given[FOLDER])]


class _StoreSettings(_SourcedSettings):
    """The only setting that offline commands need."""

    database_url: SecretStr = Field(DEFAULT_STORE, alias="DATABASE_URL")


class Settings(_SourcedSettings):
    """All settings of a process. `load_settings` reads them."""

    slack_bot_token: SecretStr = Field(alias="SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET")
    slack_app_token: SecretStr | None = Field(None, alias="SLACK_APP_TOKEN")
    slack_api_url: str = Field("https://slack.com/api/", alias="SLACK_API_URL")
    turso_api_token: SecretStr = Field(alias="TURSO_API_TOKEN")
    turso_organization: Slug = Field(alias="TURSO_ORGANIZATION")
    turso_api_baseurl: str = Field("https://api.turso.tech", alias="TURSO_API_BASEURL")
    database_url: SecretStr = Field(DEFAULT_STORE, alias="DATABASE_URL")
    policy_file: Path = Field(Path("policy.yaml"), alias="POLICY_FILE")
    host: str = Field("127.0.0.1", alias="HOST")
    port: int = Field(8080, alias="PORT", ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="LOG_LEVEL")
    log_format: Literal["json", "console"] = Field("json", alias="LOG_FORMAT")
    clock_file: Path | None = Field(None, alias="CLOCK_FILE")
    """A file with the current time (RFC 3339), for simulating timers. Without it the real clock is used."""
    retention_days: int = Field(90, alias="RETENTION_DAYS", ge=1)
    """How many days intents, finished requests and workflow rows are kept. The audit log is never shortened."""
    audit_stream: SecretStr | None = Field(None, alias="AUDIT_STREAM")
    """Where the audit log is sent: a URL, which may contain a password, `file:/path` or `stdout`."""
    audit_stream_format: Literal["jsonl", "ocsf"] = Field("jsonl", alias="AUDIT_STREAM_FORMAT")
    audit_stream_secret: SecretStr | None = Field(None, alias="AUDIT_STREAM_SECRET")
    """Signs what is sent to a URL."""
    secrets_dir: Path | None = Field(None, alias=FOLDER)
    sources: Annotated[Mapping[str, str], NoDecode] = Field(
        default_factory=dict, alias=POLICY_VARIABLES, exclude=True, repr=False
    )
    """The variables that a policy may refer to with `env:TURSO_…`."""

    @field_validator("slack_api_url", "turso_api_baseurl")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must be a URL that begins with https:// or http://")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_api(cls, value: str) -> str:
        value = value if value.endswith("/") else value + "/"
        if not value.endswith("/api/"):
            raise ValueError("must end in /api/")
        return value

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
    def streams_to_url(self) -> bool:
        """Return whether the audit log is sent to a URL."""
        return self.audit_stream is not None and self.audit_stream.get_secret_value().startswith("http")

    def token_of(self, reference: str) -> SecretStr:
        """Return the API token that a policy refers to as `env:TURSO_…`.

        Raises:
            BadSettings: the variable isn't set.
        """
        name = reference.removeprefix("env:")
        if name == "TURSO_API_TOKEN":
            return self.turso_api_token
        if value := self.sources.get(name):
            return SecretStr(value)
        raise BadSettings(f"The policy refers to `env:{name}`, but {name} is not set.")


def load_settings(environ: Mapping[str, str] | None = None, *, needs: tuple[str, ...] = ()) -> Settings:
    """Read the settings of this process.

    Args:
        environ: used instead of the environment. `.env` isn't read then.
        needs: names of optional settings that this command requires.
    Raises:
        BadSettings: a setting is missing or malformed. The sentence names the first one, never its value.
    """
    try:
        settings = Settings.model_validate(_given_values(environ))
    except ValidationError as error:
        raise BadSettings(_describe_error(error)) from None
    except OSError:
        raise BadSettings(_UNREADABLE) from None
    by_alias = settings.model_dump(by_alias=True)
    if settings.streams_to_url:
        needs = (*needs, "AUDIT_STREAM_SECRET")
    for name in needs:
        if by_alias[name] is None:
            raise BadSettings(_MISSING.format(name))
    return settings


def load_database_url(environ: Mapping[str, str] | None = None) -> str:
    """Read `DATABASE_URL`, the only setting that offline commands need, with the rules of `load_settings`."""
    return _StoreSettings.model_validate(_given_values(environ)).database_url.get_secret_value()


def _given_values(environ: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the values to pass to the settings class: none when `environ` is None.

    For an empty `environ` the result isn't empty, because an empty result would make the class read the environment.
    """
    return {} if environ is None else {POLICY_VARIABLES: {}, **environ}


_UNREADABLE: Final = f"`.env`, or a file in {FOLDER}, cannot be read."
_MISSING: Final = "{} is not set. Put it into the environment or into `.env`."


def _read_secret(name: str, path: str) -> str:
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise BadSettings(f"{name}_FILE names {_describe_path(path)}, which cannot be read.") from None
    if not content:
        raise BadSettings(f"{name}_FILE names {_describe_path(path)}, which is empty.")
    return content


def _describe_path(path: str) -> str:
    """Return a path for a message only if it clearly is one.

    Somebody may have set the secret itself instead of a path.
    """
    return f"`{path}`" if path.startswith(("/", "./", "../")) else "a file"


def _describe_error(error: ValidationError) -> str:
    """Return a sentence about the first invalid setting, without its value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if not first["loc"]:  # a source can't be read
        return _UNREADABLE
    name = str(first["loc"][0])
    if first["type"] == "missing":
        return _MISSING.format(name)
    return f"{name} is malformed: {first['msg'].removeprefix('Value error, ')}."
