"""Rewind: the copy, one decision about it, and nothing of the old state lost or claimed."""

from dataclasses import replace
from datetime import UTC, timedelta

import httpx
import pytest

from bot.app.workflow_steps import WorkSteps
from bot.commands.base import NEXT_STEP
from bot.commands.rewind import rewind
from bot.commands.rewind._rewinds import decision_about
from bot.core.model import Visibility
from bot.core.records.timers import TimerKind
from bot.core.records.tokens import LedgerToken, TokenState
from bot.core.requests.plan import DECIDES, DECIDES_ABOUT
from bot.core.requests.proof import Proof
from bot.core.requests.request import Request, State
from bot.core.requests.step_results import Attempt, BeginResult
from bot.errors import BotError, NotOurs, Unavailable
from bot.pipeline.approval import votes
from bot.pipeline.execution.phases import context_of
from bot.pipeline.outcomes.follow_ups import follow_up
from bot.pipeline.outcomes.request_cards import card_of
from bot.pipeline.outcomes.token_holders import notify_holders
from bot.pipeline.quarantine.undo import start_undo
from bot.pipeline.transitions.hold_placement import why_decided
from bot.store.repositories.requests import Requests
from bot.store.repositories.tokens import Tokens
from bot.turso import Database, TursoClient
from tests.blocks.messages import buttons, words
from tests.crash.ports import Slack
from tests.pipeline.in_memory import ANA, BEN, DANA, REMY, ZOE, Pipeline
from tests.present import present

BLOCK, ROTATE = "PATCH /databases/orders/configuration", "POST /databases/orders/auth/rotate"


async def rewound(here: Pipeline) -> Request:
    """Make a copy of `orders`; returns the request that made it."""
    request = await here.approved("db rewind orders --to 08:30")
    assert await here.execute(request) is State.SUCCEEDED, (await here.now(request)).outcome
    here.of.sent.clear()
    return await here.now(request)


async def switched(here: Pipeline) -> Request:
    await rewound(here)
    request = await here.approved("rewind switch orders")
    assert await here.execute(request) is State.QUARANTINED, (await here.now(request)).outcome
    return await here.now(request)


def copies(here: Pipeline) -> list[str]:
    """Return the names of the copies that exist."""
    return [name for name in here.turso.databases if name.startswith("orders-rewind-1124-0830-")]


def is_blocked(here: Pipeline) -> bool:
    kept = here.turso.configurations["orders"]
    return bool(kept["block_reads"] and kept["block_writes"])


async def test_the_copy_is_made_at_the_moment_and_the_old_database_is_left_alone(here: Pipeline) -> None:
    request = await here.approved("db rewind orders --to 08:30")

    assert await here.execute(request) is State.SUCCEEDED

    first, *others = here.changes()
    assert first == "POST /databases"
    assert {one.rpartition("/")[2] for one in others} == {"tokens"}, "besides, only short tokens that read"
    made = next(one for one in here.turso.requests if one.method == "POST")
    assert b'"timestamp":"2026-11-24T08:30:00Z"' in made.content.replace(b" ", b"")
    assert not is_blocked(here)
    card = await card_of(here.env, await here.now(request))
    assert {"Switch", "Keep as a branch", "Discard"} <= buttons(card).keys()
    assert "couldn't" in words(card) or "gave no answer" in words(card), "what couldn't be compared is said"


async def test_the_tokens_that_compare_read_only_and_are_in_no_card(here: Pipeline) -> None:
    await here.execute(await here.approved("db rewind orders --to 08:30"))

    minted = [one for one in here.of.sent if one.secret]
    assert len(minted) == 2
    assert all(one.read_only for one in minted)
    assert here.of.leaks == []


async def test_a_switch_blocks_first_revokes_once_and_destroys_nothing(here: Pipeline) -> None:
    request = await switched(here)

    assert [one for one in here.changes() if not one.endswith("/auth/tokens")] == [BLOCK, ROTATE]
    assert is_blocked(here)
    assert request.due_at is None, "nothing is destroyed by itself"
    assert await here.timer(TimerKind.FINISH, request.id) is None
    card = await card_of(here.env, request)
    assert {"Undo", "New token", "Read-only token"} <= buttons(card).keys()
    assert "Ask again" not in buttons(card)
    assert copies(here)[0] in words(card)


