"""The checks of `doctor` pass in the sandbox, and report each problem in a sentence."""

import asyncio
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.app import health
from bot.app.credential_checks import LOOP, SignaturesRefused, WrongCredential
from bot.app.heartbeat import failing_text
from bot.app.serving import http_app
from bot.core.concurrency.background import Background
from bot.core.reply import Reply
from bot.pipeline.outcomes.delivery import ALARM, REVOKED, Notice, notify_privately
from bot.slack.lookups import _queries
from bot.slack.lookups.installation import Installation
from tests.scenarios.policies import TWO_APPROVERS
from tests.scenarios.requesting import make_request
from tests.world import ANA, BEN, DB_OPS, GIL, ORDERS, REMY, World, set_policy, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN_POLICY = TWO_APPROVERS


async def found(world: World) -> dict[str, tuple[bool, str]]:
    """Return the current result of each check: whether it passed, and its sentence."""
    assert world.bot is not None
    return {name: (well, said) for name, well, said in await world.bot.health.doctor()}


async def test_in_a_sandbox_all_checks_pass_and_the_message_lists_every_one(world: World) -> None:
    every = await found(world)

    text = words(await world.person(ANA).types("/turso doctor", holding="checks"))

    assert all(well for well, _ in every.values()), every
    assert f"All {len(every)} checks passed" in text
    assert all(name in text for name in every)


async def test_a_rule_that_too_few_people_can_fulfil_is_reported(world: World) -> None:
    assert world.bot is not None
    ben, directory = world.workspace.people[BEN], world.bot.health.directory
    try:
        await world.workspace.admin.set_group("S0RESPOND", [BEN])
        await world.workspace.admin.update_person(replace(ben, deleted=True))
        directory.forget({"type": "user_change", "user": BEN})

        well, said = (await found(world))["approvers"]

        assert not well
        assert "`channels.C0DBOPS.rules[" in said
        assert "needs 2 and has 1" in said
    finally:
        await world.workspace.admin.update_person(ben)
        await world.workspace.admin.set_group("S0RESPOND", [BEN, REMY])
        directory.forget({"type": "user_change", "user": BEN})
    assert (await found(world))["approvers"][0]


async def test_a_rule_is_not_reported_if_its_people_cannot_be_looked_up(world: World) -> None:
    assert world.bot is not None
    for group in ("S0DBA", "S0RESPOND"):
        world.bot.health.directory.forget({"type": "subteam_updated", "subteam": {"id": group}})
    fault = world.workspace.faults.add("api_error", "usergroups.users.list", error="missing_scope")
    try:
        every = await found(world)

        assert not every["user groups"][0]
        assert every["approvers"] == (
            True,
            "Every rule with known members has enough people who can approve or review.",
        )
    finally:
        world.workspace.faults.remove(fault)
        for group in ("S0DBA", "S0RESPOND"):
            world.bot.health.directory.forget({"type": "subteam_updated", "subteam": {"id": group}})


async def test_the_turso_check_covers_every_organization_of_the_policy(world: World) -> None:
    assert (await found(world))["turso"] == (True, "Turso accepts the API token (it never expires).")
    organizations = "organizations:\n  second: {token: env:TURSO_SECOND}\n"
    assert "organizations:\n" in OWN_POLICY
    set_policy(world, OWN_POLICY.replace("organizations:\n", organizations))
    try:
        well, said = (await found(world))["turso"]
    finally:
        set_policy(world, OWN_POLICY)

    assert not well
    assert said.startswith("`second`: The organization `second` can't be reached: ")
    assert "`acme`" not in said


async def test_guests_in_a_channel_are_reported_but_not_as_a_problem(world: World) -> None:
    assert (await found(world))["guests"] == (
        True, f"Guests can read what is posted in `{ORDERS}` (1 guest)."
    )  # fmt: skip
    assert world.bot is not None
    members = world.workspace.channels[ORDERS].members
    members.remove(GIL)
    world.bot.health.directory._inside.forget(ORDERS)
    try:
        assert (await found(world))["guests"] == (True, "There are no guests in the policy's channels.")
    finally:
        members.append(GIL)
        world.bot.health.directory._inside.forget(ORDERS)


async def test_a_channel_with_too_many_members_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.bot is not None
    monkeypatch.setattr(_queries, "MEMBER_PAGES", 0)
    world.bot.health.directory._inside.forget(ORDERS)

    well, said = (await found(world))["guests"]

    assert not well
    assert f"The members of `{ORDERS}` can't be read. This channel has more than" in said


async def test_guests_are_reported_as_unknown_if_slack_does_not_list_everybody(world: World) -> None:
    world.workspace.faults.add("api_error", "users.list", error="missing_scope", times=1)

    well, said = (await found(world))["guests"]

    assert well
    assert "I can't tell" in said


async def test_scopes_that_slack_does_not_return_are_not_reported_as_granted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.bot is not None
    known = replace(await world.bot.workspace.check(), scopes=frozenset())

    async def check() -> Installation:
        return known

    monkeypatch.setattr(world.bot.workspace, "check", check)

    assert (await found(world))["scopes"] == (
        True, "Slack's response didn't include the granted scopes, so they can't be checked."
    )  # fmt: skip


@pytest.mark.parametrize(("off", "says"), [(3_600, "1 hour ahead of"), (-7_200, "2 hours behind")])
async def test_a_wrong_clock_is_found(world: World, monkeypatch: pytest.MonkeyPatch, off: int, says: str) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return datetime.now(UTC) + timedelta(seconds=off)

    monkeypatch.setattr("bot.slack.outgoing.web_api.datetime", Wrong)

    well, said = (await found(world))["clock"]

    assert not well
    assert says in said
    assert "Correct it" in said


