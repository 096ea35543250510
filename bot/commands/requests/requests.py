"""`/turso requests [--mine | --to-approve]`: list open requests with their buttons."""

from pydantic import BaseModel, Field, model_validator

from bot.blocks import buttons, cards, kit
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.rights import unknown_groups
from bot.blocks.text import mrkdwn
from bot.commands._lines import command_line
from bot.commands._rights import as_counted, is_visible, may_approve, unknown_here
from bot.commands.base import Context, ReadCommand
from bot.core.declaration import Variant
from bot.core.parsing.arguments import Count
from bot.core.reply import Reply
from bot.core.requests.request import Mode, Request, State

OPEN = (State.PENDING, State.APPROVED, State.READY, State.EXECUTING, State.QUARANTINED)
PAGE = 12
MOST = 300


class RequestsArgs(BaseModel):
    mine: bool = False
    to_approve: bool = Field(False, alias="to-approve")
    page: Count = 1

    @model_validator(mode="after")
    def one_list(self) -> "RequestsArgs":
        """Reject both flags together, because nobody approves their own request."""
        if self.mine and self.to_approve:
            raise ValueError("Use either `--mine` or `--to-approve`.")
        return self


async def run(ctx: Context, args: RequestsArgs) -> Reply:
    """List open requests of this channel, newest first, at most `MOST`. Those of other channels are listed there."""
    if args.mine:
        found, title = await own_requests(ctx), "open {} from you"
    elif args.to_approve:
        found, title = await requests_to_approve(ctx), "{} that you can approve"
    else:
        found, title = await open_requests(ctx), "open {} in this channel"
    pages = max(1, -(-len(found) // PAGE))
    at = min(args.page, pages)
    words = title.format("request" if len(found) == 1 else "requests")
    head = mrkdwn(":inbox_tray: *{}* {}", len(found), words) if found else mrkdwn(":inbox_tray: No {}.", words)
    blocks = [kit.section(head)]
    blocks += [kit.context(unknown)] if (unknown := unknown_groups(unknown_here(ctx))) else []
    for one in found[(at - 1) * PAGE : at * PAGE]:
        mine = one.requester == ctx.subject.person.id
        blocks += cards.request_row(
            await as_counted(ctx, one),
            ctx.policy.catalogue,
            now=ctx.now,
            mine=mine,
            may_approve=await may_approve(ctx, one),
        )
    return reply(head, [*blocks, *kit.actions(*_pages(args, at, pages))], private=True)


async def open_requests(ctx: Context) -> list[Request]:
    """Return the open requests of this channel that the person may see."""
    requests = await ctx.store.requests.find(states=OPEN, channel_id=ctx.subject.channel.id, limit=MOST)
    return [one for one in requests if is_visible(ctx, one) and not _is_hidden(ctx, one)]


async def own_requests(ctx: Context) -> list[Request]:
    """Return the person's own open requests in this channel. Home shows those in all channels."""
    me, here = ctx.subject.person.id, ctx.subject.channel.id
    return await ctx.store.requests.find(states=OPEN, requester=me, channel_id=here, limit=MOST)


async def requests_to_approve(ctx: Context) -> list[Request]:
    """Return the requests of this channel that the person who runs the command could approve now.

    Their Home tab shows those of all their channels.
    """
    requests = await ctx.store.requests.find(states=[State.PENDING], channel_id=ctx.subject.channel.id, limit=MOST)
    return [one for one in requests if is_visible(ctx, one) and await may_approve(ctx, one)]


def _is_hidden(ctx: Context, request: Request) -> bool:
    """Return True for another person's request that is private or isn't confirmed yet."""
    private = request.private and request.mode is not Mode.BREAK_GLASS
    return (private or waits_for_requester(request)) and request.requester != ctx.subject.person.id


def waits_for_requester(request: Request) -> bool:
    """Return True for a request that isn't confirmed yet, which only its requester sees."""
    return request.state is State.PENDING and request.mode is not Mode.APPROVAL


def _pages(args: RequestsArgs, at: int, pages: int) -> list[Element]:
    def line(page: int) -> str:
        return command_line("requests", mine=args.mine, to_approve=args.to_approve, page=page if page > 1 else None)

    row = buttons.page(1, "‹ Previous", line(at - 1)) if at > 1 else []
    return row + (buttons.page(2, "Next ›", line(at + 1)) if at < pages else [])


command = ReadCommand(
    name="requests",
    usage="requests [--mine / --to-approve]",
    summary="List open requests, with their buttons",
    args=RequestsArgs,
    position=90,
    variants=(
        Variant("", "everybody's"),
        Variant("--mine", "your own"),
        Variant("--to-approve", "what you can approve"),
    ),
    run=run,
)