@pytest.mark.parametrize("after", ["the block", "the rotation was marked"])
async def test_a_crash_between_the_two_calls_sends_neither_twice(here: Pipeline, after: str) -> None:
    await rewound(here)
    request = await here.approved("rewind switch orders")
    work = WorkSteps(here.env)
    assert await work.begin(request.id, "execute") is BeginResult.GO
    await work.act(request.id, "execute")
    if after == "the rotation was marked":
        await here.env.store.requests.mark_sent(request.id, "execute:next", here.of.now().astimezone(UTC))
    here.env.watches.forget(request.id)

    again = WorkSteps(here.env)
    acted = await again.act(request.id, "execute")
    assert acted.attempt is Attempt.BEFORE
    await again.finish(request.id, "execute", await again.verify(request.id, "execute", acted))

    found = await here.now(request)
    assert found.state is State.QUARANTINED
    assert here.changes().count(BLOCK) == 1
    assert here.changes().count(ROTATE) == (after == "the block")
    said = words(await card_of(here.env, found))
    if after == "the block":
        assert found.facts[NEXT_STEP] == "done"
    else:
        assert found.facts[NEXT_STEP] == "unknown"
        assert "may not be revoked" in said
        assert not present(Proof.of(found.facts)).accepted
        assert "Turso accepted" not in said


async def test_a_step_that_runs_again_after_the_rotation_sends_nothing(here: Pipeline) -> None:
    await rewound(here)
    request = await here.approved("rewind switch orders")
    work = WorkSteps(here.env)
    await work.begin(request.id, "execute")
    acted = await work.act(request.id, "execute")
    await work.verify(request.id, "execute", acted)

    await work.verify(request.id, "execute", acted)

    assert here.changes().count(ROTATE) == 1


async def test_a_refused_rotation_leaves_the_quarantine_and_is_said(here: Pipeline) -> None:
    await rewound(here)
    request = await here.approved("rewind switch orders")
    here.answers_once("POST", "/auth/rotate", httpx.Response(400, json={"error": "not for groups"}))

    assert await here.execute(request) is State.QUARANTINED

    found = await here.now(request)
    assert found.facts[NEXT_STEP] == "not_done"
    card = await card_of(here.env, found)
    assert "Its tokens weren't revoked" in words(card)
    assert "Rotate tokens" in buttons(card)


async def test_undo_brings_the_old_database_back_and_leaves_the_copy(here: Pipeline) -> None:
    request = await switched(here)
    assert await start_undo(here.env, request, by=DANA)

    assert await here.execute(request, "undo") is State.RESTORED

    assert not is_blocked(here)
    assert copies(here)
    assert "unblocked again" in words(await card_of(here.env, await here.now(request)))


async def test_only_one_of_two_switches_happens(here: Pipeline) -> None:
    await rewound(here)
    one = await here.approved("rewind switch orders")
    other = await here.ask("rewind switch orders", who=REMY)
    await votes.vote(here.env, here.press(ANA, other))

    states = {await here.execute(one), await here.execute(await here.now(other))}

    assert states == {State.QUARANTINED, State.STALE}
    assert here.changes().count(BLOCK) == 1
    assert here.changes().count(ROTATE) == 1


@pytest.mark.parametrize("line", ["rewind discard orders", "rewind keep orders", "rewind switch orders"])
async def test_nobody_decides_again_about_a_copy_that_is_in_use(here: Pipeline, line: str) -> None:
    await switched(here)

    with pytest.raises(BotError, match="put into use"):
        await here.ask(line)


async def test_a_discard_that_was_approved_before_the_switch_does_not_start(here: Pipeline) -> None:
    await rewound(here)
    discard = await here.approved("rewind discard orders")
    switch_ = await here.approved("rewind switch orders")
    assert await here.execute(switch_) is State.QUARANTINED

    assert await here.execute(discard) is State.STALE

    assert copies(here)
    assert "decided before" in (await here.now(discard)).outcome


