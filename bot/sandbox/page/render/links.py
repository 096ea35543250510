"""Links: which URLs are safe, and how they are rendered."""

from urllib.parse import urlsplit

from markupsafe import Markup

_SCHEMES = frozenset({"http", "https", "mailto"})


def safe_href(url: str) -> str | None:
    """Return the URL if it is safe to follow, or None, for example for `javascript:`."""
    address = url.strip()
    if any(ord(character) < 33 for character in address):
        return None
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return None
    return address if scheme in _SCHEMES else None


def link(url: str, label: Markup | str) -> Markup:
    """Return a link with its target as title. If the target isn't safe, return the label without a link."""
    href = safe_href(url)
    if href is None:
        return Markup("<span class='deadlink' title='Not a link that may be followed'>{}</span>").format(label)
    return Markup(
        '<a href="{0}" title="{0}" target="_blank" rel="noopener noreferrer nofollow">{1}</a>',
    ).format(href, label)
