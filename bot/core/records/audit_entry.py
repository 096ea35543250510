"""One entry of the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

TIMER: Final = "timer"
"""The actor in the audit log for what a timer did."""
POLICY_FILE: Final = "policy"
"""The actor in the audit log for a policy change. The bot can't know who edited the file."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit log, before it gets its hash."""

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
    """Plain JSON without secrets: plan hash, ticket, incident, who voted."""
