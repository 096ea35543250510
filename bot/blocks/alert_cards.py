"""Builds the card of an alert: what was measured and since when, its causes, and whether it has ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from bot.blocks import kit
from bot.blocks.chart import Chart
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, Plain, counted, joined, mention, mrkdwn, number, on_day, people, size, when
from bot.core.alerts import Alert, AlertEnd, AlertKind, Measure
from bot.core.model import Target
from bot.core.reply import Block, Reply

NOUNS: Final[Mapping[Measure, LiteralString]] = {
    Measure.ROWS_READ: "rows read",
    Measure.ROWS_WRITTEN: "rows written",
    Measure.STORAGE: "storage",
    Measure.BYTES_SYNCED: "synced bytes",
}
_QUOTAS: Final[Mapping[Measure, LiteralString]] = {
    Measure.ROWS_READ: "quota for rows read",
    Measure.ROWS_WRITTEN: "quota for rows written",
    Measure.STORAGE: "quota for storage",
    Measure.BYTES_SYNCED: "quota for synced data",
}
_UNITS: Final[Mapping[Measure, str]] = {
    Measure.ROWS_READ: "rows read",
    Measure.ROWS_WRITTEN: "rows written",
    Measure.BYTES_SYNCED: "synced",
}
_BYTES: Final = (Measure.STORAGE, Measure.BYTES_SYNCED)
_ENDS: Final[Mapping[AlertEnd, LiteralString]] = {
    AlertEnd.BELOW: "It is back below the threshold.",
    AlertEnd.RESET: "A new billing period has begun.",
    AlertEnd.HIGHER: "The next threshold was reached. See its alert.",
    AlertEnd.REACHED: "The quota is used up.",
    AlertEnd.OVER: "This is no longer the case.",
    AlertEnd.OFF: "This alert was turned off.",
    AlertEnd.UNWATCHED: "This alert is no longer allowed here.",
    AlertEnd.UNKNOWN: "Turso has reported no numbers for a day, so the problem may still exist.",
}
_UNLIKELY: Final = "This is no longer likely."
_NO_LIMIT: Final = "Turso no longer reports the limit, the usage, or both."


@dataclass(frozen=True, slots=True)
class AlertPart:
    """A database that contributed to what an alert measured."""

    name: str
    amount: int
    query: Mrkdwn
    """Its top query, or why none is shown. Empty if queries may not be shown here."""


@dataclass(frozen=True, slots=True)
class AlertView:
    """What a channel may see of an alert, and the buttons that its members may use."""

    is_whole: bool = False
    """True if the channel may see numbers of the whole organization."""
    parts: Sequence[AlertPart] = ()
    overages: bool | None = None
    """Whether Turso bills usage beyond a quota. None if it isn't known or may not be shown here."""
    target: Target | None = None
    """The database that the buttons are about. None if there is none, it no longer exists or may not be named here."""
    buttons: Sequence[Element] = ()


def alert_card(alert: Alert, view: AlertView) -> Reply:
    """Build the card of an alert, as a channel may see it."""
    head = headline(alert, is_whole=view.is_whole)
    if alert.end is not None and alert.ended_at is not None:
        text = mrkdwn("Alert ended {}: {}", when(alert.ended_at), head)
        return reply(text, [kit.section(head), kit.context(_ended(alert, alert.end, alert.ended_at))])
    to = joined(" ", (mention(f"<!subteam^{one}>" if one.startswith("S") else f"<@{one}>") for one in alert.notify))
    said = mrkdwn("{} {}", to, head) if to else head
    drawn, plain = _chart(alert) if view.is_whole or alert.is_of_database else ([], [])
    notes = [mrkdwn("Since {}", when(alert.since)), *_certainty(alert, view), *_consequence(alert, view)]
    below = [*_parts(alert, view), kit.context(*notes), *kit.actions(*view.buttons)]
    return reply(said, [kit.section(said), *drawn, *below], plain_blocks=[kit.section(said), *plain, *below])


def ended_card(alert: Alert) -> Reply:
    """Build the card of an ended alert that its channel may no longer see. It doesn't say what the alert was about."""
    why = Mrkdwn(", because it is no longer allowed here") if alert.end is AlertEnd.UNWATCHED else Mrkdwn("")
    head = mrkdwn(":white_check_mark: This alert has ended{}.", why)
    return reply(head, [kit.section(head)])


def headline(alert: Alert, *, is_whole: bool) -> Mrkdwn:
    """Return the alert as one sentence."""
    return _HEADS[alert.kind](alert, is_whole)


def amount(measure: Measure, value: int | None) -> str:
    """Format a number in the unit of its measure."""
    return size(value) if measure in _BYTES else number(value)


def _quota(alert: Alert, is_whole: bool) -> Mrkdwn:
    quota = Mrkdwn(_QUOTAS.get(alert.measure, "quota"))
    if not is_whole or not alert.compared:
        return mrkdwn(":warning: *{}* has used at least {}% of its {}.", alert.organization, alert.threshold, quota)
    share = 100 * alert.measured // alert.compared
    used = f"{amount(alert.measure, alert.measured)} of {amount(alert.measure, alert.compared)}"
    return mrkdwn(":warning: *{}* has used {}% of its {}: {}.", alert.organization, share, quota, used)


