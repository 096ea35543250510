"""Builds the card about the end of a branch: what happens to it, and the buttons that still apply."""

from dataclasses import dataclass
from datetime import datetime

from bot.blocks import buttons, kit
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, mrkdwn, person, when
from bot.core.records.branches import Branch, BranchState
from bot.core.reply import Reply


@dataclass(frozen=True, slots=True)
class BranchStanding:
    """What is known about a branch beyond its record."""

    exists: bool | None
    """None if Turso didn't respond."""
    in_quarantine: bool = False
    asked_by: str = ""
    """The requester of an open request to destroy it. Empty if there is none, or if it has started."""
    at_its_end: bool = False
    """True if that request was opened because of the end date, and not by a person."""


def branch_card(branch: Branch, standing: BranchStanding, now: datetime, *, by: str = "") -> Reply:
    """Build the card of a branch, as it is now.

    Args:
        by: the person who has just changed or removed its end date.
    """
    head, note, row = _content(branch, standing, now)
    asked = mrkdwn("{} has asked to destroy it.", person(standing.asked_by)) if standing.asked_by else Mrkdwn("")
    if standing.at_its_end:
        asked = Mrkdwn("A request to destroy it is open.")
    done = mrkdwn("Decided by {}.", person(by)) if by else Mrkdwn("")
    notes = [one for one in (note, asked, done) if one]
    return reply(head, [kit.section(head), *([kit.context(*notes)] if notes else []), *kit.actions(*row)])


def _content(branch: Branch, standing: BranchStanding, now: datetime) -> tuple[Mrkdwn, Mrkdwn, list[Element]]:
    """Return the headline, a note on what can happen next, and the buttons."""
    name, source = branch.database, branch.source
    if standing.exists is False:
        return mrkdwn(":wastebasket: The branch `{}` of `{}` no longer exists.", name, source), Mrkdwn(""), []
    if standing.in_quarantine:
        note = mrkdwn("To restore it, press *Undo* on its quarantine card, or run `/turso restore {}`.", name)
        return mrkdwn(":stopwatch: The branch `{}` of `{}` is in quarantine.", name, source), note, []
    if branch.state is not BranchState.ACTIVE:
        note = mrkdwn("It will be kept until someone destroys it: `/turso destroy {}`.", name)
        head = mrkdwn(":hourglass: The branch `{}` of `{}` has reached its end date.", name, source)
        return head, Mrkdwn("") if branch.state is BranchState.ENDING or standing.asked_by else note, []
    if branch.ends_at is None or branch.announced_at is None:
        head = mrkdwn(":herb: The branch `{}` of `{}` will be kept. It no longer has an end date.", name, source)
        return head, Mrkdwn(""), []
    if now < branch.announced_at:
        head = mrkdwn(":herb: The branch `{}` of `{}` now ends {}.", name, source, when(branch.ends_at))
        return head, Mrkdwn("I'll remind you before then."), []
    head = mrkdwn(":hourglass: {}: the branch `{}` of `{}` ends {}.", person(branch.owner), name, source,
                  when(branch.ends_at))  # fmt: skip
    note = mrkdwn(
        "It will be quarantined then, and destroyed after the countdown. Until it is destroyed, *Undo* restores it."
    )
    return head, note, buttons.of_branch(branch.id, can_destroy=not standing.asked_by)
