"""Turns typed text into the text that the app receives, as Slack's client does."""

from __future__ import annotations

import re

from bot.sandbox.workspace.state import State

_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_TYPED = re.compile(
    r"(?P<raw><(?:[@#!][^<>\s]+|https?://[^<>\s]+|mailto:[^<>\s]+)>)"
    r"|(?P<mail>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<url>https?://[^\s<>]+)"
    r"|@(?P<at>[\w.-]+)"
    r"|#(?P<hash>[\w-]+)"
    r"|(?P<host>(?<![\w./@-])(?:[a-z0-9-]+\.)+(?:com|io|net|org|dev|app|tech|example)(?::\d+)?(?:/[^\s<>]*)?(?![\w-]))",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?<![<\w|])(?:@(?P<at>[\w.-]+)|#(?P<hash>[\w-]+))")


def entities(text: str) -> str:
    """Escape the three characters that Slack escapes in everything that people type."""
    for plain, escaped in _ENTITIES:
        text = text.replace(plain, escaped)
    return text


def with_smart_punctuation(text: str) -> str:
    """Apply the smart punctuation of phones and desktops to a typed line."""
    text = re.sub(r"--", "—", text)
    text = re.sub(r'(^|[\s=(])"', r"\1“", text).replace('"', "”")
    return re.sub(r"(^|[\s=(])'", r"\1‘", text).replace("'", "’")


class Escaper:
    """Turns typed text into Slack's `<…>` forms, with the names of this workspace."""

    def __init__(self, state: State) -> None:
        self._state = state

    def escape(self, text: str) -> str:
        """Turn mentions and links into `<…>` forms, and escape the rest, for messages and `should_escape` commands."""
        text = text.replace(f"@{self._state.app.name}", f"<@{self._state.app.bot_user_id}>")
        done, written = 0, []
        for found in _TYPED.finditer(text):
            written += [entities(text[done : found.start()]), self._rewritten(found)]
            done = found.end()
        return "".join([*written, entities(text[done:])])

    def link_names(self, text: str) -> str:
        """Apply `link_names` or `parse: full` to a text from the app: `@name` and `#name` become mentions and links."""

        def linked(found: re.Match[str]) -> str:
            whole = found.group(0)
            made = self._mention(found["at"], whole) if found["at"] else self._channel(found["hash"], whole)
            return made if made.startswith("<") else whole

        return _NAMED.sub(linked, text)

    def _rewritten(self, found: re.Match[str]) -> str:
        whole = found.group(0)
        if found.group("raw"):
            return self._chosen(whole)
        if mail := found.group("mail"):
            return f"<mailto:{mail}|{mail}>"
        if found.group("url"):
            return f"<{entities(whole)}>"
        if name := found.group("at"):
            return self._mention(name, whole)
        if name := found.group("hash"):
            return self._channel(name, whole)
        return f"<http://{whole}|{whole}>"

    def _chosen(self, whole: str) -> str:
        """Add the label to a mention picked from the client's suggestions. Other `<…>` forms stay as they are."""
        inner = whole[1:-1]
        if inner.startswith("@") and "|" not in inner and (person := self._state.people.get(inner[1:])):
            return f"<@{person.id}|{person.name}>"
        if inner.startswith("#") and "|" not in inner and inner[1:] in self._state.channels:
            return self._channel_form(inner[1:])
        return whole

    def _mention(self, name: str, whole: str) -> str:
        if name in ("here", "channel", "everyone"):
            return f"<!{name}>"
        for person in self._state.people.values():
            if person.name == name:
                return f"<@{person.id}|{person.name}>"
        for group in self._state.usergroups.values():
            if group.handle == name:
                return f"<!subteam^{group.id}|@{group.handle}>"
        return entities(whole)

    def _channel(self, name: str, whole: str) -> str:
        for channel in self._state.channels.values():
            if channel.name == name and not channel.is_im:
                return self._channel_form(channel.id)
        return entities(whole)

    def _channel_form(self, channel_id: str) -> str:
        channel = self._state.channels[channel_id]
        return f"<#{channel.id}|>" if channel.is_private else f"<#{channel.id}|{channel.name}>"