async def test_a_process_with_another_policy_is_found_while_it_runs(world: World) -> None:
    assert world.bot is not None
    store, now = world.bot.store, datetime.now(UTC)
    assert (await found(world))["policy"][0], "its own row doesn't count as another process"
    for seen, policy, well in (
        (now, "0ther", False),
        (now, world.bot.env.rules.policy.hash, True),
        (now - timedelta(minutes=2), "0ther", True),
    ):
        await store.processes.record("elsewhere:1:abc", policy, seen, forget=now - timedelta(hours=1))
        found_well, said = (await found(world))["policy"]
        assert found_well is well
        assert well or "other processes use `0ther`" in said
    await store.processes.record("elsewhere:1:abc", "0ther", now, forget=now - timedelta(hours=1))

    await store.processes.remove("elsewhere:1:abc")

    assert (await found(world))["policy"][0]


async def test_a_workflow_that_does_not_finish_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STUCK_FOR", timedelta(0))
    held = world.turso.faults.add("hold_before", method="PATCH", path="/v1/*")
    question = await make_request(world, "/turso freeze {} --for 30m", by=REMY)
    try:
        await world.person(REMY).presses("Freeze writes", question)
        await asyncio.wait_for(held.arrived.wait(), 15)

        well, said = (await found(world))["durable work"]

        assert not well
        assert "1 workflow didn't finish within 0 minutes (" in said
        assert ":execute`" in said
    finally:
        held.released.set()
        world.turso.faults.remove(held.id)
    await world.wait_until_idle()
    assert (await found(world))["durable work"][0]


@pytest.mark.parametrize(
    ("subject", "event", "named"),
    [
        ("r-nobodyheard", "failed", "the outcome of request"),
        ("h-nobodyheard", "thawed", "the end of freeze"),
        ("v-nobodyheard", "reviewed", "review"),
        ("r-nobodyheard", ALARM, "the break-glass operation"),
        ("r-nobodyheard", REVOKED, "tokens revoked by request"),
    ],
)
async def test_an_outcome_that_could_not_be_delivered_is_reported_by_doctor_and_the_metrics(
    world: World, subject: str, event: str, named: str
) -> None:
    assert world.bot is not None
    store, health = world.bot.store, world.bot.health
    assert {name: well for name, well, _ in await health.doctor()}["outcomes"]

    notice = Notice(subject, event, Reply("It is over."), ("U0NOBODY",), DB_OPS)
    if event in (ALARM, REVOKED):
        await notify_privately(world.bot.env, notice)
    else:
        await store.notices.set_notified(subject, event, how="nobody")

    findings = {name: (well, sentence) for name, well, sentence in await health.doctor()}
    assert findings["outcomes"][0] is False
    assert f"{named} `{subject}`" in findings["outcomes"][1]
    await store.notices.set_notified(subject, event, how="channel")


async def test_a_signing_secret_that_is_not_slacks_is_found_by_every_process(world: World) -> None:
    assert world.bot is not None
    bot = world.bot
    app = http_app(bot)
    assert (await found(world))["signing secret"][0]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as slack:
        for _ in range(3):
            stamp = str(int(time.time()))
            headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={'0' * 64}"}
            assert (await slack.post("/slack/events", headers=headers, content="command=x")).status_code == 401
        with pytest.raises(SignaturesRefused):
            await bot.signatures.check()
        assert "turso_ops_refused_signatures_total 3.0" in bot.metrics.text().decode()

        other = Background()
        loop = other.add(LOOP, bot.signatures.check, every=20)
        await loop.round()
        await bot.store.processes.record(
            "elsewhere:1:abc", "0ther", datetime.now(UTC), forget=datetime.now(UTC) - timedelta(hours=1),
            failing=failing_text(other.failing()),
        )  # fmt: skip
        well, sentence = (await found(world))["signing secret"]
        assert not well
        assert "`elsewhere:1:abc`" in sentence
        assert "SLACK_SIGNING_SECRET" in sentence

        await bot.store.processes.remove("elsewhere:1:abc")
        bot.signatures.accepted()
        await bot.signatures.check()
        assert (await found(world))["signing secret"][0]


@pytest.mark.parametrize(
    ("token", "well", "says"),
    [
        ("", True, "Only `socket` needs it."),
        ("xapp-of-another-app", False, "Slack doesn't accept SLACK_APP_TOKEN (invalid_auth)."),
    ],
)
async def test_an_app_token_is_checked_with_slack(world: World, token: str, well: bool, says: str) -> None:
    assert world.bot is not None
    checks = replace(world.bot.health.credentials, app_token=token)

    if well:
        assert says in await checks.check_app_token()
    else:
        with pytest.raises(WrongCredential, match=re.escape(says)):
            await checks.check_app_token()
    assert (await found(world))["app token"] == (True, "Slack accepts the app-level token.")


async def test_a_database_that_is_blocked_without_a_hold_is_found(world: World) -> None:
    assert world.bot is not None
    turso = world.bot.env.turso_clients.turso("acme")
    before = (await found(world))["blocks"]
    await world.create_databases("blocked-elsewhere")
    await turso.configure("blocked-elsewhere", block_writes=True)
    try:
        well, said = (await found(world))["blocks"]
        assert not well
        assert "`blocked-elsewhere`" in said
        assert "blocked for an unknown reason" in said
    finally:
        await turso.configure("blocked-elsewhere", block_writes=False)
    assert (await found(world))["blocks"] == before


async def test_the_location_of_the_store_is_reported(world: World) -> None:
    place = world.data / "turso-ops.db"
    assert (await found(world))["store"] == (True, f"The bot's own database accepts writes (`{place}`).")
