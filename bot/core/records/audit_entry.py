"""One entry of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

TIMER: Final = "timer"
"""The user ID in audit entries about what the bot did without a person, such as the work of a timer."""
POLICY_FILE: Final = "policy"
"""The user ID in audit entries about policy changes, because the bot can't know who edited the file."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit log, before it gets its hash."""

    at: datetime
    event: str
    """What happened: `asked`, `approved`, `denied`, `executed`, `refused`, `read`, `expired`, `revealed`, …"""
    outcome: str
    """The result: `allowed`, `succeeded`, `failed`, `unknown`, `stale`, `denied`, `expired`, …"""
    user_id: str
    channel_id: str
    command: str = ""
    databases: tuple[str, ...] = ()
    organization: str = ""
    request_id: str = ""
    rule: str = ""
    reason: str = ""
    policy_hash: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON without secrets: plan hash, ticket, incident, who voted."""
