"""The acknowledgement waits until the request is recorded, but not for the work. People are told what failed."""

import asyncio
import json
import re
import time

import pytest
import structlog

from bot.core.ports import Ack, Address
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming, Kind
from bot.errors import BadInput, NotRecorded
from bot.slack.incoming import listeners

from .conftest import Gateway
from .requests import click, command, event, payload, signed, submission, view

FORM_OF_TWO = view(
    blocks=[
        {"type": "section", "block_id": "about"},
        {"type": "input", "block_id": "arg.name"},
        {"type": "input", "block_id": "reason"},
    ]
)


async def test_the_acknowledgement_does_not_wait_for_the_work(gateway: Gateway) -> None:
    go = asyncio.Event()

    async def slow(_: Incoming) -> None:
        await go.wait()

    gateway.pipeline.work = slow
    body = command("ls")
    answer = await gateway.http.post("/slack/events", content=body, headers=signed(body))
    assert answer.status_code == 200
    assert len(gateway.tasks) == 1
    go.set()
    assert await gateway.tasks.drain(5)


async def test_the_acknowledgement_waits_until_the_request_is_recorded(gateway: Gateway) -> None:
    recorded = []

    async def record(incoming: Incoming) -> None:
        await asyncio.sleep(0.05)
        recorded.append(incoming.id)

    gateway.pipeline.before = record
    body = command("create orders")
    await gateway.http.post("/slack/events", content=body, headers=signed(body))
    assert len(recorded) == 1


async def test_a_store_that_hangs_delays_the_acknowledgement_only_for_a_limited_time(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "ACK_WITHIN_SECONDS", 0.05)
    go = asyncio.Event()

    async def hang(_: Incoming) -> None:
        await go.wait()

    gateway.pipeline.before = hang
    started = time.monotonic()
    answers: list[str] = []
    for body in (command("create orders"), payload(click()), payload(submission(view=FORM_OF_TWO))):
        answer = await gateway.http.post("/slack/events", content=body, headers=signed(body))
        answers.append(answer.text)
        assert answer.status_code == 200
    assert time.monotonic() - started < 3
    of_command, of_press, of_form = answers
    assert of_press == ""
    (note,) = notes(gateway)
    in_form = json.loads(of_form)["errors"]["arg.name"]
    for told in (of_command, note, in_form):
        assert "don't know yet whether this was saved" in told
        assert re.search("Reference `?i-", told)
    assert json.loads(of_command)["response_type"] == "ephemeral", (
        "the note is part of the acknowledgement, so a crash can't lose it alone"
    )
    go.set()
    assert await gateway.tasks.drain(5)
    assert len(gateway.pipeline.worked) == 2


async def test_a_command_that_is_not_recorded_is_refused_in_its_acknowledgement(gateway: Gateway) -> None:
    gateway.pipeline.before = refuse
    answer = await gateway.send(command("create orders"))
    assert "This couldn't be saved" in answer.text
    assert "Reference `i-" in answer.text
    assert notes(gateway) == []


async def test_a_form_that_is_not_recorded_stays_open_and_shows_why(gateway: Gateway) -> None:
    gateway.pipeline.answer = Ack(refusal=str(NotRecorded.after(2)))
    answer = (await gateway.interact(submission(view=FORM_OF_TWO))).json()
    assert answer["response_action"] == "errors", "anything else would replace or close the form"
    ((block_id, told),) = answer["errors"].items()
    assert block_id == "arg.name", "the first input"
    assert "This couldn't be saved" in told
    assert f"Reference {gateway.only().id}" in told
    assert notes(gateway) == []


async def test_a_form_without_inputs_is_replaced_by_the_reason_why_it_is_not_recorded(gateway: Gateway) -> None:
    gateway.pipeline.answer = Ack(refusal="The store is away.")
    for blocks in ([{"type": "section", "block_id": "s"}], [], None, "odd"):
        answer = (await gateway.interact(submission(view=view(blocks=blocks)))).json()
        assert answer["response_action"] == "update"
        assert "The store is away." in json.dumps(answer["view"])


async def test_a_form_that_is_recorded_late_is_replaced_so_that_nobody_submits_it_again(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "ACK_WITHIN_SECONDS", 0.05)
    go, worked = asyncio.Event(), asyncio.Event()

    async def hang(_: Incoming) -> None:
        await go.wait()

    async def then() -> None:
        worked.set()

    gateway.pipeline.before, gateway.pipeline.answer = hang, Ack(then=then)
    body = payload(submission(view=FORM_OF_TWO))
    answer = await gateway.http.post("/slack/events", content=body, headers=signed(body))
    assert answer.json()["response_action"] == "errors"
    assert gateway.slack.of("views.update") == []
    go.set()
    assert await gateway.tasks.drain(5)
    assert worked.is_set()
    (shown,) = gateway.slack.of("views.update")
    assert shown["view_id"] == "V1"
    assert "Your form was saved. The outcome will follow." in json.dumps(shown["view"])


