"""The type of a scenario, and the paths of the Platform API that scenarios name."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.core.requests.request import State
from bot.sandbox.workspace.records import Acted
from tests.crash.harness import Harness

Act = Callable[[Harness, str], Awaitable[Acted | None]]
Check = Callable[[Harness, str], Awaitable[bool]]
DATABASES, DATABASE = "/databases", "/databases/{}"
CONFIGURATION, TOKENS, ROTATE = f"{DATABASE}/configuration", f"{DATABASE}/auth/tokens", f"{DATABASE}/auth/rotate"


@dataclass(frozen=True)
class Scenario:
    """One kind of change of a database, or one step of a request, such as a vote or its expiry."""

    name: str
    prepare: Callable[[Harness, str], Awaitable[None]]
    """Creates the database and brings it to the moment before the change."""
    act: Act
    """Starts the change: types a command, presses a button or moves the clock. Returns None if Slack sent nothing."""
    call: tuple[str, str]
    """The method and the path of the call that makes the change in Turso. With `calls=0`, it must not be sent."""
    done: State
    """The request's state after success."""
    says: str
    """Words of the message that the requester must see after success."""
    happened: Check
    """Returns True if the change happened, usually by asking Turso."""
    undone: State = State.FAILED
    """The request's state if the change didn't happen and won't."""
    passes: State | None = None
    """A state that ends only at a certain time. The cell moves the clock until the request leaves it."""
    final_unknown: bool = False
    """True if no read-back can show the change, so that an unknown outcome stays unknown."""
    proven: bool = False
    """True if the cell also waits until the bot has tested that old tokens are refused."""
    settled: Check | None = None
    """A condition that the cell waits for besides the request's state."""
    event: str = "executed"
    """The start of the event's name in the audit entry that has the outcome."""
    audited: str = ""
    """The outcome in the audit log, if that isn't the request's state."""
    about: str = ""
    """The name in the request, if it isn't the name of the cell's database."""
    finds: Callable[[Harness, str], Awaitable[str]] | None = None
    """Returns the name in the request, if the preparation chooses it."""
    calls: int = 1
    """How many calls make the change."""
