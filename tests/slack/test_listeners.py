"""Commands, clicks, forms, shortcuts, mentions and opened Home tabs reach the pipeline as an `Incoming`."""

import asyncio
import re
from typing import Any

import pytest
import structlog

from bot.core.ports import Ack
from bot.core.requests.incoming import Incoming, Kind
from bot.slack.incoming import listeners

from .conftest import Gateway
from .requests import click, command, event, payload, signed, submission, view


async def test_a_command_becomes_an_incoming(gateway: Gateway) -> None:
    url = gateway.slack.response_url()
    await gateway.send(command("token orders --reason &lt;b&gt;", response_url=url, trigger_id="1.2.3"))
    incoming = gateway.only()
    assert re.fullmatch(r"i-[a-z2-7]{10}", incoming.id)
    assert (incoming.kind, incoming.user_id, incoming.channel_id) == (Kind.COMMAND, "U0ANA", "C0DBOPS")
    assert (incoming.user_team_id, incoming.trigger_id, incoming.response_url) == ("T0ACME", "1.2.3", url)
    assert incoming.text == "token orders --reason &lt;b&gt;"
    assert "1.2.3" not in repr(incoming)
    assert url not in repr(incoming)


async def test_any_command_name_is_accepted(gateway: Gateway) -> None:
    await gateway.send(command("ls", command="/turso-staging"))
    assert gateway.only().text == "ls"


async def test_a_redelivery_has_the_same_key_and_each_request_has_its_own(gateway: Gateway) -> None:
    body = command("ls")
    await gateway.send(body)
    await gateway.send(body)
    await gateway.send(command("ls"))
    keys = [incoming.key for incoming in gateway.pipeline.received]
    assert keys[0] == keys[1] != keys[2]
    assert len({incoming.id for incoming in gateway.pipeline.received}) == 3


async def test_a_click_on_a_button_becomes_an_incoming(gateway: Gateway) -> None:
    await gateway.interact(click("approval.approve", "r-abc", response_url=gateway.slack.response_url()))
    incoming = gateway.only()
    assert (incoming.kind, incoming.action_id, incoming.value) == (Kind.ACTION, "approval.approve", "r-abc")
    assert (incoming.user_id, incoming.user_team_id, incoming.channel_id) == ("U0ANA", "T0ACME", "C0DBOPS")
    assert (incoming.message_ts, incoming.thread_ts) == ("1793500001.000100", "1793499000.000200")
    assert not incoming.is_ephemeral


async def test_a_click_has_the_values_of_the_inputs_in_its_message_or_view(gateway: Gateway) -> None:
    state = {"values": {"reason": {"form.input": {"type": "plain_text_input", "value": "why"}}}}
    await gateway.interact(click(state=state))
    await gateway.interact({**click(), "view": {**view(), "state": state}})
    assert [incoming.values for incoming in gateway.pipeline.received] == [{"reason": "why"}] * 2


@pytest.mark.parametrize(
    "odd",
    [{"user": {"id": "u0ana"}}, {"user": {"name": "ana"}}, {"channel": {"id": "../../etc"}}],
    ids=["invalid person", "no person", "invalid channel"],
)
async def test_a_click_without_a_valid_person_or_channel_does_not_reach_the_pipeline(
    gateway: Gateway, odd: dict[str, Any]
) -> None:
    assert (await gateway.interact({**click(), **odd})).status_code == 200
    assert gateway.pipeline.received == []


async def test_a_button_in_an_ephemeral_message_is_marked(gateway: Gateway) -> None:
    container = {"type": "message", "message_ts": "1.2", "channel_id": "C0DBOPS", "is_ephemeral": True}
    await gateway.interact({**click(container=container), "message": None})
    assert gateway.only().is_ephemeral


