"""The manifest: its scopes and events are those that the bot uses, and it keeps Slack's limits."""

import ast
from pathlib import Path

import pytest
import yaml

import bot
from bot.errors import BadInput
from bot.slack import manifest as module
from bot.slack.manifest import EVENTS, SCOPES, events_url, manifest, manifest_yaml

SCOPE_OF_METHOD = {
    "auth.test": None,
    "apps.connections.open": None,
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "chat.getPermalink": None,
    "conversations.info": "channels:read",
    "conversations.members": "channels:read",
    "users.conversations": "channels:read",
    "users.info": "users:read",
    "users.list": "users:read",
    "usergroups.users.list": "usergroups:read",
    "views.open": None,
    "views.update": None,
    "views.publish": None,
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "bots.info": "users:read",
    "team.info": "team:read",
}
OTHER_SCOPES = {"commands", "app_mentions:read", "groups:read"}
"""Scopes for commands and shortcuts, for mentions, and for `conversations.info` of private channels."""
GATEWAY = Path(bot.__file__).parent / "slack"
ROOT = Path(bot.__file__).parent.parent


def called_methods() -> set[str]:
    """Return the names of Slack methods among the strings in the Slack gateway's source."""
    prefixes = (
        "auth.",
        "apps.",
        "chat.",
        "conversations.",
        "users.",
        "usergroups.",
        "views.",
        "files.",
        "bots.",
        "team.",
    )
    found = set()
    for path in GATEWAY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(prefixes):
                found.add(node.value)
    names = {name for name in found if name.count(".") <= 2 and " " not in name and not name.endswith(".")}
    return names - {"files.upload"}  # the metrics' name for the upload to Slack's upload URL


def test_the_scopes_are_exactly_those_that_the_bot_needs() -> None:
    needed = {SCOPE_OF_METHOD[method] for method in called_methods()} - {None}
    assert needed | OTHER_SCOPES == set(SCOPES)
    assert len(SCOPES) == len(set(SCOPES))
    assert manifest()["oauth_config"] == {"scopes": {"bot": list(SCOPES)}}


def test_every_event_has_its_scope_and_its_listener() -> None:
    assert {scope for scope in EVENTS.values() if scope} <= set(SCOPES)
    text = (GATEWAY / "incoming/listeners.py").read_text() + (GATEWAY / "lookups/directory.py").read_text()
    assert all(event in text for event in EVENTS)
    assert manifest()["settings"]["event_subscriptions"]["bot_events"] == sorted(EVENTS)


def test_manifest_yaml_is_the_output_of_the_command() -> None:
    assert (ROOT / "manifest.yaml").read_text() == manifest_yaml()
    assert yaml.safe_load(manifest_yaml()) == manifest()


def test_the_manifest_for_socket_mode_has_no_address_and_the_one_for_http_has_all() -> None:
    assert "https://" not in manifest_yaml()
    assert manifest()["settings"]["socket_mode_enabled"] is True
    settings = manifest("https://bot.example.com")["settings"]
    address = "https://bot.example.com/slack/events"
    assert settings["socket_mode_enabled"] is False
    assert settings["event_subscriptions"]["request_url"] == address
    assert settings["interactivity"] == {
        "is_enabled": True,
        "request_url": address,
        "message_menu_options_url": address,
    }
    assert manifest("https://bot.example.com")["features"]["slash_commands"][0]["url"] == address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("https://bot.example.com/", "https://bot.example.com/slack/events"),
        ("https://bot.example.com/slack/events", "https://bot.example.com/slack/events"),
        ("https://example.com:8443/ops", "https://example.com:8443/ops/slack/events"),
    ],
)
def test_the_path_is_added_to_an_address_without_it(given: str, address: str) -> None:
    assert events_url(given) == address


@pytest.mark.parametrize(
    "url",
    [
        "http://bot.example.com", "bot.example.com", "", "https://", "https://a/?x=1", "ftp://a", "https://[",
        "https://a:99999", "https://a b", "https://a/b c",
    ],
)  # fmt: skip
def test_an_address_that_is_not_an_https_url_is_refused(url: str) -> None:
    with pytest.raises(BadInput):
        manifest(url)


def test_the_manifest_keeps_slacks_limits() -> None:
    shown = manifest()["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 175 <= len(shown["long_description"]) <= 4000


def test_the_manifest_has_the_command_the_home_tab_and_both_shortcuts() -> None:
    features = manifest()["features"]
    (command,) = features["slash_commands"]
    assert (command["command"], command["should_escape"]) == ("/turso", True)
    assert command["usage_hint"]
    assert features["app_home"]["home_tab_enabled"]
    assert {(one["type"], one["callback_id"]) for one in features["shortcuts"]} == {
        ("global", module.GLOBAL_SHORTCUT),
        ("message", module.MESSAGE_SHORTCUT),
    }
