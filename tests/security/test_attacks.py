"""What somebody tries who means it: forged, replayed and stolen requests, strangers, bots, and text that deceives."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from bot.core.request import State
from bot.sandbox.workspace.delivery.parcel import interactive_parcel
from bot.sandbox.workspace.model import Channel, Message, Person
from bot.slack.calls import SlackCalls
from bot.slack.response_urls import ResponseUrls
from tests.scenarios import forging
from tests.scenarios.conftest import sound
from tests.security import stage
from tests.security.canaries import canary_token
from tests.world import ANA, BEN, DANA, DB_OPS, ORDERS, REMY, SHARED, STELLA, World, buttons, marked_up, until, words

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-attacks")]

NAMES = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "partner-one", "partner-two")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The sandbox, in which nothing may break whatever is tried."""
    data = tmp_path_factory.mktemp("world")
    (data / "policy.yaml").write_text(stage.POLICY)
    async with sound(data, policy=data / "policy.yaml") as found:
        stage.be_patient(found)
        await found.make(*NAMES)
        yield found


# Addresses that are not Slack's.


@dataclass
class Inner:
    """A service that only the bot's network reaches."""

    port: int
    asked: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def inner_service(answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") -> AsyncIterator[Inner]:
    """A listener that notes whatever is sent to it."""
    inner = Inner(0)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner.asked.append(await reader.readline())
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    inner.port = server.sockets[0].getsockname()[1]
    try:
        yield inner
    finally:
        server.close()


ADDRESSES = [
    "http://{inner}/admin",
    "http://hooks.slack.com@{inner}/",
    "https://hooks.slack.com:443@{inner}/",
    "http://{inner}/?https://hooks.slack.com/commands/T0/1/x",
    "http://{inner}#https://hooks.slack.com/",
    "{origin}@{inner}/",
    "{origin}.{inner}/",
    " {origin}@{inner}/",
    "//{inner}/",
    "http:\\\\{inner}\\",
    "HTTP://{inner}/",
    "file:///etc/passwd",
    "gopher://{inner}/",
    "https://hooks.slack.com.example.com/x",
    "https://hooks.slack.comx/x",
]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_answer_goes_to_no_address_but_slacks(world: World, address: str) -> None:
    async with inner_service() as inner:
        forged = address.format(inner=f"127.0.0.1:{inner.port}", origin=world.workspace.origin)

        told = await stage.hears(
            world, DANA, world.workspace.deliver(stage.command(world, "whoami", response_url=forged))
        )

        assert "developer" in words(told) or DANA in words(told)
        assert not inner.asked


async def test_an_answer_follows_no_redirection() -> None:
    async with inner_service() as inner:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{inner.port}/\r\nContent-Length: 0\r\n\r\n"
        async with inner_service(moved.encode()) as slack:
            calls = _calls(f"http://127.0.0.1:{slack.port}/api/")
            async with calls as one:
                with pytest.raises(Exception, match="http_307"):
                    await one.respond(f"http://127.0.0.1:{slack.port}/commands/x", {"text": "hello"})
            assert slack.asked
        assert not inner.asked


@asynccontextmanager
async def _calls(api_url: str) -> AsyncIterator[SlackCalls]:
    from bot.slack.calls import new_session, web_client

    async with new_session() as session:
        yield SlackCalls(web_client(session, "xoxb-none", api_url, lambda *_: None), lambda *_: None)


async def test_an_address_of_slacks_for_one_person_is_used_for_nobody_else(world: World) -> None:
    urls = ResponseUrls("https://slack.com/api/")

    assert urls.use(None) is None
    assert urls.use("i-somebodyelse") is None


# Requests that were overheard, and requests that Slack did not send.


async def test_an_overheard_vote_counts_once(world: World) -> None:
    card = await world.person(DANA).types("/turso rotate alpha --reason leak")
    await world.person(ANA).presses_and_hears("Approve", card)
    overheard = next(one for one in reversed(world.workspace.deliveries) if one.kind == "block_actions")

    for _ in range(3):
        assert (await stage.again(world, overheard)).status_code == 200
    await world.calm()

    assert [vote.user_id for vote in (await stage.request_of(world, card)).votes] == [ANA]
    await world.person(DANA).presses_and_hears("Withdraw", card)


async def test_an_overheard_command_and_form_change_nothing_again(world: World) -> None:
    await world.person(DANA).types("/turso db create once")
    created = next(one for one in reversed(world.workspace.deliveries) if one.kind == "slash_commands")
    card = await world.person(DANA).types("/turso db protect bravo on --reason care")
    await world.person(ANA).presses("Approve", card)
    await world.person(ANA).submits({"typed_name": "bravo"})
    submitted = next(one for one in reversed(world.workspace.deliveries) if one.kind == "view_submission")
    await stage.reaches(world, card, State.SUCCEEDED)
    before = stage.changing_calls(world)

    for overheard in (created, submitted):
        assert (await stage.again(world, overheard)).status_code == 200
    await world.calm()

    assert stage.changing_calls(world) == before


async def test_a_request_that_is_old_changed_or_signed_by_somebody_else_is_refused(world: World) -> None:
    now = int(time.time())
    body = stage.form(command="/turso", text="db create evil", user_id=DANA, channel_id=DB_OPS, team_id="T0ACME")
    before = stage.changing_calls(world)

    good = stage.signed_at(world, body, now)
    for sent, headers in (
        (body, stage.signed_at(world, body, now - 301)),
        (body, stage.signed_at(world, body, now + 301)),
        (body.replace(b"evil", b"evel"), good),
        (body, good | {"X-Slack-Request-Timestamp": str(now - 1)}),
        (body, good | {"X-Slack-Signature": ""}),
        (body, good | {"X-Slack-Signature": "v0="}),
        (body, good | {"X-Slack-Signature": good["X-Slack-Signature"].upper()}),
        (body, good | {"X-Slack-Request-Timestamp": f"{now}.0"}),
        (body, good | {"X-Slack-Request-Timestamp": "9" * 400}),
        (body + b"&ssl_check=1", good),
        (b"ssl_check=1&" + body, {"Content-Type": stage.FORM}),
    ):
        answer = await stage.posted(world, sent, headers)
        assert answer.status_code == 401 or (b"ssl_check" in sent and answer.status_code == 200 and not answer.content)
    await world.calm()

    assert stage.changing_calls(world) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"payload=" + b"%5B" * 60_000, 400),
        (b'payload={"type":"block_actions","user":{"id":"U0DANA"},"actions":' + b"[" * 50_000, 400),
        (b"payload=" + b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400),
        (b"command=/turso&text=" + b"x" * 300_000, 413),
        (b"command=/turso&" + b"a=b&" * 50_000, 200),
        (b"\xff\xfe" * 1000, 400),
        (b"command=/turso&text=%00%ff%fe&user_id=%00&channel_id=", 200),
    ],
    ids=["many brackets", "an open list", "deep", "too large", "many fields", "no UTF-8", "nothing in it"],
)
async def test_no_signed_body_of_any_size_or_depth_breaks_anything(world: World, body: bytes, status: int) -> None:
    started = time.perf_counter()

    answer = await stage.posted(world, body, stage.signed_at(world, body, int(time.time())))

    assert answer.status_code == status
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    "text",
    ["show " + "a" * 5000, "—" * 4000, '"a"b ' * 799, "show alpha --reason " + "<" * 3900, "ls " + "[*" * 1000],
    ids=["too long", "dashes", "quotes", "brackets", "a hard glob"],
)
async def test_no_text_of_any_kind_holds_the_others_up(world: World, text: str) -> None:
    started = time.perf_counter()

    await world.person(DANA).types(f"/turso {text}")

    assert time.perf_counter() - started < 8


