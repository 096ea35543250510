"""Rewind: the copy, the one decision about it, and how the old database is kept."""

from datetime import UTC

import httpx
import pytest

from bot.app.workflow_steps import WorkSteps
from bot.commands.base import NEXT_STEP
from bot.core.records.timers import TimerKind
from bot.core.requests.proof import Proof
from bot.core.requests.request import State
from bot.core.requests.step_results import Attempt, BeginResult
from bot.errors import BotError
from bot.pipeline.approval import votes
from bot.pipeline.outcomes.request_cards import card_of
from bot.pipeline.quarantine.undo import start_undo
from bot.turso import Database, TursoClient
from tests.blocks.messages import buttons, words
from tests.pipeline.in_memory import ANA, DANA, REMY, Pipeline
from tests.pipeline.rewinds import BLOCK, ROTATE, copies, is_blocked, rewound, switched
from tests.present import present


async def test_the_copy_is_made_as_of_the_given_time_and_the_old_database_is_untouched(here: Pipeline) -> None:
    request = await here.approved("db rewind orders --to 08:30")

    assert await here.execute(request) is State.SUCCEEDED

    first, *others = here.changes()
    assert first == "POST /databases"
    assert {one.rpartition("/")[2] for one in others} == {"tokens"}, "the other changes only create tokens"
    made = next(one for one in here.turso.requests if one.method == "POST")
    assert b'"timestamp":"2026-11-24T08:30:00Z"' in made.content.replace(b" ", b"")
    assert not is_blocked(here)
    card = await card_of(here.env, await here.now(request))
    assert {"Switch", "Keep as a branch", "Discard"} <= buttons(card).keys()
    assert "sent a response that I can't read" in words(card), "the card says what couldn't be compared"


async def test_the_tokens_for_comparing_are_read_only_and_on_no_card(here: Pipeline) -> None:
    await here.execute(await here.approved("db rewind orders --to 08:30"))

    minted = [one for one in here.of.sent if one.secret]
    assert len(minted) == 2
    assert all(one.read_only for one in minted)
    assert here.of.leaks == []


async def test_a_switch_blocks_first_then_revokes_once_and_destroys_nothing(here: Pipeline) -> None:
    request = await switched(here)

    assert [one for one in here.changes() if not one.endswith("/auth/tokens")] == [BLOCK, ROTATE]
    assert is_blocked(here)
    assert request.due_at is None, "there is no countdown"
    assert await here.timer(TimerKind.FINISH, request.id) is None
    card = await card_of(here.env, request)
    assert {"Undo", "New token", "Read-only token"} <= buttons(card).keys()
    assert "Ask again" not in buttons(card)
    assert copies(here)[0] in words(card)


@pytest.mark.parametrize("after", ["the block", "the rotation was marked"])
async def test_a_crash_between_the_two_calls_of_a_switch_sends_neither_twice(here: Pipeline, after: str) -> None:
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
        assert "may still be valid" in said
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


async def test_a_refused_rotation_keeps_the_quarantine_and_is_reported(here: Pipeline) -> None:
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
    assert "out of quarantine" in words(await card_of(here.env, await here.now(request)))


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
async def test_a_copy_that_is_in_use_cannot_be_decided_about_again(here: Pipeline, line: str) -> None:
    await switched(here)

    with pytest.raises(BotError, match="switched to"):
        await here.ask(line)


async def test_a_discard_that_was_approved_before_the_switch_does_not_start(here: Pipeline) -> None:
    await rewound(here)
    discard = await here.approved("rewind discard orders")
    switch_ = await here.approved("rewind switch orders")
    assert await here.execute(switch_) is State.QUARANTINED

    assert await here.execute(discard) is State.STALE

    assert copies(here)
    assert "already been decided" in (await here.now(discard)).outcome


async def test_after_an_undo_the_copy_can_be_discarded_and_nothing_else_is_lost(here: Pipeline) -> None:
    request = await switched(here)
    await start_undo(here.env, request, by=DANA)
    await here.execute(request, "undo")

    assert await here.execute(await here.approved("rewind discard orders")) is State.SUCCEEDED

    assert copies(here) == []
    assert "orders" in here.turso.databases


async def test_a_destroy_of_the_old_database_does_not_make_the_copy_discardable(here: Pipeline) -> None:
    request = await switched(here)
    destroy = await here.approved("db destroy orders")
    assert await here.execute(destroy) is State.QUARANTINED
    assert (await here.now(request)).state is State.STALE

    with pytest.raises(BotError, match="switched to"):
        await here.ask("rewind discard orders")


@pytest.mark.parametrize("made_again", [False, True], ids=["destroyed", "created again"])
async def test_an_undo_that_finds_the_old_database_gone_does_not_free_the_copy_in_use(
    here: Pipeline, made_again: bool
) -> None:
    request = await switched(here)
    del here.turso.databases["orders"]
    if made_again:
        here.turso.add("orders")
    assert await start_undo(here.env, request, by=DANA)

    assert await here.execute(request, "undo") is State.STALE

    with pytest.raises(BotError, match="switched to"):
        await here.ask("rewind discard orders")
    assert copies(here)


async def test_a_discard_that_may_destroy_the_last_data_says_so_before_it_is_approved(here: Pipeline) -> None:
    await rewound(here)
    unaware = await here.approved("rewind discard orders")
    assert not [one for one in unaware.plan.warnings if "all that is left" in one]
    del here.turso.databases["orders"]

    assert await here.execute(unaware) is State.STALE

    assert copies(here)
    assert "The copy may be all that is left of its data" in (await here.now(unaware)).outcome
    aware = await here.approved("rewind discard orders")
    assert "no longer exists" in aware.plan.warnings[0]
    assert await here.execute(aware) is State.SUCCEEDED
    said = words(await card_of(here.env, await here.now(aware)))
    assert "unchanged" not in said, "a database that is gone can't be called unchanged"


async def test_a_discard_says_that_the_database_is_in_quarantine_by_now(here: Pipeline) -> None:
    await rewound(here)
    unaware = await here.approved("rewind discard orders")
    assert await here.execute(await here.approved("db destroy orders")) is State.QUARANTINED

    assert await here.execute(unaware) is State.STALE

    assert "in quarantine" in (await here.now(unaware)).outcome
    assert "is in quarantine" in (await here.approved("rewind discard orders")).plan.warnings[0]


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
    assert "isn't responding" in (await here.now(request)).outcome
    assert "Nothing was changed" in (await here.now(request)).outcome


async def test_rewind_keep_leaves_both_databases_and_says_so(here: Pipeline) -> None:
    made = await rewound(here)

    assert await here.execute(await here.approved("rewind keep orders")) is State.SUCCEEDED

    copy = made.plan.arguments["copy"]
    assert here.changes() == []
    (branch,) = await here.env.store.branches.find(organization="acme")
    assert (branch.database, branch.source, branch.owner, branch.ends_at) == (copy, "orders", DANA, None)
    assert branch.database_id == here.turso.databases[copy]["DbId"]
    card = words(await card_of(here.env, await here.now(made)))
    assert "kept the copy as a branch" in card
    page = await here.env.store.audit.page(before_seq=None, limit=50, databases=[copy])
    assert {one.command for _, one in page} == {"rewind", "rewind keep"}, "the log names the copy"
    assert "Switch" not in buttons(await card_of(here.env, await here.now(made)))
