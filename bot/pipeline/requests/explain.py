"""Explain what would be decided if a person typed a line in a channel now, with fresh facts.

If Slack doesn't respond, the explanation says so, whereas a real command would be denied.
"""

from dataclasses import replace
from typing import Final

from bot.commands.base import Command, Explanation, ReadCommand
from bot.commands.databases import show
from bot.core.actions import action_of
from bot.core.facts import SlackFacts, SlackQuery
from bot.core.model import Action, Channel, ChannelKind, Decision, Person, Subject, Verdict
from bot.core.oncall import is_schedule, not_said
from bot.core.parsing.parse_results import Incomplete, Parsed
from bot.core.policy import refuses_person
from bot.core.requests.incoming import Incoming, Kind
from bot.errors import BadInput, BotError, Unavailable
from bot.pipeline.authorization.case import WantedGroups
from bot.pipeline.authorization.checks import UNDO_ALLOWED
from bot.pipeline.authorization.command_line import decide_incomplete, decide_line, own_undo
from bot.pipeline.authorization.decision import judge, planned_action
from bot.pipeline.environment import Environment

TypedLine = Parsed[Command] | Incomplete[Command]
"""A parsed command line, in which arguments may be missing."""
NOT_SHOWN: Final = "I don't know that channel, or it is private and you aren't in it."
"""One sentence for both cases, so that it doesn't reveal whether a channel exists that the requester can't see."""
NO_SUCH_PERSON: Final = "I don't know that person. Type `@` and pick them from Slack's suggestions."
ARCHIVED: Final = "That channel is archived."
NOT_IN_IT: Final = "They aren't in that channel. Only its members can use commands there."
BOT_NOT_IN_IT: Final = "I'm not in that channel. Invite me with `/invite`."
OWES: Final = "One of their earlier break-glass operations still needs a review."
HIDDEN: Final = "it depends on the database's group, which is only shown to people who can see the database there"


class _CannotTell(Exception):
    """Raised if the decision can't be explained. The text says why.

    Slack, Turso or an on-call service didn't return something, or the requester may not see the database.
    """


async def explain(
    env: Environment, requester: Subject, read: TypedLine, person_id: str, channel_id: str
) -> Explanation:
    """Return what would be decided if a person typed a line in a channel now. Changes nothing.

    Args:
        requester: the person who asks for the explanation, in the channel where they ask.
    Raises:
        BadInput: there is no such person, or no such channel that the requester may see.
    """
    try:
        if (person_id, channel_id) == (requester.person.id, requester.channel.id):
            return Explanation(await _decide(env, requester, requester, read))
        groups = env.rules.policy.groups_in(channel_id)
        facts = await env.directory.look_up(SlackQuery(channel_id, frozenset({requester.person.id, person_id}), groups))
        channel, person = _channel(requester, channel_id, facts), _person(person_id, facts)
        if why := _why_unable_to_type(env, person, channel, facts):
            return Explanation(Decision(Verdict.DENY, why))
        there = await env.with_incident(Subject(person, channel, facts.groups))
        return Explanation(await _decide(env, replace(there, person=requester.person), there, read))
    except _CannotTell as silence:
        return Explanation(None, str(silence))


def _channel(requester: Subject, channel_id: str, facts: SlackFacts) -> Channel:
    """Return the channel, if it is the requester's current one or one that they may know about.

    They may know about the channels that they are a member of and, unless they are a guest or outsider, about public
    ones. Other direct messages are hidden from everybody.

    Raises:
        BadInput: the channel is hidden from the requester.
        _CannotTell: Slack didn't return the channel or its members.
    """
    channel = facts.channel
    if channel_id != requester.channel.id:
        if channel_id.startswith("D"):
            raise BadInput(NOT_SHOWN)
        is_open = channel is not None and channel.kind is ChannelKind.CHANNEL and not channel.is_private
        if not is_open or requester.person.is_guest or requester.person.is_stranger:
            if facts.channel_members is None:
                raise _CannotTell("I couldn't look up that channel's members in Slack")
            if requester.person.id not in facts.channel_members:
                raise BadInput(NOT_SHOWN)
    if channel is None:
        raise _CannotTell("I couldn't look up that channel in Slack")
    return channel


