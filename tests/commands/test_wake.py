"""`db wake`: an archived database is woken together with its group, by one call. The outcome says if it responds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.commands.databases import _new_database, wake
from bot.core.model import Target
from bot.core.requests.plan import Plan
from bot.errors import BadInput, Unavailable
from bot.pipeline.authorization.plan_drift import drift
from tests.blocks.messages import buttons, words
from tests.commands.conftest import Acme, Desk

WAKES = "      - {approve: [wake], by: dba}\n"


@pytest.fixture
def archived(desk: Desk) -> Acme:
    """Return `acme` with `orders` and `users` in an archived group, and `crm` in another group."""
    acme = desk.acme
    acme.groups["default"]["archived"] = True
    acme.groups["other"] = {"name": "other", "archived": False}
    for name in ("orders", "users"):
        acme.add(name, archived=True, sleeping=True)
    acme.add("crm", group="other")
    return acme


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.policy = desk.policy.replace("      - {approve: [rotate", f"{WAKES}      - {{approve: [rotate", 1)
    return desk


def posts(acme: Acme) -> list[str]:
    return [line.removeprefix("POST /v1/organizations/acme") for line in acme.log() if line.startswith("POST /v1")]


async def test_a_wake_wakes_the_group_once_and_reports_how_long_the_database_took(desk: Desk, archived: Acme) -> None:
    reply = await desk.carry_out("db wake orders")

    assert posts(archived) == ["/groups/default/unarchive"]
    assert "orders is awake. It responded after 1 second" in reply.text
    assert "This also woke 1 other database in the group `default`: users" in words(reply)


async def test_the_plan_names_every_database_of_the_group(desk: Desk, archived: Acme) -> None:
    plan = await desk.plan("wake orders")

    assert plan.databases == (Target("orders", "default"), Target("users", "default"))
    assert "users" in plan.steps[0]
    assert not posts(archived)


async def test_a_database_that_is_awake_cannot_be_woken(desk: Desk, archived: Acme) -> None:
    with pytest.raises(BadInput, match="`crm` isn't archived"):
        await desk.plan("wake crm")


async def test_a_database_without_a_group_cannot_be_woken(desk: Desk, archived: Acme) -> None:
    archived.add("lonely", group="", archived=True)
    with pytest.raises(BadInput, match="isn't in a group"):
        await desk.plan("wake lonely")


@pytest.mark.parametrize("odd", [{"group": 5}, {"Name": None}], ids=["group", "name"])
async def test_a_group_that_cannot_be_read_is_not_woken(desk: Desk, archived: Acme, odd: dict[str, Any]) -> None:
    archived.databases["users"] |= odd
    archived.instead = lambda request: (
        httpx.Response(200, json={"databases": list(archived.databases.values())})
        if request.url.path.endswith("/databases")
        else None
    )
    with pytest.raises(Unavailable, match="can't tell what this affects in the group `default`"):
        await desk.plan("wake orders")


async def test_a_wake_can_be_planned_if_turso_does_not_report_the_state(desk: Desk, archived: Acme) -> None:
    for thing in (archived.groups["default"], archived.databases["orders"]):
        for key in ("archived", "sleeping"):
            thing.pop(key, None)

    plan = await desk.plan("wake orders")

    assert plan.facts["Archived"] == "unknown"
    assert plan.warnings == ("Turso didn't say whether it is archived",)
    assert await wake.read_back(desk.context(), plan), "the database responds"
    archived.failing["/v2/pipeline"] = 502
    assert not await wake.read_back(desk.context(), plan), "its state is still unknown"


async def test_a_database_that_does_not_respond_in_time_is_called_awake_but_not_ready(
    desk: Desk, archived: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    archived.failing["/v2/pipeline"] = 502
    monkeypatch.setattr(_new_database, "WAITS_SECONDS", 0)

    reply = await desk.carry_out("wake orders")

    assert "orders is awake, but isn't responding yet" in reply.text


async def test_after_a_crash_the_response_time_is_left_out(desk: Desk, archived: Acme) -> None:
    plan = await desk.plan("wake orders")
    await desk.turso.unarchive_group("default")

    facts = await wake.facts_again(desk.context(), plan)

    assert wake.message(plan, facts).text == "orders is awake and responds."
    assert wake.message(plan, {}).text == "orders is awake."


async def _woken(desk: Desk) -> None:
    await desk.turso.unarchive_group("default")


async def _joined(desk: Desk) -> None:
    desk.acme.add("pay", archived=True)


async def _left(desk: Desk) -> None:
    del desk.acme.databases["users"]


async def _nothing(desk: Desk) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(_nothing, None, id="nothing"),
        pytest.param(_woken, "`orders` is already awake.", id="woken since the plan"),
        pytest.param(_joined, "1 other database joined the group `default` since the request (pay).", id="joined"),
        pytest.param(_left, None, id="one left: fewer wake than approvers saw"),
    ],
)
async def test_a_wake_is_stale_if_it_would_wake_more_databases_or_none(
    desk: Desk, archived: Acme, change: Callable[[Desk], Any], said: str | None
) -> None:
    plan = await desk.plan("wake orders")
    await change(desk)
    assert await drift(desk.context(), plan, wake.command) == said


async def test_the_message_of_a_plan_without_a_database_raises_an_error(desk: Desk, archived: Acme) -> None:
    plan = await desk.plan("wake orders")
    with pytest.raises(ValueError, match="no database"):
        wake.message(replace(plan, target=None), {})
    assert Plan.from_json(plan.to_json()) == plan


async def test_archived_databases_are_marked_wherever_they_are_shown(desk: Desk, archived: Acme) -> None:
    listed, shown, usage, ranking = [
        await desk.ask(line) for line in ("ls orders", "show orders", "usage orders", "usage")
    ]

    assert "archived" in words(listed)
    assert "open" not in words(listed)
    assert "orders · archived" in shown.text
    assert "open" not in words(shown)
    assert "It is archived" in words(usage)
    assert "orders (archived)" in words(ranking)
    assert "crm (archived)" not in words(ranking)
    assert "archived" not in words(await desk.ask("show crm"))


@pytest.mark.parametrize("line", ["show orders", "usage orders", "triage orders"])
async def test_there_is_a_wake_button_for_people_who_may_wake_the_whole_group(
    desk: Desk, archived: Acme, line: str
) -> None:
    assert buttons(await desk.ask(line))["Wake"]["value"] == "wake orders"

    whole = desk.policy
    archived.add("payroll-secret", archived=True)
    desk.policy = whole.replace('databases: ["*"]', 'databases: ["orders", "users"]', 1)
    assert "Wake" not in buttons(await desk.ask(line)), "the group has a database of other channels"

    desk.policy = whole
    assert "Wake" in buttons(await desk.ask(line))
    desk.policy = whole.replace(WAKES, "")
    assert "Wake" not in buttons(await desk.ask(line))


async def test_triage_reports_an_archived_database_even_if_only_the_list_shows_it(desk: Desk, archived: Acme) -> None:
    reply = await desk.ask("triage orders")
    assert "orders: archived" in reply.text
    assert {"Freeze writes 30 min", "Read-only token"}.isdisjoint(buttons(reply))

    archived.instead = lambda request: (
        httpx.Response(503, json={"error": "down"})
        if request.url.path.endswith(("/orders", "/configuration"))
        else None
    )
    assert "orders: archived" in (await desk.ask("triage orders")).text


async def test_triage_says_not_blocked_if_only_the_configuration_can_be_read(desk: Desk, archived: Acme) -> None:
    archived.instead = lambda request: (
        httpx.Response(503, json={"error": "down"}) if request.url.path.endswith(("/orders", "/databases")) else None
    )
    assert "orders: not blocked" in (await desk.ask("triage orders")).text


async def test_a_token_of_an_archived_database_is_refused_with_a_button(desk: Desk, archived: Acme) -> None:
    with pytest.raises(BadInput, match="`orders` is archived") as refused:
        await desk.plan("token orders")
    assert refused.value.remedy is not None
    assert (refused.value.remedy.label, refused.value.remedy.line) == ("Wake orders", "wake orders")

    desk.policy = desk.policy.replace(WAKES, "")
    with pytest.raises(BadInput, match="Ask someone who can use `wake`") as refused:
        await desk.plan("token orders")
    assert refused.value.remedy is None


async def test_nothing_is_created_in_an_archived_group(desk: Desk, archived: Acme) -> None:
    with pytest.raises(BadInput, match="The group `default` is archived"):
        await desk.plan("create fresh --group default")


async def test_a_digest_lists_archived_databases_separately_from_idle_ones(desk: Desk, archived: Acme) -> None:
    shown = words(await desk.ask("digest now"))
    assert "Archived by Turso" in shown.replace("*", "")
    assert "`orders`, `users`" in shown
