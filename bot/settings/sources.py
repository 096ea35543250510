"""The sources of settings: the environment, `.env` and files with secrets. Decides which of two values is used."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from bot.settings.env_file import ENCODING, read_env_file
from bot.settings.values import SECRETS, BadSettings, check_values

FOLDER: Final = "SECRETS_DIR"
POLICY_VARIABLES: Final = "TURSO_*"
"""The key that collects the variables to which a policy may refer. No real variable has this name."""
GIVEN: Final = "*"
"""The key that collects the names of all variables, and of the files in `SECRETS_DIR`."""
BOM: Final = "\ufeff"


def variables_of_process() -> dict[str, str]:
    """Return the variables of the environment and of `.env` with a value. The environment takes precedence.

    Raises:
        BadSettings: `.env` can't be read.
    """
    return {**read_env_file(), **{name: value for name, value in os.environ.items() if value}}


def names_given(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of all variables with a value, and of the files in `SECRETS_DIR`."""
    given = {name: stripped for name, value in variables.items() if (stripped := value.strip())}
    return *given, *_files_in(given.get(FOLDER, ""))


class SourcedSettings(BaseSettings):
    """Base class of settings that are made from variables and from files with secrets.

    The caller passes the variables: pydantic-settings would skip a line of `.env` that it can't read.
    """

    model_config = SettingsConfigDict(case_sensitive=True, extra="ignore", frozen=True)

    given: Annotated[tuple[str, ...], NoDecode] = Field((), alias=GIVEN, exclude=True, repr=False)
    """The names of all variables with a value, including those of `.env`, and of the files in `SECRETS_DIR`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, with the highest priority first: the variables that the caller passed, and files.

        Files named by `NAME_FILE` variables come first, because they are only read for names without a value.
        """
        assert isinstance(init_settings, InitSettingsSource)
        variables = init_settings.init_kwargs
        given = {name: value.strip() for name, value in variables.items() if isinstance(value, str) and value.strip()}
        return SecretFiles(settings_cls, given), init_settings, *_secrets_folder(settings_cls, given)

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
    """The source for the files named by `NAME_FILE` variables. Also returns `POLICY_VARIABLES` and `GIVEN`."""

    def __init__(self, settings_cls: type[BaseSettings], given: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._given = given

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return no value, because `__call__` reads all fields together."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the contents of the files by setting name, and the two collected values. Raises BadSettings."""
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
            GIVEN: names_given(given),
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
