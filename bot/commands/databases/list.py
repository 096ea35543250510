"""`/turso db list [FILTER] [--group G] [--sort …] [--branches]`: list the databases of this channel."""

from fnmatch import fnmatchcase
from operator import attrgetter
from typing import Annotated, Literal

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.table import Cell, Table, amount
from bot.blocks.text import Mrkdwn, Plain, counted, joined, mrkdwn, number, size
from bot.commands._lines import command_line
from bot.commands._rights import may_use
from bot.commands._targets import left_out_note
from bot.commands.base import Context, ReadCommand
from bot.commands.databases._branches import list_branches
from bot.commands.usage._amounts import UNKNOWN
from bot.core.parsing.arguments import Count, GroupName, Positional
from bot.core.reply import Block, Reply
from bot.turso import Database, Listed
from bot.turso.models import Usage

PAGE = 50
WIDEST = 48
"""How many characters of a table row fit on a phone."""
Sort = Literal["name", "size", "reads", "writes"]
_NEXT = (("show", "Show"), ("triage", "Triage"), ("token", "Token"))
_FIELDS = {"size": "storage_bytes", "reads": "rows_read", "writes": "rows_written"}


class ListArgs(BaseModel):
    filter: Annotated[str | None, Positional()] = None
    group: GroupName | None = None
    sort: Sort = "name"
    branches: bool = False
    page: Count = 1


async def run(ctx: Context, args: ListArgs) -> Reply:
    """List the databases. Reads the organization's usage only to sort by it."""
    visible = await ctx.visible_databases(group=args.group)
    matching = [one for one in visible if _matches(one, args.filter)] if args.filter else list(visible)
    if args.branches:
        return await list_branches(ctx, matching, visible.left_out)
    used = {} if args.sort == "name" else await _usage(ctx)
    matching.sort(key=attrgetter("name"))
    if field := _FIELDS.get(args.sort):
        none = Usage()
        amounts = {one.id: getattr(used.get(one.id, none), field) for one in matching}
        matching.sort(key=lambda one: -1 if amounts[one.id] is None else amounts[one.id], reverse=True)
    return _page(ctx, args, matching, used, visible.left_out)


async def _usage(ctx: Context) -> dict[str, Usage]:
    return {one.uuid: one.usage for one in (await ctx.turso.organization_usage()).databases}


def _matches(database: Listed, pattern: str) -> bool:
    if any(sign in pattern for sign in "*?["):
        return fnmatchcase(database.name, pattern.lower())
    return pattern.lower() in database.name


