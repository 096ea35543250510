"""A log of the calls to the platform, so that tests can count them."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Literal

Plane = Literal["control", "data"]
_KEPT = 20_000
CUT_OFF = 499
"""The status of a call to the Platform API whose client disconnected before it had sent the whole request.

Nothing was done. The data plane's calls get 400 in this case.
"""


@dataclass
class Call:
    """One request.

    `status` is 0 until the response starts. It stays 0 if a fault drops the connection before that, or if the handler
    fails because of a bug.
    """

    plane: Plane
    method: str
    path: str
    query: str
    time: float
    status: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Calls:
    """The latest calls, oldest first, without headers and bodies."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=_KEPT)

    def add(self, call: Call) -> None:
        self._calls.append(call)

    def control(self) -> list[Call]:
        """Return the calls to the Platform API."""
        return [call for call in self._calls if call.plane == "control"]

    def data(self) -> list[Call]:
        """Return the calls to databases."""
        return [call for call in self._calls if call.plane == "data"]

    def all(self) -> list[Call]:
        return list(self._calls)

    def clear(self) -> None:
        self._calls.clear()

    def __len__(self) -> int:
        return len(self._calls)