async def test_after_an_undo_the_copy_can_be_discarded_and_nothing_else_goes(here: Pipeline) -> None:
    request = await switched(here)
    await start_undo(here.env, request, by=DANA)
    await here.execute(request, "undo")

    assert await here.execute(await here.approved("rewind discard orders")) is State.SUCCEEDED

    assert copies(here) == []
    assert "orders" in here.turso.databases


async def test_a_destroy_of_the_old_database_does_not_free_the_copy_for_a_discard(here: Pipeline) -> None:
    request = await switched(here)
    destroy = await here.approved("db destroy orders")
    assert await here.execute(destroy) is State.QUARANTINED
    assert (await here.now(request)).state is State.STALE

    with pytest.raises(BotError, match="put into use"):
        await here.ask("rewind discard orders")


async def test_discard_destroys_only_the_database_that_the_rewind_made(here: Pipeline) -> None:
    await rewound(here)
    request = await here.approved("rewind discard orders")
    here.turso.add(copies(here)[0])

    assert await here.execute(request) is State.STALE

    assert copies(here)
    assert not [one for one in here.changes() if one.startswith("DELETE")]


async def test_a_copy_that_does_not_answer_is_not_switched_to(here: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    await rewound(here)
    request = await here.approved("rewind switch orders")

    async def is_served(self: TursoClient, database: Database) -> bool:
        return False

    monkeypatch.setattr(TursoClient, "is_served", is_served)

    assert await here.execute(request) is State.FAILED

    assert not is_blocked(here)
    assert "doesn't answer" in (await here.now(request)).outcome
    assert "Nothing was changed" in (await here.now(request)).outcome


async def test_keep_leaves_both_and_says_so(here: Pipeline) -> None:
    made = await rewound(here)

    assert await here.execute(await here.approved("rewind keep orders")) is State.SUCCEEDED

    assert here.changes() == []
    card = words(await card_of(here.env, await here.now(made)))
    assert "kept as a branch by" in card
    assert "Switch" not in buttons(await card_of(here.env, await here.now(made)))


@pytest.mark.parametrize("line", ["rewind switch orders", "rewind keep orders"])
async def test_a_copy_that_is_counting_down_is_neither_used_nor_kept(here: Pipeline, line: str) -> None:
    await rewound(here)
    decision = await here.approved(line)
    assert await here.execute(await here.approved(f"db destroy {copies(here)[0]}")) is State.QUARANTINED

    with pytest.raises(BotError, match="already in quarantine"):
        await here.ask(line)
    assert await here.execute(decision) is State.STALE

    assert "already in quarantine" in (await here.now(decision)).outcome
    assert not is_blocked(here)


async def test_a_copy_that_is_blocked_is_not_switched_to(here: Pipeline) -> None:
    await rewound(here)
    decision = await here.approved("rewind switch orders")
    assert await here.execute(await here.ask(f"db freeze {copies(here)[0]} --reads")) is State.SUCCEEDED

    with pytest.raises(BotError, match=f"thaw {copies(here)[0]}"):
        await here.ask("rewind switch orders")
    assert await here.execute(decision) is State.STALE

    assert not is_blocked(here)


async def test_a_switch_sends_nothing_if_turso_does_not_say_whether_the_copy_is_blocked(here: Pipeline) -> None:
    await rewound(here)
    decision = await here.approved("rewind switch orders")
    del here.turso.configurations[copies(here)[0]]["block_reads"]

    with pytest.raises(Unavailable, match="doesn't say whether"):
        await here.execute(decision)

    assert BLOCK not in here.changes()
    assert not is_blocked(here)


def no_answer() -> httpx.Response:
    raise httpx.ReadTimeout("the answer was lost")


@pytest.mark.parametrize("at", ["08:30", "08:30:40"])
async def test_a_copy_belongs_to_one_rewind_and_is_decided_about_once(here: Pipeline, at: str) -> None:
    here.answers_once("POST", "/databases", no_answer)
    first = await here.approved("db rewind orders --to 08:30")
    assert await here.execute(first) is State.UNKNOWN
    second = await here.approved(f"db rewind orders --to {at}")
    assert await here.execute(second) is State.SUCCEEDED
    assert await here.execute(await here.approved("rewind switch orders")) is State.QUARANTINED

    await here.fire(TimerKind.RECONCILE, first.id)

    assert (await here.now(first)).state is not State.SUCCEEDED
    with pytest.raises(BotError, match="put into use"):
        await here.ask("rewind discard orders")
    assert copies(here) == [second.plan.arguments["copy"]]


async def test_two_rewinds_never_ask_for_one_name_and_a_claimed_copy_is_not_ours(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await rewound(here)
    waiting = await here.ask("db rewind orders --to 08:30")
    other = await here.ask("db rewind orders --to 08:30", who=REMY)
    assert len({one.plan.arguments["copy"] for one in (made, waiting, other)}) == 3
    claim = replace(made, id="r-claim", intent_id="i-claim")

    async def find(self: Requests, **about: object) -> list[Request]:
        return [claim, made]

    monkeypatch.setattr(Requests, "find", find)

    with pytest.raises(NotOurs, match="another rewind"):
        await rewind.read_back(await context_of(here.env, made), made.plan)


async def test_a_decision_is_about_the_copy_whichever_request_made_it(here: Pipeline) -> None:
    made = await rewound(here)
    decision = await here.approved("rewind switch orders")
    assert decision.plan.decision_subjects == (made.id, made.facts["id"])
    assert await here.execute(decision) is State.QUARANTINED

    claim = replace(made, id="r-claim", intent_id="i-claim")

    by = await decision_about(here.env.store, claim)
    assert by is not None
    assert by.id == decision.id
    discards = replace(decision.plan, arguments={DECIDES: claim.id, DECIDES_ABOUT: made.facts["id"]})
    assert "decided before" in await why_decided(here.env, replace(decision, id="r-discard", plan=discards))


@pytest.mark.parametrize("changed", [{"visibility": Visibility.EPHEMERAL}, {"channel_id": "C0ELSE"}])
async def test_the_report_is_not_shared_where_the_rewind_could_not_be_read(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]
) -> None:
    made = await rewound(here)
    kept = await here.approved("rewind keep orders")
    shared: list[str] = []

    async def upload(self: Slack, channel_id: str, filename: str, content: str, **more: object) -> None:
        shared.append(filename)

    monkeypatch.setattr(Slack, "upload", upload)
    real = Requests.get

    async def get(self: Requests, request_id: str) -> Request | None:
        found = await real(self, request_id)
        return replace(found, **changed) if found and found.id == made.id else found  # type: ignore[arg-type]

    monkeypatch.setattr(Requests, "get", get)
    assert await here.execute(kept) is State.SUCCEEDED
    assert shared == []

    monkeypatch.setattr(Requests, "get", real)
    await follow_up(here.env, await here.now(kept))
    assert shared == ["rewind-orders.md"]


@pytest.mark.parametrize("is_revoked", [True, False])
async def test_holders_hear_only_what_happened_to_their_tokens(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch, is_revoked: bool
) -> None:
    request = await switched(here)
    target = present(request.plan.target)
    at = here.of.now() - timedelta(days=1)
    one = LedgerToken(
        id="t-1", organization=request.organization, database=target.name, database_id=target.id, holder=BEN,
        read_only=False, minted_at=at, expires_at=None, channel_id="C0DBOPS", request_id="r-0", group="default",
        state=TokenState.LIVE,
    )  # fmt: skip
    other = replace(one, id="t-2", database="users", database_id="db-users", holder=ZOE)

    async def find(self: Tokens, **about: object) -> list[LedgerToken]:
        return [one, other]

    monkeypatch.setattr(Tokens, "find", find)
    facts = {**request.facts, NEXT_STEP: "done" if is_revoked else "not_done"}
    asked = replace(request, facts=facts, plan=replace(request.plan, holders=(BEN, ZOE)))
    said = here.slack.private
    said.clear()

    await notify_holders(here.env, asked)

    texts = {user: text for user, text in said if user in (BEN, ZOE)}
    assert "replaced orders" in texts[BEN]
    assert (ZOE in texts) == is_revoked
    assert "replaced" not in texts.get(ZOE, "")
