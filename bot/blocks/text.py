"""Text that is safe to show: `Plain` for plain text, `Mrkdwn` for Slack's markup."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import zip_longest
from typing import Final, Literal, LiteralString

from humanize import naturalsize

from bot.core.records.audit_entry import POLICY_FILE, TIMER

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029 ]+")
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_COMBINING: Final = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_STACKED: Final = re.compile(f"({_COMBINING}{{2}}){_COMBINING}+")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_MARKS: Final = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
_UNDERLINES: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_EMOJI: Final = re.compile(r":(?!\d\d:\d\d\b)(?=[a-z0-9_+'-]+:)")  # a time such as 14:02:59 doesn't contain an emoji
_EMOJI_NAME: Final = re.compile(r"(?<![^\s(]):[a-z0-9_+-]+:(?![^\s.,)])")
_EMPHASIS: Final = re.compile(r"(?<![^\s(·])_(?=\S)|(?<=\S)_(?![^\s.,)])")
_LINKED: Final = re.compile(r"<https?://[^|>]*\|([^>]*)>")
_SPACING: Final = re.compile("[ \n]+")
UTC_FORMAT: Final = "%Y-%m-%d %H:%M UTC"
_UTC: Final = re.compile(r"\b\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC\b", re.ASCII)
_ID: Final = re.compile(r"[A-Z0-9]{1,40}")
_LINK: Final = re.compile(r"https?://[A-Za-z0-9.:_-]+/[A-Za-z0-9/._?=&%#~+:@,-]*")
_MENTION: Final = re.compile(r"<(?:@[A-Z0-9]+|!subteam\^[A-Z0-9]+)>")


def clean(text: object) -> str:
    """Return `text` as one visible line: without line breaks, bidirectional controls and invisible characters."""
    line = str(text)
    if line.isascii() and line.isprintable() and "  " not in line:
        return line
    line = _CONTROLS.sub(" ", _INVISIBLE.sub("", line))
    return _STACKED.sub(r"\1", _SURROGATES.sub("\ufffd", line))


class Plain(str):
    """Text for places where Slack interprets no markup. The constructor cleans it."""

    __slots__ = ()

    def __new__(cls, text: object = "") -> "Plain":
        return super().__new__(cls, clean(text))


class Mrkdwn(str):
    """Text in Slack's markup. Build it with `mrkdwn`, which escapes its values.

    Construct it directly only from constants, checked IDs and URLs, or existing markup.
    """

    __slots__ = ()


def mrkdwn(template: LiteralString, *values: object) -> Mrkdwn:
    """Fill the `{}` of a constant template with untrusted text, escaped so that it can't become markup or a mention.

    In a code span only back-ticks and Slack's control characters are replaced. `Mrkdwn` values are inserted as they
    are. Raises ValueError if there isn't one value for each `{}`.
    """
    pieces = template.split("{}")
    if len(pieces) != len(values) + 1:
        raise ValueError(f"{len(values)} values for {len(pieces) - 1} places")
    out, ticks = [pieces[0]], pieces[0].count("`")
    for value, piece in zip(values, pieces[1:], strict=True):
        out.append(_escape_value(value, in_code=ticks % 2 == 1))
        out.append(piece)
        ticks += piece.count("`")
    return Mrkdwn("".join(out))


def _escape_value(value: object, *, in_code: bool) -> str:
    if isinstance(value, Mrkdwn):
        return value
    text = clean(value)
    if in_code:
        return escape(text.replace("`", "ˋ")) or " "
    text = _without_marks(text)
    return _UTC.sub(_localize, escape(f"›{text[1:]}" if text.startswith(">") else text))


def _without_marks(text: str) -> str:
    """Replace the characters with which Slack's markup and emoji begin by similar ones that mean nothing to Slack."""
    return _EMOJI.sub("∶", _UNDERLINES.sub("ˍ", text.translate(_MARKS)))


