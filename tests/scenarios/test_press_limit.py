"""Of many presses by one person, only a few are handled, all are answered, and approvers aren't affected."""

import pytest

from bot.core.requests.incoming import Incoming
from bot.core.requests.request import State
from bot.pipeline.approval.press_limit import AT_MOST, WITHIN_SECONDS, PressLimit
from tests.scenarios import forging
from tests.scenarios.requesting import make_request, reaches, request_id
from tests.security.stage import POLICY
from tests.store.samples import incoming
from tests.world import ANA, GIL, World, words

OWN_POLICY = POLICY
PRESSES = [
    # (id, presses as (seconds, person, request), the indexes of those that are refused)
    ("as many as are allowed", [(0, "U1", "r-1")] * AT_MOST, []),
    ("one too many", [(0, "U1", "r-1")] * (AT_MOST + 1), [AT_MOST]),
    ("again after a while", [(0, "U1", "r-1")] * AT_MOST + [(WITHIN_SECONDS, "U1", "r-1")], []),
    ("another person", [(0, "U1", "r-1")] * AT_MOST + [(0, "U2", "r-1")], []),
    ("another request", [(0, "U1", "r-1")] * AT_MOST + [(0, "U1", "r-2")], []),
    ("one press each second", [(n, "U1", "r-1") for n in range(11)], []),
]


@pytest.mark.parametrize(("presses", "refused"), [pytest.param(*rest, id=name) for name, *rest in PRESSES])
def test_presses_are_counted_for_each_person_and_request(
    presses: list[tuple[float, str, str]], refused: list[int]
) -> None:
    now = [0.0]
    limit = PressLimit(lambda: now[0])

    def press(at: float, person: str, request: str) -> bool:
        now[0] = at
        made: Incoming = incoming(user_id=person, value=request)
        return limit.is_over(made)

    assert [place for place, one in enumerate(presses) if press(*one)] == refused


@pytest.mark.asyncio(loop_scope="module")
async def test_many_presses_cost_few_calls_and_an_approver_can_still_approve(world: World) -> None:
    assert world.bot is not None
    card = await make_request(world, "/turso freeze {} --reason x")
    before = len(world.workspace.calls)

    for _ in range(30):
        await forging.forge_click(world, GIL, "approval.approve", request_id(card), message=card)
    await world.wait_until_idle()

    methods = [call.method for call in world.workspace.calls[before:]]
    lookups = [one for one in methods if one.startswith(("users.", "usergroups.", "conversations."))]
    assert len(lookups) <= 4 * AT_MOST
    texts = [words(one) for one in forging.private_messages(world, GIL)]
    assert len(texts) == 30, "each press is answered"
    assert sum("pressed more than 10 times" in one for one in texts) == 30 - AT_MOST
    await world.person(ANA).presses("Approve", card)
    request = await reaches(world, card, State.SUCCEEDED)
    assert [vote.user_id for vote in request.votes] == [ANA]
