"""Links to the pages of tickets and incidents in other systems, built from patterns in the policy."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

KEY: Final = "{key}"
"""The placeholder in a pattern for the key of a ticket or an incident."""
PATTERN: Final = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9/._?=&%#~+:@,{}-]*")


def is_pattern(text: str) -> bool:
    """Return True if `text` is an https URL with one `{key}` after the host."""
    return bool(PATTERN.fullmatch(text)) and text.count("{") == text.count("}") == text.count(KEY) == 1


@dataclass(frozen=True, slots=True)
class Links:
    """URL patterns such as `https://jira.example.com/browse/{key}`. Without a pattern, keys are shown as plain text."""

    ticket: str = ""
    incident: str = ""

    def ticket_url(self, key: str) -> str:
        """Return the URL of a ticket's page, or an empty string without a pattern."""
        return self.ticket.replace(KEY, quote(key, safe=""))

    def incident_url(self, key: str) -> str:
        """Return the URL of an incident's page, or an empty string without a pattern."""
        return self.incident.replace(KEY, quote(key, safe=""))


NO_LINKS: Final = Links()
