"""Commands that need packages of an extra name the extra in one sentence if the packages are missing."""

import subprocess
import sys

import pytest

WITHOUT = "import sys; sys.modules[{!r}] = None; from bot.__main__ import main; sys.exit(main({!r}))"


@pytest.mark.parametrize(("command", "package"), [("sandbox", "jinja2"), ("platform", "apsw")])
def test_a_command_without_its_extra_names_the_extra(command: str, package: str) -> None:
    program = WITHOUT.format(package, [command])

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={"TURSO_API_TOKEN": "x"})

    assert ran.returncode == 2
    assert ran.stderr == (
        f"turso-ops: `{command}` needs the package `{package}`, which isn't installed: install `turso-ops[sandbox]`.\n"
    )
