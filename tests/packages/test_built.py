"""The wheel and the source archive contain what a user needs, and nothing else."""

import subprocess
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message

import pytest

from bot import __version__
from tests.packages.built import ROOT, built
from tools.test_versions import supported

SOURCES = {
    ".env.example",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "PKG-INFO",
    "README.md",
    "bot",
    "manifest.yaml",
    "policy.example.tests.yaml",
    "policy.example.yaml",
    "pyproject.toml",
    "requirements.txt",
}
"""The top level of the source archive. The build adds `PKG-INFO` and `.gitignore`."""
EXAMPLES = {
    "bot/examples/.env.example", "bot/examples/policy.example.tests.yaml", "bot/examples/policy.example.yaml",
}  # fmt: skip


def tracked(folder: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(listed.stdout.split())


@pytest.fixture(scope="module")
def wheel() -> zipfile.ZipFile:
    return zipfile.ZipFile(built("wheel"))


def metadata(wheel: zipfile.ZipFile) -> Message:
    return message_from_bytes(wheel.read(f"turso_ops-{__version__}.dist-info/METADATA"))


def test_the_wheel_has_only_the_package_and_the_examples(wheel: zipfile.ZipFile) -> None:
    files = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert files == tracked("bot") | EXAMPLES
    assert wheel.read("bot/examples/policy.example.yaml") == (ROOT / "policy.example.yaml").read_bytes()
    assert sum(info.file_size for info in wheel.infolist()) < 5_000_000


def test_the_wheel_declares_its_version_its_pythons_its_extras_and_its_command(wheel: zipfile.ZipFile) -> None:
    declared = metadata(wheel)

    assert declared["Version"] == __version__
    assert declared["Requires-Python"] == f">={supported()[0]}"
    assert set(declared.get_all("Provides-Extra") or ()) >= {"sandbox", "otel"}
    entries = wheel.read(f"turso_ops-{__version__}.dist-info/entry_points.txt").decode()
    assert "turso-ops = bot.__main__:main" in entries


def test_the_source_archive_has_the_listed_files_and_no_others_of_this_checkout() -> None:
    with tarfile.open(built("sdist")) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}

    assert {name.split("/")[0] for name in names} == SOURCES
    assert {name for name in names if name.startswith("bot/")} == tracked("bot")
