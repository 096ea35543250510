"""Messages never show raw IDs or policy paths, and never name a channel that the reader isn't in."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any, Final

import pytest
import pytest_asyncio

from bot.sandbox.workspace.model import Channel, Message, View
from tests.policies import WITH_DBA_GROUP
from tests.scenarios import forging
from tests.scenarios.conftest import world  # noqa: F401
from tests.world import ANA, BEN, DANA, DB_OPS, GENERAL, GIL, ORDERS, REMY, SHARED, STELLA, World, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET, SECRET_NAME, OPEN = "C0SECRET", "layoffs-2027", "C0OPEN"
OWN_POLICY = (
    WITH_DBA_GROUP
    + """\
  responders: {usergroup: S0RESPOND}
channels:
  C0DBOPS:
    databases: ["orders*", "users"]
    rules:
      - {allow: read}
      - {deny: protect}
      - {allow: [freeze], to: ["usergroup:S0RESPOND", "user:U0BEN"], confirm: button}
      - {allow: ["token --read-only"], max_lifetime: 1h}
      - {approve: destroy, by: ["user:U0ANA", "usergroup:S0DBA"], confirm: none}
      - {approve: rotate, by: "user:U0DANA"}
      - {break_glass: thaw, to: "usergroup:S0RESPOND", review_by: "user:U0ANA"}
  C0ORDERS:
    databases: ["orders*"]
    rules: [{allow: read}, {allow: create, to: "guest:U0GIL"}]
  C0SECRET:
    databases: ["*"]
    rules: [{allow: [read, create, token, protect, freeze, thaw]}, {approve: [destroy, rotate], by: dba}]
  C0OPEN:
    databases: ["*"]
    rules: [{allow: [read, protect]}]
  C0SHARED:
    databases: ["*"]
    rules: [{allow: read}]
incidents: {to: ["usergroup:S0RESPOND"], databases: ["*"], profile: incident, longest: 12h}
profiles: {incident: {rules: [{allow: read, to: responders}]}}
"""
)
LINES = (
    "ls", "show analytics", "show nope", "freeze orders --for 30m", "protect orders on", "token orders -e 9h",
    "token orders", "rotate orders", "rotate users --dry-run", "destroy orders --dry-run", "thaw orders --dry-run",
    "create new-one", "incident start INC-1 --dry-run", "digest on --daily 09:00", "restore orders", "audit",
    "requests", "tokens", "help", "help create", "help freeze", "", "policy explain ls --as <@U0BEN> --in <#C0NONE>",
)  # fmt: skip
IDS: Final = re.compile(r"(?<![A-Za-z0-9_-])[CUSGWT]0[A-Z0-9]{2,}")
"""Raw IDs of channels, people, user groups and workspaces."""
LINKS: Final = re.compile(r"<#(C0[A-Z0-9]+)(?:\|[^>]*)?>")
MENTIONS: Final = re.compile(r"<@[UW]0[A-Z0-9]+>|<!subteam\^S0[A-Z0-9]+>")
PATTERNS: Final = {DB_OPS: re.compile(r"orders.*|users"), ORDERS: re.compile(r"orders.*")}
"""The names of the databases that each channel may see."""
PATHS: Final = re.compile(r"rules\[\d+\]|(?:channels|profiles)\.[A-Za-z0-9]+")
"""Places in the policy."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def channels(world: World) -> AsyncIterator[None]:  # noqa: F811
    """Create a private channel for Ben, and a public one for Dana that allows `protect`."""
    workspace = world.workspace
    workspace.limits.rates = "off"
    bot, long_ago = workspace.app.bot_user_id, workspace.now() - timedelta(days=9)
    for channel_id, name, members, private in ((SECRET, SECRET_NAME, [BEN], True), (OPEN, "open", [DANA], False)):
        workspace.channels[channel_id] = Channel(
            id=channel_id, name=name, created=long_ago, creator=BEN, members=[*members, bot], is_private=private
        )
    yield


