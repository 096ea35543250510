"""The report of a rewind as Markdown: the time, the copy, the comparison, the decision, and who approved what."""

from datetime import datetime

from bot.blocks.text import utc
from bot.commands._markdown_text import escaped
from bot.commands._targets import target_of
from bot.commands.base import NEXT_STEP, NEXT_STEP_WHY, Context, NextStepResult
from bot.commands.rewind._comparison import Comparison
from bot.commands.rewind._comparison_blocks import summary
from bot.commands.rewind._rewinds import DECISIONS, OTHER_DECISION, Rewind, exact
from bot.core.reply import Attachment
from bot.core.requests.proof import Finding, OldTokens, Proof
from bot.core.requests.request import Mode, Request, State
from bot.core.requests.seen_times import UNDONE_BY, changed_at, seen_at
from bot.core.requests.step_results import PhaseKind
from bot.errors import BotError

UNKNOWN_COPY = "The request that created the copy no longer exists."


async def report(ctx: Context, request: Request) -> Attachment:
    """Return the report of a decision about a copy, with everything that is recorded so far."""
    made = await ctx.store.requests.get(request.plan.decides)
    names = await _names(ctx, [one for one in (made, request) if one])
    lines = [*_header(made, names), *_decided(request, names)] if made else [UNKNOWN_COPY, *_decided(request, names)]
    name = target_of(made.plan).name if made else target_of(request.plan).name
    undone = ", undone" if request.state is State.RESTORED else ""
    content = "\n".join([f"# Rewind of {escaped(name)}", "", *lines, "", f"Written {utc(ctx.now)}.", ""])
    return Attachment(f"rewind-{name}.md", f"Rewind of {name}{undone}", content)


async def _names(ctx: Context, requests: list[Request]) -> dict[str, str]:
    """Return people's names by ID. If Slack doesn't respond, the report has IDs."""
    people = [one.requester for one in requests] + [vote.user_id for one in requests for vote in one.votes]
    people += [str(one.facts[UNDONE_BY]) for one in requests if UNDONE_BY in one.facts]
    if ctx.names_of is None:
        return {}
    try:
        return dict(await ctx.names_of(dict.fromkeys(people)))
    except BotError:
        return {}


def _header(made: Request, names: dict[str, str]) -> list[str]:
    rewind = Rewind(made)
    comparison = Comparison.of(made.facts)
    return [
        f"- Database: {escaped(rewind.source)}",
        f"- Point in time: {exact(rewind.at)}. Everything after it is missing from the copy. The last 15 seconds "
        "before it may be missing, too",
        f"- Copy: {escaped(rewind.copy)}",
        *_people(made, names),
        "",
        "## Compared before the decision",
        "",
        *(f"- {escaped(line)}" for line in summary(comparison, rewind.source, rewind.copy)),
        "",
    ]


def _decided(request: Request, names: dict[str, str]) -> list[str]:
    done = DECISIONS.get(request.command, OTHER_DECISION).done.format("the copy").capitalize()
    was_undone = request.state is State.RESTORED
    seen = seen_at(request, PhaseKind.EXECUTE) or (None if was_undone else request.updated_at)
    return [
        "## Decision",
        "",
        f"- {done}{_at(seen)}",
        *(["- The old database is kept in quarantine with all its data"] if request.state is State.QUARANTINED else []),
        *_people(request, names),
        *([f"- {escaped(request.outcome)}"] if request.outcome else []),
        *_tokens(request),
        *(_undone(request, names) if was_undone else []),
    ]


def _undone(request: Request, names: dict[str, str]) -> list[str]:
    who = str(request.facts.get(UNDONE_BY) or "")
    by = f" by {escaped(names.get(who) or who)}" if who else ""
    return [
        "",
        "## Undo",
        "",
        f"- The switch was undone{by}{_at(changed_at(request))}",
        "- The old database is out of quarantine with all its data",
        "- Any blocks set before the switch are still in place",
        "- The Undo didn't affect the copy. Anything written to it since the switch isn't in the old database",
    ]


def _at(moment: datetime | None) -> str:
    return f" at {utc(moment)}" if moment else ""


def _people(request: Request, names: dict[str, str]) -> list[str]:
    def who(user_id: str) -> str:
        return escaped(names.get(user_id) or user_id)

    approved = [f"{who(vote.user_id)}{_at(vote.at)}" for vote in request.votes if vote.approves]
    without = "without approval, as break-glass" if request.mode is Mode.BREAK_GLASS else "no approval needed"
    why = " ".join(filter(None, (request.reason, request.ticket)))
    how = f"approved by {', '.join(approved)}" if approved else without
    return [
        f"- Requested by {who(request.requester)} at {utc(request.created_at)} ({how})",
        *([f"- Reason: {escaped(why)}"] if why else []),
    ]


def _tokens(request: Request) -> list[str]:
    """Return what is known about the tokens of the old database. Empty for a decision that revokes none."""
    result, proof = request.facts.get(NEXT_STEP), Proof.of(request.facts)
    if result is None:
        return []
    results = {
        NextStepResult.DONE: "Turso accepted their revocation",
        NextStepResult.NOT_DONE: "They weren't revoked",
    }
    why = escaped(str(request.facts.get(NEXT_STEP_WHY) or ""))
    words = results.get(result, "It is unknown whether they were revoked")
    line = f"- Tokens for the old database: {words}. {why}".rstrip()
    return [line, *(f"- {_finding(one)}" for one in (proof.findings if proof else ()))]


def _finding(finding: Finding) -> str:
    at = f" at {utc(finding.at)}" if finding.at else ""
    words = {
        OldTokens.REFUSED: f"refused an old token{at}",
        OldTokens.STILL_WORK: f"still accepted an old token{at}",
        OldTokens.WATCHED: "hadn't refused an old token when this was written",
    }
    unknown = f"couldn't be checked with an old token: {finding.why}"
    return f"{escaped(finding.database)} {escaped(words.get(finding.tokens, unknown))}."
