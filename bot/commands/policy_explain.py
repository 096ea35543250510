"""`/turso policy explain COMMAND… [--as @U] [--in #C]`: what the rules say of a command, and why."""

from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, Field

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, channel, duration, mrkdwn, people, person, sentence
from bot.commands.base import Command, Context, Reading
from bot.core.actions import action_of
from bot.core.arguments import ChannelRef, Rest, UserRef
from bot.core.model import Action, Channel, Confirm, Decision, Person, Subject, Verdict
from bot.core.parsing import Grammar
from bot.core.policy import decide
from bot.core.reply import Reply

_WORDS = {
    Verdict.ALLOW: ":white_check_mark: *Allowed*",
    Verdict.APPROVE: ":raised_hand: *Asks for approval*",
    Verdict.BREAK_GLASS: ":rotating_light: *Break-glass*: at once, and reviewed",
    Verdict.DENY: ":no_entry: *Denied*",
}


class ExplainArgs(BaseModel):
    command: Annotated[str, Rest()]
    as_: UserRef | None = Field(None, alias="as")
    in_: ChannelRef | None = Field(None, alias="in")


async def run(ctx: Context, args: ExplainArgs) -> Reply:
    """The same `decide()` that decides when somebody types it; nothing is done."""
    spec, action = _action(ctx, args.command)
    subject = await _subject(ctx, args)
    decision = decide(ctx.policy, subject, action)
    who = person(subject.person.id)
    title = mrkdwn("{}: `{}` for {} in {}", Mrkdwn(_WORDS[decision.verdict]), args.command, who,
                   channel(subject.channel.id))  # fmt: skip
    return reply(
        title,
        [
            kit.section(title),
            kit.section(mrkdwn("{}", sentence(decision.reason))),
            *kit.fields(_follows(decision)),
            kit.context(*_notes(spec, action, args)),
        ],
        private=True,
    )


def _action(ctx: Context, line: str) -> tuple[Command, Action]:
    read = Grammar(ctx.table).parse(line)
    return read.spec, action_of(read.spec.name, read.args)


async def _subject(ctx: Context, args: ExplainArgs) -> Subject:
    subject = ctx.subject
    if args.as_ and args.as_ != subject.person.id:
        subject = replace(subject, person=Person(args.as_, subject.person.team_id))
    if args.in_ and args.in_ != subject.channel.id:
        incident = await ctx.memory.incident_in(args.in_)
        running = incident.profile if incident and incident.until > ctx.now else None
        subject = replace(subject, channel=Channel(args.in_), incident_profile=running)
    return subject


def _follows(decision: Decision) -> list[tuple[str, Mrkdwn]]:
    pairs = [("Rule", mrkdwn("`{}`", decision.rule or "none"))]
    if decision.verdict is Verdict.APPROVE:
        pairs += [
            ("Approvals", mrkdwn("{} of {} people", decision.quorum, len(decision.approvers.ids))),
            ("Who may approve", people(sorted(decision.approvers.ids), at_most=15)),
            ("A request waits", mrkdwn("{}", duration(decision.expires))),
            ("Must start within", mrkdwn("{} of the approval", duration(decision.start_within))),
        ]
    if decision.verdict is Verdict.BREAK_GLASS:
        within = duration(decision.review_within) if decision.review_within else "no time set"
        pairs += [("Reviewed by", people(sorted(decision.reviewers.ids))), ("Review within", mrkdwn("{}", within))]
    if decision.allowed and decision.confirm is not Confirm.NONE:
        pairs.append(("Confirmation", mrkdwn("{}", decision.confirm)))
    if decision.max_lifetime is not None and decision.verdict is not Verdict.DENY:
        pairs.append(("Longest token", mrkdwn("{}", duration(decision.max_lifetime))))
    return pairs


def _notes(spec: Command, action: Action, args: ExplainArgs) -> list[Mrkdwn]:
    notes = [mrkdwn("Nothing was done.")]
    if not action.databases and "name" in spec.args.model_fields:
        notes.append(mrkdwn("No database is named: a rule for some databases counts as fitting."))
    if spec.name == "rotate":
        notes.append(mrkdwn("A rotation is decided on every database of its group."))
    if args.as_:
        notes.append(mrkdwn("As a full member; guests and outsiders have what the policy names for them alone."))
    return notes


command = Reading(
    name="policy explain",
    usage="policy explain COMMAND… [--as @U] [--in #C]",
    summary="What the rules say of a command, and why",
    args=ExplainArgs,
    run=run,
)
