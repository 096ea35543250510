"""The inspector's fault switches, and the custom faults that people add."""

from dataclasses import dataclass

from bot.sandbox.workspace.faults import Fault, Faults, Trouble


@dataclass(frozen=True, slots=True)
class Switch:
    """A fault that can be switched on from the page."""

    trouble: Trouble
    label: str
    about: str
    seconds: float = 1.0
    on: bool = False

    @property
    def fault(self) -> Fault:
        return Fault(trouble=self.trouble, seconds=self.seconds)


_SWITCHES = (
    Switch("undelivered", "Cut the line to the app", "Nothing is delivered: every command and click fails"),
    Switch("slow_delivery", "Deliver late", "Commands and clicks arrive 2 seconds late", 2.0),
    Switch("duplicate", "Deliver twice", "Everything is delivered twice, as when Slack retries"),
    Switch("lost_ack", "Lose the app's answers", "The app works, but people see a time-out and events come again"),
    Switch("slow", "Slow Web API", "Every call of the app takes 2 seconds", 2.0),
    Switch("ratelimited", "Rate limit", "Every call gets a 429 that says to retry in 2 seconds", 2.0),
    Switch("server_error", "Web API is down", "Every call gets a 503"),
    Switch("drop", "Drop the app's calls", "The connection breaks before anything is done"),
    Switch("lost_answer", "Lose Slack's answers", "The call is done, but its answer never arrives"),
    Switch("lost_ephemeral", "Lose private messages", "Slack says ok, but no one ever sees them"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A choice in the form for a custom fault: what a call gets instead of its response."""

    label: str
    trouble: Trouble
    status: int = 503
    retry_after: bool = True


ANSWERS = {
    "html-200": Answer("a web page, status 200", "html", 200),
    "html-520": Answer("a web page, status 520", "html", 520),
    "html-525": Answer("a web page, status 525", "html", 525),
    "html-429": Answer("a web page, status 429 with Retry-After", "html", 429),
    "html-429-bare": Answer("a web page, status 429 without Retry-After", "html", 429, retry_after=False),
    "429-bare": Answer("status 429 without Retry-After", "ratelimited", 429, retry_after=False),
    "error": Answer("the error code", "api_error"),
    "silent": Answer("nothing, and nothing is done", "silent"),
    "silent-after": Answer("nothing, but it is done", "silent_after"),
    "malformed": Answer("fields of other types, and it is done", "malformed"),
    "bare": Answer("`ok` and nothing else, and it is done", "bare"),
}
METHODS = (
    "*", "chat.postMessage", "chat.postEphemeral", "chat.update", "response_url", "views.open", "views.publish",
    "conversations.info", "conversations.members", "users.info", "usergroups.users.list", "auth.test", "files.*",
)  # fmt: skip
CODES = (
    "team_added_to_org", "is_archived", "not_in_channel", "channel_not_found", "message_not_found", "thread_not_found",
    "cannot_reply_to_message", "user_not_in_channel", "restricted_action", "internal_error", "a_new_code",
)  # fmt: skip
TIMES = ("", "1", "2", "3", "10")


def switches(faults: Faults) -> list[Switch]:
    """Return all switches with their current states."""
    return [
        Switch(each.trouble, each.label, each.about, each.seconds, each.fault in faults.active) for each in _SWITCHES
    ]


def turn(faults: Faults, name: str, on: bool) -> None:
    """Switch a fault on or off.

    Raises:
        LookupError: there is no such switch.
    """
    switch = next((each for each in _SWITCHES if each.trouble == name), None)
    if switch is None:
        raise LookupError(name)
    faults.remove(switch.fault)
    if on:
        faults.add(switch.trouble, seconds=switch.seconds)


def custom(faults: Faults) -> list[tuple[int, str]]:
    """Return the ID and the description of each active custom fault."""
    switched = [each.fault for each in _SWITCHES]
    return [(each.id, _in_words(each)) for each in faults.active if each not in switched]


def add_custom(faults: Faults, *, method: str, answer: str, code: str, times: str) -> None:
    """Switch on the custom fault that a form describes.

    Raises:
        ValueError: a field is invalid.
    """
    chosen = ANSWERS.get(answer)
    if chosen is None or method not in METHODS or times not in TIMES:
        raise ValueError("There is no such fault.")
    if chosen.trouble == "api_error" and not code.strip():
        raise ValueError("Which error code?")
    faults.add(
        chosen.trouble, method, times=int(times) if times else None, status=chosen.status,
        error=code.strip()[:100] or "internal_error", retry_after=chosen.retry_after,
    )  # fmt: skip


def remove_custom(faults: Faults, id_: int) -> None:
    """Switch off the custom fault with this ID. Does nothing if it is already off, for example used up."""
    for fault in [each for each in faults.active if each.id == id_ and id_ in dict(custom(faults))]:
        faults.remove(fault)


def _in_words(fault: Fault) -> str:
    fits = (fault.trouble, fault.retry_after)
    known = [each for each in ANSWERS.values() if (each.trouble, each.retry_after) == fits]
    exact = [each.label for each in known if each.trouble != "html" or each.status == fault.status]
    what = exact[0] if exact else fault.trouble.replace("_", " ")
    code = f" {fault.error}" if fault.trouble == "api_error" else ""
    calls = "Every call" if fault.method == "*" else fault.method
    return f"{calls} gets {what}{code}" + (f", {fault.times} more times" if fault.times else "")