async def test_a_button_in_home_has_no_channel(gateway: Gateway) -> None:
    pressed = click(container={"type": "view", "view_id": "V9"}, view={"id": "V9", "type": "home", "callback_id": ""})
    for name in ("channel", "message"):
        del pressed[name]
    await gateway.interact(pressed)
    assert (gateway.only().channel_id, gateway.only().view_id) == ("", "V9")


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
async def test_the_selected_value_of_each_kind_of_element_is_read(
    gateway: Gateway, element: dict[str, Any], value: str
) -> None:
    await gateway.interact(click(actions=[{"action_id": "a", "block_id": "b", **element}]))
    assert gateway.only().value == value


async def test_the_inputs_of_a_submission_become_plain_values(gateway: Gateway) -> None:
    state = {
        "arg.name": {"form.database": {"type": "external_select", "selected_option": {"value": "orders"}}},
        "arg.for": {"form.input": {"type": "plain_text_input", "value": "30m"}},
        "reason": {"form.input": {"type": "plain_text_input", "value": None}},
        "flags": {"form.input": {"type": "checkboxes", "selected_options": [{"value": "--reads"}]}},
        "channel": {"form.input": {"type": "conversations_select", "selected_conversation": "C0DBOPS"}},
        "two": {"a": {"value": "1"}, "b": {"value": "2"}},
    }
    answer = await gateway.interact(submission(view=view("form.freeze", state)))
    incoming = gateway.only()
    assert (answer.status_code, answer.text) == (200, "")
    assert (incoming.kind, incoming.action_id, incoming.value, incoming.view_id) == (
        Kind.SUBMISSION,
        "form.freeze",
        "i-opened",
        "V1",
    )
    assert incoming.values == {
        "arg.name": "orders",
        "arg.for": "30m",
        "reason": None,
        "flags": ["--reads"],
        "channel": "C0DBOPS",
        "two": "1",
        "a": "1",
        "b": "2",
    }


async def test_field_errors_are_returned_in_the_response_to_the_submission(gateway: Gateway) -> None:
    gateway.pipeline.answer = Ack({"response_action": "errors", "errors": {"arg.name": "There is none."}})
    answer = await gateway.interact(submission())
    assert answer.json() == {"response_action": "errors", "errors": {"arg.name": "There is none."}}
    assert gateway.slack.calls == [], "the person gets no other message"


async def test_a_submission_with_several_response_urls_is_accepted(gateway: Gateway) -> None:
    addresses = [{"response_url": gateway.slack.response_url(name), "channel_id": "C0DBOPS"} for name in ("a", "b")]
    assert (await gateway.interact({**submission(), "response_urls": addresses})).status_code == 200
    assert [incoming.kind.value for incoming in gateway.pipeline.received] == ["submission"]


async def test_a_submission_is_never_answered_with_a_secret(gateway: Gateway) -> None:
    token = "eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8ifQ.c2lnbmF0dXJl"
    gateway.pipeline.answer = Ack({"response_action": "update", "view": {"type": "modal", "blocks": [{"text": token}]}})
    answer = await gateway.interact(submission())
    assert answer.json() == {"response_action": "update", "view": {"type": "modal", "blocks": [{"text": "[hidden]"}]}}


async def test_the_work_of_a_submission_follows_its_acknowledgement(gateway: Gateway) -> None:
    acknowledged, done = asyncio.Event(), asyncio.Event()

    async def then() -> None:
        await acknowledged.wait()
        done.set()

    gateway.pipeline.answer = Ack(then=then)
    body = payload(submission())
    answer = await gateway.http.post("/slack/events", content=body, headers=signed(body))
    assert (answer.status_code, done.is_set()) == (200, False)
    acknowledged.set()
    assert await gateway.tasks.drain(5)
    assert done.is_set()


async def test_a_closed_modal_is_acknowledged(gateway: Gateway) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await gateway.interact({**submission(), "type": "view_closed", "is_cleared": False})
    assert answer.status_code == 200
    assert logs == [], "a request without an acknowledgement would be logged"
    assert gateway.pipeline.received == []


async def test_at_most_a_hundred_options_are_offered(gateway: Gateway) -> None:
    option = {"text": {"type": "plain_text", "text": "orders"}, "value": "orders"}
    gateway.pipeline.offered = [option] * 150
    asked = {**submission(), "type": "block_suggestion", "action_id": "form.database", "value": "or"}
    answer = await gateway.interact(asked)
    assert len(answer.json()["options"]) == 100


