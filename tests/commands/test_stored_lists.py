"""`tokens`, `requests` and `audit`, which read the store, are limited to the channel's databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.commands.requests.requests import PAGE
from bot.core.model import Target
from bot.core.records.tokens import TokenState
from bot.core.requests.plan import Plan, PlanTarget
from bot.core.requests.request import Mode, State
from bot.turso import DatabaseNotFound
from tests.blocks.messages import HOSTILE, buttons, shown, words
from tests.commands.conftest import NOW, Desk
from tests.store.samples import entry, move, request, token


def plan_of(name: str, at: int = 0) -> Plan:
    target = PlanTarget(name, f"id-{name}", "default")
    return Plan(target, steps=(f"Freeze {name}",), arguments={"at": at}, databases=(Target(name, "default"),))


async def ask_for(desk: Desk, at: int, name: str, **changes: Any) -> Any:
    made = request(at, plan=plan_of(name, at), expires_at=NOW + timedelta(minutes=20), **changes)
    return await desk.store.requests.open(made, move(made.state))


async def test_tokens_are_listed_only_for_the_channels_databases(desk: Desk) -> None:
    for at, name in enumerate(("orders-eu", "payroll")):
        desk.acme.add(name, DbId=f"db-{name}")
        await desk.store.tokens.add(
            token(
                at, database=name, database_id=f"db-{name}", fingerprint="ab12" * 4, expires_at=NOW + timedelta(hours=2)
            )
        )

    reply = await desk.ask("tokens", channel="C0ORDERS")

    assert "orders-eu" in words(reply)
    assert "payroll" not in str(shown(reply))
    assert "2 h left" in words(reply)
    assert "ab12ab12ab12ab12" in words(reply)


async def test_tokens_mine_lists_the_requesters_active_tokens(desk: Desk) -> None:
    desk.acme.add("orders-eu", DbId="db-1")
    await desk.store.tokens.add(token(1, holder="U0ANA"))
    await desk.store.tokens.add(token(2, holder="U0BEN"))
    await desk.store.tokens.add(token(3, holder="U0ANA", expires_at=NOW - timedelta(hours=1)))

    reply = await desk.ask("tokens --mine")

    assert "1 active token held by you" in reply.text
    assert "U0BEN" not in str(shown(reply))


async def test_a_token_that_may_exist_is_listed_with_that_note(desk: Desk) -> None:
    desk.acme.add("orders-eu", DbId="db-1")
    await desk.store.tokens.add(token(1, state=TokenState.UNKNOWN))

    for line in ("tokens", "show orders-eu"):
        assert "only its requester could have seen it" in words(await desk.ask(line))


async def test_three_hundred_tokens_are_paged(desk: Desk) -> None:
    desk.acme.add("d" * 64, DbId="db-1")
    for at in range(300):
        await desk.store.tokens.add(token(at, database="d" * 64, holder=f"U{at:010}"))

    reply = await desk.ask("tokens")

    assert "Page 1 of 15" in words(reply)
    assert "Page 15 of 15" in words(await desk.ask(buttons(reply)["Next ›"]["value"].replace("2", "15")))


async def test_a_listed_request_has_the_approval_buttons(desk: Desk) -> None:
    made = await ask_for(desk, 1, "orders", requester="U0CLEO")

    row = buttons(await desk.ask("requests --to-approve", who="U0BEN"))

    assert {name: one["value"] for name, one in row.items()} == {"Approve": made.id, "Deny": made.id}


async def test_no_one_is_offered_to_approve_their_own_request(desk: Desk) -> None:
    made = await ask_for(desk, 1, "orders", requester="U0ANA")

    assert "No requests" in (await desk.ask("requests --to-approve")).text
    row = buttons(await desk.ask("requests --mine"))
    assert {name: one["value"] for name, one in row.items()} == {"Withdraw": made.id, "Remind": made.id}


async def test_a_person_who_may_not_approve_sees_no_button(desk: Desk) -> None:
    await ask_for(desk, 1, "orders", requester="U0CLEO")

    assert buttons(await desk.ask("requests", who="U0DAN")) == {}


@pytest.mark.parametrize(
    ("state", "mode", "names"),
    [
        (State.READY, Mode.APPROVAL, ["Reveal", "Withdraw"]),
        (State.QUARANTINED, Mode.APPROVAL, ["Undo"]),
        (State.PENDING, Mode.DIRECT, ["Freeze writes", "Cancel"]),
    ],
)
async def test_a_requesters_own_requests_are_listed_with_their_buttons(
    desk: Desk, state: State, mode: Mode, names: list[str]
) -> None:
    due = desk.now + timedelta(hours=1)
    await ask_for(desk, 1, "orders", requester="U0ANA", state=state, mode=mode, due_at=due)

    assert list(buttons(await desk.ask("requests --mine"))) == names


async def test_a_request_that_waits_for_its_requester_is_not_shown_to_others(desk: Desk) -> None:
    await ask_for(desk, 1, "orders", requester="U0CLEO", mode=Mode.DIRECT)

    assert "No open requests" in (await desk.ask("requests")).text


async def test_a_break_glass_operation_is_listed_even_if_it_was_requested_privately(desk: Desk) -> None:
    await ask_for(desk, 1, "orders", requester="U0CLEO", private=True, mode=Mode.BREAK_GLASS, state=State.EXECUTING)

    assert "1 open request" in (await desk.ask("requests")).text


async def test_requests_of_other_channels_and_databases_are_not_listed(desk: Desk) -> None:
    await ask_for(desk, 1, "payroll", requester="U0CLEO", channel_id="C0ORDERS")
    await ask_for(desk, 2, "orders-eu", requester="U0CLEO", channel_id="C0ORDERS")
    await ask_for(desk, 3, "orders-us", requester="U0CLEO", channel_id="C0DBOPS")

    reply = await desk.ask("requests", channel="C0ORDERS")

    assert not any(name in str(shown(reply)) for name in ("payroll", "orders-us"))
    assert "orders-eu" in words(reply)
    assert reply.private


async def test_three_hundred_requests_are_paged(desk: Desk) -> None:
    for at in range(300):
        await ask_for(desk, at, "o" * 64, requester="U0CLEO", reason=HOSTILE * 20)

    reply = await desk.ask("requests", who="U0BEN")

    assert "Next ›" in buttons(reply)
    assert sum(one["type"] == "actions" for one in reply.blocks) == PAGE + 1, "one row of buttons also turns the page"


async def test_the_audit_log_is_limited_to_the_channel(desk: Desk) -> None:
    for name in ("orders-eu", "payroll"):
        desk.acme.add(name)
        await desk.store.audit.append(entry("executed", databases=(name,), channel_id="C0DBOPS"))
    await desk.store.audit.append(
        entry("refused", databases=(), channel_id="C0ORDERS", outcome="denied", user_id="U0EVE")
    )
    await desk.store.audit.append(
        entry("refused", databases=(), channel_id="C0DBOPS", outcome="denied", user_id="U0DAN")
    )
    await desk.store.audit.append(entry("rotated", databases=("orders-eu", "payroll"), channel_id="C0DBOPS"))
    await desk.store.audit.append(entry("executed", databases=("orders-gone",), channel_id="C0ORDERS"))
    await desk.store.audit.append(
        entry("executed", databases=("orders-eu",), channel_id="C0DBOPS", organization="other")
    )

    reply = await desk.ask("audit", channel="C0ORDERS")

    assert "payroll" not in str(shown(reply))
    assert "U0DAN" not in str(shown(reply))
    assert "U0EVE" in words(reply)
    assert "orders-gone" in words(reply)
    assert words(reply).count("orders-eu") == 2


async def test_the_audit_log_is_paged_newest_first(desk: Desk) -> None:
    for at in range(50):
        await desk.store.audit.append(entry("executed", reason=f"reason-{at:02}"))

    first = await desk.ask("audit")
    second = await desk.ask(buttons(first)["Older ›"]["value"])

    assert "reason-49" in words(first)
    assert "reason-30" in words(first)
    assert "reason-29" in words(second)
    assert "reason-10" in words(second)


async def test_the_audit_log_is_filtered_by_database_person_and_time(desk: Desk) -> None:
    await desk.store.audit.append(entry("executed", databases=("users",), user_id="U0BEN"))
    await desk.store.audit.append(entry("executed", databases=("orders-eu",), user_id="U0BEN"))
    await desk.store.audit.append(replace(entry("executed", databases=("orders-eu",), user_id="U0ANA"), reason="mine"))

    reply = await desk.ask("audit --db orders-eu --user <@U0ANA|ana> --since 7d")

    assert "mine" in words(reply)
    assert "users" not in words(reply)
    await desk.turso.create_database("quiet", group="default")
    assert "There are no entries" in words(await desk.ask("audit --db quiet"))
    with pytest.raises(DatabaseNotFound):
        await desk.ask("audit --db nothing")


async def test_hostile_reasons_stay_text(desk: Desk) -> None:
    for _ in range(30):
        await desk.store.audit.append(entry(HOSTILE, reason=HOSTILE * 40, command=HOSTILE, outcome=HOSTILE))

    await desk.ask("audit")
