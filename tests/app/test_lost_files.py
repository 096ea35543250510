"""Platforms that delete the store: which are known, and what isn't said to be lost."""

from pathlib import Path

import pytest

from bot.app import lost_files
from bot.app.lost_files import PLATFORMS, describe_loss, platform_of


@pytest.mark.parametrize(("variable", "platform"), PLATFORMS.items())
def test_a_store_beside_the_program_is_lost_on_every_platform(tmp_path: Path, variable: str, platform: str) -> None:
    file = tmp_path / "data/turso-ops.db"

    said = describe_loss(file, {variable: "x"}, root=tmp_path)

    assert said is not None
    assert f"`{file}`" in said
    assert f"{platform}, which is deleted at each deployment" in said
    assert platform_of({variable: "x"}) == platform


@pytest.mark.parametrize("mark", ["/.dockerenv", "/run/.containerenv"])
def test_a_container_is_known_by_its_mark(tmp_path: Path, mark: str) -> None:
    assert describe_loss(tmp_path / "x.db", {}, root=tmp_path) is None
    path = tmp_path / mark[1:]
    path.parent.mkdir(exist_ok=True)
    path.touch()

    assert "this container, which is deleted with it" in str(describe_loss(tmp_path / "x.db", {}, root=tmp_path))
    assert platform_of({}) is None, "so `doctor` says it, but doesn't call it wrong"


def test_a_store_on_a_volume_and_postgresql_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"FLY_APP_NAME": "x"}

    assert describe_loss(None, environ, root=tmp_path) is None
    assert describe_loss(tmp_path / "x.db", environ, root=tmp_path) is not None
    monkeypatch.setattr(lost_files, "_device", lambda _: -1)
    assert describe_loss(tmp_path / "x.db", environ, root=tmp_path) is None