async def test_the_pipeline_gets_what_was_typed_into_a_menu_and_in_which_form(gateway: Gateway) -> None:
    await gateway.interact({**submission(), "type": "block_suggestion", "action_id": "form.database", "value": "or"})
    assert gateway.pipeline.typed == ["or"]
    assert (gateway.only().action_id, gateway.only().value) == ("form.create", "i-opened")


async def test_no_options_are_offered_if_the_pipeline_fails_or_hangs(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {**submission(), "type": "block_suggestion", "action_id": "form.database", "value": ""}

    async def fail(_: Incoming) -> None:
        raise RuntimeError("no")

    gateway.pipeline.before = fail
    assert (await gateway.interact(asked)).json() == {"options": []}
    monkeypatch.setattr(listeners, "OPTIONS_WITHIN_SECONDS", 0.05)

    async def hang(_: Incoming) -> None:
        await asyncio.sleep(60)

    gateway.pipeline.before = hang
    assert (await gateway.interact(asked)).json() == {"options": []}


async def test_global_and_message_shortcuts_become_incomings(gateway: Gateway) -> None:
    everywhere = {"type": "shortcut", "callback_id": "turso.command", "user": {"id": "U0ANA"}, "trigger_id": "1.1.1"}
    await gateway.interact(everywhere)
    here = {
        **everywhere,
        "type": "message_action",
        "channel": {"id": "C0DBOPS"},
        "message_ts": "5.6",
        "message": {"ts": "5.6"},
    }
    await gateway.interact(here)
    first, second = gateway.pipeline.received
    assert (first.kind, first.action_id, first.channel_id) == (Kind.SHORTCUT, "turso.command", "")
    assert (second.channel_id, second.thread_ts) == ("C0DBOPS", "5.6")


async def test_a_mention_in_a_thread_is_handled_as_a_command_in_that_thread(gateway: Gateway) -> None:
    await gateway.event(
        event("app_mention", user="U0ANA", channel="C0DBOPS", ts="7.8", thread_ts="5.6", team="T0ACME",
              text="hey <@U0BOT|Turso Ops> show <@U0BEN> orders")
    )  # fmt: skip
    incoming = gateway.only()
    assert (incoming.kind, incoming.text, incoming.thread_ts) == (Kind.MENTION, "show <@U0BEN> orders", "5.6")
    assert (incoming.message_ts, incoming.trigger_id, incoming.response_url) == ("7.8", None, None)


async def test_a_mention_outside_a_thread_starts_one(gateway: Gateway) -> None:
    await gateway.event(event("app_mention", user="U0ANA", channel="C0DBOPS", ts="7.8", text="<@U0BOT>"))
    assert (gateway.only().thread_ts, gateway.only().text) == ("7.8", "")


@pytest.mark.parametrize(
    "who", [{"user": "U0BOT"}, {"user": "U0ROBOT", "bot_id": "B1"}, {"user": "U1", "subtype": "bot_message"}]
)
async def test_messages_of_bots_are_not_commands(gateway: Gateway, who: dict[str, str]) -> None:
    mention = event("app_mention", channel="C0DBOPS", ts="7.8", text="<@U0BOT> ls", **who)
    assert (await gateway.event(mention)).status_code == 200
    assert gateway.pipeline.received == []


async def test_an_opened_home_is_handled_and_an_opened_messages_tab_is_not(gateway: Gateway) -> None:
    await gateway.event(event("app_home_opened", user="U0ANA", channel="D1", tab="messages"))
    await gateway.event(event("app_home_opened", user="U0ANA", channel="D1", tab="home"))
    assert (gateway.only().kind, gateway.only().user_id) == (Kind.HOME, "U0ANA")


async def test_an_unknown_event_is_acknowledged(gateway: Gateway) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await gateway.event(event("reaction_added", user="U0ANA", item={"channel": "C1"}))
    assert answer.status_code == 200
    assert logs == [], "a request without an acknowledgement would be logged"
    assert gateway.pipeline.received == []
