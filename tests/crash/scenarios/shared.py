"""What a scenario is, and the paths at Turso."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.core.requests.request import State
from bot.sandbox.workspace.records import Acted
from tests.crash.lane import Lane

Act = Callable[[Lane, str], Awaitable[Acted | None]]
Look = Callable[[Lane, str], Awaitable[bool]]
DATABASES, DATABASE = "/databases", "/databases/{}"
CONFIGURATION, TOKENS, ROTATE = f"{DATABASE}/configuration", f"{DATABASE}/auth/tokens", f"{DATABASE}/auth/rotate"


@dataclass(frozen=True)
class Scenario:
    """One kind of change, to a named database."""

    name: str
    prepare: Callable[[Lane, str], Awaitable[None]]
    """Leads to the moment before."""
    act: Act
    """What starts the change: a line, a press, or time that passes. None: the bot gets no request."""
    call: tuple[str, str]
    """Method and path of the call that changes something at Turso."""
    done: State
    """The request's state after success."""
    says: str
    """Words that the requester must then read somewhere."""
    happened: Look
    """Whether Turso shows the change."""
    undone: State = State.FAILED
    """The state after which it didn't happen and won't."""
    passes: State | None = None
    """A state that only time ends. The cell waits while it lasts."""
    final_unknown: bool = False
    """True if Turso shows nothing of it, so that an unknown outcome stays unknown."""
    proven: bool = False
    """True if the cell also waits for the proof of the rotation."""
    settled: Look | None = None
    """A condition to wait for that the state doesn't show."""
    event: str = "executed"
    """The event of the audit entry that has the outcome."""
    audited: str = ""
    """The outcome in the audit log, if that isn't the request's state."""
    about: str = ""
    """What the request names, if that isn't the cell's own database."""
    finds: Callable[[Lane, str], Awaitable[str]] | None = None
    """Returns the name that the change is about, if only the preparation knows it."""
    calls: int = 1
