"""A part of the conversation in `leaking.py`: tokens for a branch and for a rewind's copy, and a fault of Turso."""

from typing import TYPE_CHECKING

from bot.sandbox.workspace.model import Message
from tests.rewind.drill import now, whole
from tests.security.canaries import quoting
from tests.world import ANA, DANA, DB_OPS, buttons, until, words

if TYPE_CHECKING:
    from tests.security.leaking import Watched


async def rewind_database(here: "Watched") -> None:
    """Create a token for a branch, rewind while Turso refuses one, switch, and reveal a token for the copy.

    Turso refuses the token with which the original database would be compared with its copy.
    """
    world, dana, ana = here.world, here.world.person(DANA), here.world.person(ANA)
    await dana.types("/turso branch fleet fleet-branch --for 3d", holding="fleet-branch")
    await dana.types("/turso token fleet-branch --read-only", holding="eyJ")

    before = len(here.tokens)
    here.add_mint_fault(
        "fleet", "status", status=403, body=quoting(here.canary("in the refusal of a comparison"), here.keys)
    )
    card = await dana.types(f"/turso db rewind fleet --to {whole(now())} --reason slip", holding="slip")
    await ana.presses("Approve", card)
    compared = await _appears(here, "Switch")
    assert len(here.tokens) > before, "no token was created to read the copy"

    await dana.presses("Switch", compared)
    await ana.presses("Approve", await _appears(here, "Approve", "switch from"))
    switched = await _appears(here, "Undo", "in place of")
    copy = buttons(compared)["Switch"]["value"].split("--copy ")[1]
    assert copy in words(switched)
    card = await dana.types(f"/turso token {copy} --expiration 1h --reason switched", holding="switched")
    await ana.presses_and_reads("Approve", card)
    shown = await dana.presses_and_reads("Reveal", await world.wait_for_content(card, button="Reveal"))
    assert "eyJ" in words(shown)


async def _appears(here: "Watched", label: str, holding: str = "") -> Message:
    def found() -> Message | None:
        shown = here.world.workspace.history(DB_OPS, DANA)
        return next((one for one in reversed(shown) if label in buttons(one) and holding in words(one)), None)

    return await until(found, what=f"a message with {label!r} and {holding!r}", within=60)
