"""Slack's deadlines and limits, so that a test can change them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass
class Limits:
    """Deadlines and limits. The defaults are Slack's, except that `rates` is `generous`.

    `rates` can be `strict` (Slack's), `generous` (20 times as much, so that tests can work quickly) or `off`.
    """

    ack: timedelta = timedelta(seconds=3)
    trigger_lifetime: timedelta = timedelta(seconds=3)
    response_url_uses: int = 5
    response_url_lifetime: timedelta = timedelta(minutes=30)
    event_retries: tuple[timedelta, ...] = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))
    event_redirects: int = 2
    events_per_hour: int = 30_000
    events_before_switch_off: int = 1_000
    views_in_stack: int = 3
    ticket_lifetime: timedelta = timedelta(seconds=30)
    socket_connections: int = 10
    socket_lifetime: timedelta = timedelta(hours=1)  # in Slack, it differs from connection to connection
    socket_warning: timedelta = timedelta(seconds=10)
    text_characters: int = 40_000
    updated_text_characters: int = 4_000
    rates: Literal["strict", "generous", "off"] = "generous"
