"""The report of a rewind: when the decision took effect, and its Undo."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import pytest

from bot.blocks.text import utc
from bot.commands.rewind import _report
from bot.core.records.timers import TimerKind
from bot.core.records.tokens import LedgerToken, TokenState
from bot.core.requests.request import Request, State
from bot.core.requests.transition import Transition
from bot.errors import BotError
from bot.pipeline.execution.phases import context_of
from bot.pipeline.outcomes.request_cards import card_of
from bot.pipeline.quarantine.undo import start_undo
from bot.pipeline.replies import entry
from bot.store.repositories.tokens import Tokens
from tests.blocks.messages import words
from tests.crash.ports import Slack
from tests.pipeline.in_memory import BEN, DANA, ZOE, Pipeline
from tests.pipeline.rewinds import rewound, switched


@dataclass
class Uploads:
    """The files that were shared: the title and the text of each."""

    titles: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


@pytest.fixture
def uploads(monkeypatch: pytest.MonkeyPatch) -> Uploads:
    found = Uploads()

    async def upload(self: Slack, channel_id: str, filename: str, content: str, *, title: str, **more: object) -> None:
        found.titles.append(title)
        found.texts.append(content)

    monkeypatch.setattr(Slack, "upload", upload)
    return found


async def find_out_more(here: Pipeline, request: Request) -> None:
    """Update a request without a change of its state, as the proof of a rotation does."""
    now = here.of.now()
    line = entry("proof", "watched", at=now, request=request)
    move = Transition(to=request.state, at=now, changes={}, entries=[line])
    assert await here.env.store.requests.move(request.id, expect=[request.state], move=move)


async def report(here: Pipeline, request: Request) -> str:
    now = await here.now(request)
    return (await _report.report(await context_of(here.env, now), now)).content


async def test_the_report_has_the_time_at_which_the_switch_was_seen_not_that_of_later_updates(here: Pipeline) -> None:
    request, at = await switched(here), here.of.now()
    here.pass_time(minutes=40)
    await find_out_more(here, request)

    said = await report(here, request)

    assert f"Switched to the copy at {utc(at)}" in said
    assert utc(here.of.now()) not in said.split("Written")[0]
    assert f"· <!date^{int(at.timestamp())}^" in words(await card_of(here.env, await here.now(request)))
    with pytest.raises(BotError, match=f"switched to .* {utc(at)}"):
        await here.ask("rewind discard orders")


async def test_a_switch_that_is_confirmed_later_has_the_time_of_the_confirmation(here: Pipeline) -> None:
    await rewound(here)
    request = await here.approved("rewind switch orders")
    here.answers_once("PATCH", "/configuration", lost)
    assert await here.execute(request) is State.UNKNOWN
    here.turso.configurations["orders"] |= {"block_reads": True, "block_writes": True}

    await here.fire(TimerKind.RECONCILE, request.id)

    assert (await here.now(request)).state is State.QUARANTINED
    assert f"Switched to the copy at {utc(here.of.now())}" in await report(here, request)


async def test_an_undo_is_reported_with_its_time_and_who_pressed_it(here: Pipeline, uploads: Uploads) -> None:
    request, at = await switched(here), here.of.now()
    assert uploads.titles == ["Rewind of orders"]
    here.pass_time(minutes=5)
    assert await start_undo(here.env, await here.now(request), by=BEN)

    assert await here.execute(request, "undo") is State.RESTORED

    assert uploads.titles == ["Rewind of orders", "Rewind of orders, undone"]
    said = uploads.texts[-1]
    assert f"Switched to the copy at {utc(at)}" in said
    (line,) = [one for one in said.splitlines() if "The switch was undone by" in one]
    assert line.lower().endswith(f"{BEN} at {utc(here.of.now())}".lower()), line
    assert "kept in quarantine" not in said


@pytest.mark.parametrize("referred", [True, False])
async def test_holders_who_were_referred_to_the_copy_are_notified_of_the_undo(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch, referred: bool
) -> None:
    database_id = here.turso.databases["orders"]["DbId"]
    one = token(BEN, "orders", database_id, here.of.now() - timedelta(hours=1))
    other = token(ZOE, "users", here.turso.databases["users"]["DbId"], one.minted_at)

    async def find(self: Tokens, **about: object) -> list[LedgerToken]:
        ids = about.get("database_ids") or ()
        return [kept for kept in (one, other) if kept.database_id in ids]  # type: ignore[operator]

    if referred:
        monkeypatch.setattr(Tokens, "find", find)
    request = await switched(here)
    monkeypatch.setattr(Tokens, "find", find)
    assert any("replaced orders" in text for user, text in here.slack.private if user == BEN) is referred
    here.slack.private.clear()
    assert await start_undo(here.env, await here.now(request), by=DANA)

    assert await here.execute(request, "undo") is State.RESTORED

    told = {user: text for user, text in here.slack.private if "Use orders again" in text}
    assert list(told) == ([BEN] if referred else [])


def token(holder: str, database: str, database_id: str, at: datetime) -> LedgerToken:
    return LedgerToken(
        id=f"t-{holder}", organization="acme", database=database, database_id=database_id, holder=holder,
        read_only=False, minted_at=at, expires_at=None, channel_id="C0DBOPS", request_id="r-0", group="default",
        state=TokenState.LIVE,
    )  # fmt: skip


def lost() -> object:
    raise httpx.ReadTimeout("the answer was lost")