def _spike(alert: Alert, is_whole: bool) -> Mrkdwn:
    usual = f"{alert.measured / alert.compared:,.0f} times the usual rate" if alert.compared else "far more than usual"
    many = amount(alert.measure, alert.measured)
    return mrkdwn(":chart_with_upwards_trend: `{}`: {} {} in an hour, {}.", alert.subject, many, _noun(alert), usual)


def _forecast(alert: Alert, is_whole: bool) -> Mrkdwn:
    at = on_day(alert.expected_at.date()) if alert.expected_at and is_whole else Mrkdwn("")
    when_ = mrkdwn("around {}", at) if at else Mrkdwn("soon")
    quota = Mrkdwn(_QUOTAS.get(alert.measure, "quota"))
    return mrkdwn(":hourglass_flowing_sand: *{}* will probably use up its {} {}.", alert.organization, quota, when_)


def _tokens(alert: Alert, is_whole: bool) -> Mrkdwn:
    who = counted(alert.measured, "person", "people")
    return mrkdwn(":key: {}'s tokens for `{}` expire within a day.", who, alert.subject)


def _freeze(alert: Alert, is_whole: bool) -> Mrkdwn:
    return mrkdwn(":snowflake: `{}` has been frozen for {}.", alert.subject, counted(alert.measured, "day"))


def _failures(alert: Alert, is_whole: bool) -> Mrkdwn:
    return mrkdwn(":rotating_light: Turso Ops itself has {}.", counted(alert.measured, "problem"))


_HEADS: Final[Mapping[AlertKind, Callable[[Alert, bool], Mrkdwn]]] = {
    AlertKind.QUOTA: _quota,
    AlertKind.SPIKE: _spike,
    AlertKind.FORECAST: _forecast,
    AlertKind.TOKENS: _tokens,
    AlertKind.FREEZE: _freeze,
    AlertKind.FAILURES: _failures,
}


def _noun(alert: Alert) -> Mrkdwn:
    return Mrkdwn(NOUNS.get(alert.measure, ""))


def _parts(alert: Alert, view: AlertView) -> list[Block]:
    """Return the databases, token holders or failures behind the alert."""
    if alert.kind is AlertKind.TOKENS:
        return [kit.section(mrkdwn("Held by {}", people(alert.details)))]
    if alert.kind is AlertKind.FAILURES:
        lines = [mrkdwn("• {}", one) for one in alert.details] if view.is_whole else []
    else:
        lines = [mrkdwn("• `{}`: {}. {}", one.name, _used(alert.measure, one.amount), one.query) for one in view.parts]
    return [kit.section(joined("\n", lines))] if lines else []


def _used(measure: Measure, value: int) -> str:
    return f"{amount(measure, value)} {_UNITS.get(measure, '')}".strip()


def _certainty(alert: Alert, view: AlertView) -> list[Mrkdwn]:
    if alert.earliest_at is None or alert.latest_at is None or not view.is_whole:
        return []
    first, last = on_day(alert.earliest_at.date()), on_day(alert.latest_at.date())
    return [mrkdwn("90% likely between {} and {}", first, last)]


def _consequence(alert: Alert, view: AlertView) -> list[Mrkdwn]:
    """Return what Turso does once the quota is used up. Empty for an alert that isn't about a quota."""
    if alert.kind not in (AlertKind.QUOTA, AlertKind.FORECAST):
        return []
    if view.overages:
        return [mrkdwn("Overages are on, so Turso bills usage beyond the quota")]
    known = view.overages is False
    return [
        mrkdwn("Overages are off, so Turso blocks every database when the quota is used up")
        if known
        else mrkdwn("Turso blocks every database when the quota is used up, unless overages are on")
    ]


def _ended(alert: Alert, end: AlertEnd, at: datetime) -> Mrkdwn:
    unlikely = alert.kind is AlertKind.FORECAST and end is AlertEnd.BELOW
    why = _UNLIKELY if unlikely else _ENDS[end]
    if end is AlertEnd.UNKNOWN and alert.kind in (AlertKind.QUOTA, AlertKind.FORECAST):
        why = _NO_LIMIT
    sign = Mrkdwn(":grey_question:" if end is AlertEnd.UNKNOWN else ":white_check_mark:")
    verb = Mrkdwn("Closed" if end is AlertEnd.UNKNOWN else "Ended")
    return mrkdwn("{} {} {}. {}", sign, verb, when(at), Mrkdwn(why))


def _chart(alert: Alert) -> tuple[list[Block], list[Block]]:
    labels = [Plain(datetime.fromisoformat(one.at).strftime("%b %d %H:%M")) for one in alert.figures]
    series = {NOUNS.get(alert.measure, ""): [one.amount for one in alert.figures]}
    chart = Chart("line", Plain(alert.subject or alert.organization), labels, series, "time (UTC)", min_labels=3)
    return chart.blocks(), chart.plain_blocks()
