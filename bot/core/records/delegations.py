"""Delegations: who may approve on behalf of an approver who is away."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Delegation:
    """A person who acts for an approver for a while. Each approver has at most one."""

    person: str
    """The Slack ID of the approver who is away."""
    delegate: str
    since: datetime
    until: datetime
