"""What is set from outside: the environment, a `.env` file, and `NAME_FILE` for secrets."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

SECRETS = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "TURSO_API_TOKEN", "DATABASE_URL")
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


class BadSettings(Exception):
    """A setting is missing or malformed: one sentence that names it."""


class Settings(BaseSettings):
    """Everything that a process is told. Build it with `load_settings`; tests and the sandbox build it by hand."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    slack_bot_token: SecretStr = Field(alias="SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET")
    slack_app_token: SecretStr | None = Field(None, alias="SLACK_APP_TOKEN")
    slack_api_url: str = Field("https://slack.com/api/", alias="SLACK_API_URL")
    turso_api_token: SecretStr = Field(alias="TURSO_API_TOKEN")
    turso_organization: Slug = Field(alias="TURSO_ORGANIZATION")
    turso_api_baseurl: str = Field("https://api.turso.tech", alias="TURSO_API_BASEURL")
    database_url: SecretStr = Field(SecretStr("sqlite:///./data/turso-ops.db"), alias="DATABASE_URL")
    policy_file: Path = Field(Path("policy.yaml"), alias="POLICY_FILE")
    host: str = Field("127.0.0.1", alias="HOST")
    port: int = Field(8080, alias="PORT", ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="LOG_LEVEL")
    log_format: Literal["json", "console"] = Field("json", alias="LOG_FORMAT")
    clock_file: Path | None = Field(None, alias="CLOCK_FILE")
    """A file that holds the time (RFC 3339): for rehearsals of timers; the real clock when it is not set."""
    retention_days: int = Field(90, alias="RETENTION_DAYS", ge=1)
    """How long intents, finished requests and workflow rows are kept; the audit log is never cut."""
    sources: Mapping[str, str] = Field(default_factory=dict, exclude=True, repr=False)
    """The environment as read, for `env:TURSO_…` references of the policy."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given and nothing else: `load_settings` reads the environment, the sandbox does not."""
        return (init_settings,)

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

    def token_of(self, reference: str) -> SecretStr:
        """Resolve a policy's `env:TURSO_…` reference; what it names stays in the environment."""
        name = reference.removeprefix("env:")
        if name == "TURSO_API_TOKEN":
            return self.turso_api_token
        if value := self.sources.get(name):
            return SecretStr(value)
        raise BadSettings(f"The policy refers to `env:{name}`, but {name} is not set.")


def load_settings(environ: Mapping[str, str] | None = None, *, needs: tuple[str, ...] = ()) -> Settings:
    """Read the settings of this process.

    Args:
        environ: in place of the environment; then no `.env` is read.
        needs: names that this command cannot do without, besides those that are always required.
    Raises:
        BadSettings: one sentence that names the first setting that is missing or malformed; never its value.
    """
    given = _given(environ)
    known = {field.alias: given[field.alias] for field in Settings.model_fields.values() if field.alias in given}
    try:
        settings = Settings.model_validate({**known, "sources": _turso_names(given)})
    except ValidationError as error:
        raise BadSettings(_sentence(error)) from None
    for name in needs:
        if name not in given:
            raise BadSettings(f"{name} is not set. Put it into the environment or into `.env`.")
    return settings


def _given(environ: Mapping[str, str] | None) -> dict[str, str]:
    """Return what is set, from the environment before `.env`; an empty value counts as missing."""
    if environ is None:
        from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
        environ = {**from_file, **{name: value for name, value in os.environ.items() if value != ""}}
    given = {name: value.strip() for name, value in environ.items() if value.strip()}
    for name in [*SECRETS, *(key[:-5] for key in given if key.startswith("TURSO_") and key.endswith("_FILE"))]:
        if name not in given and (path := given.get(f"{name}_FILE")):
            given[name] = _read_secret(name, path)
    return given


def _turso_names(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name.startswith("TURSO_")}


def _read_secret(name: str, path: str) -> str:
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise BadSettings(f"{name}_FILE names {_shown(path)}, which cannot be read.") from None
    if not content:
        raise BadSettings(f"{name}_FILE names {_shown(path)}, which is empty.")
    return content


def _shown(path: str) -> str:
    """Repeat what is clearly a path: somebody may have put the secret itself where its file belongs."""
    return f"`{path}`" if path.startswith(("/", "./", "../")) else "a file"


def _sentence(error: ValidationError) -> str:
    """Say what is wrong with the first setting, without its value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "A setting"
    if first["type"] == "missing":
        return f"{name} is not set. Put it into the environment or into `.env`."
    return f"{name} is malformed: {first['msg'].removeprefix('Value error, ')}."


def load_database_url(environ: Mapping[str, str] | None = None) -> str:
    """Read the one setting that offline commands need, with the same rules as `load_settings`."""
    given = _given(environ)
    value = given.get("DATABASE_URL")
    default: SecretStr = Settings.model_fields["database_url"].default
    return value if value else default.get_secret_value()
