"""The card of an alert: what was measured, since when, what makes it up, and whether it has ended."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, LiteralString

from bot.blocks import kit
from bot.blocks.chart import Chart
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, Plain, counted, joined, mention, mrkdwn, number, people, size, when
from bot.core.alerts import Alert, AlertEnd, AlertKind, Measure
from bot.core.reply import Block, Reply

NOUNS: Final[Mapping[Measure, LiteralString]] = {
    Measure.ROWS_READ: "rows read",
    Measure.ROWS_WRITTEN: "rows written",
    Measure.STORAGE: "storage",
    Measure.BYTES_SYNCED: "synced bytes",
}
_BYTES: Final = (Measure.STORAGE, Measure.BYTES_SYNCED)
_ENDS: Final[Mapping[AlertEnd, LiteralString]] = {
    AlertEnd.BELOW: "It is back below the threshold.",
    AlertEnd.RESET: "A new billing period has begun.",
    AlertEnd.HIGHER: "The next threshold was reached. See its alert.",
    AlertEnd.REACHED: "The quota is used up.",
    AlertEnd.OVER: "It no longer applies.",
    AlertEnd.OFF: "This alert was turned off.",
}


def alert_card(alert: Alert) -> Reply:
    """Build the card of an alert, as it is now."""
    head = headline(alert)
    if alert.end is not None and alert.ended_at is not None:
        return reply(head, [kit.section(head), kit.context(_ended(alert.end, alert.ended_at))])
    to = joined(" ", (mention(f"<!subteam^{one}>" if one.startswith("S") else f"<@{one}>") for one in alert.notify))
    said = mrkdwn("{} {}", to, head) if to else head
    blocks, plain = _chart(alert)
    below = [*_parts(alert), kit.context(mrkdwn("Since {}", when(alert.since)), *_certainty(alert))]
    return reply(said, [kit.section(said), *blocks, *below], plain_blocks=[kit.section(said), *plain, *below])


def headline(alert: Alert) -> Mrkdwn:
    """Return what an alert says, in one sentence."""
    return _HEADS[alert.kind](alert)


def amount(measure: Measure, value: int | None) -> str:
    """Format a number in the unit of its measure."""
    return size(value) if measure in _BYTES else number(value)


def _quota(alert: Alert) -> Mrkdwn:
    share = f"{100 * alert.measured // alert.compared}%" if alert.compared else amount(alert.measure, alert.measured)
    used = f"{amount(alert.measure, alert.measured)} of {amount(alert.measure, alert.compared)}"
    return mrkdwn(":warning: *{}* has used {} of its {} quota ({}).", alert.organization, share, _noun(alert), used)


def _spike(alert: Alert) -> Mrkdwn:
    usual = (
        f"{alert.measured / alert.compared:,.0f} times as much as usual" if alert.compared else "far more than usual"
    )
    many = amount(alert.measure, alert.measured)
    return mrkdwn(":chart_with_upwards_trend: `{}`: {} {} in an hour, {}.", alert.subject, many, _noun(alert), usual)


def _forecast(alert: Alert) -> Mrkdwn:
    at = when(alert.expected_at) if alert.expected_at else Mrkdwn("soon")
    return mrkdwn(
        ":hourglass_flowing_sand: *{}* will probably use up its {} quota {}.", alert.organization, _noun(alert), at
    )


def _tokens(alert: Alert) -> Mrkdwn:
    who = counted(alert.measured, "person", "people")
    return mrkdwn(":key: Tokens of {} for `{}` expire within a day.", who, alert.subject)


def _freeze(alert: Alert) -> Mrkdwn:
    return mrkdwn(":snowflake: `{}` has been frozen for {}.", alert.subject, counted(alert.measured, "day"))


def _failures(alert: Alert) -> Mrkdwn:
    return mrkdwn(":rotating_light: Some of my own work fails or is late: {}.", counted(alert.measured, "case"))


_HEADS: Final[Mapping[AlertKind, Callable[[Alert], Mrkdwn]]] = {
    AlertKind.QUOTA: _quota,
    AlertKind.SPIKE: _spike,
    AlertKind.FORECAST: _forecast,
    AlertKind.TOKENS: _tokens,
    AlertKind.FREEZE: _freeze,
    AlertKind.FAILURES: _failures,
}


def _noun(alert: Alert) -> Mrkdwn:
    return Mrkdwn(NOUNS.get(alert.measure, ""))


def _parts(alert: Alert) -> list[Block]:
    """Return the databases that make it up, or the holders, or the failures."""
    if alert.kind is AlertKind.TOKENS:
        return [kit.section(mrkdwn("Holders: {}", people(alert.details)))]
    lines = [
        mrkdwn("• {}: {}", mrkdwn("`{}`", one.database) if one.database else Mrkdwn("a destroyed database"),
               amount(alert.measure, one.amount))
        for one in alert.contributors
    ]  # fmt: skip
    lines += [mrkdwn("• {}", one) for one in alert.details]
    return [kit.section(joined("\n", lines))] if lines else []


def _certainty(alert: Alert) -> list[Mrkdwn]:
    if alert.earliest_at is None or alert.latest_at is None:
        return []
    return [mrkdwn("In nine of ten cases between {} and {}", when(alert.earliest_at), when(alert.latest_at))]


def _ended(end: AlertEnd, at: datetime) -> Mrkdwn:
    return mrkdwn(":white_check_mark: Ended {}. {}", when(at), Mrkdwn(_ENDS[end]))


def _chart(alert: Alert) -> tuple[list[Block], list[Block]]:
    labels = [Plain(datetime.fromisoformat(one.at).strftime("%b %d %H:%M")) for one in alert.figures]
    series = {NOUNS.get(alert.measure, ""): [one.amount for one in alert.figures]}
    chart = Chart("line", Plain(alert.subject or alert.organization), labels, series, least=3)
    return chart.blocks(), chart.plain()
