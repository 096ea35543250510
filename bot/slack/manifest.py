"""The Slack app manifest. `manifest.yaml` is the manifest for Socket Mode."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from bot.errors import BadInput
from bot.slack.incoming.bolt import EVENTS_PATH

SCOPES: Final = (
    "commands",
    "chat:write",
    "app_mentions:read",
    "users:read",
    "usergroups:read",
    "channels:read",
    "groups:read",
    "files:write",
)
EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {"app_home_opened": "", "app_mention": "app_mentions:read", "subteam_members_changed": "usergroups:read"}
)
"""The events to which the app subscribes, each with the scope that it needs, or an empty string."""
GLOBAL_SHORTCUT: Final = "turso.command"
MESSAGE_SHORTCUT: Final = "turso.here"


def manifest(url: str | None = None) -> dict[str, Any]:
    """Return the manifest for Socket Mode, or for HTTP at `url`.

    Raises:
        BadInput: the URL isn't an https address that Slack can call.
    """
    address = None if url is None else events_url(url)
    command = {
        "command": "/turso",
        "description": "Manage this channel's Turso databases",
        "usage_hint": "ls | show NAME | usage | create NAME | token NAME | freeze NAME | help",
        "should_escape": True,
    }
    events: dict[str, Any] = {"bot_events": sorted(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if address:
        command["url"] = address
        events = {"request_url": address, **events}
        interactivity |= {"request_url": address, "message_menu_options_url": address}
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Turso Ops",
            "description": "Run your team's Turso databases from the channels where you already work.",
            "long_description": _LONG,
            "background_color": "#0b3d3a",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Turso Ops", "always_online": True},
            "shortcuts": [
                {
                    "name": "Turso",
                    "type": "global",
                    "callback_id": GLOBAL_SHORTCUT,
                    "description": "Choose a command and a channel",
                },
                {
                    "name": "Run a Turso command",
                    "type": "message",
                    "callback_id": MESSAGE_SHORTCUT,
                    "description": "Run a command in the thread of this message",
                },
            ],
            "slash_commands": [command],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": address is None,
            "token_rotation_enabled": False,
        },
    }


def events_url(url: str) -> str:
    """Return the URL that Slack calls. `url` may already contain the path. Raises BadInput."""
    refusal = BadInput("The URL must be where Slack reaches the bot, such as `https://bot.example.com`.")
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise refusal from None
    is_odd = any(sign.isspace() or not sign.isprintable() for sign in parts.geturl())
    if parts.scheme != "https" or not host or is_odd or parts.query or parts.fragment or parts.username:
        raise refusal
    path = parts.path.rstrip("/")
    return f"https://{parts.netloc}{path if path.endswith(EVENTS_PATH) else path + EVENTS_PATH}"


def manifest_yaml(url: str | None = None) -> str:
    """Return the manifest as YAML, ready to paste into "Create an app from a manifest"."""
    return yaml.safe_dump(manifest(url), sort_keys=False, allow_unicode=True, width=120)


_LONG: Final = (
    "List, create and monitor databases. Create short-lived tokens that only you see, and revoke them. Freeze writes "
    "during an incident, and destroy a database with a second person's approval. A policy file that your team reviews "
    "says who can do what, and in which channel. Every operation and every refusal is in a tamper-evident audit log."
)
