"""Each entry point to a change refuses and says why, if a precondition was lost since it was prepared."""

from typing import NamedTuple

import pytest

from bot.core.requests.request import State
from bot.errors import BotError
from tests.authorization import lost
from tests.authorization.entries import ELSEWHERE, ENTRIES, Entry, pressing, quarantined, stored
from tests.security.stage import changing_calls
from tests.soak import covering
from tests.world import ANA, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = lost.POLICY
ABOUT_A_PERSON = ("deactivated", "a guest", "out of the groups", "out of the channel")
NO_LONGER = (
    "Only ",
    "aren't an approver",
    "aren't a reviewer",
    "approved this is no longer allowed",
    "no longer lets the requester",
)
HIDDEN = "no longer lets the requester"
"""What other people read instead of a reason that is about the requester."""
REASONS: dict[str, tuple[str, ...]] = {
    "deactivated": ("is deactivated", "not in the request's channel", *NO_LONGER),
    "a guest": NO_LONGER,
    "out of the groups": NO_LONGER,
    "out of the channel": ("not in the request's channel", "aren't an approver", "approved this is no longer allowed"),
    "bot removed": ("I'm not in the request's channel",),
    "channel shared": ("shared with another organization", HIDDEN),
    "channel archived": ("channel is archived",),
    "rule gone": ("You can't use", "Only ", HIDDEN),
    "ceiling added": ("in every channel", HIDDEN),
    "another organization": ("can no longer use the organization", HIDDEN),
    "organization gone": ("can no longer use the organization", HIDDEN),
    "Slack silent about people": ("profile in Slack. Nothing was changed. Try again",),
    "Slack silent about the channel": ("look up the request's channel in Slack",),
    "Slack silent about its members": ("look up the members of the request's channel",),
    "Slack silent about groups": ("look up the members of a user group",),
    "another shift": NO_LONGER,
    "no one on call": ("No one other than you can approve it", *NO_LONGER),
    "on-call service silent": ("look up who is on call",),
    "delegation over": NO_LONGER,
    "may no longer delegate": NO_LONGER,
    "approver no longer": NO_LONGER,
}
"""For each loss, parts of the refusals that name it. Each refusal has at least one of them."""
PREPARED: dict[str, str] = {}
"""The values of the buttons and forms that were prepared, by the name of the entry point."""


class Case(NamedTuple):
    """An entry point, what is lost, and by whom."""

    entry: Entry
    name: str
    """The name of the loss."""
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
async def test_an_entry_point_refuses_after_a_loss_and_says_why(world: World, case: Case) -> None:
    entry, name, who = case
    if entry.name not in PREPARED:
        PREPARED[entry.name] = await entry.prepare(world, f"db-{ENTRIES.index(entry)}")
        await world.wait_until_idle()
    await lost.warm_caches(world)
    before = changing_calls(world)

    with lost.EVERY[name](world, who), pytest.raises(BotError) as refused:
        await entry.take(world, PREPARED[entry.name])
    await world.wait_until_idle()
    lost.clear_caches(world)

    assert any(reason in str(refused.value) for reason in REASONS[name]), refused.value
    assert changing_calls(world) == before


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
    """Show that the refusals in `test_an_entry_point_refuses_after_a_loss_and_says_why` come from the losses."""
    value = PREPARED.get(entry.name) or await entry.prepare(world, f"db-{ENTRIES.index(entry)}")
    await entry.take(world, value)
    await world.wait_until_idle()
