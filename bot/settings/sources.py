"""The sources of settings: the environment, `.env` and files with secrets. Decides which of two values is used."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from bot.settings.values import SECRETS, BadSettings, check_values

FOLDER: Final = "SECRETS_DIR"
POLICY_VARIABLES: Final = "TURSO_*"
"""The key that collects the variables to which a policy may refer. No real variable has this name."""
GIVEN: Final = "*"
"""The key that collects the names of all variables."""
BOM: Final = "\ufeff"
ENCODING: Final = "utf-8-sig"


class SourcedSettings(BaseSettings):
    """Base class of settings that are read from the environment, `.env` and files with secrets.

    Values that the caller passes replace the environment and `.env`.
    """

    model_config = SettingsConfigDict(
        case_sensitive=True,
        env_file=".env",
        env_file_encoding=ENCODING,
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
        """Return the sources, with the highest priority first.

        If the caller passed values, as the sandbox and tests do, they are the only source of variables. Files named by
        `NAME_FILE` variables come first, because they are only read for names without a value.
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
    def _clean(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Strip values, drop blank ones so that they count as missing, and check the others."""
        stripped = {name: _stripped(value) if isinstance(value, str) else value for name, value in values.items()}
        found = {name: value for name, value in stripped.items() if value != ""}
        check_values({field.alias: found.get(field.alias) for field in cls.model_fields.values() if field.alias})
        return found


def _stripped(value: str) -> str:
    return value.strip().removeprefix(BOM).strip()


class SecretFiles(PydanticBaseSettingsSource):
    """The source for the files named by `NAME_FILE` variables. It also collects the variables for policies."""

    def __init__(self, settings_cls: type[BaseSettings], given: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._given = given

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return no value, because `__call__` reads all fields together."""
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
            GIVEN: (*given, *_files_in(given.get(FOLDER, ""))),
        }


def _secrets_folder(settings_cls: type[BaseSettings], given: Mapping[str, str]) -> list[PydanticBaseSettingsSource]:
    """Return the source for `SECRETS_DIR`, or none if it isn't set. Raises BadSettings."""
    if FOLDER not in given:
        return []
    if not Path(given[FOLDER]).is_dir():
        raise BadSettings(f"{FOLDER} names {_describe_path(given[FOLDER])}, which isn't a folder.")
    return [SecretsSettingsSource(settings_cls, given[FOLDER])]


def _files_in(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir() if path.is_file()) if folder else []


def _read_secret(name: str, path: str) -> str:
    try:
        content = _stripped(Path(path).read_text(encoding=ENCODING))
    except UnicodeDecodeError:
        raise BadSettings(f"{name}_FILE names {_describe_path(path)}, which isn't UTF-8 text.") from None
    except (OSError, ValueError):
        raise BadSettings(f"{name}_FILE names {_describe_path(path)}, which can't be read.") from None
    if not content:
        raise BadSettings(f"{name}_FILE names {_describe_path(path)}, which is empty.")
    return content


def _describe_path(path: str) -> str:
    """Return a path for a message, but only if it is clearly a path.

    Somebody may have entered the secret itself instead of a path.
    """
    return f"`{path}`" if path.startswith(("/", "./", "../")) else "a file"


def dotenv_problem() -> str:
    """Return a sentence about a `.env` or a folder of secrets that can't be read."""
    try:
        Path(".env").read_text(encoding=ENCODING)
    except UnicodeDecodeError:
        return "`.env` isn't UTF-8 text. Save it as UTF-8."
    except FileNotFoundError:
        pass
    except OSError as error:
        return f"`.env` can't be read ({error.strerror})."
    return f"A file in {FOLDER} can't be read, or isn't UTF-8 text."
