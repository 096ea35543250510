"""`/turso` alone: what you may do here, and what waits for you, with buttons."""

from pydantic import BaseModel

from bot.blocks import buttons, cards, kit
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, counted, joined, mrkdwn
from bot.commands.base import Context, Reading
from bot.commands.lines import command_line
from bot.commands.requests import mine_now, to_approve
from bot.commands.rights import commands_here
from bot.core.catalogue import ALWAYS
from bot.core.model import Verdict
from bot.core.reply import Block, Reply

WAITING = 4
_RUNS = (("list", "Databases"), ("usage", "Usage"), ("requests", "Requests"), ("tokens", "Tokens"))
_FORMS = (("token", "Token"), ("create", "Create"), ("freeze", "Freeze"), ("rotate", "Rotate"), ("destroy", "Destroy"))


class HomeArgs(BaseModel):
    pass


async def run(ctx: Context, args: HomeArgs) -> Reply:
    """No call to Turso: it answers at once."""
    here = commands_here(ctx)
    title = mrkdwn(":wave: *Turso Ops*{}", _place(ctx))
    return reply(
        title,
        [
            kit.section(title),
            *_rights(here),
            *kit.actions(*_runs(here)),
            *kit.actions(*(buttons.form(name, label) for name, label in _FORMS if name in here)),
            *await waiting(ctx),
            kit.context(mrkdwn("`/turso help` lists everything; `/turso whoami` says who you are to me.")),
        ],
        private=True,
    )


def _place(ctx: Context) -> Mrkdwn:
    if not ctx.organization or not ctx.scope.databases:
        return mrkdwn(": this conversation has no databases in the policy.")
    incident = mrkdwn(" · :rotating_light: an incident runs here") if ctx.subject.incident_profile else Mrkdwn("")
    return mrkdwn(" · `{}` of `{}` in this channel{}", ctx.scope.databases, ctx.organization, incident)


def _rights(here: dict[str, Verdict]) -> list[Block]:
    rows = [
        (":white_check_mark: *You may*: {}", Verdict.ALLOW),
        (":raised_hand: *With approval*: {}", Verdict.APPROVE),
        (":rotating_light: *Break-glass*: {}", Verdict.BREAK_GLASS),
    ]
    lines = []
    for text, verdict in rows:
        names = [name for name, best in here.items() if best is verdict and name not in ALWAYS]
        if names:
            lines.append(Mrkdwn(text.format(joined(", ", (mrkdwn("`{}`", name) for name in names)))))
    return [kit.section(Mrkdwn("\n".join(lines)))] if lines else []


def _runs(here: dict[str, Verdict]) -> list[Element]:
    shown = [(name, label) for name, label in _RUNS if name in here]
    return [one for at, (name, label) in enumerate(shown, 1) for one in buttons.run(at, label, command_line(name))]


async def waiting(ctx: Context) -> list[Block]:
    """What waits for the asker's consent, and what they asked for themselves."""
    theirs, mine = await to_approve(ctx), await mine_now(ctx)
    blocks: list[Block] = []
    for title, requests, approves in (("Waits for you", theirs, True), ("Asked by you", mine, False)):
        if requests:
            blocks += [kit.divider(), kit.section(mrkdwn("*{}*: {}", title, counted(len(requests), "request")))]
        for one in requests[:WAITING]:
            blocks += cards.request_row(one, now=ctx.now, mine=not approves, may_approve=approves)
    return blocks


command = Reading(
    name="home",
    usage="",
    summary="What you may do here, and what waits for you",
    args=HomeArgs,
    run=run,
    open_to_all=True,
)
