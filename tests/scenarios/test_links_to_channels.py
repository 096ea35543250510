"""A direct message links only to channels that its reader is in. It calls any other channel "another channel"."""

import pytest

from bot.core.requests.request import State
from tests.policies import WITH_DBA_GROUP
from tests.scenarios import forging
from tests.security import stage
from tests.world import ANA, BEN, DANA, DB_OPS, World, marked_up, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {approve: [rotate], by: dba, confirm: none, notify: dba}
      - {break_glass: [destroy], to: dba, review_by: dba, notify: dba}
"""
)
LINKS = (DB_OPS, "/archives/")


async def wait_for_private_text(world: World, person_id: str, holding: str) -> str:
    """Wait for a private message to a person that contains `holding`, and return its text with markup."""

    def found() -> str | None:
        mine = [marked_up(one) for one in forging.private_messages(world, person_id) if one.channel_id.startswith("D")]
        return next((text for text in reversed(mine) if holding in text), None)

    text: str = await until(found, what=f"a message to {person_id} about {holding}")
    return text


async def test_the_message_about_a_break_glass_operation_links_the_channel_only_for_its_members(world: World) -> None:
    await world.create_databases("burning", "blazing")
    await world.workspace.say(ANA, DB_OPS, "/turso db destroy burning --now --reason fire")
    inside = await wait_for_private_text(world, BEN, "burning")
    assert all(link in inside for link in LINKS)
    await world.wait_until_idle()

    await world.workspace.admin.leave(BEN, DB_OPS)
    await world.pass_time(minutes=2)  # longer than the bot keeps its list of the channel's members
    await world.workspace.say(ANA, DB_OPS, "/turso db destroy blazing --now --reason fire")
    outside = await wait_for_private_text(world, BEN, "blazing")
    await world.wait_until_idle()
    await world.workspace.admin.join(BEN, DB_OPS)

    assert [link for link in LINKS if link in outside] == []
    assert "in another channel" in outside


async def test_an_outcome_links_the_channel_only_for_its_members(world: World) -> None:
    await world.create_databases("gone-quiet")
    card = await world.person(DANA).types("/turso rotate gone-quiet --reason leak", holding="gone-quiet")
    await world.wait_until_idle()
    await world.workspace.admin.leave(BEN, DB_OPS)
    await world.workspace.admin.archive(DB_OPS)
    await world.pass_time(hours=25)
    await stage.reaches(world, card, State.EXPIRED)

    texts = {who: await wait_for_private_text(world, who, "gone-quiet") for who in (DANA, ANA, BEN)}
    await world.wait_until_idle()
    await world.workspace.admin.unarchive(DB_OPS)
    await world.workspace.admin.join(BEN, DB_OPS)

    assert [DB_OPS in texts[who] for who in (DANA, ANA, BEN)] == [True, True, False]
    assert "Requested in another channel" in texts[BEN]