def _page(ctx: Context, args: ListArgs, found: list[Listed], used: dict[str, Usage], left_out: int) -> Reply:
    pages = max(1, -(-len(found) // PAGE))
    at = min(args.page, pages)
    here = found[(at - 1) * PAGE : at * PAGE]
    shown = [database for one in here if (database := one.read_or_none())]
    left_out += len(here) - len(shown)
    title = _title(args, len(found))
    note = [kit.context(left_out_note(left_out))] if left_out else []
    if not shown:
        return reply(title, [kit.section(title), *([] if here else _nothing(ctx, args)), *note])
    table = _table(args, shown, used)
    first = (at - 1) * PAGE + 1
    where = mrkdwn("{}–{} of {}", number(first), number(first + len(here) - 1), number(len(found)))
    paged = mrkdwn("page {} of {}", at, pages) if pages > 1 else Mrkdwn("")
    by = Mrkdwn("") if args.sort == "name" else mrkdwn("sorted by {} in this billing period", args.sort)
    tail = [kit.context(joined(" · ", (where, paged, by))), *note, *_buttons(args, at, pages), *_next_steps(ctx)]
    return reply(title, [kit.section(title), table.block(), *tail],
                   plain_blocks=[kit.section(title), *table.plain_blocks(), *tail])  # fmt: skip


def _title(args: ListArgs, count: int) -> Mrkdwn:
    named = mrkdwn(" matching `{}`", args.filter) if args.filter else Mrkdwn("")
    group = mrkdwn(" in the group `{}`", args.group) if args.group else Mrkdwn("")
    how_many = counted(count, "database") if count else "No databases"
    return mrkdwn(":card_index_dividers: *{}*{}{} in this channel", how_many, named, group)


def _caption(args: ListArgs) -> Plain:
    return Plain("Databases" if args.sort == "name" else f"Databases by {args.sort}")


def _table(args: ListArgs, shown: list[Database], used: dict[str, Usage]) -> Table:
    """Return the table of databases.

    State is the second column, because a phone shows only the first columns. Location is left out of a wide table.
    """
    columns = ["Name", "State", *([] if args.sort == "name" else ["Size", "Rows read", "Rows written"]), "Group"]
    rows = [_row(one, args.sort, used) for one in shown]
    table = Table(_caption(args), [Plain(name) for name in (*columns, "Location")], rows)
    if table.width <= WIDEST:
        return table
    return Table(table.caption, table.columns[:-1], [row[:-1] for row in rows])


def _row(database: Database, sort: Sort, used: dict[str, Usage]) -> list[Cell]:
    usage = used.get(database.id, Usage())
    amounts = [amount(usage.storage_bytes, size), amount(usage.rows_read, number), amount(usage.rows_written, number)]
    location = database.primary_region or next(iter(database.regions), "")
    return [
        Plain(database.name[:64]),
        Plain(state_of(database)),
        *([] if sort == "name" else amounts),
        Plain(UNKNOWN if database.group is None else database.group[:32]),
        Plain(location[:24]),
    ]


def state_of(database: Database) -> str:
    """Return the state of a database in a few words, such as `archived, protected`, or `open`."""
    words = ["archived"] if database.is_archived else []
    words += blocks_words(database.block_reads, database.block_writes)
    words += ["protected"] if database.delete_protection else []
    return ", ".join(words) or "open"


def blocks_words(reads: bool | None, writes: bool | None) -> list[str]:
    """Return what is blocked, and what Turso didn't report. Empty if both are known to be unblocked."""
    flags = {"reads": reads, "writes": writes}
    blocked = " and ".join(word for word, on in flags.items() if on)
    silent = " and ".join(word for word, on in flags.items() if on is None)
    return [f"{blocked} blocked"] * bool(blocked) + [f"{silent}: {UNKNOWN}"] * bool(silent)


def _nothing(ctx: Context, args: ListArgs) -> list[Block]:
    if args.filter or args.group:
        line = command_line("list")
        all_ = buttons.run(1, "Show all", line)
        return [kit.context(mrkdwn("`/turso {}` shows all databases.", line)), *kit.actions(*all_)]
    hint = mrkdwn("The policy decides which databases a channel can use. `/turso whoami` shows what an admin can add.")
    if not may_use(ctx, "create"):
        return [kit.context(hint)]
    return [kit.context(hint), *kit.actions(buttons.form("create", "Create database", style="primary"))]


def _next_steps(ctx: Context) -> list[Block]:
    """Return buttons that open the forms of likely next commands, if the person may use them here."""
    return kit.actions(*(buttons.form(name, label) for name, label in _NEXT if may_use(ctx, name)))


def _buttons(args: ListArgs, at: int, pages: int) -> list[Block]:
    def line(page: int) -> str:
        sort = None if args.sort == "name" else args.sort
        return command_line("list", args.filter, group=args.group, sort=sort, page=page if page > 1 else None)

    row = buttons.page(1, "‹ Previous", line(at - 1)) if at > 1 else []
    row += buttons.page(2, "Next ›", line(at + 1)) if at < pages else []
    row += buttons.page(3, "Last »", line(pages)) if at < pages - 1 else []
    return kit.actions(*row)


command = ReadCommand(
    name="list",
    usage="db list [FILTER] [--group G] [--sort name/size/reads/writes] [--branches]",
    summary="List this channel's databases",
    args=ListArgs,
    position=40,
    aliases=("ls",),
    synonyms=("databases", "dbs"),
    run=run,
)