def _person(person_id: str, facts: SlackFacts) -> Person:
    person = facts.people.get(person_id)
    if person is None:
        raise _CannotTell("I couldn't look up that person in Slack")
    if not person.team_id:
        raise BadInput(NO_SUCH_PERSON)
    return person


def _why_unable_to_type(env: Environment, person: Person, channel: Channel, facts: SlackFacts) -> str | None:
    """Return why the person can't type in the channel at all. None if they can.

    Also None if the policy refuses this person everywhere, because then `_decide` returns that reason.

    Raises:
        _CannotTell: Slack didn't return the channel's members.
    """
    if refuses_person(env.rules.policy, person):
        return None
    if channel.is_archived:
        return ARCHIVED
    if channel.kind is not ChannelKind.CHANNEL:
        return None
    if facts.channel_members is None:
        raise _CannotTell("I couldn't look up that channel's members in Slack")
    return None if person.id in facts.channel_members else NOT_IN_IT


async def _decide(env: Environment, requester: Subject, subject: Subject, read: TypedLine) -> Decision:
    """Decide on a line as if the subject had typed it.

    Args:
        requester: the person who asks for the explanation, as if they were in the subject's channel.
    """
    groups = WantedGroups(subject.groups)
    subject = replace(subject, groups=groups)
    try:
        decision = await _typed(env, requester, subject, read)
    except Unavailable as error:
        raise _CannotTell(str(error).rstrip(".")) from None
    if decision.verdict is Verdict.DENY and groups.silent:
        schedules = [group for group in groups.silent if is_schedule(group)]
        if schedules:
            raise _CannotTell(not_said(schedules))
        names = " and ".join(f"`{group}`" for group in groups.silent)
        raise _CannotTell(f"I couldn't look up who is in the user group {names}")
    return await _in_practice(env, subject, read.spec, decision)


async def _typed(env: Environment, requester: Subject, subject: Subject, read: TypedLine) -> Decision:
    command = read.spec
    if isinstance(read, Incomplete):
        return decide_incomplete(env, subject, read)[0]
    typed = Incoming("", "", Kind.COMMAND, env.clock.now(), subject.person.id, subject.channel.id)
    if await own_undo(env, typed, command, read.args):
        return UNDO_ALLOWED
    action = action_of(command.name, read.args)
    by_name, needs_group = judge(env, subject, action), env.rules.policy.scope(subject).needs_group
    reaches = command.reaches_others and by_name.verdict is not Verdict.DENY
    if not reaches and not (action.databases and needs_group):
        # A branch's sources can only turn a permission into a denial, so the decision reveals nothing about groups.
        return by_name if by_name.verdict is Verdict.DENY else (await decide_line(env, subject, action))[0]
    await _require_shown(env, requester, subject, action)
    decision, action = await decide_line(env, subject, action)
    if decision.verdict is Verdict.DENY or isinstance(command, ReadCommand):
        return decision
    try:
        ctx = env.context(subject, command=command.name)
        plan = replace(await command.plan(ctx, read.args), organization=ctx.organization)
    except Unavailable:
        raise
    except BotError:  # the line itself would fail with this error and change nothing
        return decision
    return judge(env, subject, planned_action(read, plan))


async def _require_shown(env: Environment, requester: Subject, subject: Subject, action: Action) -> None:
    """Raise _CannotTell if the explanation would reveal more about a database than the requester may see."""
    if requester.person.id == subject.person.id:
        return
    shown, _ = await decide_line(env, requester, Action(show.command.name, databases=action.databases))
    if shown.verdict is Verdict.DENY:
        raise _CannotTell(HIDDEN)


async def _in_practice(env: Environment, subject: Subject, command: Command, decision: Decision) -> Decision:
    """Replace a permission with a denial if something other than the rules prevents the command."""
    if decision.verdict is Verdict.DENY:
        return decision
    if command.changes and not subject.channel.bot_is_member:
        return Decision(Verdict.DENY, BOT_NOT_IN_IT)
    if decision.blocks_while_owed and await env.store.reviews.find(actor=subject.person.id, limit=1):
        return Decision(Verdict.DENY, OWES, decision.rule)
    return decision
