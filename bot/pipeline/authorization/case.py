"""The case: a step to authorize, with the request, the person, the rules and the facts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bot.core.facts import SlackFacts
from bot.core.model import Action, Decision, Person, Subject
from bot.core.oncall import not_said
from bot.core.policy import Policy
from bot.core.records.delegations import Delegation
from bot.core.records.incidents import Review
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request
from bot.pipeline.authorization.steps import RefusalKind, Step, StepRefused

NOT_YET: Final = "Nothing was changed. Try again in a moment."


class WantedGroups(Mapping[str, frozenset[str] | None]):
    """The known user groups and schedules. Records which ones the rules needed, whether known or not."""

    def __init__(self, known: Mapping[str, frozenset[str] | None]) -> None:
        self._known, self._wanted = known, set[str]()

    def __getitem__(self, group: str) -> frozenset[str] | None:
        self._wanted.add(group)
        return self._known[group]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    @property
    def missing(self) -> frozenset[str]:
        """Return the groups that the rules needed and that haven't been looked up."""
        return frozenset(self._wanted) - self._known.keys()

    @property
    def silent(self) -> list[str]:
        """Return the groups that the rules needed and whose members are unknown."""
        return sorted(group for group in self._wanted if self._known.get(group) is None)


@dataclass(frozen=True, slots=True)
class Case:
    """A step to authorize, with the facts and the rules."""

    step: Step
    request: Request
    actor: Incoming | None
    action: Action
    review: Review | None
    policy: Policy
    profile: str | None
    facts: SlackFacts
    groups: WantedGroups
    typed: bool
    """True if the person has just typed the command in the channel, which shows that they are a member."""
    delegations: tuple[Delegation, ...] = ()
    """The delegations that apply to the person who acts and the voters."""

    @property
    def presser(self) -> str:
        """Return the ID of the person who acts, or of the requester if nobody does."""
        return self.actor.user_id if self.actor else self.request.requester

    def person(self, user_id: str, whose: str) -> Person:
        """Return a person's current Slack account. Raises StepRefused, with `whose` in its text, such as `your`."""
        person = self.facts.people.get(user_id)
        if person is None:
            raise StepRefused(RefusalKind.UNKNOWN, f"I couldn't look up {whose} profile in Slack. {NOT_YET}")
        return person

    def approvers_of(self, delegate: str) -> list[Person]:
        """Return the people in the channel who have chosen a person as their delegate."""
        inside = self.facts.channel_members or ()
        ids = (one.person for one in self.delegations if one.delegate == delegate and one.person in inside)
        return [self.facts.people[one] for one in ids if one in self.facts.people]

    def subject(self, user_id: str, whose: str) -> Subject:
        """Return a person in the request's channel. Raises StepRefused if one is unknown or the channel is unusable."""
        channel = self.facts.channel
        if channel is None:
            raise StepRefused(RefusalKind.UNKNOWN, f"I couldn't look up the request's channel in Slack. {NOT_YET}")
        if channel.is_archived:
            raise StepRefused(
                RefusalKind.NOT_ALLOWED, "The request's channel is archived, so no one has permissions there."
            )
        if not channel.bot_is_member:
            raise StepRefused(
                RefusalKind.NOT_ALLOWED, "I'm not in the request's channel. Invite me with `/invite`, then try again."
            )
        return Subject(self.person(user_id, whose), channel, self.groups, self.profile)

    def require_member(self, user_id: str, who: str) -> None:
        """Raise StepRefused unless the person is in the request's channel."""
        if self.typed and user_id == self.presser:
            return
        if self.facts.channel_members is None:
            raise StepRefused(
                RefusalKind.UNKNOWN, f"I couldn't look up the members of the request's channel in Slack. {NOT_YET}"
            )
        if user_id not in self.facts.channel_members:
            raise StepRefused(
                RefusalKind.NOT_ALLOWED,
                f"{who} not in the request's channel, and only its members have permissions there.",
            )

    def refuse(self, why: str, decision: Decision | None = None) -> StepRefused:
        """Return the refusal for a reason, or a temporary one if a needed user group or schedule is unknown."""
        if silent := self.groups.silent:
            why = f"{not_said(silent)}. {NOT_YET}"
        return StepRefused(RefusalKind.UNKNOWN if silent else RefusalKind.NOT_ALLOWED, why, decision)

    def refuse_request(self, decision: Decision) -> StepRefused:
        """Return the refusal of the requester's own action.

        It doesn't reveal the requester's details to other people.
        """
        if self.presser != self.request.requester:
            decision = replace(decision, reason="The policy no longer lets the requester do this.")
        return self.refuse(decision.reason, decision)
