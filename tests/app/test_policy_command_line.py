"""`policy test` ends with 1 for a file with errors or a failed case, and with 2 for a file that can't be read."""

from pathlib import Path

import pytest

from bot.__main__ import main

POLICY = "version: 1\norganizations: {acme: {}}\nchannels: {}\n"
CASE = "cases: [{subject: U0ANA, channel: C0DBOPS, command: list, verdict: deny}]\n"


@pytest.mark.parametrize(
    ("policy", "cases", "status"),
    [
        pytest.param(POLICY, CASE, 0, id="a case that passes"),
        pytest.param(POLICY, CASE.replace("deny", "allow"), 1, id="a case that fails"),
        pytest.param(POLICY, CASE.replace("C0DBOPS", "db-ops"), 1, id="a name instead of an ID"),
        pytest.param(POLICY, "cases: [", 1, id="cases that aren't YAML"),
        pytest.param(POLICY, "- cases\n", 1, id="cases that are a list"),
        pytest.param(POLICY, "just text\n", 1, id="cases that are text"),
        pytest.param(POLICY, "7\n", 1, id="cases that are a number"),
        pytest.param(POLICY, "", 1, id="an empty file of cases"),
        pytest.param(POLICY, "usergroups: {7: [U0ANA]}\n" + CASE, 1, id="a number instead of an ID"),
        pytest.param(POLICY, "cases: {one: two}\n", 1, id="cases that are a mapping"),
        pytest.param(POLICY, None, 2, id="no file of cases"),
        pytest.param("version: 2\n", CASE, 1, id="an invalid policy"),
        pytest.param(None, CASE, 2, id="no policy"),
    ],
)
def test_policy_test_ends_with_the_documented_status(
    policy: str | None, cases: str | None, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in {"policy.yaml": policy, "policy.tests.yaml": cases}.items():
        if text is not None:
            (tmp_path / name).write_text(text)

    assert main(["policy", "test", str(tmp_path / "policy.yaml")]) == status

    printed = "".join(capsys.readouterr())
    assert printed.strip()
    assert "Cases" not in printed  # the name of the model of this file in the code
