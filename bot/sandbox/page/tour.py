"""The guided tour: five steps that show the product, each with buttons that prepare the scene."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.sandbox.workspace.seed import ANA, BEN, DANA, DB_OPS


@dataclass(frozen=True, slots=True)
class TourAct:
    """A button of a step: be this person, in this channel, with this text ready to be sent."""

    label: str
    person: str
    channel: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class TourStep:
    title: str
    text: tuple[str, ...]
    acts: tuple[TourAct, ...]


def as_data(steps: Sequence[TourStep]) -> list[dict[str, Any]]:
    return [asdict(step) for step in steps]


def default_tour(command: str = "/turso") -> tuple[TourStep, ...]:
    """Return the tour of the seeded workspace: see, measure, borrow access, destroy with approval, take access back."""
    reason = '"moved to the warehouse"'
    return (
        TourStep(
            "See every database",
            ("Type a command, or let the button do it, and press Enter.", "Sort by a heading, filter, turn the pages."),
            (TourAct("List the databases", DANA, DB_OPS, f"{command} db list"),),
        ),
        TourStep(
            "Who uses what",
            ("Rows read and written, storage, bytes synced: ranked for the organization, or for one database.",),
            (TourAct("Show the usage", DANA, DB_OPS, f"{command} usage"),),
        ),
        TourStep(
            "Borrow access for an hour",
            (
                "Dana asks for a token. Once it is allowed, she sees it once; nobody else ever does.",
                "Open Ana's window beside hers and look: there is nothing to see.",
            ),
            (
                TourAct("Ask as Dana", DANA, DB_OPS, f"{command} token orders --read-only --expiration 1h"),
                TourAct("Look as Ana", ANA, DB_OPS),
            ),
        ),
        TourStep(
            "Destroy, with somebody's approval",
            (
                "Dana asks to destroy a database. She cannot approve it herself.",
                "Ana reads what would happen, and types the name to approve.",
            ),
            (
                TourAct("Ask as Dana", DANA, DB_OPS, f"{command} db destroy analytics --now --reason {reason}"),
                TourAct("Approve as Ana", ANA, DB_OPS),
            ),
        ),
        TourStep(
            "Take all access back",
            ("Rotating ends every token of a database. First you see whom it would hit.",),
            (
                TourAct("Rotate as Dana", DANA, DB_OPS, f'{command} rotate orders --reason "laptop lost"'),
                TourAct("Approve as Ben", BEN, DB_OPS),
            ),
        ),
    )
