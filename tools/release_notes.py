"""Prints the text of a release in CHANGELOG.md: `python -m tools.release_notes v0.1.0`."""

import re
import sys
from pathlib import Path

from bot import __version__

ROOT = Path(__file__).parent.parent


def releases(changelog: str) -> dict[str, str]:
    """Return the text of each release by its version, newest first. `Unreleased` isn't a release."""
    parts = re.split(r"^## \[([^\]]+)\].*$", changelog, flags=re.MULTILINE)[1:]
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True) if name != "Unreleased"}


def main(argv: list[str]) -> int:
    """Print the notes of a tag. Returns 1 if the tag, the version and the changelog don't agree."""
    version = argv[0].removeprefix("v") if argv else ""
    notes = releases((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")).get(version)
    if version != __version__ or not notes:
        print(f"{version!r} is not released: bot/__init__.py has {__version__}.", file=sys.stderr)
        print("A release needs its version in bot/__init__.py and its section in CHANGELOG.md.", file=sys.stderr)
        return 1
    print(notes)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
