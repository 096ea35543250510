"""Tables of alerts, their subscriptions and mutes."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Table, Text

from bot.core.alerts import INCONCLUSIVE_ENDS, KINDS_ABOUT_QUOTAS, AlertEnd, AlertKind, Contributor, Figure, Measure
from bot.store.schema.column_types import EnumText, Numbers, SafeText, Strings, Tuples, UtcDateTime
from bot.store.schema.tables.shared import metadata

alert_subscriptions = Table(
    "alert_subscriptions",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("organization", SafeText, nullable=False),
    Column("quota", Numbers, nullable=False),
    Column("spike", Float),
    Column("forecast", Boolean, nullable=False),
    Column("notify", Strings, nullable=False),
    Column("author", SafeText, nullable=False),
    Column("created_at", UtcDateTime),
)

alert_mutes = Table(
    "alert_mutes",
    metadata,
    Column("channel_id", Text, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
    Column("by", SafeText, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", SafeText, nullable=False),
    Column("kind", EnumText(AlertKind), nullable=False),
    Column("organization", SafeText, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("measure", EnumText(Measure), nullable=False),
    Column("threshold", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("measured", BigInteger, nullable=False),
    Column("compared", BigInteger),
    Column("subject", SafeText, nullable=False),
    Column("subject_id", SafeText, nullable=False),
    Column("contributors", Tuples(Contributor), nullable=False),
    Column("figures", Tuples(Figure), nullable=False),
    Column("details", Strings, nullable=False),
    Column("expected_at", UtcDateTime),
    Column("earliest_at", UtcDateTime),
    Column("latest_at", UtcDateTime),
    Column("notify", Strings, nullable=False),
    Column("card_ts", Text),
    Column("ended_at", UtcDateTime),
    Column("end", EnumText(AlertEnd)),
)
_alert_is_open = alerts.c.ended_at.is_(None)
_prevents_repeat = alerts.c.end.is_(None) | alerts.c.end.not_in(INCONCLUSIVE_ENDS)
_once = _prevents_repeat & alerts.c.kind.not_in(KINDS_ABOUT_QUOTAS)
_once_per_quota = _prevents_repeat & alerts.c.kind.in_(KINDS_ABOUT_QUOTAS)
Index(
    "alerts_once",
    alerts.c.channel_id,
    alerts.c.key,
    alerts.c.period,
    unique=True,
    sqlite_where=_once,
    postgresql_where=_once,
)
Index(
    "alerts_once_per_quota",
    alerts.c.channel_id,
    alerts.c.key,
    alerts.c.period,
    alerts.c.compared,
    unique=True,
    sqlite_where=_once_per_quota,
    postgresql_where=_once_per_quota,
)
Index(
    "alerts_open",
    alerts.c.channel_id,
    alerts.c.key,
    unique=True,
    sqlite_where=_alert_is_open,
    postgresql_where=_alert_is_open,
)
Index("alerts_raised", alerts.c.organization, alerts.c.raised_at)
