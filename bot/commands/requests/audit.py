"""`/turso audit [--db NAME] [--user @U] [--since 7d]`: show the audit log of the channel's databases."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, cut, joined, mrkdwn, on_day, person, when
from bot.commands._lines import command_line
from bot.commands._targets import require_known
from bot.commands._visible_names import VisibleNames
from bot.commands.base import Context, ReadCommand
from bot.commands.requests._audit_sentences import mrkdwn_sentence, words_of
from bot.commands.requests._audit_writer import Writer, slack_writer
from bot.core.parsing.arguments import Count, DatabaseName, Since, UserRef, since_start
from bot.core.parsing.durations import duration_text
from bot.core.records.audit_entry import AuditEntry
from bot.core.reply import Block, Reply

PAGE = 20
LOG_PAGES = 10
"""The most pages of the log that each query reads to fill one page. Entries further back aren't found then."""
_SIGNS = {
    "succeeded": ":white_check_mark:",
    "allowed": ":eyes:",
    "denied": ":no_entry:",
    "failed": ":x:",
    "unknown": ":grey_question:",
    "stale": ":warning:",
    "expired": ":hourglass:",
}
Row = tuple[int, AuditEntry]


class AuditArgs(BaseModel):
    db: DatabaseName | None = None
    user: UserRef | None = None
    since: Since | None = None
    before: Count | None = None


async def run(ctx: Context, args: AuditArgs) -> Reply:
    """Return one page, newest first. The next page starts before the last entry shown."""
    visible = await entry_filter_of(ctx)
    rows = await entries(ctx, args, visible, PAGE + 1)
    if args.db and not (rows or args.before):
        await require_known(ctx, args.db)
    title = _title(args)
    catalogue = ctx.policy.catalogue
    writer = slack_writer(lambda entry: [name for name in entry.databases if visible.databases.has(name)], catalogue)
    lines = [_line(ctx, writer, seq, entry) for seq, entry in rows[:PAGE]]
    more = []
    if len(rows) > PAGE:
        more = buttons.page(1, "Older ›", _older(args, rows[PAGE - 1][0]))
    nothing = [] if lines else [kit.context(mrkdwn("There are no entries."))]
    return reply(title, [kit.section(title), *_sections(lines), *nothing, *kit.actions(*more)])


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Decides which entries a person may see."""

    ctx: Context
    databases: VisibleNames

    def may_see(self, entry: AuditEntry) -> bool:
        """Return True if a person may see an entry.

        An entry with databases is visible if one of them may be named. An entry without databases is visible in its
        channel, and a policy change also to those who may see all databases. Entries of other organizations never are.
        """
        if entry.organization not in ("", self.ctx.organization):
            return False
        if not entry.databases:
            everywhere = entry.event == "policy_changed" and self.databases.listed is None
            return everywhere or entry.channel_id == self.ctx.subject.channel.id
        return any(map(self.databases.has, entry.databases))


async def entry_filter_of(ctx: Context) -> EntryFilter:
    """Return the filter for the person who runs the command. A channel with all databases needs no list of them."""
    return EntryFilter(ctx, VisibleNames.of(ctx, None if ctx.scope.covers_all else await ctx.turso.listed()))


async def entries(ctx: Context, args: AuditArgs, visible: EntryFilter, limit: int) -> list[Row]:
    """Return the newest visible entries: about `args.db`, or about the channel's databases and the channel itself."""
    since = since_start(args.since, ctx.now) if args.since is not None else None
    if args.db or visible.databases.listed is None:
        return await _visible(ctx, args, visible, limit, since, [args.db] if args.db else None, None)
    of_databases = await _visible(ctx, args, visible, limit, since, sorted(visible.databases.listed), None)
    of_channel = await _visible(ctx, args, visible, limit, since, None, ctx.subject.channel.id)
    rows = dict(of_databases + of_channel)
    return [(seq, rows[seq]) for seq in sorted(rows, reverse=True)[:limit]]


async def _visible(
    ctx: Context,
    args: AuditArgs,
    visible: EntryFilter,
    limit: int,
    since: datetime | None,
    names: list[str] | None,
    channel_id: str | None,
) -> list[Row]:
    rows: list[Row] = []
    before = args.before
    for _ in range(LOG_PAGES):
        page = await ctx.store.audit.page(
            before_seq=before, limit=limit, databases=names, channel_id=channel_id, user_id=args.user, since=since
        )
        rows += [row for row in page if visible.may_see(row[1])]
        if len(rows) >= limit or len(page) < limit:
            break
        before = page[-1][0]
    return rows[:limit]


def _title(args: AuditArgs) -> Mrkdwn:
    of = mrkdwn(" of `{}`", args.db) if args.db else Mrkdwn("")
    by = mrkdwn(" by {}", person(args.user)) if args.user else Mrkdwn("")
    since = mrkdwn(" since {}", _since_words(args.since)) if args.since is not None else Mrkdwn("")
    return mrkdwn(":ledger: *Audit log*{}{}{}", of, by, since)


def _since_words(since: timedelta | date) -> Mrkdwn:
    return mrkdwn("{} ago", duration_text(since)) if isinstance(since, timedelta) else on_day(since)


def _line(ctx: Context, writer: Writer, seq: int, entry: AuditEntry) -> Mrkdwn:
    words = words_of(entry)
    says = mrkdwn(": {}", cut(words, 160)) if entry.event == "refused" else mrkdwn(" “{}”", cut(words, 100))
    parts = [
        mrkdwn("`{}`", seq),
        Mrkdwn(_SIGNS.get(entry.outcome, ":small_blue_diamond:")),
        when(entry.at),
        Mrkdwn(mrkdwn_sentence(entry, writer) + (says if words else "")),
        Mrkdwn("") if entry.channel_id in ("", ctx.subject.channel.id) else mrkdwn("in another channel"),
        mrkdwn("`{}`", entry.request_id) if entry.request_id else Mrkdwn(""),
    ]
    return joined(" ", parts)


def _sections(lines: list[Mrkdwn]) -> list[Block]:
    return [kit.section(Mrkdwn("\n".join(lines[start : start + 5]))) for start in range(0, len(lines), 5)]


def _older(args: AuditArgs, before: int) -> str:
    since = None
    if args.since is not None:
        since = args.model_dump(mode="json")["since"]
    return command_line("audit", db=args.db, user=args.user, since=since, before=before)


command = ReadCommand(
    name="audit",
    usage="audit [--db NAME] [--user @U] [--since 7d]",
    summary="Show who did what, where and with whose approval",
    args=AuditArgs,
    position=100,
    synonyms=("log", "logs", "history"),
    run=run,
)
