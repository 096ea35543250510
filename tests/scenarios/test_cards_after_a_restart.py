"""Buttons of cards that an earlier process posted do what they say: Remind, Approve as a delegate, and Reveal again."""

from pathlib import Path
from typing import Any

from bot.blocks import request_notices
from bot.core.requests.request import Request, State
from bot.sandbox.workspace.model import Message
from tests.present import present
from tests.scenarios import forging
from tests.scenarios.absences import OWN_POLICY as ABSENCES
from tests.scenarios.absences import away
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.requesting import make_request, reaches, stored
from tests.world import ANA, BEN, DANA, DB_OPS, World, buttons, words

LINE = "/turso freeze {} --reason load"
WITH_TOKENS = ABSENCES.replace(
    "      - {approve: protect", "      - {approve: token, by: dba, confirm: none}\n      - {approve: protect"
)


def pressed(world: World, who: str, label: str, card: Message) -> Any:
    """Return a press of a button of a card of an earlier process, as Slack still shows it."""
    button = buttons(card)[label]
    return forging.forge_click(world, who, button["action_id"], button["value"], channel=DB_OPS)


async def test_buttons_of_cards_from_before_a_restart_still_work(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(WITH_TOKENS)
    async with checked_sandbox(tmp_path, policy=policy) as world:
        await away(world)
        waiting = await make_request(world, LINE)
        asked = await make_request(world, "/turso token {} --reason work")
        await world.person(ANA).presses_and_reads("Approve", asked)
        world.turso.faults.add("status", method="POST", path="*/auth/tokens", status=500)
        await world.person(DANA).presses_and_reads("Reveal", await world.wait_for_content(asked, button="Reveal"))
        unknown = await reaches(world, asked, State.UNKNOWN)
        request = await stored(world, waiting)
    async with checked_sandbox(tmp_path, policy=policy) as world:
        said = [
            words(await forging.answer_to(world, who, pressed(world, who, label, waiting)))
            for who, label in ((DANA, "Remind"), (BEN, "Approve"))
        ]
        assert "The reminder was sent" in said[0]
        assert "Approved" in said[1]
        await until_ends(world, request, State.SUCCEEDED)

        again = request_notices.reveal_again_note(unknown, unknown.outcome)
        channel, ts = present(await present(world.bot).env.messenger.direct(DANA, again))
        note = world.workspace.state.messages[channel][ts]
        shown = await forging.answer_to(world, DANA, world.person(DANA).presses("Reveal again", note), holding="eyJ")

        assert shown.only_for == DANA
        await until_ends(world, unknown, State.SUCCEEDED)


async def until_ends(world: World, request: Request, state: State) -> None:
    await world.wait_until_idle()
    found = present(await present(world.bot).store.requests.get(request.id))
    assert found.state is state, found.outcome
