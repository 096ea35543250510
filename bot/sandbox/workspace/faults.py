"""Faults that can be switched on: failures of Slack, or of the network to it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

Trouble = Literal[
    # The app's calls. `method` matches the name of a Web API method, or `response_url` for posts to a `response_url`.
    # For uploads it is `upload`, and only "html", "drop" and "silent" apply.
    "slow",  # carried out after `seconds`
    "ratelimited",  # HTTP 429, nothing done. With `Retry-After: seconds`, unless `retry_after` is off
    "server_error",  # HTTP `status`, nothing done
    "api_error",  # `error`, nothing done. HTTP 200, or 400 for a `response_url`. Any code works, also an invented one
    "html",  # HTTP `status` with a web page instead of JSON, nothing done
    "drop",  # the connection breaks, nothing done
    "silent",  # no response, nothing done: the caller waits until it gives up
    "lost_answer",  # done, but the connection breaks before the response
    "silent_after",  # done, but no response
    "malformed",  # done, but the fields of the response (except `ok`) have other types. A `response_url` returns a list
    "bare",  # done, but the response is only `ok`
    "lost_ephemeral",  # postEphemeral responds with ok, but the message isn't shown
    # Deliveries to the app. `method` matches the kind: slash_commands, block_actions, event:app_mention, and so on.
    "slow_delivery",  # sent after `seconds`
    "duplicate",  # sent twice
    "lost_ack",  # the app's response is lost: the person sees a timeout, and events are sent again
    "undelivered",  # never sent, as if the app weren't reachable
]

_ids = itertools.count(1)


@dataclass(kw_only=True)
class Fault:
    """A fault for the calls or deliveries that match `method` (a glob).

    It is active until it is removed or, if `times` is set, has been used that often.
    """

    trouble: Trouble
    method: str = "*"
    times: int | None = None
    seconds: float = 1.0
    status: int = 503
    error: str = "internal_error"
    retry_after: bool = True
    id: int = field(default_factory=lambda: next(_ids), compare=False)

    @property
    def headers(self) -> dict[str, str]:
        """Return the `Retry-After` header of a 429 response, unless the fault leaves it out."""
        limited = self.trouble == "ratelimited" or (self.trouble == "html" and self.status == 429)
        return {"Retry-After": str(max(1, round(self.seconds)))} if limited and self.retry_after else {}


@dataclass
class Faults:
    """The active faults."""

    active: list[Fault] = field(default_factory=list)

    def add(self, trouble: Trouble, method: str = "*", *, times: int | None = None, seconds: float = 1.0,
            status: int = 503, error: str = "internal_error", retry_after: bool = True) -> Fault:  # fmt: skip
        """Switch a fault on. Pass the returned fault to `remove` to switch it off."""
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
        """Return the first active fault that matches a call or delivery, and count its use. None if there is none."""
        for fault in self.active:
            if fault.trouble == trouble and fnmatchcase(method, fault.method):
                return self._used(fault)
        return None

    def _used(self, fault: Fault) -> Fault:
        """Count one use of a fault, and return it. After its last use, it is no longer active."""
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self.remove(fault)
        return fault
