"""Nothing is done or shown without a policy decision.

Covers every entry point in the dispatch tables and every action in rendered messages.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.commands import COMMANDS
from bot.core.records.delegations import Delegation
from bot.core.requests import decision as request_decision
from bot.core.requests.incoming import Incoming
from bot.pipeline.authorization import decision
from bot.pipeline.dispatch import button_actions
from bot.pipeline.environment import Environment
from tests.scenarios import entries as ways
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.decisions import Decided, record_decisions
from tests.scenarios.invariants import action_ids, callback_ids, is_known_action, option_sources, rendered
from tests.world import ANA, BEN, DANA, INCIDENT, REMY, World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEPT = ("requests", "votes", "holds", "incidents", "digests", "tokens", "reviews", "alert_subscriptions", "alert_mutes")
"""Tables that a dry run must not change."""
TELLING = ("chat.", "views.", "response_url", "files.")
"""Beginnings of Slack's methods that show a person something."""
FOR_ALL = [one.name for one in COMMANDS if one.open_to_all]
SHOWING = (
    "home", "action: home.page.", "action: form.open.", "action: channel.", "action: unknown", "options: ",
    "shortcut: ",
    *(f"{way}{name}" for name in FOR_ALL for way in ("command: ", "callback: form.")),
)  # fmt: skip
"""Entry points that need no audit entry.

They open a form, suggest values, show Home or permissions, refuse an unknown button, or run a command for everyone.
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a sandbox with objects of each kind, such as requests, holds, tokens, an incident and a pending review."""
    async with checked_sandbox(tmp_path_factory.mktemp("world")) as found:
        await _tour(found)
        yield found


async def _tour(world: World) -> None:
    dana, ana, remy = (world.person(one) for one in (DANA, ANA, REMY))
    await world.create_databases("waits", "quarantined", "broken", "held", "minted", "rewound")
    made = world.turso.clock.now()
    await world.call_turso("POST", "/groups", json={"name": "sleepers", "location": "local"})
    await world.create_databases("asleep", group="sleepers")
    await world.turso.archive("acme", "sleepers")
    await _be_away(world, DANA, BEN)
    await dana.types("/turso token minted --read-only")
    await dana.types("/turso rotate waits --reason leak")
    question = await remy.types("/turso freeze held --for 30m")
    await remy.presses("Freeze writes", question)
    card = await dana.types("/turso db destroy quarantined --reason old", holding="quarantined")
    await ana.presses("Approve", card)
    await ana.submits({"typed_name": "quarantined"})
    await world.wait_for_content(card, button="Undo")
    await ana.types("/turso digest on --weekly mon 09:00")
    await ana.types("/turso alert on", holding="Alerts are on")
    await ana.types("/turso alert mute --for 1d", holding="No new alerts")
    await remy.types("/turso incident start INC-1", INCIDENT)
    await world.workspace.say(BEN, INCIDENT, "/turso db destroy broken --now --reason fire")
    await until(lambda: world.card(INCIDENT, holding="*broken* was destroyed"), what="the break-glass operation")
    await world.wait_until_idle()
    await until(lambda: world.turso.clock.now() - made > timedelta(seconds=2), what="a moment to go back to")
    card = await dana.types("/turso rewind rewound --to 1s ago", holding="rewound")
    await ana.presses("Approve", card)
    await world.wait_for_content(card, button="Switch")
    for line in ("", "help", "triage orders", "requests", "requests --mine", "ls", "usage orders", "show orders"):
        await dana.types(f"/turso {line}")
    for one in (DANA, ANA, REMY):
        await world.workspace.open_home(one)
    await world.wait_until_idle()


async def _be_away(world: World, person: str, delegate: str) -> None:
    """Set a person's absence in the store, even if the policy doesn't allow that delegate."""
    assert world.bot is not None
    now = world.bot.env.clock.now()
    await world.bot.store.delegations.set(Delegation(person, delegate, now, now + timedelta(days=2)))


