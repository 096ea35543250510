"""One entry of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

TIMER: Final = "timer"
"""Who acts, in the audit log, when nobody does."""
POLICY_FILE: Final = "policy"
"""Who acts, in the audit log, when the policy file was changed; who changed it, the bot cannot know."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log, before it is chained."""

    at: datetime
    event: str
    """`asked`, `approved`, `denied`, `executed`, `refused`, `read`, `expired`, `revealed`, …"""
    outcome: str
    """`allowed`, `succeeded`, `failed`, `unknown`, `stale`, `denied`, `expired`, …"""
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
    """Plain JSON, no secret: plan hash, ticket, incident, who voted."""
