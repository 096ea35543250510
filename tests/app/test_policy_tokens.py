"""The log names each token that a policy needs and the environment lacks, at the start and for each new policy."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from structlog.testing import capture_logs

from bot.app.policy_book import QUIET_SECONDS, PolicyBook
from bot.app.policy_tokens import UNUSABLE, follow_policy
from bot.app.turso_clients import TursoClients
from bot.commands import CATALOGUE
from bot.settings import load_settings
from tests.app.test_turso_clients import ENVIRONMENT

POLICY = """version: 1
organizations:
  acme: {token: env:TURSO_API_TOKEN}
  beta: {token: env:TURSO_NOPE}
  gamma: {token: env:TURSO_OTHER_TOKEN}
  omega: {token: env:TURSO_NEITHER}
channels: {}
"""
ON_CALL = """people:
  first: {oncall: {provider: pagerduty, schedule: PDBA100}}
  second: {oncall: {provider: opsgenie, schedule: databases}}
oncall_users: {pagerduty: {PANA001: U0ANA}, opsgenie: {ana: U0ANA}}
channels: {C0A: {organization: acme, databases: ['*'], rules: [{approve: freeze, by: [first, second]}]}}
"""
BETA = {
    "event": UNUSABLE,
    "log_level": "warning",
    "organization": "beta",
    "why": "The policy refers to `env:TURSO_NOPE`, but TURSO_NOPE isn't set.",
}
OMEGA = BETA | {
    "organization": "omega",
    "why": "The policy refers to `env:TURSO_NEITHER`, but TURSO_NEITHER isn't set.",
}


async def warnings_of(apply: Callable[[], Awaitable[None]]) -> list[object]:
    """Return the log lines about tokens that `apply` writes."""
    with capture_logs() as logs:
        await apply()
    return [line for line in logs if line["event"] == UNUSABLE]


async def test_missing_tokens_are_logged_once_per_policy_with_a_line_per_organization(tmp_path: Path) -> None:
    file, now = tmp_path / "policy.yaml", 0.0
    file.write_text(POLICY)
    book = PolicyBook(file, "acme", CATALOGUE, now=lambda: now)
    settings = load_settings(ENVIRONMENT)
    async with TursoClients(settings, lambda *_: None) as turso_clients:
        apply = partial(book.apply_changes, partial(follow_policy, settings, turso_clients))
        assert await warnings_of(apply) == [BETA, OMEGA]
        assert await warnings_of(apply) == []

        file.write_text(POLICY.replace("TURSO_NEITHER", "TURSO_OTHER_TOKEN"))
        assert await warnings_of(apply) == []  # the file must stay the same for a while
        now += QUIET_SECONDS
        assert await warnings_of(apply) == [BETA]


async def test_an_on_call_service_without_a_token_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\n" + ON_CALL)
    settings = load_settings(ENVIRONMENT | {"OPSGENIE_API_TOKEN": "a-read-only-key"})
    book = PolicyBook(file, "acme", CATALOGUE)
    async with TursoClients(settings, lambda *_: None) as turso_clients:
        found = await warnings_of(partial(book.apply_changes, partial(follow_policy, settings, turso_clients)))

    why = "The policy names a schedule of PagerDuty, but PAGERDUTY_API_TOKEN isn't set."
    assert found == [{"event": UNUSABLE, "log_level": "warning", "on_call": "PagerDuty", "why": why}]
