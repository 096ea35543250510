"""The copy of a rewind: to which request it belongs, whether it can be used, and who is notified about it."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.commands.base import NEXT_STEP
from bot.commands.rewind import rewind
from bot.commands.rewind._rewinds import decision_about
from bot.core.model import Visibility
from bot.core.records.timers import TimerKind
from bot.core.records.tokens import LedgerToken, TokenState
from bot.core.requests.plan import DECIDES, DECIDES_ABOUT
from bot.core.requests.request import Request, State
from bot.errors import BotError, NotOurs, Unavailable
from bot.pipeline.execution.phases import context_of
from bot.pipeline.outcomes.shared_files import share_results
from bot.pipeline.outcomes.token_holders import notify_holders
from bot.pipeline.transitions.hold_placement import why_decided
from bot.store.repositories.requests import Requests
from bot.store.repositories.tokens import Tokens
from tests.crash.ports import Slack
from tests.pipeline.in_memory import BEN, REMY, ZOE, Pipeline
from tests.pipeline.rewinds import BLOCK, copies, is_blocked, rewound, switched
from tests.present import present


@pytest.mark.parametrize("line", ["rewind switch orders", "rewind keep orders"])
async def test_a_copy_with_a_running_countdown_can_be_neither_used_nor_kept(here: Pipeline, line: str) -> None:
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


async def test_a_switch_sends_nothing_if_turso_does_not_report_whether_the_copy_is_blocked(here: Pipeline) -> None:
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
    with pytest.raises(BotError, match="switched to"):
        await here.ask("rewind discard orders")
    assert copies(here) == [second.plan.arguments["copy"]]


async def test_rewinds_use_different_names_and_do_not_claim_the_copy_of_another_request(
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

    with pytest.raises(NotOurs, match="another request"):
        await rewind.read_back(await context_of(here.env, made), made.plan)


async def test_a_copy_is_decided_about_once_even_if_another_request_claims_it(here: Pipeline) -> None:
    made = await rewound(here)
    decision = await here.approved("rewind switch orders")
    assert decision.plan.decision_subjects == (made.id, made.facts["id"])
    assert await here.execute(decision) is State.QUARANTINED

    claim = replace(made, id="r-claim", intent_id="i-claim")

    by = await decision_about(here.env.store, claim)
    assert by is not None
    assert by.id == decision.id
    discards = replace(decision.plan, arguments={DECIDES: claim.id, DECIDES_ABOUT: made.facts["id"]})
    assert "already been decided" in await why_decided(here.env, replace(decision, id="r-discard", plan=discards))


@pytest.mark.parametrize("changed", [{"visibility": Visibility.EPHEMERAL}, {"channel_id": "C0ELSE"}])
async def test_the_report_is_not_shared_in_a_channel_that_could_not_see_the_rewind(
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
    await share_results(here.env, await here.now(kept))
    assert shared == ["rewind-orders.md"]


@pytest.mark.parametrize("named", [(BEN, ZOE), ()], ids=["in the plan", "since the plan"])
@pytest.mark.parametrize("is_revoked", [True, False])
async def test_holders_are_notified_only_of_what_happened_to_their_tokens(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch, is_revoked: bool, named: tuple[str, ...]
) -> None:
    request = await switched(here)
    target = present(request.plan.target)
    asked_at = request.created_at - timedelta(hours=1)
    at = asked_at + timedelta(minutes=-1 if named else 1)
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
    asked = replace(request, facts=facts, created_at=asked_at, plan=replace(request.plan, holders=named))
    said = here.slack.private
    said.clear()

    await notify_holders(here.env, asked)

    texts = {user: text for user, text in said if user in (BEN, ZOE)}
    assert "replaced orders" in texts[BEN]
    assert (ZOE in texts) == is_revoked
    assert "replaced" not in texts.get(ZOE, "")
