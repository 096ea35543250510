"""After an incident, each of its messages says that it has ended, and none of its buttons affects another incident."""

import pytest

from bot.commands.follow_up import FollowUp
from bot.core.parsing.parse_results import Parsed
from bot.core.records.incidents import Incident
from bot.core.requests.incoming import Incoming, Kind
from bot.errors import Refused
from bot.pipeline.requests import command_lines
from tests.incidents import play
from tests.world import BEN, DANA, INCIDENT, REMY, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
BUTTONS_OF_THE_START = {"Status", "Triage", "End incident"}
REFUSED = "has ended. Start another with /turso incident start KEY"


async def running(world: World) -> Incident | None:
    assert world.bot is not None
    return await world.bot.store.incidents.running_in(INCIDENT)


def plain(text: str) -> str:
    return text.replace("`", "").replace("ˋ", "")


async def test_every_message_of_a_running_incident_is_updated_with_its_end(world: World) -> None:
    remy = world.person(REMY)
    begun = await play.start(remy, "INC-1")
    assert buttons(begun).keys() == BUTTONS_OF_THE_START
    await remy.types("/turso incident start INC-1 --for 5h", INCIDENT, holding="continues")
    await world.wait_until_idle()
    longer = world.card(INCIDENT, holding="continues")
    now = await running(world)
    assert longer is not None
    assert now is not None
    assert f"<!date^{int(now.until.timestamp())}^" in world.current(begun).text, "the message shows the new end"

    await play.end(world.person(BEN), "INC-1")

    for message in (begun, longer):
        shown = world.current(message)
        assert "*INC-1* ended" in words(shown)
        assert f"by <@{BEN}>" in words(shown)
        assert not buttons(shown)
        assert "until it ends" not in words(shown)


async def test_the_messages_are_updated_when_the_time_of_the_incident_is_up(world: World) -> None:
    begun = await play.start(world.person(REMY), "INC-2", lasts="1h")

    await world.pass_time(minutes=61)

    shown = await world.wait_for_content(begun, holding="*INC-2* ended")
    assert "it reached its time limit" in words(shown)
    assert not buttons(shown)
    await world.wait_until_idle()


@pytest.mark.parametrize("key", ["INC-3", "INC-4"], ids=["the same key", "another key"])
async def test_a_button_of_an_ended_incident_affects_no_other_incident(world: World, key: str) -> None:
    remy = world.person(REMY)
    begun = await play.start(remy, "INC-3")
    status = await remy.types("/turso incident", INCIDENT, holding="started just now")
    await play.end(remy, "INC-3")

    for label in ("Extend to 4 h", "End incident"):
        assert REFUSED in plain(words(await remy.presses_and_reads(label, status))), label
    assert await running(world) is None

    await play.start(remy, key)
    before = await running(world)
    for label, message in (("Extend to 4 h", status), ("End incident", status), ("End incident", begun)):
        assert REFUSED in plain(words(await remy.presses_and_reads(label, message))), label
    await world.wait_until_idle()
    assert await running(world) == before
    await play.end(remy, key)


async def test_the_buttons_of_a_running_incident_extend_and_end_it(world: World) -> None:
    remy = world.person(REMY)
    begun = await play.start(remy, "INC-5")
    before = await running(world)
    status = await remy.types("/turso incident", INCIDENT, holding="started just now")

    await remy.presses("Extend to 4 h", status)
    await until(lambda: world.card(INCIDENT, holding="*INC-5* continues"), what="the extension")
    await world.wait_until_idle()
    after = await running(world)
    assert before is not None
    assert after is not None
    assert after.id == before.id
    assert after.until > before.until

    await remy.types("/turso incident start INC-5 --for 8h", INCIDENT, holding="continues")
    await world.wait_until_idle()
    nearer = await remy.presses_and_reads("Extend to 4 h", status)
    assert "already runs longer than that" in words(nearer)
    fresh = await remy.types("/turso incident", INCIDENT, holding="started just now")
    assert not [label for label in buttons(fresh) if label.startswith("Extend")]

    await remy.presses("End incident", world.current(begun))
    await until(lambda: world.card(INCIDENT, holding="*INC-5* ended"), what="the end")
    await world.wait_until_idle()
    assert await running(world) is None


@pytest.mark.parametrize("line", ["incident start INC-6 --for 4h", "incident end"])
async def test_an_incident_that_ends_during_a_press_is_not_mistaken_for_another(world: World, line: str) -> None:
    assert world.bot is not None
    remy, env = world.person(REMY), world.bot.env
    await play.start(remy, "INC-6")
    press = Incoming(
        id="i-late", key="k-late", kind=Kind.ACTION, at=env.clock.now(), user_id=REMY, channel_id=INCIDENT,
        user_team_id="T0ACME",
    )  # fmt: skip
    read = env.grammar.parse(line)
    assert isinstance(read, Parsed)
    about = FollowUp(incident_id="n-ended", over="It has ended.")
    before = await running(world)

    with pytest.raises(Refused, match="It has ended"):
        await command_lines.continue_request(env, press, await env.subject(press), read, follow_up=about)

    assert await running(world) == before
    await play.end(remy, "INC-6")


async def test_a_refusal_mentions_the_ended_incident_to_people_who_may_start_one(world: World) -> None:
    await world.create_databases("checkout")
    remy = world.person(REMY)
    await play.start(remy, "INC-7")
    card = await remy.types("/turso triage checkout", INCIDENT, holding=":ambulance:")
    await play.end(remy, "INC-7")
    mention = "INC-7 has ended, so its permissions no longer apply. Start another with /turso incident start KEY"

    for label in ("Refresh", "Freeze writes 30 min"):
        assert mention in plain(words(await remy.presses_and_reads(label, card))), label
    refused = await remy.types("/turso triage checkout", INCIDENT, holding="no rules for this channel")
    assert mention in plain(words(refused))
    assert "shows what an admin can add" not in words(refused)

    never = await remy.types("/turso create warehouse", INCIDENT, holding="no rules for this channel")
    assert "has ended" not in words(never), "the incident profile doesn't allow it either"
    other = await world.person(DANA).types("/turso triage checkout", INCIDENT, holding="no rules for this channel")
    assert "has ended" not in words(other), "she may not start incidents"
    assert "shows what an admin can add" in words(other)
