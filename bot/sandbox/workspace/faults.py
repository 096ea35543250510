"""Faults that can be switched on: failures of Slack, or of the network to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

Trouble = Literal[
    # the app's calls (Web API methods and, as method `response_url`, its answers)
    "slow",  # answered after `seconds`
    "ratelimited",  # HTTP 429 with `Retry-After: seconds`
    "server_error",  # HTTP `status`, nothing done
    "api_error",  # 200 with `error`, and nothing is done. Any word works, even one that Slack doesn't use
    "html",  # HTTP `status` with a web page instead of JSON, nothing done
    "drop",  # the connection breaks, nothing done
    "silent",  # never answered, nothing done: the caller waits until it gives up
    "lost_answer",  # done, but the connection breaks before the answer
    "silent_after",  # done, and never answered
    "malformed",  # done, and each field of the answer but `ok` has another type than Slack documents
    "bare",  # done, and the answer is `ok` and nothing else
    "lost_ephemeral",  # postEphemeral says ok and nobody sees it
    # deliveries to the app (`method` matches the kind: slash_commands, block_actions, event:app_mention, ...)
    "slow_delivery",  # sent after `seconds`
    "duplicate",  # sent twice
    "lost_ack",  # the app's answer never arrives: the person sees a time-out, events are sent again
    "undelivered",  # never sent: as when the app is not reachable
]

CALLS: tuple[Trouble, ...] = (
    "slow", "ratelimited", "server_error", "api_error", "html", "drop", "silent", "lost_answer", "silent_after",
    "malformed", "bare", "lost_ephemeral",
)  # fmt: skip
DELIVERIES: tuple[Trouble, ...] = ("slow_delivery", "duplicate", "lost_ack", "undelivered")


@dataclass(kw_only=True)
class Fault:
    """One trouble, for the methods or kinds that fit `method` (a glob), `times` times or until removed."""

    trouble: Trouble
    method: str = "*"
    times: int | None = None
    seconds: float = 1.0
    status: int = 503
    error: str = "internal_error"
    retry_after: bool = True

    @property
    def headers(self) -> dict[str, str]:
        """Return the `Retry-After` of a 429, unless it comes without one."""
        limited = self.trouble == "ratelimited" or (self.trouble == "html" and self.status == 429)
        return {"Retry-After": str(max(1, round(self.seconds)))} if limited and self.retry_after else {}


@dataclass
class Faults:
    """The faults that are on now."""

    active: list[Fault] = field(default_factory=list)

    def add(self, trouble: Trouble, method: str = "*", *, times: int | None = None, seconds: float = 1.0,
            status: int = 503, error: str = "internal_error", retry_after: bool = True) -> Fault:  # fmt: skip
        """Switch a fault on. Pass the result to `remove` to switch it off."""
        fault = Fault(trouble=trouble, method=method, times=times, seconds=seconds, status=status, error=error,
                      retry_after=retry_after)  # fmt: skip
        self.active.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        if fault in self.active:
            self.active.remove(fault)

    def clear(self) -> None:
        self.active.clear()

    def take(self, trouble: Trouble, method: str) -> Fault | None:
        """Return the fault of this kind that strikes now, counted. None if all is well."""
        for fault in self.active:
            if fault.trouble == trouble and fnmatchcase(method, fault.method):
                return self._struck(fault)
        return None

    def _struck(self, fault: Fault) -> Fault:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.remove(fault)
        return fault