def _localize(found: re.Match[str]) -> str:
    """Turn a time formatted by `utc` into a Slack date, which is shown in the reader's time zone.

    A text that isn't a valid time is returned unchanged.
    """
    try:
        return when(datetime.strptime(found[0], UTC_FORMAT).replace(tzinfo=UTC))
    except ValueError:
        return found[0]


def escape(text: str) -> str:
    """Escape the three characters that start Slack's mentions, links and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def joined(separator: LiteralString, parts: Iterable[Mrkdwn]) -> Mrkdwn:
    """Join pieces of markup, without the empty ones."""
    return Mrkdwn(separator.join(part for part in parts if part))


def sentence(text: str) -> Mrkdwn:
    """Return a sentence of the bot (such as an error or a reason) as markup, with names in back-ticks as code."""
    parts = clean(text).split("`")
    if len(parts) % 2 == 0:  # a back-tick isn't closed: show nothing as code
        return mrkdwn("{}", text)
    shown = (mrkdwn("`{}`", part) if at % 2 else mrkdwn("{}", part) for at, part in enumerate(parts))
    return Mrkdwn("".join(shown))


def person(user_id: str) -> Mrkdwn:
    """Return a mention of a person. Text that isn't an ID is escaped, and an empty one becomes `someone`."""
    return Mrkdwn(f"<@{user_id}>") if _ID.fullmatch(user_id) else mrkdwn("{}", user_id or "someone")


def actor(user_id: str) -> Mrkdwn:
    """Return a mention of the actor of an audit entry, or words for a timer or the policy file."""
    if user_id == POLICY_FILE:
        return Mrkdwn("The policy file")
    return mrkdwn("automatically") if user_id in ("", TIMER) else person(user_id)


def channel(channel_id: str) -> Mrkdwn:
    """Return a link to a channel. Text that isn't an ID is escaped, and an empty one becomes `no channel`."""
    return Mrkdwn(f"<#{channel_id}>") if _ID.fullmatch(channel_id) else mrkdwn("{}", channel_id or "no channel")


def linked(url: str, words: LiteralString) -> Mrkdwn:
    """Return a link to a Slack message, or only the words if the URL isn't valid."""
    return Mrkdwn(f"<{url}|{words}>") if _LINK.fullmatch(url) else Mrkdwn(words)


def linked_key(url: str, key: str) -> Mrkdwn:
    """Return the key of a ticket or an incident as a link to its page. Without a valid URL, return only the key."""
    shown = mrkdwn("{}", key)
    return Mrkdwn(f"<{escape(url)}|{shown}>") if _LINK.fullmatch(url) else shown


def mention(text: str) -> Mrkdwn:
    """Return a mention from the policy (a person or a user group) as markup. Anything else is escaped."""
    return Mrkdwn(text) if _MENTION.fullmatch(text) else mrkdwn("{}", text)


def people(user_ids: Iterable[str], *, at_most: int = 12, last: Literal["", "or"] = "") -> Mrkdwn:
    """Return mentions of at most `at_most` people, and the number of others.

    `last` is the word to put before the last mention, unless people are left out.
    """
    return listed([person(one) for one in user_ids], at_most=at_most, last=last)


def listed(parts: Sequence[Mrkdwn], *, at_most: int = 12, last: Literal["", "or"] = "") -> Mrkdwn:
    """Join at most `at_most` texts with commas, and add the number of others."""
    if last and 1 < len(parts) <= at_most:
        return mrkdwn("{} {} {}", listed(parts[:-1]), last, parts[-1])
    shown = joined(", ", parts[:at_most])
    return mrkdwn("{} and {} more", shown, len(parts) - at_most) if len(parts) > at_most else shown


def when(moment: datetime) -> Mrkdwn:
    """Return a time that Slack shows in the reader's time zone. Old clients see UTC."""
    utc = moment.astimezone(UTC)
    return Mrkdwn(f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} at {{time}}|{utc:%Y-%m-%d %H:%M} UTC>")