def shown(value: Any) -> Iterator[str]:
    """Yield every text that a message or view shows, but not the values of buttons."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key in ("text", "alt_text", "channel_id", "user_id", "usergroup_id") and isinstance(one, str):
                yield f"<#{one}>" if key == "channel_id" else one
            else:
                yield from shown(one)
    elif isinstance(value, list):
        for one in value:
            yield from shown(one)


def leaks(world: World, reader: str, thing: Message | View) -> list[str]:  # noqa: F811
    """Return the texts of a message or view that this person must not see.

    Mentions are allowed, and so are links to the person's own channels. Refusals of a guest or of a person from another
    workspace may contain the entry that an administrator would add to the policy, such as `guest:U0GIL`.
    """
    found = []
    for text in [*([thing.text] if isinstance(thing, Message) else []), *shown(thing.blocks)]:
        outside = [one for one in LINKS.findall(text) if reader not in world.workspace.channels[one].members]
        own = re.compile(rf"(?:guest|external):{reader}\b")
        bare = own.sub("", MENTIONS.sub("", LINKS.sub("", text)))
        hidden = SECRET_NAME in text and reader != BEN
        if outside or hidden or IDS.search(bare) or PATHS.search(bare):
            found.append(f"{reader}: {text}")
    return found


async def read_by(world: World, reader: str) -> list[str]:  # noqa: F811
    """Return the leaks in everything that a person can read, including the Home tab."""
    await world.workspace.open_home(reader)
    await world.wait_until_idle()
    things: list[Message | View] = list(forging.private_messages(world, reader))
    things += [one for channel in world.workspace.channels for one in world.workspace.history(channel, reader)]
    things += [*world.workspace.views_of(reader), *([home] if (home := world.workspace.home_of(reader)) else [])]
    bot = world.workspace.app.bot_user_id
    messages = [one for one in things if isinstance(one, View) or one.user_id == bot]
    assert messages, f"{reader} got no message"
    return [leak for one in messages for leak in leaks(world, reader, one)]


@pytest.mark.parametrize("where", [DB_OPS, ORDERS, GENERAL, SHARED, SECRET])
async def test_no_answer_to_a_command_shows_raw_ids_or_hidden_channels(world: World, where: str) -> None:  # noqa: F811
    readers = [one for one in (ANA, BEN, DANA, REMY, GIL, STELLA) if one in world.workspace.channels[where].members]
    for line in LINES:
        for reader in readers:
            await forging.forge_command(world, reader, where, line)
        await world.wait_until_idle()
    assert not [leak for reader in readers for leak in await read_by(world, reader)]


async def test_no_answer_to_a_press_shows_raw_ids_or_hidden_channels(world: World) -> None:  # noqa: F811
    card = await world.person(DANA).types("/turso destroy users --reason old", holding="users")
    for label in ("Approve", "Deny"):
        for reader in (DANA, REMY):
            answer = await world.person(reader).presses_and_reads(label, card)
            assert "Nothing was changed" in words(answer) or "your own request" in words(answer)
    assert not [leak for reader in (ANA, BEN, DANA, REMY) for leak in await read_by(world, reader)]


@pytest.mark.parametrize(("where", "hidden"), [(DB_OPS, "analytics"), (ORDERS, "users")])
async def test_no_menu_offers_a_database_of_another_channel(
    world: World,  # noqa: F811
    where: str,
    hidden: str,
) -> None:
    readers = [one for one in (ANA, BEN, DANA, REMY) if one in world.workspace.channels[where].members]
    shown_names = PATTERNS[where]
    for reader in readers:
        someone = world.person(reader)
        answer = await someone.types("/turso help audit", where, holding="audit")
        await someone.presses("Open the form", answer)
        view = await someone.modal("Database")
        for typed in ("", "a", "o", hidden, hidden[:3], SECRET_NAME):
            options = await world.workspace.suggest(
                reader, action_id="form.database", text=typed, view_id=view.id, block_id="arg.db"
            )
            names = [option["value"] for option in options]
            assert not [one for one in names if not shown_names.fullmatch(one)], f"{reader} typed {typed!r}"
            assert names or typed, "an empty menu would prove nothing"
        assert not leaks(world, reader, view)
        await world.workspace.close_view(reader, view.id)


async def test_other_channels_are_suggested_only_to_their_members(world: World) -> None:  # noqa: F811
    answers = {}
    for reader in (DANA, REMY):
        answers[reader] = await world.person(reader).types("/turso protect analytics on")
    assert f"You can use this command in <#{OPEN}>." in answers[DANA].text
    assert "None of your other channels allow this" in answers[REMY].text
    fault = world.workspace.faults.add("api_error", "users.conversations", error="fatal_error")
    answers[DANA] = await world.person(DANA).types("/turso protect analytics on")
    world.workspace.faults.remove(fault)
    assert "Another channel may allow this." in answers[DANA].text
    assert "<#" not in answers[DANA].text
