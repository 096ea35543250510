"""The installed app: the scopes and features in its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SlashCommand:
    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True)
class Shortcut:
    name: str
    type: str  # global or message
    callback_id: str
    description: str = ""


@dataclass(frozen=True)
class InstalledApp:
    """The app that is installed in the workspace. Payloads contain its IDs."""

    name: str
    bot_name: str
    scopes: tuple[str, ...]
    commands: Mapping[str, SlashCommand] = field(default_factory=dict)
    shortcuts: tuple[Shortcut, ...] = ()
    events: frozenset[str] = frozenset()
    home_tab: bool = False
    messages_tab: bool = False
    messages_tab_read_only: bool = True
    interactive: bool = False
    app_id: str = "A0TURSO"
    bot_id: str = "B0TURSO"
    bot_user_id: str = "U0TURSO"

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> InstalledApp:
        """Return the app that a Slack app manifest describes."""
        features, settings = manifest.get("features", {}), manifest.get("settings", {})
        home = features.get("app_home", {})
        commands = [_command(each) for each in features.get("slash_commands", [])]
        return cls(
            name=manifest.get("display_information", {}).get("name", "App"),
            bot_name=features.get("bot_user", {}).get("display_name", "app"),
            scopes=tuple(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])),
            commands={each.command: each for each in commands},
            shortcuts=tuple(_shortcut(each) for each in features.get("shortcuts", [])),
            events=frozenset(settings.get("event_subscriptions", {}).get("bot_events", [])),
            home_tab=bool(home.get("home_tab_enabled", False)),
            messages_tab=bool(home.get("messages_tab_enabled", False)),
            messages_tab_read_only=bool(home.get("messages_tab_read_only_enabled", True)),
            interactive=bool(settings.get("interactivity", {}).get("is_enabled", False)),
        )

    def has(self, scope: str) -> bool:
        return scope in self.scopes


def _command(found: Mapping[str, Any]) -> SlashCommand:
    return SlashCommand(
        command=str(found["command"]),
        description=str(found.get("description", "")),
        usage_hint=str(found.get("usage_hint", "")),
        should_escape=bool(found.get("should_escape", False)),
    )


def _shortcut(found: Mapping[str, Any]) -> Shortcut:
    return Shortcut(
        name=str(found["name"]),
        type=str(found["type"]),
        callback_id=str(found["callback_id"]),
        description=str(found.get("description", "")),
    )
