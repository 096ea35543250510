"""After a policy change, a requested incident doesn't start under old rules, and a running one loses an old profile."""

from datetime import timedelta

import pytest

from bot.core.requests.request import State
from tests.security import stage
from tests.world import ANA, DANA, DB_OPS, REMY, World, set_policy, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


def policy(longest: str, profile: str, start: str = "approve: incident, by: dba, confirm: none") -> str:
    """Return a policy whose incidents last at most `longest` and have the rules of `profile`.

    Args:
        start: the rule for starting an incident. By default, a DBA must approve it.
    """
    return f"""
version: 1
organizations:
  acme: {{token: env:TURSO_API_TOKEN}}
workspace: T0ACME
people:
  dba: {{users: [U0ANA, U0BEN]}}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {{allow: read}}
      - {{{start}}}
incidents: {{to: dba, databases: ["*"], profile: {profile}, longest: {longest}}}
profiles:
  wide: {{rules: [{{allow: [destroy, rotate], confirm: none}}]}}
  narrow: {{rules: [{{allow: [triage], confirm: none}}]}}
"""


OWN_POLICY = policy("12h", "wide")
AT_ONCE = "allow: incident, confirm: none"


@pytest.mark.parametrize(
    ("longest", "profile", "why"),
    [("1h", "wide", "can now last at most 1 h here"), ("12h", "narrow", "the profile `wide`")],
    ids=["shorter", "another profile"],
)
async def test_a_requested_incident_does_not_start_under_the_old_policy(
    world: World, longest: str, profile: str, why: str
) -> None:
    assert world.bot is not None
    set_policy(world, OWN_POLICY)
    card = await world.person(DANA).types(f"/turso incident start {profile}-{longest} --for 12h --reason x")
    set_policy(world, policy(longest, profile))

    answer = await world.person(ANA).presses_and_reads("Approve", card)

    assert why in words(answer)
    await stage.reaches(world, card, State.STALE)
    assert await world.bot.store.incidents.running_in(DB_OPS) is None


async def test_a_running_incident_loses_its_permissions_once_incidents_have_another_profile(
    world: World,
) -> None:
    assert world.bot is not None
    await world.create_databases("kept")
    set_policy(world, policy("12h", "wide", AT_ONCE))
    await world.person(DANA).types("/turso incident start INC-9 --for 4h", holding="INC-9")
    await world.wait_until_idle()
    running = await world.bot.store.incidents.running_in(DB_OPS)
    assert running is not None
    assert running.until - running.started_at == timedelta(hours=4)
    planned = await world.person(REMY).types("/turso db destroy kept --now --dry-run --reason x")
    assert "You can't use" not in words(planned)

    set_policy(world, policy("12h", "narrow", AT_ONCE))
    refused = await world.person(REMY).types("/turso db destroy kept --now --reason x")
    extended = await world.person(DANA).types("/turso incident start INC-9 --for 4h")
    await world.wait_until_idle()

    assert not world.changes("DELETE", "/kept")
    assert "You can't use" in words(refused)
    assert "the profile `wide`" in words(extended)
