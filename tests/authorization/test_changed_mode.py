"""The rules may change how a request is carried out: by approval, at once with a review (break-glass), or at once."""

from itertools import product

import pytest

from bot.core.model import Verdict
from bot.core.requests.request import Mode
from bot.errors import BotError, Refused
from bot.pipeline.authorization.checks import ASKS_FOR_MORE
from bot.pipeline.authorization.steps import Step
from tests.authorization import lost
from tests.authorization.entries import make_request, pressing, quarantined, ready_token, stepping
from tests.world import ANA, BEN, DANA, World, words

OWN_POLICY = (
    lost.POLICY.replace("- {allow: read}", "- {allow: [read, incident]}")
    + """
profiles:
  incident:
    rules:
      - {break_glass: [destroy, token], to: asking, review_by: dba}
"""
)
CONTINUES = {
    (Mode.DIRECT, Verdict.ALLOW),
    (Mode.APPROVAL, Verdict.ALLOW),
    (Mode.APPROVAL, Verdict.APPROVE),
    (Mode.BREAK_GLASS, Verdict.ALLOW),
    (Mode.BREAK_GLASS, Verdict.BREAK_GLASS),
}
"""Pairs of a request's mode and the current verdict with which the request continues."""


@pytest.mark.parametrize(("mode", "verdict"), [*product(Mode, (one for one in Verdict if one is not Verdict.DENY))])
def test_a_request_continues_only_under_the_same_or_more_lenient_rules(mode: Mode, verdict: Verdict) -> None:
    assert ((mode, verdict) not in ASKS_FOR_MORE) == ((mode, verdict) in CONTINUES)


@pytest.mark.asyncio(loop_scope="module")
async def test_requests_still_need_their_votes_during_an_incident(world: World) -> None:
    """The incident's profile allows the same operations at once, with a review."""
    countdown, token = await quarantined(world, "counting"), await ready_token(world, "promised")
    waiting = await make_request(world, "waiting", "db destroy {}")
    await world.person(DANA).types("/turso incident start INC-1 --for 4h", holding="INC-1")
    await world.wait_until_idle()

    with lost.deactivated(world, ANA):
        with pytest.raises(BotError, match="approved this is no longer allowed to approve it"):
            await stepping(Step.COUNTDOWN_END)(world, countdown)
        with pytest.raises(Refused, match="approved this is no longer allowed to approve it"):
            await pressing(DANA, "token.reveal")(world, token)
        assert not world.changes("POST", "/promised/auth/tokens")
    lost.clear_caches(world)

    await stepping(Step.COUNTDOWN_END)(world, countdown)
    await pressing(DANA, "token.reveal")(world, token)
    shown = await world.person(BEN).types("/turso requests --to-approve", holding="waiting")
    assert "waiting" in words(shown), "its approvers still see the request"
    await pressing(BEN, "approval.approve")(world, waiting)
    assert world.bot is not None
    assert not await world.bot.store.reviews.find(owed=True)
