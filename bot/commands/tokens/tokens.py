"""`/turso tokens [NAME] [--mine]`: list the active tokens issued by Turso Ops, never a token itself."""

from typing import Annotated, Final

from pydantic import BaseModel, Field

from bot.blocks import buttons, kit
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, joined, mrkdwn, person, span, when
from bot.commands._existing_databases import drop_gone, keep_listed
from bot.commands._lines import command_line
from bot.commands._targets import require_known
from bot.commands._visible_names import VisibleNames
from bot.commands.base import Context, ReadCommand
from bot.core.declaration import Variant
from bot.core.model import Target
from bot.core.parsing.arguments import Count, DatabaseName, Positional
from bot.core.records.tokens import LedgerToken, TokenState
from bot.core.reply import Block, Reply

DOUBTS: Final = {
    TokenState.UNKNOWN: mrkdwn(" · :grey_question: may have been created; only its requester could have seen it"),
    TokenState.REVOKED: mrkdwn(" · :hourglass_flowing_sand: revoked, but may still work"),
}
PAGE = 20
MOST = 2000


class TokensArgs(BaseModel):
    name: Annotated[DatabaseName | None, Positional()] = None
    my_tokens: bool = Field(False, alias="mine")
    page: Count = 1


async def run(ctx: Context, args: TokensArgs) -> Reply:
    """List tokens from the ledger, newest first. Calls Turso to list the databases, or to check a name without tokens.

    Raises:
        DatabaseNotFound: no token was found, and this channel has no database with the given name.
        TursoError: Turso doesn't list the databases, and some may be hidden here, or it doesn't return the given one.
    """
    holder = ctx.subject.person.id if args.my_tokens else None
    tokens = await ctx.store.tokens.find(organization=ctx.organization, holder=holder, live_at=ctx.now, limit=MOST)
    shown = await _visible(ctx, [one for one in tokens if _is_meant(ctx, args, one)])
    if args.name and not shown:
        await require_known(ctx, args.name)
    pages = max(1, -(-len(shown) // PAGE))
    at = min(args.page, pages)
    title = _title(args, len(shown))
    lines = [_line(ctx, one) for one in shown[(at - 1) * PAGE : at * PAGE]]
    note = mrkdwn("Only tokens issued by Turso Ops. Turso can't list tokens created elsewhere.")
    paged = mrkdwn("Page {} of {}.", at, pages) if pages > 1 else Mrkdwn("")
    return reply(title, [kit.section(title), *_sections(lines), kit.context(joined(" ", (paged, note))),
                         *kit.actions(*_pages(args, at, pages))])  # fmt: skip


def _is_meant(ctx: Context, args: TokensArgs, token: LedgerToken) -> bool:
    named = args.name is None or token.database == args.name
    return named and ctx.scope.covers(Target(token.database, token.group or ""))


async def _visible(ctx: Context, tokens: list[LedgerToken]) -> list[LedgerToken]:
    """Return the tokens of databases that exist, as far as is known, and may be named here.

    If some databases may not be named here, this needs Turso's list.
    """
    if ctx.scope.covers_all or not tokens:
        return await drop_gone(ctx.turso, tokens)
    listing = await ctx.turso.listed()
    names = VisibleNames.of(ctx, listing)
    return keep_listed([one for one in tokens if names.has(one.database)], listing)


def _title(args: TokensArgs, count: int) -> Mrkdwn:
    whose = "held by you " if args.my_tokens else ""
    what = "active token" if count == 1 else "active tokens"
    where = mrkdwn("for *{}*", args.name) if args.name else mrkdwn("for this channel's databases")
    return mrkdwn(":key: {} {} {}{}", count or "No", what, whose, where)


def _line(ctx: Context, token: LedgerToken) -> Mrkdwn:
    access = "read-only" if token.read_only else "full access"
    ends = mrkdwn("*never expires*")
    if token.expires_at:
        ends = mrkdwn("{} left, until {}", span(token.expires_at - ctx.now), when(token.expires_at))
    doubt = DOUBTS.get(token.state, Mrkdwn(""))
    return mrkdwn("• *{}* {} · {} · {} · `{}`{}", token.database, access, person(token.holder), ends,
                  token.fingerprint or "no fingerprint", doubt)  # fmt: skip


def _sections(lines: list[Mrkdwn]) -> list[Block]:
    return [kit.section(Mrkdwn("\n".join(lines[start : start + 8]))) for start in range(0, len(lines), 8)]


def _pages(args: TokensArgs, at: int, pages: int) -> list[Element]:
    def line(page: int) -> str:
        return command_line("tokens", args.name, mine=args.my_tokens, page=page if page > 1 else None)

    row = buttons.page(1, "‹ Previous", line(at - 1)) if at > 1 else []
    return row + (buttons.page(2, "Next ›", line(at + 1)) if at < pages else [])


command = ReadCommand(
    name="tokens",
    usage="tokens [NAME] [--mine]",
    summary="List active tokens issued by Turso Ops",
    args=TokensArgs,
    position=80,
    aliases=("tokens list",),
    variants=(Variant("", "everybody's"), Variant("--mine", "your own")),
    run=run,
)
