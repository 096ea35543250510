"""`incident …`: temporary permissions in a channel, the open items at an incident's end, and its report."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.blocks.text import duration, utc
from bot.commands import CATALOGUE
from bot.commands.incidents import _timeline, incident_end, incident_start
from bot.commands.incidents._markdown import Story, markdown
from bot.core.model import Visibility
from bot.core.records.holds import HoldKind
from bot.core.records.incidents import Review
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.seen_times import seen_fact
from bot.core.requests.step_results import PhaseKind
from bot.errors import BadInput
from tests.blocks.messages import HOSTILE, buttons, words
from tests.commands.conftest import NOW, POLICY, Desk
from tests.present import present
from tests.store.samples import entry, hold, incident, move, plan, request, token

WITH_INCIDENTS = (
    POLICY
    + """
incidents: {to: dba, organization: acme, databases: ["*"], profile: incident, longest: 12h}
profiles:
  incident:
    rules: [{allow: [incident, triage, read], to: dba}]
"""
)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.policy = WITH_INCIDENTS
    return desk


async def test_an_incident_runs_for_its_time_with_its_profile(desk: Desk) -> None:
    reply = await desk.carry_out("incident start INC-42 --for 2h", channel="C0NEW")

    incident = await desk.store.incidents.running_in("C0NEW")
    assert incident is not None
    assert incident.key == "INC-42"
    assert incident.until == NOW + timedelta(hours=2)
    assert incident.profile == "incident"
    assert incident.organization == "acme"
    assert [timer.subject for timer in await desk.store.timers.due(incident.until)] == [incident.id]
    assert "INC-42" in reply.text


async def test_starting_an_incident_with_the_same_key_extends_it(desk: Desk) -> None:
    await desk.carry_out("incident start INC-42 --for 2h")
    first = await desk.store.incidents.running_in("C0DBOPS")

    reply = await desk.carry_out("incident start INC-42 --for 6h")

    again = await desk.store.incidents.running_in("C0DBOPS")
    assert first is not None
    assert again is not None
    assert again.id == first.id
    assert again.until == NOW + timedelta(hours=6)
    assert "continues" in reply.text
    assert [timer.due_at for timer in await desk.store.timers.due(again.until)] == [again.until]


async def test_an_extension_that_a_crash_prevented_is_not_reported_as_made(desk: Desk) -> None:
    await desk.carry_out("incident start INC-42 --for 2h")
    plan = await desk.plan("incident start INC-42 --for 6h")

    assert not await incident_start.read_back(desk.context(), plan)
    await incident_start.act(desk.context(), plan)
    assert await incident_start.read_back(desk.context(), plan)


async def test_another_incident_in_the_same_channel_is_refused(desk: Desk) -> None:
    await desk.carry_out("incident start INC-42")

    with pytest.raises(BadInput, match="INC-42"):
        await desk.plan("incident start INC-43")


async def test_an_incident_runs_no_longer_than_the_policy_allows(desk: Desk) -> None:
    with pytest.raises(BadInput, match="at most 12 h"):
        await desk.plan("incident start INC-42 --for 13h")


async def test_without_a_profile_no_incident_can_start(desk: Desk) -> None:
    desk.policy = POLICY

    with pytest.raises(BadInput, match="no incident profile"):
        await desk.plan("incident start INC-42")


async def leave_open(desk: Desk) -> None:
    orders, users = desk.acme.add("orders-eu"), desk.acme.add("users")
    made = hold(1, channel_id="C0DBOPS", placed_at=NOW, database_id=orders["DbId"])
    two = replace(made, id="h-2", kind=HoldKind.QUARANTINE, database="users", database_id=users["DbId"])
    await desk.store.requests.open(request(1, created_at=NOW), move(State.PENDING, holds=[made, two]))
    await desk.store.tokens.add(
        token(1, holder="U0BEN", minted_at=NOW, database_id=orders["DbId"], expires_at=NOW + timedelta(hours=1))
    )


async def test_status_lists_the_open_items_with_buttons_to_settle_them(desk: Desk) -> None:
    assert "No incident" in (await desk.ask("incident status")).text
    await desk.carry_out("incident start INC-42")
    await leave_open(desk)

    reply = await desk.ask("incident")

    assert buttons(reply)["Thaw orders-eu"]["value"] == "h-1"
    assert buttons(reply)["Undo users"]["value"] == "r-0000000001"
    assert buttons(reply)["Rotate orders-eu"]["value"] == "r-1"
    assert "<@U0BEN>" in words(reply)
    assert {"Approve", "Deny", "Withdraw"} <= set(buttons(reply))
    running = await desk.store.incidents.running_in("C0DBOPS")
    assert running is not None
    assert buttons(reply)["End incident"]["value"] == running.id


async def test_an_unconfirmed_request_is_not_an_open_item(desk: Desk) -> None:
    await desk.carry_out("incident start INC-42")
    await desk.store.requests.open(request(1, created_at=NOW, mode=Mode.DIRECT, private=True), move(State.PENDING))

    assert "There are no open items" in words(await desk.ask("incident"))


async def test_a_change_with_an_unknown_outcome_is_an_open_item(desk: Desk) -> None:
    await desk.carry_out("incident start INC-42")
    await desk.store.requests.open(request(5, created_at=NOW), move(State.UNKNOWN))

    status = await desk.ask("incident")

    assert "Outcome unknown: *Freeze writes* `orders-eu`, requested by <@U0ANA>" in words(status)
    assert "Withdraw" not in buttons(status), "it was sent"
    assert "Freeze writes orders-eu: the outcome is still unknown" in (await desk.plan("incident end")).warnings
    end = await desk.carry_out("incident end")
    assert "Outcome unknown" in words(end)
    assert "- Outcome unknown: Freeze writes orders-eu (requested by U0ANA)" in present(end.attachment).content


@pytest.mark.parametrize(
    "why", [{"private": True}, {"visibility": Visibility.EPHEMERAL}], ids=["requested privately", "private by the rule"]
)
async def test_private_requests_are_counted_and_not_described(desk: Desk, why: Any) -> None:
    await desk.carry_out("incident start INC-42")
    database = desk.acme.add("ledger")
    frozen = hold(1, channel_id="C0DBOPS", placed_at=NOW, database="ledger", database_id=database["DbId"])
    about = {"created_at": NOW, "mode": Mode.DIRECT, "reason": "a secret", "outcome": "It hid.", **why}
    await desk.store.requests.open(request(1, **about), move(State.SUCCEEDED, holds=[frozen]))
    await desk.store.requests.open(request(2, **about), move(State.UNKNOWN))
    for number in (1, 2):
        await desk.store.audit.append(entry("executed", reason="a secret", request_id=f"r-{number:010}"))

    end = await desk.carry_out("incident end")

    text = present(end.attachment).content
    for hidden in ("ledger", "a secret", "It hid"):
        assert hidden not in text + words(end), hidden
    assert "Not shown: 2 items from private requests" in words(end)
    assert "- Left out: 2 private requests" in text
    assert "- From private requests: 2 items" in text


async def test_a_private_freeze_of_a_database_that_was_already_blocked_counts_once(desk: Desk) -> None:
    await desk.carry_out("incident start INC-42")
    database = desk.acme.add("ledger")
    frozen = hold(1, channel_id="C0DBOPS", placed_at=NOW, database="ledger", database_id=database["DbId"])
    found = replace(frozen, id="h-found", kind=HoldKind.FOUND)
    made = request(1, created_at=NOW, mode=Mode.DIRECT, private=True)
    await desk.store.requests.open(made, move(State.SUCCEEDED, holds=[frozen, found]))

    assert "Not shown: 1 item from private requests" in words(await desk.ask("incident"))


async def test_a_private_request_that_waits_for_approval_is_an_open_item_because_its_card_is_in_the_channel(
    desk: Desk,
) -> None:
    await desk.carry_out("incident start INC-42")
    await desk.store.requests.open(request(1, created_at=NOW, private=True), move(State.PENDING))

    assert {"Approve", "Deny", "Withdraw"} <= set(buttons(await desk.ask("incident")))


async def leave_a_copy(desk: Desk) -> Request:
    """Store a rewind of `orders-eu` with an undecided copy, and return that request."""
    copy = desk.acme.add("orders-eu-rewind")
    about = {"copy": "orders-eu-rewind", "at": NOW.isoformat()}
    made = request(
        3, created_at=NOW, command="rewind", facts={"id": copy["DbId"]}, plan=replace(plan(3), arguments=about)
    )  # fmt: skip
    return await desk.store.requests.open(made, move(State.SUCCEEDED))


async def test_an_undecided_copy_is_listed_with_what_to_do_about_it(desk: Desk) -> None:
    await desk.carry_out("incident start INC-42")
    made = await leave_a_copy(desk)

    status = await desk.ask("incident")

    assert "Needs a decision: `orders-eu-rewind`, a rewind copy of `orders-eu`" in words(status)
    assert buttons(status)["Switch"]["value"] == "rewind switch orders-eu --copy orders-eu-rewind"
    ending = await desk.plan("incident end")
    assert "orders-eu-rewind remains until someone keeps or discards it" in ending.warnings
    end = await desk.carry_out("incident end")
    assert {buttons(end)[label]["value"] for label in ("Keep as a branch", "Discard")} == {made.id}
    assert "Switch" not in buttons(end), "the permission to switch ended with the incident"
    text = present(end.attachment).content
    assert "- Rewind copies that need a decision: orders-eu-rewind (of orders-eu)" in text


@pytest.mark.parametrize("how", ["decided", "destroyed"])
async def test_a_copy_that_needs_no_decision_is_not_listed(desk: Desk, how: str) -> None:
    await desk.carry_out("incident start INC-42")
    made = await leave_a_copy(desk)
    if how == "decided":
        await desk.store.requests.open(request(4), move(State.EXECUTING, decides=(made.id,)))
    else:
        del desk.acme.databases["orders-eu-rewind"]

    assert "Needs a decision" not in words(await desk.ask("incident"))


def test_later_updates_of_a_request_do_not_lengthen_its_duration_in_the_report() -> None:
    later = NOW + timedelta(hours=1)
    facts = {"phase": "execute", **seen_fact(PhaseKind.EXECUTE, NOW + timedelta(minutes=2))}
    done = request(created_at=NOW, updated_at=later, state=State.SUCCEEDED, facts=facts)
    story = Story(incident(), later, CATALOGUE, requests=[done])

    row = next(line for line in markdown(story).splitlines() if "freeze" in line)

    assert row.rstrip("| ").endswith(duration(timedelta(minutes=2)))


async def test_the_end_posts_the_open_items_and_the_report(desk: Desk) -> None:
    await desk.carry_out("incident start INC-42")
    await leave_open(desk)
    await desk.store.audit.append(
        entry("executed", outcome="succeeded", reason=f"| {HOSTILE}", detail={"ticket": "OPS-7"}),
        entry("read"),
        entry("executed", channel_id="C0OTHER", reason="elsewhere"),
    )

    reply = await desk.carry_out("incident end")

    assert await desk.store.incidents.running_in("C0DBOPS") is None
    assert "Thaw orders-eu" in buttons(reply)
    assert "Deny" in buttons(reply)
    assert "Approve" not in buttons(reply), "the permission ended with the incident"
    text = present(reply.attachment).content
    assert present(reply.attachment).filename == "INC-42.md"
    assert "| U0ANA's request to freeze orders-eu succeeded |" in text
    assert "OPS-7" in text
    assert "- Frozen: orders-eu" in text
    assert "elsewhere" not in text
    assert " used " not in text, "reads are left out"
    assert "<!channel>" not in text
    done, events = text.split("## Timeline")
    for table, borders in ((done, 9), (events, 4)):
        assert {line.replace("\\|", "").count("|") for line in table.splitlines() if line.startswith("| ")} == {borders}


async def test_the_report_names_everybody_whom_it_mentions(desk: Desk) -> None:
    async def names_of(ids: Iterable[str]) -> Mapping[str, str]:
        return {one: f"Name of {one}" for one in ids}

    await desk.carry_out("incident start INC-42")
    await leave_open(desk)

    text = present((await desk.ask("incident report", names_of=names_of)).attachment).content

    assert "- Active tokens: orders-eu (held by Name of U0BEN)" in text
    assert "(requested by Name of U0ANA)" in text
    assert not re.findall(r"(?<!Name of )\bU0[A-Z]+", text)


def test_the_people_of_a_report_include_those_who_acted_before_or_after_the_incident() -> None:
    reviewed = Review("v-1", "r-0000000001", "U0DANA", "C0DBOPS", NOW, NOW, justified=True, reviewed_by="U0CLEO")
    story = Story(
        incident(),
        NOW,
        CATALOGUE,
        requests=[request(1, requester="U0EVE", mode=Mode.BREAK_GLASS)],
        reviews={reviewed.request_id: reviewed},
    )

    assert {"U0EVE", "U0CLEO"} <= set(story.named)


async def test_an_end_that_comes_second_keeps_the_time_of_the_first(desk: Desk) -> None:
    await desk.carry_out("incident start INC-42")
    plan = await desk.plan("incident end")
    await desk.carry_out("incident end")
    desk.now = NOW + timedelta(hours=1)

    facts = present(await incident_end.act(desk.context(who="U0BEN"), plan))

    assert f"- Ended: {utc(NOW)} by U0ANA" in facts["report"]


async def test_what_happens_after_the_end_does_not_displace_the_report(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_timeline, "PAGE", 2)
    monkeypatch.setattr(_timeline, "MOST", 4)
    await desk.carry_out("incident start INC-42")
    await desk.store.audit.append(entry("executed", outcome="succeeded", reason="in the incident"))
    await desk.carry_out("incident end")
    later = NOW + timedelta(hours=1)
    await desk.store.audit.append(*(entry("executed", at=later, reason="afterwards") for _ in range(9)))

    text = present((await desk.ask("incident report")).attachment).content

    assert "in the incident" in text
    assert "afterwards" not in text
    assert "Left out" not in text


async def test_a_report_that_is_too_long_says_what_is_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_timeline, "PAGE", 2)
    monkeypatch.setattr(_timeline, "MOST", 4)
    monkeypatch.setattr(incident_end, "LONGEST_REPORT", 100)
    await desk.carry_out("incident start INC-42")
    await desk.store.audit.append(*(entry("executed", reason=f"number {number}") for number in range(9)))

    text = present((await desk.ask("incident report")).attachment).content
    end = await desk.carry_out("incident end")

    assert "- Left out: everything before the last 4 entries" in text
    assert [number for number in range(9) if f"number {number}" in text] == [5, 6, 7, 8]
    assert present(end.attachment).content.endswith("`/turso incident report` posts the full report.\n")


async def test_the_report_is_available_after_the_end(desk: Desk) -> None:
    with pytest.raises(BadInput, match="There has been no incident"):
        await desk.ask("incident report")
    await desk.carry_out("incident start INC-42")
    assert "still active" in present((await desk.ask("incident report")).attachment).content
    await desk.carry_out("incident end")

    assert "by U0ANA" in present((await desk.ask("incident report")).attachment).content


async def test_ending_without_a_running_incident_is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match="No incident is active"):
        await desk.plan("incident end")