@pytest.fixture
def decisions(monkeypatch: pytest.MonkeyPatch) -> list[Decided]:
    """Return a list to which each policy decision is added while the test runs."""
    return record_decisions(monkeypatch, decision, request_decision)


def count_audit_entries(world: World) -> int:
    """Return the number of entries in the audit log."""
    with closing(sqlite3.connect(world.data / "turso-ops.db")) as store:
        return int(store.execute("SELECT count(*) FROM audit_log").fetchone()[0])


def lasting_effects(world: World) -> list[Any]:
    """Return what a dry run must not change: the changes sent to Turso, and the bot's stored state."""
    sent = sum(one.method != "GET" for one in world.turso.calls.control())
    with closing(sqlite3.connect(world.data / "turso-ops.db")) as store:
        return [sent, *(store.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in KEPT)]


@dataclass
class TakeResult:
    """The effects of using an entry point."""

    decided: bool = False
    answered: bool = False
    recorded: bool = False
    changed: bool = False


async def use_entry(world: World, decisions: list[Decided], entry: ways.Entry) -> TakeResult:
    """Use an entry point, and return its effects, without those of its preparation."""
    before: list[Any] = []

    def ready() -> None:
        decisions.clear()
        before[:] = (
            len(world.workspace.calls),
            len(world.workspace.deliveries),
            count_audit_entries(world),
            lasting_effects(world),
        )

    await world.wait_until_idle()
    await entry.take(world, ready)
    await world.wait_until_idle()
    calls, deliveries, entries, as_it_was = before
    answered = any(one.method.startswith(TELLING) for one in world.workspace.calls[calls:] if not one.error)
    in_place = any(one.answer for one in world.workspace.deliveries[deliveries:])
    return TakeResult(
        bool(decisions), answered or in_place, count_audit_entries(world) > entries, lasting_effects(world) != as_it_was
    )


@pytest.mark.parametrize("entry", list(ways.entries()), ids=lambda one: one.name)
async def test_each_entry_point_is_decided_answered_and_audited(
    world: World, decisions: list[Decided], entry: ways.Entry
) -> None:
    found = await use_entry(world, decisions, entry)

    assert found.decided, "no policy decision was made"
    assert found.answered, "no one got an answer"
    assert found.recorded or entry.name.startswith(SHOWING), "reads, changes and refusals are audited"
    if entry.name.startswith(("command: ", "callback: form.")):
        assert not found.changed, "a dry run changes nothing"


async def test_every_rendered_action_form_and_menu_is_an_entry_point(world: World) -> None:
    shown = rendered(world)
    names = {one.name for one in ways.entries()}

    for action_id in set(action_ids(shown)) - set(option_sources(shown)):
        kind = next((prefix for prefix in ("run.", "page.", "home.page.") if action_id.startswith(prefix)), action_id)
        assert f"action: {kind}" in names
    assert {f"callback: {one}" for one in callback_ids(shown)} <= names
    assert {f"options: {one}" for one in option_sources(shown)} <= names
    assert {"approval.approve", "quarantine.undo", "review.open"} <= set(action_ids(shown)), (
        "the tour shows all important buttons"
    )


async def test_an_action_without_a_decision_is_found(
    world: World, decisions: list[Decided], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def careless(env: Environment, incoming: Incoming) -> str:
        return "done without asking"

    monkeypatch.setitem(button_actions.CLICKS, "evil.act", button_actions.Click(careless))
    entry = next(one for one in ways.entries() if one.name == "action: evil.act")

    # An update of another person's Home at the same time makes decisions, too, so one run without a decision is enough.
    assert not all([(await use_entry(world, decisions, entry)).decided for _ in range(5)])


async def test_an_action_that_no_code_handles_is_found() -> None:
    assert not is_known_action("evil.act")
    assert not is_known_action("form.open.nothing")
    assert is_known_action("form.open.token")
    assert list(action_ids([{"type": "actions", "elements": [{"type": "button", "action_id": "evil.act"}]}])) == [
        "evil.act"
    ]
