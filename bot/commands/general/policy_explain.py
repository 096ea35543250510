"""`/turso policy explain COMMAND… [--as @U] [--in #C]`: explain what the policy decides about a command."""

from typing import Annotated

from pydantic import BaseModel, Field

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, channel, counted, duration, joined, mrkdwn, people, person, sentence
from bot.commands.base import Command, Context, Explanation, ReadCommand
from bot.core.model import Confirm, Decision, Verdict
from bot.core.parsing.arguments import ChannelRef, Rest, UserRef
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import Incomplete, Parsed
from bot.core.reply import Block, Reply
from bot.errors import Unavailable

_WORDS = {
    Verdict.ALLOW: ":white_check_mark: *Allowed*",
    Verdict.APPROVE: ":raised_hand: *Needs approval*",
    Verdict.BREAK_GLASS: ":rotating_light: *Break-glass* (no approval, reviewed afterwards)",
    Verdict.DENY: ":no_entry: *Denied*",
}


class ExplainArgs(BaseModel):
    command: Annotated[str, Rest()]
    as_: UserRef | None = Field(None, alias="as")
    in_: ChannelRef | None = Field(None, alias="in")


async def run(ctx: Context, args: ExplainArgs) -> Reply:
    """Return what would be decided now if the given person typed the line in the given channel. Changes nothing."""
    read = Grammar(ctx.table).parse(args.command)
    if ctx.explain is None:
        raise Unavailable("I can't explain decisions right now. Try again in a moment.")
    who, where = args.as_ or ctx.subject.person.id, args.in_ or ctx.subject.channel.id
    explanation = await ctx.explain(ctx.subject, read, who, where)
    title = mrkdwn("{}: `{}` for {} in {}", _verdict(explanation), args.command, person(who), channel(where))
    return reply(title, [kit.section(title), *_body(explanation, read)], private=True)


def _verdict(found: Explanation) -> Mrkdwn:
    return Mrkdwn(_WORDS[found.decision.verdict] if found.decision else ":grey_question: *I can't tell*")


def _body(found: Explanation, read: Parsed[Command] | Incomplete[Command]) -> list[Block]:
    if found.decision is None:
        return [
            kit.section(mrkdwn("{}.", sentence(found.unknown))),
            kit.context(mrkdwn("Nothing was changed.")),
        ]
    return [
        kit.section(sentence(found.decision.reason)),
        *kit.fields(_follows(found.decision, reveals=read.spec.reveals)),
        kit.context(*_notes(read)),
    ]


def _follows(decision: Decision, *, reveals: bool) -> list[tuple[str, Mrkdwn]]:
    pairs = [("Rule", mrkdwn("`{}`", decision.rule or "none"))]
    if decision.verdict is Verdict.APPROVE:
        can = len(decision.approvers.ids)
        pairs += [
            ("Approvals", mrkdwn("{} needed ({} can approve)", counted(decision.quorum, "approval"),
                                 counted(can, "person", "people"))),
            ("Who can approve", people(sorted(decision.approvers.ids), at_most=15)),
            ("Expires", mrkdwn("after {}", duration(decision.expires))),
            ("Must start", mrkdwn("within {} of the approval", duration(decision.start_within))),
        ]  # fmt: skip
    if decision.direct_message and decision.verdict is not Verdict.DENY:
        pairs.append(("Direct message", mrkdwn("to the people in `notify`")))
    if decision.verdict is Verdict.BREAK_GLASS:
        within = duration(decision.review_within) if decision.review_within else "no time limit"
        pairs += [("Reviewed by", people(sorted(decision.reviewers.ids))), ("Review within", mrkdwn("{}", within))]
    if decision.allowed and decision.confirm is not Confirm.NONE:
        pairs.append(("Confirmation", mrkdwn("{}", decision.confirm)))
    if decision.requires and decision.verdict is not Verdict.BREAK_GLASS:
        pairs.append(("Required", joined(" and ", (mrkdwn("{}", one) for one in sorted(decision.requires)))))
    if reveals and decision.max_lifetime is not None and decision.verdict is not Verdict.DENY:
        pairs.append(("Token lifetime", mrkdwn("up to {}", duration(decision.max_lifetime))))
    return pairs


def _notes(read: Parsed[Command] | Incomplete[Command]) -> list[Mrkdwn]:
    notes = [mrkdwn("Nothing was changed.")]
    if "name" in read.spec.args.model_fields and not read.args.__dict__.get("name"):
        notes.append(mrkdwn("No database was given, so rules for specific databases are treated as matching."))
    return notes


command = ReadCommand(
    name="policy explain",
    usage="policy explain COMMAND… [--as @U] [--in #C]",
    summary="Explain whether the policy allows a command, and why",
    args=ExplainArgs,
    position=110,
    verb="Explain policy",
    run=run,
)