# What a form or a button carries is nothing but an id.


@pytest.mark.parametrize("callback_id", ["approval.type_name", "request.type_name", "approval.deny_reason"])
async def test_a_forged_form_about_a_request_gives_no_right(world: World, callback_id: str) -> None:
    card = await world.person(DANA).types("/turso db protect charlie on --reason care")
    request = await stage.request_of(world, card)

    told = await stage.hears(
        world, REMY, forging.submits(world, REMY, callback_id, request.id, {"typed_name": "charlie", "comment": "x"})
    )

    assert "Reference" in words(told)
    found = await stage.request_of(world, card)
    assert (found.state, found.votes) == (State.PENDING, ())
    await world.person(DANA).presses_and_hears("Withdraw", card)


async def test_a_form_that_somebody_else_opened_cannot_be_used(world: World) -> None:
    await world.workspace.say(ANA, DB_OPS, "/turso db create")
    opened = await world.person(ANA).modal("Why")
    about = opened.as_slack()["private_metadata"]
    before = stage.changing_calls(world)

    stolen = await forging.submits(world, REMY, opened.callback_id, about, {"arg.name": "stolen"})
    await world.calm()

    assert "too old" in stolen.answer
    assert stage.changing_calls(world) == before
    options = interactive_parcel(_suggestion(world, REMY, about), REMY)
    assert json.loads((await world.workspace.deliver(options)).answer)["options"] == []


