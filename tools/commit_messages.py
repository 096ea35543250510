"""Checks commit messages: as a commit-msg hook, which passes the file of the message, or in CI with `--range`."""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

MAX_SUBJECT = 72
SUBJECT = re.compile(r"[a-z][a-z0-9_/, -]*: (?P<words>\S.*)")
NOT_IMPERATIVE = re.compile(r"(?:[a-z]+(?:ed|ing|[^s]s)|the|a|an|it|is|no|not|of|what|who|there)", re.IGNORECASE)
IMPERATIVE = frozenset("bring embed exceed feed focus need proceed seed speed string succeed".split())  # noqa: SIM905
"""Imperatives that look like other verb forms, because they end in -ed, -ing or -s."""
TRAILER = re.compile(r"[A-Z][A-Za-z-]+: \S")
GENERATED = ("Merge ", "Revert ", "fixup! ", "squash! ", "amend! ")
SCISSORS = "# ------------------------ >8 ------------------------"


def problems(message: str) -> list[str]:
    """Return a sentence for each problem of a commit message. Git's own messages (`GENERATED`) aren't checked."""
    lines = [line.rstrip() for line in message.split(SCISSORS)[0].splitlines() if not line.startswith("#")]
    while lines and not lines[0]:
        del lines[0]
    if not lines:
        return ["The message is empty."]
    if lines[0].startswith(GENERATED):
        return []
    return [*_of_subject(lines[0]), *_of_body(lines[1:])]


def _of_subject(subject: str) -> list[str]:
    found = []
    if len(subject) > MAX_SUBJECT:
        found.append(f"The subject has {len(subject)} characters. At most {MAX_SUBJECT} fit.")
    if ";" in subject or subject.endswith("."):
        found.append("The subject is one phrase: no semicolon, and no full stop at its end.")
    match = SUBJECT.fullmatch(subject)
    if not match:
        return [*found, "The subject begins with its area, as in `commands: add usage`."]
    first = match["words"].split()[0].rstrip(",:")
    if first[0].isupper() or (NOT_IMPERATIVE.fullmatch(first) and first not in IMPERATIVE):
        found.append(f"After the area comes a verb in the imperative, in lower case: `add`, not `{first}`.")
    return found


def _of_body(lines: list[str]) -> list[str]:
    if lines and lines[0]:
        return ["An empty line separates the subject from the body."]
    if not any(line and not TRAILER.match(line) for line in lines):
        return ["The body says why, in a sentence or two."]
    return []


def _messages(commits: str) -> list[str]:
    """Return the messages of a range of commits, without merges."""
    command = ["git", "log", "--no-merges", "--format=%B%x00", commits]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [text for text in done.stdout.split("\0") if text.strip()]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the problems of each message, and return the exit status."""
    parser = argparse.ArgumentParser(description="Check commit messages.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("file", nargs="?", type=Path, help="the file with a message, as git gives it to the hook")
    source.add_argument("--range", help="commits, such as main..HEAD")
    arguments = parser.parse_args(argv)
    messages = _messages(arguments.range) if arguments.range else [arguments.file.read_text(encoding="utf-8")]
    status = 0
    for message in messages:
        for problem in problems(message):
            print(f"{next(iter(message.strip().splitlines()), '')!r}: {problem}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
