"""The acknowledgement doesn't wait for the work. If the work fails, the person gets a message."""

import asyncio
import json
import time

import pytest

from bot.core.requests.incoming import Incoming
from bot.errors import BadInput, NotRecorded
from bot.slack.incoming import listeners
from tests.world import until

from .conftest import Gateway
from .requests import click, command, payload, signed, submission


async def test_the_acknowledgement_does_not_wait_for_the_work(gateway: Gateway) -> None:
    go = asyncio.Event()

    async def slow(_: Incoming) -> None:
        await go.wait()

    gateway.path.work = slow
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

    gateway.path.before = record
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

    gateway.path.before = hang
    started = time.monotonic()
    answers: list[str] = []
    for body in (command("create orders"), payload(click()), payload(submission())):
        answer = await gateway.http.post("/slack/events", content=body, headers=signed(body))
        answers.append(answer.text)
        assert answer.status_code == 200
    assert time.monotonic() - started < 3
    await until(lambda: len(notes(gateway)) == 2, what="two notes")
    in_ack, *others = answers
    assert others == ["", ""]
    for told in (in_ack, *notes(gateway)):
        assert "don't know yet whether this was saved" in told
        assert "Reference `i-" in told
    assert json.loads(in_ack)["response_type"] == "ephemeral", "a crash can't come between it and the acknowledgement"
    go.set()
    assert await gateway.tasks.drain(5)
    assert len(gateway.path.worked) == 2


async def test_a_command_that_is_not_recorded_is_refused_in_its_acknowledgement(gateway: Gateway) -> None:
    async def refuse(_: Incoming) -> None:
        await asyncio.sleep(0.05)
        raise NotRecorded.after(2)

    gateway.path.before = refuse
    for body in (command("create orders"), payload(click())):
        answer = await gateway.send(body)
        told = [answer.text] if answer.text else notes(gateway)
        assert len(told) == 1
        assert "This couldn't be saved" in told[0]
        assert "Reference `i-" in told[0]
        assert bool(answer.text) is body.startswith(b"token="), "only a command's acknowledgement can have a text"


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


@pytest.mark.parametrize("where", ["before", "work"])
async def test_a_bug_is_acknowledged_and_reported_with_its_reference(gateway: Gateway, where: str) -> None:
    async def bug(_: Incoming) -> None:
        raise RuntimeError("secret detail")

    setattr(gateway.path, where, bug)
    answer = await gateway.send(command("ls", response_url=gateway.slack.response_url()))
    assert (answer.status_code, answer.text) == (200, "")
    said = private_answer(gateway)
    assert gateway.only().id in said
    assert "secret detail" not in said


async def test_an_error_that_is_meant_for_people_is_shown_unchanged(gateway: Gateway) -> None:
    async def refuse(_: Incoming) -> None:
        raise BadInput("That is not a name.")

    gateway.path.before = refuse
    await gateway.press(click())
    assert private_answer(gateway).startswith("That is not a name.")


async def test_a_submission_that_fails_closes_the_modal_and_is_reported(gateway: Gateway) -> None:
    async def bug(_: Incoming) -> None:
        raise RuntimeError

    gateway.path.before = bug
    answer = await gateway.press(submission())
    assert (answer.status_code, answer.text) == (200, "")
    assert [call["channel"] for call in gateway.slack.of("chat.postMessage")] == ["U0ANA"]


async def test_a_failure_of_slack_while_reporting_is_only_logged(gateway: Gateway) -> None:
    for method in ("chat.postEphemeral", "chat.postMessage"):
        gateway.slack.always[method] = {"ok": False, "error": "account_inactive"}

    async def bug(_: Incoming) -> None:
        raise RuntimeError

    gateway.path.work = bug
    assert (await gateway.send(command("ls"))).status_code == 200


async def test_a_hundred_requests_at_once_are_all_accepted(gateway: Gateway) -> None:
    bodies = [command(f"show db-{number}") for number in range(100)]
    answers = await asyncio.gather(
        *(gateway.http.post("/slack/events", content=body, headers=signed(body)) for body in bodies)
    )
    await gateway.tasks.drain(5)
    assert {answer.status_code for answer in answers} == {200}
    assert len(gateway.path.worked) == 100
    assert gateway.slack.calls == []
