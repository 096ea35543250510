"""A payload that passes the check of its format can be read by Bolt and by the bot without an error."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.slack.incoming import payloads
from bot.slack.incoming._payload_validation import Malformed, checked, payload_of
from bot.slack.sdk_logging import bolt_logger

from .requests import click, event, submission, view

AT = datetime(2026, 11, 24, tzinfo=UTC)
leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["U0ANA", "T0ACME", "1.2"])
PARTS = ["id", "type", "team_id", "values", "action_id", "thread_ts", "ts"]
tree = st.recursive(
    leaf,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PARTS), inner, max_size=3),
    max_leaves=8,
)
NAMES = [*click(), *submission(), *event("app_mention"), "callback_id", "action_id", "value", "message_ts", "item"]
TRANSLATIONS = {
    "block_actions": payloads.action,
    "view_submission": payloads.submission,
    "block_suggestion": payloads.options_request,
    "shortcut": payloads.shortcut,
    "message_action": payloads.shortcut,
}


@settings(max_examples=300)
@given(
    base=st.sampled_from([click(), {**click(), "view": view()}, submission(), event("app_mention", user="U0ANA")]),
    kind=st.sampled_from(["block_actions", "view_submission", "block_suggestion", "shortcut", "message_action", None]),
    odd=st.dictionaries(st.sampled_from(sorted(set(NAMES))), tree, max_size=3),
)
def test_payloads_that_pass_the_check_can_be_read(base: dict[str, Any], kind: str | None, odd: dict[str, Any]) -> None:
    body = json.loads(
        json.dumps({**base, "callback_id": "c", "action_id": "a", **({"type": kind} if kind else {}), **odd})
    )
    try:
        checked(body)
    except Malformed:
        return
    AsyncBoltRequest(body=body, mode="socket_mode", context={"logger": bolt_logger()})
    if translate := TRANSLATIONS.get(body["type"]):
        translate(body, AT)
    elif body["type"] == "event_callback":
        payloads.mention(body, AT, "U0BOT")
        payloads.home(body, AT)


@settings(max_examples=200)
@given(st.text(max_size=40) | tree.map(json.dumps))
def test_a_text_is_either_an_object_in_a_known_format_or_malformed(text: str) -> None:
    with suppress(Malformed):
        assert isinstance(payload_of(text), dict)


@pytest.mark.parametrize(
    "body", [click(), {**click(), "view": view()}, submission(), event("app_mention", user="U0ANA", channel="C1")]
)
def test_payloads_like_those_of_slack_pass(body: dict[str, Any]) -> None:
    assert checked(body) is body


def test_additional_fields_pass() -> None:
    assert checked({**click(), "something_new": [1, {"a": None}]})