async def test_a_form_that_is_refused_late_can_be_submitted_again(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "ACK_WITHIN_SECONDS", 0.05)
    go = asyncio.Event()

    async def hang(_: Incoming) -> None:
        await go.wait()

    gateway.pipeline.before, gateway.pipeline.answer = hang, Ack(refusal=str(NotRecorded.after(2)))
    body = payload(submission(view=FORM_OF_TWO))
    answer = await gateway.http.post("/slack/events", content=body, headers=signed(body))
    assert answer.json()["response_action"] == "errors", "the form stays open"
    go.set()
    assert await gateway.tasks.drain(5)
    assert gateway.slack.of("views.update") == [], "the form isn't replaced"
    (note,) = notes(gateway)
    assert "Nothing was done. Try again in a moment." in note


async def test_a_form_whose_response_comes_late_is_reported(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "ACK_WITHIN_SECONDS", 0.05)
    go = asyncio.Event()

    async def hang(_: Incoming) -> None:
        await go.wait()

    gateway.pipeline.before = hang
    gateway.pipeline.answer = Ack({"response_action": "errors", "errors": {"arg.name": "There is none."}})
    body = payload(submission(view=FORM_OF_TWO))
    await gateway.http.post("/slack/events", content=body, headers=signed(body))
    go.set()
    assert await gateway.tasks.drain(5)
    (note,) = notes(gateway)
    assert "Checking the form took too long, so nothing was changed. Submit it again." in note