def at_time(moment: datetime, now: datetime) -> Mrkdwn:
    """Return a due time: only the time of day within 12 hours, otherwise with the day."""
    if abs(moment - now) > timedelta(hours=12):
        return when(moment)
    utc = moment.astimezone(UTC)
    return Mrkdwn(f"<!date^{int(utc.timestamp())}^{{time}}|{utc:%Y-%m-%d %H:%M} UTC>")


def on_day(day: date) -> Mrkdwn:
    """Return a UTC day, in the reader's format."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return Mrkdwn(f"<!date^{int(noon.timestamp())}^{{date_short}}|{day:%Y-%m-%d}>")


def utc(moment: datetime) -> str:
    """Return a time as plain text: `2026-11-24 04:15 UTC`. `mrkdwn` turns it into the reader's local time."""
    return f"{moment.astimezone(UTC):{UTC_FORMAT}}"


def size(size_bytes: int | None) -> str:
    """Format a number of bytes: `28.0 KiB`. `?` if it is unknown."""
    return "?" if size_bytes is None else naturalsize(size_bytes, binary=True)


def number(count: int | None) -> str:
    """Format a count: `1,234,567`. `?` if it is unknown."""
    return "?" if count is None else f"{count:,}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Format a count with its noun: `1 database`, `2 databases`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def duration(length: timedelta) -> str:
    """Format a duration in its two largest units, rounded: `1 day 12 hours`, `3 hours`."""
    seconds = max(0, round(length.total_seconds()))
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    finest = 3_600 if seconds >= 86_400 else 60 if seconds >= 3_600 else 1
    left, words = (seconds + finest // 2) // finest * finest, []
    for unit, each in units:
        count, left = divmod(left, each)
        if count:
            words.append(counted(count, unit))
    return " ".join(words) or "0 seconds"


def span(length: timedelta) -> str:
    """Format a duration briefly and roughly: `45 s`, `30 min`, `1 h`, `24 h`, `3 days`."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 6 and rest:
        return f"{hours} h {rest} min"
    hours = round(minutes / 60)
    return f"{hours} h" if hours <= 48 else f"{round(hours / 24)} days"


def ago(moment: datetime, now: datetime) -> str:
    """Format how long ago a time was, without seconds after minutes or hours after days: `3 minutes ago`."""
    length = now - moment
    if length < timedelta(seconds=10):
        return "just now"
    if length >= timedelta(minutes=1):
        length -= length % (timedelta(days=1) if length.days else timedelta(minutes=1))
    return f"{duration(length)} ago"


def notification(text: Mrkdwn) -> Mrkdwn:
    """Return a text for notifications, without markup. Mentions and dates are kept, because Slack renders them.

    Outside code spans, all markup is the bot's own, because `mrkdwn` has replaced the marks in text from others. A code
    span has none, so its text is kept. Its marks are replaced now that no back-ticks protect them.
    """
    parts = text.split("`")
    outside, in_code = "`".join(parts[::2]), parts[1::2]  # a back-tick stands for each code span
    words = _LINKED.sub(r"\1", _EMOJI_NAME.sub("", outside))
    shown = _EMPHASIS.sub("", words.replace("*", "")).split("`")
    both = zip_longest(shown, map(_without_marks, in_code), fillvalue="")
    return Mrkdwn(_SPACING.sub(" ", "".join(part for pair in both for part in pair)).strip(" "))


def cut(text: str, limit: int) -> str:
    """Shorten plain text to at most `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def cut_mrkdwn(text: Mrkdwn, limit: int) -> Mrkdwn:
    """Shorten markup without splitting a mention, an entity or a code span."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 2]
    for opening, closing in (("<", ">"), ("&", ";")):
        start = kept.rfind(opening)
        if start > kept.rfind(closing):
            kept = kept[:start]
    return Mrkdwn(f"{kept}`…" if kept.count("`") % 2 else f"{kept}…")
