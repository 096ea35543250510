"""requirements.txt pins everything that production needs, with hashes and without an index, as in the lock."""

import importlib.metadata as installed
import re
import tomllib
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packages.built import ROOT

MOST_PACKAGES = 70
MOST_BYTES = 200 * 2**20
PIN = re.compile(
    r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)(?: ; ([^\\]+))? \\\n((?:    --hash=sha256:\S+(?: \\)?\n)+)", re.MULTILINE
)


def pins(name: str) -> dict[str, tuple[str, frozenset[str], str]]:
    """Return the version, the hashes and the marker of each package in a file."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {
        canonicalize_name(package): (version, frozenset(re.findall(r"sha256:\w+", hashes)), marker)
        for package, version, marker, hashes in PIN.findall(text)
    }


PRODUCTION = pins("requirements.txt")


def needed() -> set[str]:
    """Return the packages that the project needs on this system without extras, including indirect dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting = [Requirement(line) for line in project["dependencies"]]
    found: dict[str, set[str]] = {}
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if name in found and one.extras <= found[name]:
            continue
        found[name] = found.get(name, set()) | one.extras
        lines = (Requirement(line) for line in installed.requires(name) or ())
        waiting += [line for line in lines if _applies(line.marker, found[name])]
    return set(found)


def _applies(marker: Marker | None, extras: set[str]) -> bool:
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})


def test_requirements_txt_pins_the_locked_versions() -> None:
    lock = pins("requirements.lock")

    assert len(PRODUCTION) == (ROOT / "requirements.txt").read_text().count("==") - len(_comparisons())
    assert {name: pin[:2] for name, pin in PRODUCTION.items()} == {name: lock[name][:2] for name in PRODUCTION}


def _comparisons() -> list[str]:
    """Return every `==` in the markers of packages."""
    return [one for *_, marker in PRODUCTION.values() for one in re.findall("==", marker)]


def test_requirements_txt_has_everything_that_production_needs_and_no_test_tool() -> None:
    here = {name for name, (*_, marker) in PRODUCTION.items() if not marker or Marker(marker).evaluate()}

    assert here == needed()
    assert len(PRODUCTION) <= MOST_PACKAGES
    assert not {"pytest", "mypy", "apsw", "hatchling"} & set(PRODUCTION)


def test_requirements_txt_names_no_package_index() -> None:
    assert "://" not in (ROOT / "requirements.txt").read_text()


def test_the_installed_packages_are_small() -> None:
    size = sum(_size(name) for name in needed())

    assert size < MOST_BYTES, f"{size / 2**20:.0f} MiB"


def _size(name: str) -> int:
    paths = (Path(str(file.locate())) for file in installed.files(name) or ())
    return sum(path.stat().st_size for path in paths if path.is_file())