@pytest.mark.parametrize("body", [command("create orders"), payload(click())], ids=["command", "press"])
async def test_a_request_that_is_refused_late_gets_a_separate_note(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(listeners, "ACK_WITHIN_SECONDS", 0.05)
    go = asyncio.Event()

    async def refuse_late(_: Incoming) -> None:
        await go.wait()
        raise NotRecorded.after(2)

    gateway.pipeline.before = refuse_late
    answer = await gateway.http.post("/slack/events", content=body, headers=signed(body))
    assert answer.status_code == 200
    before = notes(gateway)
    go.set()
    assert await gateway.tasks.drain(5)
    (note,) = notes(gateway)[len(before) :]
    assert "This couldn't be saved" in note
    assert gateway.only().id in note


class SlowMessenger:
    """Delays ephemeral messages until a test sets `may`. Sets `asked` as soon as the first is to be sent."""

    def __init__(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.may = asyncio.Event(), asyncio.Event()
        self._send = gateway.delivery.send_ephemeral
        monkeypatch.setattr(gateway.delivery, "send_ephemeral", self.send)

    async def send(self, to: Address, reply: Reply) -> bool:
        self.asked.set()
        await self.may.wait()
        return await self._send(to, reply)


async def test_the_note_about_a_press_that_is_not_recorded_comes_before_its_acknowledgement(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the process is killed between the two, Slack shows the press as failed."""
    gateway.pipeline.before, slow = refuse, SlowMessenger(gateway, monkeypatch)
    body = payload(click())
    posting = asyncio.create_task(gateway.http.post("/slack/events", content=body, headers=signed(body)))
    await slow.asked.wait()
    await asyncio.wait({posting}, timeout=0.1)
    assert not posting.done(), "it must not be acknowledged before its person is told"
    slow.may.set()
    assert ((await posting).status_code, (await posting).text) == (200, "")
    (note,) = notes(gateway)
    assert "This couldn't be saved" in note


async def crash(_: Incoming) -> None:
    raise RuntimeError("secret detail")


async def test_a_command_that_fails_because_of_a_bug_is_refused_in_its_acknowledgement(gateway: Gateway) -> None:
    gateway.pipeline.before = crash
    answer = await gateway.send(command("create orders"))
    assert "Something went wrong in Turso Ops." in answer.text
    assert "Reference `i-" in answer.text
    assert "secret detail" not in answer.text
    assert notes(gateway) == []


async def test_a_press_that_fails_because_of_a_bug_is_not_acknowledged_if_its_person_cannot_be_told(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "NOTE_WITHIN_SECONDS", 0.2)
    gateway.pipeline.before, slow = crash, SlowMessenger(gateway, monkeypatch)
    body = payload(click())
    answer = await gateway.http.post("/slack/events", content=body, headers=signed(body))
    assert answer.status_code == 424
    slow.may.set()
    assert await gateway.tasks.drain(5)
    (note,) = notes(gateway)
    assert "Something went wrong in Turso Ops." in note


async def test_a_press_is_not_acknowledged_if_its_person_cannot_be_told_in_time(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "NOTE_WITHIN_SECONDS", 0.2)
    gateway.pipeline.before, slow = refuse, SlowMessenger(gateway, monkeypatch)
    body = payload(click())
    answer = await gateway.http.post("/slack/events", content=body, headers=signed(body))
    assert (answer.status_code, answer.text) == (424, ""), "so that Slack shows that it failed"
    slow.may.set()
    assert await gateway.tasks.drain(5)
    (note,) = notes(gateway)
    assert "This couldn't be saved" in note


async def test_a_press_is_not_acknowledged_if_slack_refuses_the_note(gateway: Gateway) -> None:
    for method in ("chat.postEphemeral", "chat.postMessage"):
        gateway.slack.always[method] = {"ok": False, "error": "account_inactive"}
    gateway.pipeline.before = refuse
    assert (await gateway.interact(click())).status_code == 424


async def test_a_mention_is_acknowledged_even_if_it_is_not_recorded(gateway: Gateway) -> None:
    """Otherwise Slack would send the mention again, and it might be carried out when nobody expects it anymore."""
    for method in ("chat.postEphemeral", "chat.postMessage"):
        gateway.slack.always[method] = {"ok": False, "error": "account_inactive"}
    gateway.pipeline.before = refuse
    mention = event("app_mention", user="U0ANA", channel="C0DBOPS", ts="1.2", text="<@U0BOT> create orders")
    assert (await gateway.event(mention)).status_code == 200
    assert gateway.only().kind is Kind.MENTION


async def refuse(_: Incoming) -> None:
    """Fail as the store does if it can't record something within Slack's time limit."""
    await asyncio.sleep(0.05)
    raise NotRecorded.after(2)


def notes(gateway: Gateway) -> list[str]:
    """Return the texts of all answers and messages that Slack got."""
    methods = ("response_url", "chat.postEphemeral", "chat.postMessage")
    return [str(call["text"]) for method in methods for call in gateway.slack.of(method)]


def private_answer(gateway: Gateway) -> str:
    """Return the text of the only answer, which must be private."""
    answers = gateway.slack.of("response_url") + gateway.slack.of("chat.postEphemeral")
    assert len(answers) == 1
    assert answers[0].get("response_type", "ephemeral") == "ephemeral"
    return str(answers[0]["text"])


async def test_a_bug_is_acknowledged_and_reported_with_its_reference(gateway: Gateway) -> None:
    gateway.pipeline.work = crash
    answer = await gateway.send(command("ls", response_url=gateway.slack.response_url()))
    assert (answer.status_code, answer.text) == (200, "")
    said = private_answer(gateway)
    assert gateway.slack.methods() == ["response_url"]
    assert gateway.only().id in said
    assert "secret detail" not in said


async def test_an_error_that_is_meant_for_people_is_shown_with_its_reference(gateway: Gateway) -> None:
    async def refuse_name(_: Incoming) -> None:
        raise BadInput("That is not a name.")

    gateway.pipeline.before = refuse_name
    await gateway.interact(click())
    assert private_answer(gateway) == f"That is not a name. Reference `{gateway.only().id}`"


async def test_a_submission_that_fails_closes_the_modal_and_is_reported(gateway: Gateway) -> None:
    async def bug(_: Incoming) -> None:
        raise RuntimeError

    gateway.pipeline.before = bug
    answer = await gateway.interact(submission())
    assert (answer.status_code, answer.text) == (200, "")
    (note,) = gateway.slack.of("chat.postMessage")
    assert note["channel"] == "U0ANA"
    assert gateway.only().id in note["text"]


async def test_a_failure_of_slack_while_reporting_is_only_logged(gateway: Gateway) -> None:
    for method in ("chat.postEphemeral", "chat.postMessage"):
        gateway.slack.always[method] = {"ok": False, "error": "account_inactive"}

    async def bug(_: Incoming) -> None:
        raise RuntimeError

    gateway.pipeline.work = bug
    with structlog.testing.capture_logs() as logs:
        assert (await gateway.send(command("ls"))).status_code == 200
    assert "could not answer" in [one["event"] for one in logs]


async def test_a_hundred_requests_at_once_are_all_accepted(gateway: Gateway) -> None:
    bodies = [command(f"show db-{number}") for number in range(100)]
    answers = await asyncio.gather(
        *(gateway.http.post("/slack/events", content=body, headers=signed(body)) for body in bodies)
    )
    await gateway.tasks.drain(5)
    assert {answer.status_code for answer in answers} == {200}
    assert len(gateway.pipeline.worked) == 100
    assert gateway.slack.calls == []
