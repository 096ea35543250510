"""pydantic-settings: the sources that a class can choose, and their errors."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

SEEN: dict[str, Any] = {}


class Sample(BaseSettings):
    """Settings from the given values and the folder `secrets`, if there is one."""

    model_config = SettingsConfigDict(case_sensitive=True, extra="ignore")

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
        SEEN.update(given=init_settings.init_kwargs)
        folder = [SecretsSettingsSource(settings_cls, "secrets")] if Path("secrets").is_dir() else []
        return init_settings, *folder

    @model_validator(mode="before")
    @classmethod
    def _merged(cls, values: dict[str, Any]) -> dict[str, Any]:
        SEEN["merged"] = values
        return values


@pytest.fixture(autouse=True)
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set PORT in the environment and in `.env`, which `Sample` doesn't read. Return the empty folder of secrets."""
    monkeypatch.setenv("PORT", "2")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PORT=3\n")
    (tmp_path / "secrets").mkdir()
    return tmp_path / "secrets"


def test_only_the_chosen_sources_are_read() -> None:
    assert Sample.model_validate({}).port == 1
    assert SEEN["given"] == {}


def test_model_validate_passes_its_values_to_the_first_source() -> None:
    assert Sample.model_validate({"PORT": "4", "port": "9", "ODD": "z"}).port == 4
    assert SEEN["given"] == {"PORT": "4", "port": "9", "ODD": "z"}


def test_sources_are_merged_by_their_order_before_validation(secrets: Path) -> None:
    (secrets / "PORT").write_text("5")
    (secrets / "SECRET").write_text("of-a-file\n")

    settings = Sample.model_validate({"PORT": "4"})

    assert SEEN["merged"] == {"PORT": "4", "SECRET": "of-a-file"}
    assert (settings.port, settings.secret.get_secret_value()) == (4, "of-a-file")


def test_a_value_error_of_a_source_is_a_validation_error_without_a_location(secrets: Path) -> None:
    (secrets / "SECRET").write_bytes(b"\xff")

    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({})

    assert [error["loc"] for error in caught.value.errors()] == [()]


def test_a_value_with_the_name_of_a_constructor_argument_raises_a_type_error() -> None:
    with pytest.raises(TypeError, match="__pydantic_self__"):
        Sample.model_validate({"__pydantic_self__": "x"})
