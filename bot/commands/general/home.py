"""`/turso` alone: show what you may do here, and what waits for you, with buttons."""

from dataclasses import replace

from pydantic import BaseModel

from bot.blocks import buttons, cards, kit
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.rights import NOTHING, databases_text, right_lines, unknown_groups
from bot.blocks.text import Mrkdwn, counted, mrkdwn
from bot.commands._lines import command_line
from bot.commands._rights import as_counted, rights_here, unknown_here
from bot.commands.base import Context, ReadCommand
from bot.commands.requests.requests import own_requests, requests_to_approve
from bot.core.reply import Block, Reply

WAITING = 4
_RUNS = (("list", "Databases"), ("usage", "Usage"), ("requests", "Requests"), ("tokens", "Tokens"))


class HomeArgs(BaseModel):
    pass


async def run(ctx: Context, args: HomeArgs) -> Reply:
    """Return the overview. Makes no call to Turso, so that it is fast."""
    rights = rights_here(ctx)
    here = {right.command for right in rights}
    quick = [one for one in ctx.policy.catalogue.quick if one.name in here]
    lines = right_lines(rights, ctx.policy.catalogue) or ([NOTHING] if ctx.organization else [])
    title = mrkdwn(":wave: *Turso Ops*{}", _place(ctx))
    return reply(
        title,
        [
            kit.section(title),
            *([kit.section(Mrkdwn("\n".join(lines)))] if lines else []),
            *([kit.context(unknown)] if (unknown := unknown_groups(unknown_here(ctx))) else []),
            *kit.actions(*_runs(here)),
            *kit.actions(*(buttons.form(one.name, one.quick_label) for one in quick)),
            *await waiting(ctx),
            kit.context(mrkdwn("`/turso help` lists the commands. `/turso whoami` shows your permissions.")),
        ],
        private=True,
    )


def _place(ctx: Context) -> Mrkdwn:
    if not ctx.organization or not ctx.scope.databases:
        return mrkdwn(" · no databases in this conversation")
    incident = mrkdwn(" · :rotating_light: an incident is active") if ctx.subject.incident_profile else Mrkdwn("")
    return mrkdwn(" · {} in `{}`{}", databases_text(ctx.scope.databases), ctx.organization, incident)


def _runs(here: set[str]) -> list[Element]:
    shown = [(name, label) for name, label in _RUNS if name in here]
    return [one for at, (name, label) in enumerate(shown, 1) for one in buttons.run(at, label, command_line(name))]


async def waiting(ctx: Context) -> list[Block]:
    """Return requests of this channel: those that this person can approve, and their own, at most `WAITING` of each."""
    ctx = replace(ctx, scope=ctx.policy.scope(ctx.subject))  # the channel's scope, because no rule names this command
    theirs, mine = await requests_to_approve(ctx), await own_requests(ctx)
    blocks: list[Block] = []
    for title, requests, approves in (("Waiting for you", theirs, True), ("Your requests", mine, False)):
        if requests:
            blocks += [kit.divider(), kit.section(mrkdwn("*{}*: {}", title, counted(len(requests), "request")))]
        for one in [await as_counted(ctx, request) for request in requests[:WAITING]]:
            blocks += cards.request_row(one, ctx.policy.catalogue, now=ctx.now, mine=not approves, may_approve=approves)
    return blocks


command = ReadCommand(
    name="home",
    usage="",
    summary="Show what you can do here, and what is waiting for you",
    args=HomeArgs,
    position=10,
    run=run,
    open_to_all=True,
)
