"""Each entry point to a change refuses, with the reason, if a precondition was lost since it was prepared."""

from typing import NamedTuple

import pytest

from bot.core.requests.request import State
from bot.errors import BotError
from tests.authorization import lost
from tests.authorization.entries import ELSEWHERE, ENTRIES, Entry, pressing, quarantined, stored
from tests.soak import covering
from tests.world import ANA, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = lost.POLICY
ABOUT_A_PERSON = ("deactivated", "a guest", "out of the groups", "out of the channel")
PREPARED: dict[str, str] = {}


def sent(world: World) -> int:
    """Return the number of changes sent to Turso."""
    return sum(one.method != "GET" for one in world.turso.calls.control())


class Case(NamedTuple):
    """An entry point, what is lost, and by whom."""

    entry: Entry
    name: str
    who: str

    @property
    def id(self) -> str:
        return f"{self.entry.name}: {self.name} {self.who}"


def cases() -> list[Case]:
    found = []
    for entry in ENTRIES:
        for name in (*lost.LOSSES, *entry.also):
            if name not in entry.stays_open:
                people = entry.whose if name in ABOUT_A_PERSON else entry.whose[:1]
                people = tuple(who for who in people if f"{name} {who}" not in entry.stays_open)
                found += [Case(entry, name, who) for who in people]
    return found


PLAYED = covering(cases(), lambda one: one.entry.name, lambda one: f"{one.name} {one.who}")


@pytest.mark.parametrize("case", PLAYED, ids=lambda case: case.id)
async def test_an_entry_point_refuses_after_a_loss_and_nothing_is_sent(world: World, case: Case) -> None:
    entry, name, who = case
    if entry.name not in PREPARED:
        PREPARED[entry.name] = await entry.prepare(world, f"db-{ENTRIES.index(entry)}")
        await world.wait_until_idle()
    await lost.warm_caches(world)
    before = sent(world)

    with lost.EVERY[name](world, who), pytest.raises(BotError) as refused:
        await entry.take(world, PREPARED[entry.name])
    await world.wait_until_idle()
    lost.clear_caches(world)

    assert str(refused.value).endswith(".")
    assert "trigger" not in str(refused.value), "the refusal names another cause"
    assert sent(world) == before


@pytest.mark.parametrize("name", ELSEWHERE)
async def test_a_quarantine_can_be_undone_in_a_channel_that_now_has_another_organization(
    world: World, name: str
) -> None:
    """An undo only unblocks, so it is still allowed."""
    request_id = await quarantined(world, name.replace(" ", "-"))
    with lost.LOSSES[name](world, ANA):
        await pressing(ANA, "quarantine.undo")(world, request_id)
        await world.wait_until_idle()
    assert (await stored(world, request_id)).state is State.RESTORED


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda one: one.name)
async def test_an_entry_point_works_without_a_loss(world: World, entry: Entry) -> None:
    """So each refusal in `test_an_entry_point_refuses_after_a_loss_and_nothing_is_sent` comes from the loss."""
    value = PREPARED.get(entry.name) or await entry.prepare(world, f"db-{ENTRIES.index(entry)}")
    await entry.take(world, value)
    await world.wait_until_idle()
