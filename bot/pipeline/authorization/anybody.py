"""Find out whether anybody in a channel may run a command, to show its button on messages for everybody there.

Up to `TRIED` people whom the rules name get a decision of their own. All others are treated like `ANY_MEMBER`.
"""

from collections.abc import Iterator
from typing import Final

from bot.core.facts import SlackFacts, SlackQuery
from bot.core.model import Action, Channel, Person, Subject, Verdict
from bot.core.policy import Policy
from bot.errors import Unavailable
from bot.pipeline.authorization.decision import judge
from bot.pipeline.environment import Environment

TRIED: Final = 100
"""The maximum number of named people for whom a decision is made."""
ANY_MEMBER: Final = Person("", "")
"""Represents all members of the workspace whom no rule names."""


async def facts_of(env: Environment, channel_id: str) -> SlackFacts:
    """Return a channel, its members, and the members of the groups in its rules.

    Raises Unavailable if Slack doesn't return the channel.
    """
    facts = await env.directory.look_up(SlackQuery(channel_id, frozenset(), env.rules.policy.groups_in(channel_id)))
    if facts.channel is None:
        raise Unavailable("I couldn't look up that channel in Slack.")
    return facts


async def people_for(env: Environment, facts: SlackFacts, action: Action) -> Iterator[Subject]:
    """Return `ANY_MEMBER`, and then each person in the channel whom the rules for a command or for incidents name.

    Members of a user group or schedule that couldn't be looked up are left out, and so is everyone after the first
    `TRIED`. If the channel's members are unknown, only `ANY_MEMBER` is returned.
    """
    assert facts.channel is not None, "`facts_of` returned the channel"
    anybody = await env.with_incident(Subject(ANY_MEMBER, facts.channel, facts.groups))
    return _subjects(env.rules.policy, anybody, facts.channel, facts, action)


def _subjects(
    policy: Policy, anybody: Subject, channel: Channel, facts: SlackFacts, action: Action
) -> Iterator[Subject]:
    yield anybody
    binding = policy.binding(anybody)
    rules = policy.rules(anybody, binding) if binding else ()
    named = [rule.to.members(facts.groups) for rule in rules if rule.to is not None and rule.names(action.command)]
    if policy.incidents is not None:
        named.append(policy.incidents.to.members(facts.groups))
    there = frozenset[str]().union(*named) & (facts.channel_members or frozenset())
    for user_id in sorted(there)[:TRIED]:
        yield Subject(Person(user_id, ""), channel, facts.groups, anybody.incident_profile)


async def anybody_may(env: Environment, facts: SlackFacts, action: Action) -> bool:
    """Return True if somebody in the channel may run or request a command. A press of its button is decided again."""
    people = await people_for(env, facts, action)
    return any(judge(env, one, action).verdict is not Verdict.DENY for one in people)
