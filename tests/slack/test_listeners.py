"""Every request of Slack is acknowledged and reaches the pipeline as an `Incoming`. The person gets an answer."""

import asyncio
import re
from typing import Any

import pytest

from bot.core.ports import Ack
from bot.core.requests.incoming import Incoming, Kind
from bot.slack.incoming import listeners

from .conftest import House
from .requests import click, command, event, submission, view


async def test_a_command_is_translated(house: House) -> None:
    url = house.slack.response_url()
    await house.send(command("token orders --reason &lt;b&gt;", response_url=url, trigger_id="1.2.3"))
    came = house.only()
    assert re.fullmatch(r"i-[a-z2-7]{10}", came.id)
    assert (came.kind, came.user_id, came.channel_id) == (Kind.COMMAND, "U0ANA", "C0DBOPS")
    assert (came.user_team_id, came.trigger_id, came.response_url) == ("T0ACME", "1.2.3", url)
    assert came.text == "token orders --reason &lt;b&gt;"
    assert "1.2.3" not in repr(came)
    assert url not in repr(came)


async def test_any_command_name_is_accepted(house: House) -> None:
    await house.send(command("ls", command="/turso-staging"))
    assert house.only().text == "ls"


async def test_a_redelivery_has_the_same_key_and_another_request_has_another(house: House) -> None:
    body = command("ls")
    await house.send(body)
    await house.send(body)
    await house.send(command("ls"))
    keys = [came.key for came in house.path.came]
    assert keys[0] == keys[1] != keys[2]
    assert len({came.id for came in house.path.came}) == 3


async def test_a_button_is_translated(house: House) -> None:
    await house.press(click("approval.approve", "r-abc", response_url=house.slack.response_url()))
    came = house.only()
    assert (came.kind, came.action_id, came.value) == (Kind.ACTION, "approval.approve", "r-abc")
    assert (came.user_id, came.user_team_id, came.channel_id) == ("U0ANA", "T0ACME", "C0DBOPS")
    assert (came.message_ts, came.thread_ts) == ("1793500001.000100", "1793499000.000200")
    assert not came.is_ephemeral


async def test_a_button_in_an_ephemeral_message_is_marked(house: House) -> None:
    container = {"type": "message", "message_ts": "1.2", "channel_id": "C0DBOPS", "is_ephemeral": True}
    await house.press({**click(container=container), "message": None})
    assert house.only().is_ephemeral


async def test_a_button_in_home_has_no_channel(house: House) -> None:
    pressed = click(container={"type": "view", "view_id": "V9"}, view={"id": "V9", "type": "home", "callback_id": ""})
    for name in ("channel", "message"):
        del pressed[name]
    await house.press(pressed)
    assert (house.only().channel_id, house.only().view_id) == ("", "V9")


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ({"type": "static_select", "selected_option": {"value": "eu"}}, "eu"),
        ({"type": "static_select", "selected_option": None}, ""),
        ({"type": "users_select", "selected_user": "U1"}, "U1"),
        ({"type": "conversations_select", "selected_conversation": "C1"}, "C1"),
        ({"type": "overflow", "selected_option": {"value": "r-1"}}, "r-1"),
        ({"type": "checkboxes", "selected_options": [{"value": "--now"}, {"value": "b"}]}, "--now"),
        ({"type": "button"}, ""),
    ],
)
async def test_the_values_of_other_elements_are_translated(house: House, element: dict[str, Any], value: str) -> None:
    await house.press(click(actions=[{"action_id": "a", "block_id": "b", **element}]))
    assert house.only().value == value


async def test_a_submission_has_its_inputs_as_plain_values(house: House) -> None:
    state = {
        "arg.name": {"form.database": {"type": "external_select", "selected_option": {"value": "orders"}}},
        "arg.for": {"form.input": {"type": "plain_text_input", "value": "30m"}},
        "reason": {"form.input": {"type": "plain_text_input", "value": None}},
        "flags": {"form.input": {"type": "checkboxes", "selected_options": [{"value": "--reads"}]}},
        "channel": {"form.input": {"type": "conversations_select", "selected_conversation": "C0DBOPS"}},
        "two": {"a": {"value": "1"}, "b": {"value": "2"}},
    }
    answer = await house.press(submission(view=view("form.freeze", state)))
    came = house.only()
    assert (answer.status_code, answer.text) == (200, "")
    assert (came.kind, came.action_id, came.value, came.view_id) == (Kind.SUBMISSION, "form.freeze", "i-opened", "V1")
    assert came.values == {
        "arg.name": "orders",
        "arg.for": "30m",
        "reason": None,
        "flags": ["--reads"],
        "channel": "C0DBOPS",
        "two": "1",
        "a": "1",
        "b": "2",
    }


async def test_errors_of_a_submission_are_answered_at_once(house: House) -> None:
    house.path.answer = Ack({"response_action": "errors", "errors": {"arg.name": "There is none."}})
    answer = await house.press(submission())
    assert answer.json() == {"response_action": "errors", "errors": {"arg.name": "There is none."}}


