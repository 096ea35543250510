"""The bot does and shows nothing for outsiders, bots and other teams, or in direct messages."""

import pytest

from bot.core.requests.request import State
from bot.sandbox.workspace.model import Channel, Person
from tests.scenarios import forging
from tests.security import stage
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, SHARED, STELLA, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_outsider_in_a_shared_channel_can_press_nothing(world: World) -> None:
    asked = await world.person(ANA).types("/turso token partner-one --reason debugging", SHARED)
    doomed = await world.person(ANA).types("/turso db destroy partner-two --reason cleaning", SHARED)
    await world.person(BEN).presses_and_reads("Approve", doomed)
    doomed = await world.wait_for_content(doomed, button="Undo")

    for label, card in (("Approve", asked), ("Deny", asked), ("Withdraw", asked), ("Undo", doomed)):
        answer = await stage.pressed_by(world, STELLA, label, card)
        assert "from other workspaces" in words(answer) or "Only the" in words(answer) or "aren't a" in words(answer)
    for line in ("freeze partner-one", "ls", "usage partner-one", "token partner-one --read-only"):
        answer = await stage.answer_to(world, STELLA, forging.forge_click(world, STELLA, "run.1", line, channel=SHARED))
        assert "from other workspaces" in words(answer)

    assert (await stage.request_of(world, asked)).state is State.PENDING
    assert (await stage.request_of(world, doomed)).state is State.QUARANTINED
    await world.person(BEN).presses_and_reads("Approve", asked)
    ready = await world.wait_for_content(asked, button="Reveal")
    assert "eyJ" not in words(await stage.pressed_by(world, STELLA, "Reveal", ready))
    await world.person(ANA).presses_and_reads("Undo", world.current(doomed))
    await stage.reaches(world, doomed, State.RESTORED)


async def test_messages_of_bots_are_ignored_and_commands_of_bots_are_refused(world: World) -> None:
    people = world.workspace.people
    people["U0FLOW"] = Person(id="U0FLOW", name="flow", real_name="Flow", team_id="T0ACME", is_bot=True)
    world.workspace.channels[DB_OPS].members.append("U0FLOW")
    await world.wait_until_idle()
    before = stage.changing_calls(world)

    for forged in ({"bot_id": "B0FLOW"}, {"subtype": "bot_message", "bot_id": "B0FLOW", "user": None}):
        await world.workspace.deliver(stage.mention(world, "db create by-a-bot", **forged))
    await world.wait_until_idle()
    assert not [one for one in stage.everything_shown(world) if "by-a-bot" in words(one) or "workflows" in words(one)]

    for doing in (
        world.workspace.deliver(stage.mention(world, "db create by-a-bot", user="U0FLOW")),
        world.workspace.deliver(stage.command(world, "db create by-a-bot", "U0FLOW")),
        forging.forge_click(world, "U0FLOW", "run.1", "db create by-a-bot"),
    ):
        await doing
    await world.wait_until_idle()
    assert world.bot is not None
    page = await world.bot.store.audit.page(before_seq=None, limit=10, user_id="U0FLOW")
    assert [(one.event, "Bots and workflows" in one.reason) for _, one in page] == [("refused", True)] * 3
    assert stage.changing_calls(world) == before


async def test_a_person_of_another_team_is_an_outsider_whatever_their_id(world: World) -> None:
    answer = await stage.answer_to(world, DANA, world.workspace.deliver(stage.command(world, "ls", team_id="T0OTHER")))

    assert "from other workspaces" in words(answer)


async def test_home_shows_no_database_of_a_channel_that_the_person_is_not_in(world: World) -> None:
    nora = Person(id="U0NORA", name="nora", real_name="Nora Ek", team_id="T0ACME")
    world.workspace.people[nora.id] = nora
    card = await world.person(DANA).types("/turso db freeze charlie --reason spike")
    await world.person(ANA).presses_and_reads("Approve", card)
    await stage.reaches(world, card, State.SUCCEEDED)

    for person in (nora.id, REMY):
        await world.workspace.open_home(person)
    await until(lambda: "charlie" in words(world.workspace.home_of(REMY)), what="the Home of a person in the channel")
    await world.wait_until_idle()

    assert words(world.workspace.home_of(nora.id))
    assert "charlie" not in words(world.workspace.home_of(nora.id))


@pytest.mark.parametrize("kind", ["is_im", "is_mpim"])
async def test_in_a_direct_message_nothing_is_done_or_shown(world: World, kind: str) -> None:
    place = Channel(id=f"C0{kind.upper().replace('_', '')}", name="dm", created=world.workspace.now())
    place.members = [DANA, ANA, world.workspace.app.bot_user_id]
    setattr(place, kind, True)
    channel = world.workspace.state.direct_channel(DANA).id if kind == "is_im" else place.id
    world.workspace.channels.setdefault(place.id, place)
    before = stage.changing_calls(world)

    for line in ("ls", "token alpha --read-only", "db create x", "db destroy alpha --now", "audit"):
        sent = world.workspace.deliver(stage.command(world, line, channel=channel))
        answer = await stage.answer_to(world, DANA, sent)
        assert "alpha" not in words(answer).replace(line, "")
        assert "Direct messages" in words(answer)

    assert stage.changing_calls(world) == before
