"""Remove control characters and replace lone surrogates in foreign text. Databases and terminals can't handle them."""

from typing import Any, Final

_KEPT: Final = {0x09, 0x0A, 0x0D}
_TABLE: Final[dict[int, str | None]] = {
    **{sign: None for sign in [*range(0x20), *range(0x7F, 0xA0)] if sign not in _KEPT},
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


def clean(text: str) -> str:
    """Return `text` without control characters except tabs and line breaks. A lone surrogate becomes U+FFFD."""
    return text if text.isprintable() else text.translate(_TABLE)


def clean_json(value: Any) -> Any:
    """Return JSON data with all strings and keys cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean_json(key): clean_json(one) for key, one in value.items()}
    return [clean_json(one) for one in value] if isinstance(value, list | tuple) else value