def _suggestion(world: World, person: str, about: str) -> dict[str, object]:
    from bot.sandbox.workspace.delivery import payloads

    state = world.workspace.state
    view = {"id": "V0FORGED", "type": "modal", "callback_id": "form.show", "private_metadata": about, "state": {}}
    body = payloads.interaction(state, "block_suggestion", state.people[person])
    return body | {"action_id": "form.database", "block_id": "name", "value": "", "view": view}


async def test_a_command_line_in_a_button_is_decided_as_if_its_presser_had_typed_it(world: World) -> None:
    before = stage.changing_calls(world)

    for action_id in ("run.1", "page.1"):
        line = "db destroy delta --now --reason x"
        await forging.clicks(world, REMY, action_id, line)
        card = await until(lambda: _asks(world, "delta"), what="the card")
        assert f"<@{REMY}>" in words(card)
        await world.person(REMY).presses_and_hears("Withdraw", card)

    assert stage.changing_calls(world) == before


def _asks(world: World, name: str) -> Message | None:
    card = world.card(holding=name)
    return card if "Approve" in buttons(card) else None


async def test_a_button_of_elsewhere_reaches_no_database_of_here(world: World) -> None:
    told = await stage.hears(world, DANA, forging.clicks(world, DANA, "run.1", "token alpha", channel=ORDERS))

    assert "eyJ" not in words(told)
    assert "Reference" in words(told)


# Rights that end.


async def test_a_form_that_was_opened_before_the_right_was_lost_gives_none(world: World) -> None:
    card = await world.person(DANA).types("/turso db protect delta on --reason care")
    await world.person(BEN).presses("Approve", card)
    await world.person(BEN).modal("Type the name")
    group = world.workspace.usergroups["S0DBA"]
    group.users.remove(BEN)
    try:
        before = {one.ts for one in world.person(BEN).sees()}
        await world.person(BEN).submits({"typed_name": "delta"})
        told = await world.person(BEN).hears(DB_OPS, before)
    finally:
        group.users.append(BEN)

    assert "not among those" in words(told)
    assert (await stage.request_of(world, card)).state is State.PENDING
    await world.person(DANA).presses_and_hears("Withdraw", card)


@pytest.mark.parametrize("change", ["deleted", "is_restricted", "is_bot"])
async def test_a_vote_ends_with_the_account_of_whoever_gave_it(world: World, change: str) -> None:
    assert world.bot is not None
    card = await world.person(DANA).types("/turso rotate echo --reason leak")
    await world.person(ANA).presses_and_hears("Approve", card)
    before = len(world.changes("POST", "/databases/echo/auth/rotate"))
    ana = world.workspace.people[ANA]
    setattr(ana, change, True)
    world.bot.env.directory.forget({"type": "user_change", "user": {"id": ANA}})  # type: ignore[attr-defined]
    try:
        told = await world.person(BEN).presses_and_hears("Approve", card)
        await world.calm()
    finally:
        setattr(ana, change, False)
        world.bot.env.directory.forget({"type": "user_change", "user": {"id": ANA}})  # type: ignore[attr-defined]

    assert "1 of 2" in words(told)
    assert (await stage.request_of(world, card)).state is State.PENDING
    assert len(world.changes("POST", "/databases/echo/auth/rotate")) == before
    await world.person(DANA).presses_and_hears("Withdraw", card)


async def test_a_token_is_not_revealed_to_somebody_who_was_let_go_after_the_approval(world: World) -> None:
    assert world.bot is not None
    card = await world.person(DANA).types("/turso token foxtrot --reason migration")
    await world.person(ANA).presses_and_hears("Approve", card)
    ready = await world.shows(card, button="Reveal")
    dana = world.workspace.people[DANA]
    dana.deleted = True
    try:
        told = await stage.pressed_by(world, DANA, "Reveal", ready)
    finally:
        dana.deleted = False
        world.bot.env.directory.forget({"type": "user_change", "user": {"id": DANA}})  # type: ignore[attr-defined]

    assert "deactivated" in words(told)
    assert not world.changes("POST", "/databases/foxtrot/auth/tokens")


