"""Delegations: who approves in the place of an approver who is away."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Delegation:
    """One approver's delegate for a while. Each person has at most one."""

    person: str
    """The Slack ID of the approver who is away."""
    delegate: str
    since: datetime
    until: datetime
