"""Commit messages: the area and an imperative in the subject, the reason in the body."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.commit_messages import problems

SCRIPT = Path(__file__).parents[2] / "tools/commit_messages.py"
WHY = "\n\nNobody saw how much a database holds.\n"


@pytest.mark.parametrize(
    "message",
    [
        f"commands: add usage{WHY}",
        f"docs, sandbox: put the quick start in order{WHY}",
        f"follow-ups: process what is late{WHY}",
        f"plan drift: say that a database left its group{WHY}",
        f"sandbox/page: show the size of a database{WHY}",
        f"audit_stream: send what is late{WHY}",
        f"seed: seed a month{WHY}# Please enter the commit message\n",
        "Merge branch 'main' into topic\n",
        "fixup! commands: add usage\n",
        f"commands: add usage{WHY}\nCo-authored-by: Ana <ana@x.y>\n",
    ],
)
def test_a_message_that_follows_the_rules_passes(message: str) -> None:
    assert problems(message) == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", "empty"),
        (f"add usage{WHY}", "begins with its area"),
        (f"commands add usage{WHY}", "begins with its area"),
        (f"commands: added usage{WHY}", "not `added`"),
        (f"commands: adding usage{WHY}", "not `adding`"),
        (f"commands: adds usage{WHY}", "not `adds`"),
        (f"commands: Add usage{WHY}", "not `Add`"),
        (f"commands: the usage of a database{WHY}", "not `the`"),
        (f"commands: add usage; show it{WHY}", "one phrase"),
        (f"commands: add usage.{WHY}", "one phrase"),
        (f"commands: {'add ' * 20}usage{WHY}", "At most 72"),
        ("commands: add usage\n", "says why"),
        ("commands: add usage\n\nSigned-off-by: Ana <ana@x.y>\n", "says why"),
        ("commands: add usage\nNobody saw it.\n", "empty line"),
        ("commands: add usage\n# Changes to be committed\n", "says why"),
    ],
)
def test_each_broken_rule_is_named(message: str, expected: str) -> None:
    found = problems(message)
    assert len(found) == 1, found
    assert expected in found[0]


def test_the_script_checks_a_message_file_as_the_hook_does_and_a_range_as_ci_does(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        who = ["-c", "user.name=Ana", "-c", "user.email=ana@x.y", "-c", "core.hooksPath=/dev/null"]
        done = subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def check(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, SCRIPT, *arguments], cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stderr

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "before there were rules")
    start = git("rev-parse", "HEAD")
    git("commit", "-q", "--allow-empty", "-m", f"commands: add usage{WHY}")
    assert check("--range", f"{start}..HEAD") == (0, "")
    git("commit", "-q", "--allow-empty", "-m", f"commands: adds usage{WHY}")
    status, said = check("--range", f"{start}..HEAD")
    assert status == 1
    assert said.count("\n") == 1
    assert "adds usage" in said

    (tmp_path / "message").write_text("add usage")
    assert check("message")[0] == 1
    (tmp_path / "message").write_text(f"commands: add usage{WHY}")
    assert check("message") == (0, "")