async def test_a_submission_with_several_response_urls_is_accepted(house: House) -> None:
    addresses = [{"response_url": house.slack.response_url(name), "channel_id": "C0DBOPS"} for name in ("a", "b")]
    assert (await house.press({**submission(), "response_urls": addresses})).status_code == 200
    assert [came.kind.value for came in house.path.came] == ["submission"]


async def test_a_submission_is_never_answered_with_a_secret(house: House) -> None:
    token = "eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8ifQ.c2lnbmF0dXJl"
    house.path.answer = Ack({"response_action": "update", "view": {"type": "modal", "blocks": [{"text": token}]}})
    answer = await house.press(submission())
    assert answer.json() == {"response_action": "update", "view": {"type": "modal", "blocks": [{"text": "[hidden]"}]}}


async def test_the_work_of_a_submission_follows_its_acknowledgement(house: House) -> None:
    done = asyncio.Event()

    async def then() -> None:
        done.set()

    house.path.answer = Ack(then=then)
    await house.press(submission())
    assert done.is_set()


async def test_a_closed_modal_is_acknowledged(house: House) -> None:
    assert (await house.press({**submission(), "type": "view_closed", "is_cleared": False})).status_code == 200
    assert house.path.came == []


async def test_at_most_a_hundred_options_are_offered(house: House) -> None:
    option = {"text": {"type": "plain_text", "text": "orders"}, "value": "orders"}
    house.path.offered = [option] * 150
    asked = {**submission(), "type": "block_suggestion", "action_id": "form.database", "value": "or"}
    answer = await house.press(asked)
    assert len(answer.json()["options"]) == 100
    assert house.path.typed == ["or"]
    assert (house.only().action_id, house.only().value) == (submission()["view"]["callback_id"], "i-opened")


async def test_options_that_fail_or_hang_are_answered_with_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {**submission(), "type": "block_suggestion", "action_id": "form.database", "value": ""}

    async def fail(_: Incoming) -> None:
        raise RuntimeError("no")

    house.path.before = fail
    assert (await house.press(asked)).json() == {"options": []}
    monkeypatch.setattr(listeners, "OPTIONS_WITHIN_SECONDS", 0.05)

    async def hang(_: Incoming) -> None:
        await asyncio.sleep(60)

    house.path.before = hang
    assert (await house.press(asked)).json() == {"options": []}


async def test_shortcuts_are_translated(house: House) -> None:
    everywhere = {"type": "shortcut", "callback_id": "turso.command", "user": {"id": "U0ANA"}, "trigger_id": "1.1.1"}
    await house.press(everywhere)
    here = {
        **everywhere,
        "type": "message_action",
        "channel": {"id": "C0DBOPS"},
        "message_ts": "5.6",
        "message": {"ts": "5.6"},
    }
    await house.press(here)
    first, second = house.path.came
    assert (first.kind, first.action_id, first.channel_id) == (Kind.SHORTCUT, "turso.command", "")
    assert (second.channel_id, second.thread_ts) == ("C0DBOPS", "5.6")


async def test_a_mention_is_a_command_in_its_thread(house: House) -> None:
    await house.event(
        event("app_mention", user="U0ANA", channel="C0DBOPS", ts="7.8", thread_ts="5.6", team="T0ACME",
              text="hey <@U0BOT|Turso Ops> show <@U0BEN> orders")
    )  # fmt: skip
    came = house.only()
    assert (came.kind, came.text, came.thread_ts) == (Kind.MENTION, "show <@U0BEN> orders", "5.6")
    assert (came.message_ts, came.trigger_id, came.response_url) == ("7.8", None, None)


async def test_a_mention_outside_a_thread_starts_one(house: House) -> None:
    await house.event(event("app_mention", user="U0ANA", channel="C0DBOPS", ts="7.8", text="<@U0BOT>"))
    assert (house.only().thread_ts, house.only().text) == ("7.8", "")


@pytest.mark.parametrize(
    "who", [{"user": "U0BOT"}, {"user": "U0ROBOT", "bot_id": "B1"}, {"user": "U1", "subtype": "bot_message"}]
)
async def test_messages_of_bots_are_not_commands(house: House, who: dict[str, str]) -> None:
    mention = event("app_mention", channel="C0DBOPS", ts="7.8", text="<@U0BOT> ls", **who)
    assert (await house.event(mention)).status_code == 200
    assert house.path.came == []


async def test_an_opened_home_is_handled_and_an_opened_messages_tab_is_not(house: House) -> None:
    await house.event(event("app_home_opened", user="U0ANA", channel="D1", tab="messages"))
    await house.event(event("app_home_opened", user="U0ANA", channel="D1", tab="home"))
    assert (house.only().kind, house.only().user_id) == (Kind.HOME, "U0ANA")


async def test_an_unknown_event_is_acknowledged(house: House) -> None:
    assert (await house.event(event("reaction_added", user="U0ANA", item={"channel": "C1"}))).status_code == 200
    assert house.path.came == []
