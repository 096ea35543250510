"""Links to the pages of tickets and incidents in other systems. The policy has their patterns."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

KEY: Final = "{key}"
"""The placeholder in a pattern for the key of a ticket or an incident."""
PATTERN: Final = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9/._?=&%#~+:@,{}-]*")


def is_pattern(text: str) -> bool:
    """Return True if `text` is an https URL whose path or query has one `{key}`."""
    return bool(PATTERN.fullmatch(text)) and text.count("{") == text.count("}") == text.count(KEY) == 1


@dataclass(frozen=True, slots=True)
class Links:
    """The patterns: `https://jira.example.com/browse/{key}`. If empty, keys aren't links."""

    ticket: str = ""
    incident: str = ""

    def ticket_url(self, key: str) -> str:
        """Return the URL of a ticket's page, or an empty text without a pattern."""
        return self.ticket.replace(KEY, quote(key, safe=""))

    def incident_url(self, key: str) -> str:
        """Return the URL of an incident's page, or an empty text without a pattern."""
        return self.incident.replace(KEY, quote(key, safe=""))


NO_LINKS: Final = Links()
