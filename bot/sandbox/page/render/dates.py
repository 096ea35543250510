"""Slack's date tokens, rendered as `<time>` elements that the page's script fills in the viewer's time zone."""

from datetime import UTC, datetime

from markupsafe import Markup

from .links import link


def date_element(timestamp: str | int, pattern: str, fallback: str, url: str | None = None) -> Markup:
    """Render a date. The fallback is shown without the script, or if the time is invalid."""
    try:
        moment = datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        return Markup("{}").format(fallback)
    element = Markup('<time datetime="{}" data-pattern="{}" title="{}">{}</time>').format(
        moment.isoformat(), pattern, moment.strftime("%Y-%m-%d %H:%M:%S UTC"), fallback or moment.isoformat()
    )
    return link(url, element) if url else element
