"""A bot whose policy names a token that isn't set starts, and says so once in its log."""

from pathlib import Path

import pytest

from bot.app.policy_tokens import UNUSABLE
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.policies import TWO_APPROVERS
from tests.world import DANA, words

POLICY = TWO_APPROVERS.replace("organizations:\n", "organizations:\n  beta: {token: env:TURSO_NOPE}\n")
WITH_A_TOKEN = POLICY.replace("TURSO_NOPE", "TURSO_API_TOKEN")
SENTENCE = "The policy refers to `env:TURSO_NOPE`, but TURSO_NOPE isn't set."


@pytest.mark.parametrize(("text", "times"), [(POLICY, 1), (WITH_A_TOKEN, 0)], ids=["not set", "set"])
async def test_the_log_names_the_variable_once_and_the_bot_works(
    text: str, times: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (policy := tmp_path / "policy.yaml").write_text(text)

    async with checked_sandbox(tmp_path, policy=policy) as world:
        assert "orders" in words(await world.person(DANA).types("/turso ls"))

    lines = [line for line in capfd.readouterr().err.splitlines() if UNUSABLE in line]
    assert len(lines) == times
    assert all("organization=beta" in line and SENTENCE in line for line in lines)
