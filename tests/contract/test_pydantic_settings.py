"""pydantic-settings: the sources that a class can choose, and their errors."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

SEEN: dict[str, Any] = {}


class Sample(BaseSettings):
    model_config = SettingsConfigDict(case_sensitive=True, env_file=".env", env_ignore_empty=True, extra="ignore")

    port: int = Field(1, alias="PORT")
    secret: SecretStr = Field(SecretStr("none"), alias="SECRET")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        assert isinstance(init_settings, InitSettingsSource)
        assert isinstance(env_settings, EnvSettingsSource)
        assert isinstance(dotenv_settings, EnvSettingsSource)
        SEEN.update(given=init_settings.init_kwargs, env=env_settings.env_vars, dotenv=dotenv_settings.env_vars)
        folder = [SecretsSettingsSource(settings_cls, "secrets")] if Path("secrets").is_dir() else []
        return init_settings, env_settings, dotenv_settings, *folder

    @model_validator(mode="before")
    @classmethod
    def _merged(cls, values: dict[str, Any]) -> dict[str, Any]:
        SEEN["merged"] = values
        return values


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PORT": "2", "port": "9", "SECRET": "", "OTHER": "x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PORT=3\nSECRET=of-dotenv\nMORE=y\n")


def test_sources_are_merged_by_their_order_before_validation() -> None:
    settings = Sample.model_validate({})

    assert (settings.port, settings.secret.get_secret_value()) == (2, "of-dotenv")
    assert SEEN["merged"] == {"PORT": "2", "SECRET": "of-dotenv", "MORE": "y"}
    assert SEEN["given"] == {}
    assert SEEN["env"]["OTHER"] == "x"
    assert "SECRET" not in SEEN["env"]
    assert SEEN["dotenv"] == {"PORT": "3", "SECRET": "of-dotenv", "MORE": "y"}


def test_model_validate_passes_its_values_to_the_first_source() -> None:
    assert Sample.model_validate({"PORT": "4", "ODD": "z"}).port == 4
    assert SEEN["given"] == {"PORT": "4", "ODD": "z"}


def test_a_value_error_of_a_source_is_a_validation_error_without_a_location(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff")

    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({})

    assert [error["loc"] for error in caught.value.errors()] == [()]


def test_secrets_are_read_from_files_that_are_named_by_their_aliases(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "SECRET").write_text("of-a-file\n")
    (tmp_path / ".env").unlink()

    assert Sample.model_validate({}).secret.get_secret_value() == "of-a-file"
