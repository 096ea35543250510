"""The switches of the inspector, and what each of them does."""

from dataclasses import dataclass

from bot.sandbox.workspace.faults import Faults, Trouble


@dataclass(frozen=True, slots=True)
class Switch:
    """One trouble that can be switched on from the page."""

    trouble: Trouble
    label: str
    about: str
    seconds: float = 1.0
    on: bool = False


_SWITCHES = (
    Switch("undelivered", "Cut the line to the app", "Nothing is delivered: every command and click fails"),
    Switch("slow_delivery", "Deliver late", "Commands and clicks arrive 2 seconds late", 2.0),
    Switch("duplicate", "Deliver twice", "As when Slack retries: every delivery comes a second time"),
    Switch("lost_ack", "Lose the app's answers", "The app works, but people see a time-out and events come again"),
    Switch("slow", "Slow Web API", "Every call of the app takes 2 seconds", 2.0),
    Switch("ratelimited", "Rate limit", "Every call is answered 429, try again in 2 seconds", 2.0),
    Switch("server_error", "Web API is down", "Every call is answered 503"),
    Switch("drop", "Drop the app's calls", "The connection breaks before anything is done"),
    Switch("lost_answer", "Lose Slack's answers", "The call is done, but its answer never arrives"),
    Switch("lost_ephemeral", "Lose private messages", "Slack says ok, and nobody ever sees them"),
)


def switches(faults: Faults) -> list[Switch]:
    """All switches as they stand."""
    active = {fault.trouble for fault in faults.active}
    return [Switch(each.trouble, each.label, each.about, each.seconds, each.trouble in active) for each in _SWITCHES]


def turn(faults: Faults, name: str, on: bool) -> None:
    """Switch one trouble on or off.

    Raises:
        LookupError: no such switch.
    """
    switch = next((each for each in _SWITCHES if each.trouble == name), None)
    if switch is None:
        raise LookupError(name)
    for fault in [each for each in faults.active if each.trouble == switch.trouble]:
        faults.remove(fault)
    if on:
        faults.add(switch.trouble, seconds=switch.seconds)
