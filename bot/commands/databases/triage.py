"""`/turso triage NAME`: show a database's state, usage and recent changes, with buttons for common fixes."""

from datetime import UTC
from typing import Annotated

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.chart import Chart
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, Plain, ago, counted, joined, mrkdwn, number, person, size, when
from bot.commands._lines import command_line
from bot.commands._rights import may
from bot.commands._targets import list_names, unreported
from bot.commands._visible_names import VisibleNames
from bot.commands.base import Context, ReadCommand
from bot.commands.databases._archived import may_wake, wake_button
from bot.commands.databases._triage_queries import queries_blocks, require_literals
from bot.commands.databases._triage_reading import Findings, read
from bot.commands.requests._audit_sentences import mrkdwn_sentence
from bot.commands.requests._audit_writer import slack_writer
from bot.commands.usage._amounts import known
from bot.core.parsing.arguments import DatabaseName, Positional
from bot.core.records.tokens import LedgerToken
from bot.core.reply import Block, Reply

_FREEZES = "30m"


class TriageArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    literals: bool = False


async def run(ctx: Context, args: TriageArgs) -> Reply:
    """Read everything at the same time, with a time limit for each call to Turso. The card names what is missing."""
    if args.literals:
        require_literals(ctx)
    findings = await read(ctx, args.name)
    title = mrkdwn(":ambulance: *{}* · {}", args.name, findings.state)
    chart = _chart(findings)
    head = [kit.section(title), *kit.fields(_facts(findings))]
    rest = [
        *await queries_blocks(findings.queries or [], literals=args.literals),
        *_changes(ctx, findings),
        *_tokens(findings.tokens),
        *_missing(findings),
        *kit.actions(*_buttons(ctx, findings, args)),
        kit.context(mrkdwn("As of {}. *Refresh* updates it.", when(ctx.now))),
    ]
    drawn = chart.blocks()
    plain = [*head, *chart.plain_blocks(), *rest] if drawn else []
    return reply(
        _notification_text(args.name, findings), [*head, *drawn, *rest], plain_blocks=plain, private=args.literals
    )


def _notification_text(name: str, found: Findings) -> Mrkdwn:
    """Return the notification: the state and the usage."""
    used, period = (found.today, "today") if found.today else (found.month, "this month")
    if used is None:
        return mrkdwn("{}: {}.", name, found.state)
    reads = known(used.rows_read, number)
    return mrkdwn("{}: {}. {} rows read {}{}.", name, found.state, reads, period, _versus_usual(found, "rows_read"))


def _facts(found: Findings) -> list[tuple[str, Mrkdwn]]:
    pairs: list[tuple[str, Mrkdwn]] = []
    if found.protected is not None:
        pairs.append(("Delete protection", mrkdwn("{}", "on" if found.protected else "off")))
    if found.group is not None:
        others = f", with {list_names(found.siblings, at_most=4)}" if found.siblings else ""
        pairs.append(("Group", mrkdwn("{}{}", found.group or "none", others)))
    pairs += _usage(found)
    if found.causes:
        pairs.append(("Blocked by", mrkdwn("{}", "; ".join(found.causes))))
    return pairs


def _usage(found: Findings) -> list[tuple[str, Mrkdwn]]:
    used, span = (found.today, "today") if found.today else (found.month, "this month")
    if used is None:
        return []
    return [
        (f"Rows read {span}", mrkdwn("{}{}", known(used.rows_read, number), _versus_usual(found, "rows_read"))),
        (
            f"Rows written {span}",
            mrkdwn("{}{}", known(used.rows_written, number), _versus_usual(found, "rows_written")),
        ),
        ("Size", mrkdwn("{}", known(used.storage_bytes, size))),
    ]


def _versus_usual(found: Findings, field: str) -> Mrkdwn:
    """Compare today so far with the same part of a usual day. Empty if either is unknown."""
    now = getattr(found.today, field) if found.today else None
    whole_day = getattr(found.usual, field) if found.usual else None
    if now is None or whole_day is None:
        return mrkdwn("")
    usual = int(whole_day * found.part_of_day)
    if not usual:
        return mrkdwn(" (usually none)") if now and not whole_day else mrkdwn("")
    return mrkdwn(" ({}× usual)", f"{now / usual:.1f}")


def _chart(found: Findings) -> Chart:
    """Return a chart of rows per day from samples, with today so far and the usual number of rows read."""
    daily = dict(found.daily)
    today = found.now.astimezone(UTC).date()
    if found.today:
        daily[today] = found.today
    days = sorted(daily)
    series: dict[str, list[int | None]] = {
        "rows read": [daily[day].rows_read for day in days],
        "rows written": [daily[day].rows_written for day in days],
    }
    if found.usual:
        series["usual reads"] = [found.usual.rows_read] * len(days)
    labels = [Plain("today" if day == today else f"{day:%m-%d}") for day in days]
    return Chart("line", Plain("Rows per day (today so far)"), labels, series, "day (UTC)", "rows", min_labels=2)


def _changes(ctx: Context, found: Findings) -> list[Block]:
    if not found.changes:
        return []
    visible = VisibleNames.of(ctx, found.listing)
    writer = slack_writer(
        lambda entry: [one for one in entry.databases if one == found.name or visible.has(one)], ctx.policy.catalogue
    )
    lines = [mrkdwn("• {}: {}", ago(one.at, ctx.now), mrkdwn_sentence(one, writer)) for one in found.changes]
    return [kit.section(joined("\n", [mrkdwn("*Recent changes*"), *lines]))]


def _tokens(tokens: list[LedgerToken]) -> list[Block]:
    if not tokens:
        return []
    lines = [
        mrkdwn("{} ({})", person(one.holder), "read-only" if one.read_only else "full access") for one in tokens[:6]
    ]
    more = mrkdwn("{} more", len(tokens) - 6) if len(tokens) > 6 else Mrkdwn("")
    return [kit.context(mrkdwn("{}: {}", counted(len(tokens), "active token"), joined(", ", [*lines, more])))]


def _missing(found: Findings) -> list[Block]:
    if not found.missing:
        return []
    return [kit.context(unreported(found.missing))]


def _buttons(ctx: Context, found: Findings, args: TriageArgs) -> list[Element]:
    """Return buttons for what this person may run or request here."""
    name = found.name
    target = found.target
    row: list[Element] = []
    if found.is_archived and found.members and may_wake(ctx, target, found.members):
        row += wake_button(6, name)
    if not found.blocks_writes and not found.is_archived and may(ctx, "freeze", target):
        line = command_line("freeze", name, for_=_FREEZES)
        row += buttons.run(1, "Freeze writes 30 min", line, style="danger")
    if found.blocked and may(ctx, "thaw", target):
        row += buttons.run(2, "Thaw", command_line("thaw", name))
    if not found.is_archived and may(ctx, "rewind", target):
        row += buttons.run(7, "Rewind", command_line("rewind", name))
    if not found.is_archived and may(ctx, "token", target, options=["--read-only"]):
        row += buttons.run(3, "Read-only token", command_line("token", name, read_only=True))
    if may(ctx, "rotate", target):
        row += buttons.run(4, "Rotate tokens", command_line("rotate", name))
    return row + buttons.page(5, "Refresh", command_line("triage", name, literals=args.literals))


command = ReadCommand(
    name="triage",
    usage="triage NAME [--literals]",
    summary="Show a database's state, usage and recent changes, with buttons for common fixes",
    args=TriageArgs,
    position=70,
    run=run,
    is_live=True,
)