async def test_an_old_consent_reveals_nothing_again(world: World) -> None:
    card = await world.person(DANA).types("/turso token bravo --reason migration")
    await world.person(ANA).presses_and_hears("Approve", card)
    ready = await world.shows(card, button="Reveal")
    path = "*/databases/bravo/auth/tokens"
    world.turso.faults.add("status", method="POST", path=path, status=500)
    told = await world.person(DANA).presses_and_hears("Reveal", ready)
    assert "may exist" in words(told)
    assert "Reveal again" in buttons(told)

    await world.pass_time(minutes=16)
    late = await world.person(DANA).presses_and_hears("Reveal again", told)

    assert "too late" in words(late)
    assert not any("eyJ" in words(one) for one in (told, late))
    assert len(world.changes("POST", "/databases/bravo/auth/tokens")) == 1


# Who is no colleague.


async def test_a_stranger_in_a_shared_channel_can_press_nothing(world: World) -> None:
    asked = await world.person(ANA).types("/turso token partner-one --reason debugging", SHARED)
    doomed = await world.person(ANA).types("/turso db destroy partner-two --reason cleaning", SHARED)
    await world.person(BEN).presses_and_hears("Approve", doomed)
    doomed = await world.shows(doomed, button="Undo")

    for label, card in (("Approve", asked), ("Deny", asked), ("Withdraw", asked), ("Undo", doomed)):
        told = await stage.pressed_by(world, STELLA, label, card)
        assert "not of this workspace" in words(told) or "Only the" in words(told) or "not among" in words(told)
    for line in ("freeze partner-one", "ls", "usage partner-one", "token partner-one --read-only"):
        told = await stage.hears(world, STELLA, forging.clicks(world, STELLA, "run.1", line, channel=SHARED))
        assert "not of this workspace" in words(told)

    assert (await stage.request_of(world, asked)).state is State.PENDING
    assert (await stage.request_of(world, doomed)).state is State.QUARANTINED
    await world.person(BEN).presses_and_hears("Approve", asked)
    ready = await world.shows(asked, button="Reveal")
    assert "eyJ" not in words(await stage.pressed_by(world, STELLA, "Reveal", ready))
    await world.person(ANA).presses_and_hears("Undo", world.as_now(doomed))
    await stage.reaches(world, doomed, State.RESTORED)


async def test_a_bot_and_a_workflow_are_heard_by_nobody(world: World) -> None:
    people = world.workspace.people
    people["U0FLOW"] = Person(id="U0FLOW", name="flow", real_name="Flow", team_id="T0ACME", is_bot=True)
    await world.calm()
    before = stage.changing_calls(world)

    for forged in ({"bot_id": "B0FLOW"}, {"subtype": "bot_message", "bot_id": "B0FLOW", "user": None}):
        await world.workspace.deliver(stage.mention(world, "db create by-a-bot", **forged))
    await world.calm()
    assert not [one for one in stage.everything_shown(world) if "by-a-bot" in words(one) or "workflows" in words(one)]

    for doing in (
        world.workspace.deliver(stage.mention(world, "db create by-a-bot", user="U0FLOW")),
        world.workspace.deliver(stage.command(world, "db create by-a-bot", "U0FLOW")),
        forging.clicks(world, "U0FLOW", "run.1", "db create by-a-bot"),
    ):
        await doing
    await world.calm()
    assert world.bot is not None
    page = await world.bot.store.audit_page(before_seq=None, limit=10, user_id="U0FLOW")
    assert [(one.event, "Bots and workflows" in one.reason) for _, one in page] == [("refused", True)] * 3
    assert stage.changing_calls(world) == before


async def test_somebody_of_another_team_is_a_stranger_whatever_their_id(world: World) -> None:
    told = await stage.hears(world, DANA, world.workspace.deliver(stage.command(world, "ls", team_id="T0OTHER")))

    assert "not of this workspace" in words(told)


async def test_home_tells_of_no_database_of_a_channel_that_somebody_is_not_in(world: World) -> None:
    nora = Person(id="U0NORA", name="nora", real_name="Nora Ek", team_id="T0ACME")
    world.workspace.people[nora.id] = nora
    card = await world.person(DANA).types("/turso db freeze charlie --reason spike")
    await world.person(ANA).presses_and_hears("Approve", card)
    await stage.reaches(world, card, State.SUCCEEDED)

    for person in (nora.id, REMY):
        await world.workspace.open_home(person)
    remys = await until(lambda: "charlie" in words(world.workspace.home_of(REMY)), what="the Home of a colleague")
    noras = await until(lambda: words(world.workspace.home_of(nora.id)), what="the Home of somebody else")

    assert remys
    assert "charlie" not in noras


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
        told = await stage.hears(world, DANA, sent)
        assert "alpha" not in words(told).replace(line, "")
        assert "direct message" in words(told)

    assert stage.changing_calls(world) == before


