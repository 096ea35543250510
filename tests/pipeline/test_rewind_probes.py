"""The probe tokens of a switch: they are minted only for a revocation that is about to be sent, and then forgotten.

An Undo while a probe token is tried doesn't lose the result.
"""

import httpx
import pytest

from bot.app.workflow_steps import WorkSteps
from bot.commands.base import NEXT_STEP
from bot.core.records.timers import TimerKind
from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import State
from bot.pipeline import rotation_proof
from bot.pipeline.outcomes.request_cards import card_of
from bot.pipeline.quarantine.undo import start_undo
from bot.turso import Database, TursoClient
from bot.turso.data_plane import TokenAnswer
from tests.blocks.messages import words
from tests.pipeline.in_memory import DANA, Pipeline
from tests.pipeline.rewinds import ROTATE, rewound, switched
from tests.present import present


async def test_a_switch_that_is_confirmed_later_mints_no_token_that_nothing_would_revoke(here: Pipeline) -> None:
    await rewound(here)
    request = await here.approved("rewind switch orders")
    here.answers_once("PATCH", "/configuration", no_answer)
    assert await here.execute(request) is State.UNKNOWN
    here.turso.configurations["orders"] |= {"block_reads": True, "block_writes": True}

    await here.fire(TimerKind.RECONCILE, request.id)

    found = await here.now(request)
    assert (found.state, found.facts[NEXT_STEP]) == (State.QUARANTINED, "not_done")
    assert not [one for one in here.of.sent if one.secret], "a probe token would work for two hours"
    assert here.env.watches.of(request.id) is None
    assert "Its tokens weren't revoked" in words(await card_of(here.env, found))
    assert ROTATE not in here.changes()


async def test_the_tokens_for_a_refused_revocation_do_not_stay_in_memory(here: Pipeline) -> None:
    await rewound(here)
    request = await here.approved("rewind switch orders")
    here.answers_once("POST", "/auth/rotate", httpx.Response(400, json={"error": "not for groups"}))
    work = WorkSteps(here.env)
    await work.begin(request.id, "execute")

    await work.verify(request.id, "execute", await work.act(request.id, "execute"))

    assert here.env.watches.of(request.id) is None


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_an_undo_while_a_probe_token_is_tried_loses_no_result(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch, is_restarted: bool
) -> None:
    monkeypatch.setattr(rotation_proof, "FIRST_PAUSE", 3600)
    monkeypatch.setattr(rotation_proof, "FIRST_PAUSES", (0.0,))
    answer, undoes = TokenAnswer.WORKS, False

    async def try_token(self: TursoClient, database: Database, token: object) -> TokenAnswer:
        if undoes:
            await start_undo(here.env, await here.now(request), by=DANA)
        return answer

    monkeypatch.setattr(TursoClient, "takes_tokens", lambda self, database: True)
    monkeypatch.setattr(TursoClient, "try_token", try_token)
    request = await switched(here)
    assert present(Proof.of(request.facts)).is_watched

    answer, undoes = TokenAnswer.REVOKED, True
    await here.fire(TimerKind.PROVE, request.id)
    undoes = False
    assert (await here.now(request)).state is State.EXECUTING
    if is_restarted:
        here.env.watches.forget(request.id)
    assert await here.execute(request, "undo") is State.RESTORED
    told = (len(here.slack.public), len(here.slack.private))
    await here.fire(TimerKind.PROVE, request.id)

    found = present(Proof.of((await here.now(request)).facts)).target
    assert found.tokens is (OldTokens.UNKNOWN if is_restarted else OldTokens.REFUSED)
    assert ("restarted" in found.why) is is_restarted
    assert here.env.watches.of(request.id) is None
    assert told == (len(here.slack.public), len(here.slack.private)), "the Undo isn't announced again"
    await here.env.watches.close()


def no_answer() -> httpx.Response:
    raise httpx.ReadTimeout("the answer was lost")
