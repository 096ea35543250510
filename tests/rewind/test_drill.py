"""From a triage card to recovery: half of a table is gone, two people restore it, and nothing else is lost."""

import asyncio

import pytest

from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import State
from bot.sandbox.workspace.model import Message
from tests.incidents import play
from tests.present import present
from tests.rewind.drill import Presses, opened, shop, token_of, whole
from tests.security.client import Refused
from tests.world import BEN, DANA, INCIDENT, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
MOST_PRESSES = 7


async def appears(world: World, *, button: str, holding: str) -> Message:
    """Wait for a message in the incident's channel that has a button and contains `holding`, and return it."""

    def found() -> Message | None:
        posted = [one for one in world.workspace.history(INCIDENT, None) if not one.only_for]
        return next((m for m in reversed(posted) if button in buttons(m) and holding in words(m)), None)

    return await until(found, what=f"a message with {button!r} and {holding!r}")


async def test_two_people_restore_half_a_table_in_seven_presses(world: World) -> None:
    assert world.bot is not None
    ben, presses = world.person(BEN), Presses(world)
    async with shop(world, "shop") as writer:
        await play.start(ben, "INC-7")
        old_token = await token_of(world, "shop", read_only=True)
        await world.person(DANA).types("/turso token shop --read-only --expiration 1h", holding="eyJ")
        writing = asyncio.create_task(writer.writes())
        moment = await writer.moment(at_least=6)
        await until(lambda: len(writer.rows) > len(writer.committed_by(moment)) + 2, what="rows after the moment")
        async with opened(world, "shop") as culprit:
            await culprit.run_sql("DELETE FROM items WHERE n % 2 = 0")
        expected = writer.committed_by(moment)

        card = await ben.types("/turso triage shop", INCIDENT, holding="shop")
        await presses.press(BEN, "Freeze writes 30 min", card)
        question = await until(
            lambda: next((m for m in ben.sees(INCIDENT) if m.only_for and "Freeze writes" in buttons(m)), None),
            what="the confirmation",
        )
        await presses.press(BEN, "Freeze writes", question)
        await asyncio.wait_for(writing, 30)
        assert "BLOCKED" in writer.stopped_by
        lost = [number for number, *_ in writer.rows if number not in expected]

        await presses.press(BEN, "Rewind", await appears(world, button="Rewind", holding="shop"))
        await presses.submit(BEN, {"arg.to": whole(moment)}, await ben.modal("14:02"))
        asked = await appears(world, button="Approve", holding="rewind")
        plan = words(asked)
        assert "Everything after that time, and possibly the last 15 seconds before it" in plan
        assert f"{moment:%Y-%m-%d %H:%M:%S} UTC" in plan
        assert "30 days (scaler plan)" in plan
        assert DANA in plan, "she holds a token, which will stop working"
        await presses.press(REMY, "Approve", asked)

        compared = await appears(world, button="Switch", holding="Compared with")
        copy = buttons(compared)["Switch"]["value"].split("--copy ")[1]
        async with opened(world, "shop", token=old_token) as client:
            left = [row[0] for row in await client.run_sql("SELECT n FROM items ORDER BY n")]
        assert f"`items`: {len(left)} rows in `shop`, *{len(expected)} rows* in the copy" in words(compared)
        assert "1 other table with the same number of rows" in words(compared)
        assert "Schema: the same" in words(compared)

        await presses.press(BEN, "Switch", compared)
        await presses.press(REMY, "Approve", await appears(world, button="Approve", holding="switch from"))
        switched = await appears(world, button="Undo", holding=f"Use *{copy}* in place of")
        await world.wait_until_idle()

    assert presses.count <= MOST_PRESSES
    assert presses.who == {BEN, REMY}

    async with opened(world, copy) as client:
        rows = [row[0] for row in await client.run_sql("SELECT n FROM items ORDER BY n")]
    assert rows == expected, "exactly the rows after the moment are missing"
    assert lost, "there were some"

    request = present(await world.bot.store.requests.get(buttons(world.current(switched))["Undo"]["value"]))
    proof = present(Proof.of(request.facts))
    assert proof.target.tokens is OldTokens.REFUSED
    assert "Old tokens no longer work (tested" in words(world.current(switched))
    async with opened(world, "shop", token=old_token) as client:
        with pytest.raises(Refused, match=r"401|JWT|nauthorized"):
            await client.run_sql("SELECT 1")

    channels = world.workspace.state.messages.values()
    named = [one for messages in channels for one in messages.values() if copy in words(one)]
    assert any("replaced" in words(one) and one.channel_id.startswith("D") for one in named), "Dana gets the address"

    report = await until(lambda: report_of(world, "shop"), what="the report")
    for part in (
        copy,
        f"{moment:%Y-%m-%d %H:%M:%S} UTC",
        "items",
        "approved by",
        "Switched to the copy",
        "refused an old",
    ):
        assert part in report.replace("\\", ""), f"{part!r} isn't in {report}"

    await world.person(BEN).presses("Undo", world.current(switched))
    await world.wait_for_content(switched, holding="out of quarantine")
    assert present(await world.bot.store.requests.get(request.id)).state is State.RESTORED
    async with opened(world, "shop") as client:
        back = [row[0] for row in await client.run_sql("SELECT n FROM items ORDER BY n")]
    assert back == left, "the old state is as it was"
    async with opened(world, copy) as client:
        assert len(await client.run_sql("SELECT n FROM items")) == len(expected)


def report_of(world: World, name: str) -> str:
    """Return the text of the newest report that was shared about a database's rewind. Empty if there is none."""
    found = [
        one for one in world.workspace.state.files.values() if one["name"] == f"rewind-{name}.md" and one["shared"]
    ]
    return str(found[-1]["content"].decode()) if found else ""
