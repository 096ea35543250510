"""The guided tour: eight steps that show the product. A step's buttons switch to a person and fill in a command."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.sandbox.workspace.seed import ANA, BEN, DANA, DB_OPS, INCIDENT, REMY


@dataclass(frozen=True, slots=True)
class TourAct:
    """A button of a step: it switches to this person and channel, and fills in this text.

    `spike` is the name of a database. The button first records heavy usage of it, and moves the clock to the time at
    which the bot next checks usage.
    """

    label: str
    person: str
    channel: str
    text: str = ""
    spike: str = ""


@dataclass(frozen=True, slots=True)
class TourStep:
    title: str
    text: tuple[str, ...]
    acts: tuple[TourAct, ...]


def as_data(steps: Sequence[TourStep]) -> list[dict[str, Any]]:
    return [asdict(step) for step in steps]


def default_tour(command: str = "/turso") -> tuple[TourStep, ...]:
    """Return the tour of the seeded workspace: list, measure, get access, destroy, revoke, alert, incident, rewind."""
    reason = '"moved to the warehouse"'
    return (
        TourStep(
            "See every database",
            ("The button fills in the command. Press Enter to send it.", "Sort by a column, filter, turn pages."),
            (TourAct("List the databases", DANA, DB_OPS, f"{command} db list"),),
        ),
        TourStep(
            "Who uses what",
            ("Rows read and written, storage and sync, for the whole organization or for one database.",),
            (TourAct("Show the usage", DANA, DB_OPS, f"{command} usage"),),
        ),
        TourStep(
            "Get access for an hour",
            (
                "Dana asks for a token. It is shown once, and only to her.",
                "Open Ana's window beside hers: Ana can't see it.",
            ),
            (
                TourAct("Ask as Dana", DANA, DB_OPS, f"{command} token orders --read-only --expiration 1h"),
                TourAct("Look as Ana", ANA, DB_OPS),
            ),
        ),
        TourStep(
            "Destroy a database with approval",
            (
                "Dana asks to destroy a database. She can't approve it herself.",
                "Ana reads what will happen, and types the name to approve.",
            ),
            (
                TourAct("Ask as Dana", DANA, DB_OPS, f"{command} db destroy analytics --now --reason {reason}"),
                TourAct("Approve as Ana", ANA, DB_OPS),
            ),
        ),
        TourStep(
            "Revoke every token",
            ("A rotation revokes every token for a database. The card first shows who is affected.",),
            (
                TourAct("Rotate as Dana", DANA, DB_OPS, f'{command} rotate orders --reason "laptop lost"'),
                TourAct("Approve as Ben", BEN, DB_OPS),
            ),
        ),
        TourStep(
            "Notice trouble early",
            (
                "With alerts on, the bot checks usage every hour and reports what is unusual.",
                "The second button makes a spike, and moves the clock to the next check.",
            ),
            (
                TourAct("Turn alerts on", DANA, DB_OPS, f"{command} alert on"),
                TourAct("Make a spike in users", REMY, DB_OPS, spike="users"),
            ),
        ),
        TourStep(
            "Handle an incident",
            (
                "Remy starts an incident. Until it ends, the channel has the permissions of its incident profile.",
                "Triage shows what is going on, with buttons for common fixes. The end lists what is still open.",
            ),
            (
                TourAct("Start as Remy", REMY, INCIDENT, f"{command} incident start INC-42 --for 2h"),
                TourAct("Triage as Remy", REMY, INCIDENT, f"{command} triage users"),
                TourAct("End as Remy", REMY, INCIDENT, f"{command} incident end"),
            ),
        ),
        TourStep(
            "Go back to before a mistake",
            (
                "A rewind copies a database as it was, and compares both. Ana approves it.",
                "Then Remy decides: switch to the copy, keep it, or discard it. The old data is kept.",
            ),
            (
                TourAct("Rewind as Remy", REMY, DB_OPS, f'{command} db rewind orders --to "5m ago"'),
                TourAct("Approve as Ana", ANA, DB_OPS),
            ),
        ),
    )
