"""What the rules said of a line that was typed, among all the decisions that the bot took meanwhile."""

from collections.abc import Sequence

from bot.core.model import Action, Decision, Subject

Decided = tuple[Subject, Action, Decision]


def of_the_line(decided: Sequence[Decided], person: str, channel: str) -> list[Decided]:
    """Leave out what only helps whoever is refused: whether another channel, or an incident, would allow it."""
    here = [one for one in decided if (one[0].person.id, one[0].channel.id) == (person, channel)]
    return [one for one in here if one[0].incident_profile == here[0][0].incident_profile]
