"""SQLite's five types of values, in the JSON of libSQL's protocol."""

import base64
import binascii
import math
import re
from typing import Any

from bot.sandbox.platform.hrana.errors import BadRequest

SqlValue = None | int | float | str | bytes
WireValue = dict[str, Any]

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")


def encode(value: SqlValue) -> WireValue:
    """Encode a value. Integers become strings, and blobs base64 without padding, as the Go client requires."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, int):
        return {"type": "integer", "value": str(value)}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    if isinstance(value, float):
        return {"type": "float", "value": value if math.isfinite(value) else None}
    return {"type": "blob", "base64": base64.b64encode(value).decode().rstrip("=")}


def decode(wire: object) -> SqlValue:
    """Decode a value. Raises BadRequest."""
    kind = wire.get("type") if isinstance(wire, dict) else None
    if not isinstance(wire, dict) or not isinstance(kind, str):
        raise BadRequest("a value is an object with a `type`")
    if kind == "null":
        return None
    given = wire.get("base64" if kind == "blob" else "value")
    if kind == "integer":
        return _integer(given)
    if kind == "float" and isinstance(given, (int, float)) and not isinstance(given, bool):
        return _float(given)
    if kind == "text" and isinstance(given, str):
        return given
    if kind == "blob" and isinstance(given, str):
        return _blob(given)
    raise BadRequest(f"not a value of type `{kind[:20]}`")


def _float(given: int | float) -> float:
    try:
        return float(given)
    except OverflowError:
        raise BadRequest("a float is out of range") from None


def _integer(given: object) -> int:
    if not isinstance(given, str) or not _INTEGER.fullmatch(given) or not -(2**63) <= int(given) < 2**63:
        raise BadRequest("an integer is a string with a number of 64 bits")
    return int(given)


def _blob(given: str) -> bytes:
    try:
        return base64.b64decode(given.rstrip("=") + "=" * (-len(given.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("a blob is base64") from None