# Text that deceives.

DECEPTIONS = {
    "calls everybody": "<!channel> <!here> <!everyone> please",
    "calls an approver": "<@U0ANA> said yes; <!subteam^S0DBA> too",
    "hides a link": "see <https://evil.example|the runbook> and <mailto:a@b|mail>",
    "is written in entities": "&lt;!channel&gt; &lt;@U0ANA&gt;",
    "is loud": "*APPROVED by security* _really_ ~not~ `code` :white_check_mark:",
    "is turned round": "\u202eeteled ton lliw siht\u202c \u2066x\u2069",
    "has hidden signs": "harm\u200bless\u2060 \ufeffchange\U000e0041",
    "has lines of its own": "ok\n\n*Database*: `test`\n>quoted\u2028Rule: none",
    "is a heading": "Approved by Ana (1 of 1). Rule: allowed. Nothing else to do.",
    "is very long": "harmless " * 300,
}


@pytest.mark.parametrize("reason", DECEPTIONS.values(), ids=DECEPTIONS.keys())
async def test_a_reason_is_shown_as_what_somebody_wrote_and_as_nothing_else(world: World, reason: str) -> None:
    sent = world.workspace.deliver(stage.command(world, f'rotate golf --reason "{reason}" --ticket "{reason[:80]}"'))
    before = {one.ts for one in world.workspace.history(DB_OPS, None)}
    await sent
    card = await until(
        lambda: next((m for m in world.workspace.history(DB_OPS, None) if m.ts not in before and buttons(m)), None),
        what="the card",
    )

    _shows_only_its_own(card)
    quotes = [json.dumps(block) for block in card.blocks if block["type"] == "rich_text"]
    assert any("rich_text_quote" in quote and '"Reason"' in quote for quote in quotes)
    assert "golf" in words(card)
    await world.person(DANA).presses_and_hears("Withdraw", card)
    _shows_only_its_own(world.as_now(card))


def _shows_only_its_own(message: Message) -> None:
    """No mention but of the asker, no link, no sign that turns, hides or breaks the text."""
    mark_up = re.sub(r"`[^`]*`", "", marked_up(message))
    for sign in ("<!channel", "<!here", "<!everyone", "<!subteam", f"<@{ANA}>", "<https", "<mailto", "*APPROVED"):
        assert sign not in mark_up, sign
    shown = "".join(words(message).splitlines())
    assert not [sign for sign in shown if sign in "\u202e\u202c\u2066\u2069\u200b\u2060\ufeff\u2028\U000e0041"]


@pytest.mark.parametrize(
    "name",
    ["gоlf", "golf\u0301", "GOLF", "golf/../alpha", "..", "%2e%2e", "golf?x=1", "golf;rm", "-golf", "golf\nalpha"],
)
async def test_a_name_that_only_looks_like_one_names_nothing(world: World, name: str) -> None:
    before = len(world.turso.calls.control())

    told = await stage.hears(world, DANA, world.workspace.deliver(stage.command(world, f'rotate "{name}"')))

    assert "Approve" not in buttons(told)
    paths = [one.path for one in world.turso.calls.control()[before:]]
    assert not [path for path in paths if ".." in path or "alpha" in path or "%" in path]


@pytest.mark.parametrize("line", ["show <!channel>", "ls <@U0ANA>", "<!here>", "nonsense <https://evil.example|x>"])
async def test_nothing_that_was_typed_comes_back_as_a_mention_or_a_link(world: World, line: str) -> None:
    before = {one.ts for one in world.person(DANA).sees()}
    await world.workspace.deliver(stage.command(world, line))

    told = await until(lambda: [m for m in world.person(DANA).sees() if m.ts not in before], what="the answer")
    _shows_only_its_own(told[0])


async def test_a_token_in_a_form_is_refused_at_its_field_and_not_kept(world: World) -> None:
    token, dana = canary_token(), world.person(DANA)
    await world.workspace.say(DANA, DB_OPS, "/turso db create")
    opened = await dana.modal("Why")

    acted = await dana.submits({"arg.name": "kept", "reason": f"with {token}"}, opened)

    assert set(acted.errors) == {"reason"}
    assert token not in str(acted.errors)
    assert not [one for one in stage.everything_shown(world) if token in words(one)]
