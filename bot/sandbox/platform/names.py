"""Names, IDs and location codes in Turso's formats."""

import re
import secrets
import time
import uuid
from typing import Literal

Generation = Literal["2023", "now"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LONGEST = {"2023": 32, "now": 64}

_GREGORIAN = 0x01B2_1DD2_1381_4000
"""The start of 1970 as a timestamp of UUID version 1: in units of 100 ns since October 1582."""

LOCATIONS_NOW = {
    "aws-us-east-1": "AWS US East (Virginia)",
    "aws-us-east-2": "AWS US East (Ohio)",
    "aws-us-west-2": "AWS US West (Oregon)",
    "aws-eu-west-1": "AWS EU West (Ireland)",
    "aws-ap-south-1": "AWS AP South (Mumbai)",
    "aws-ap-northeast-1": "AWS AP NorthEast (Tokyo)",
}
LOCATIONS_2023 = {
    "ams": "Amsterdam, Netherlands",
    "arn": "Stockholm, Sweden",
    "bog": "Bogotá, Colombia",
    "bos": "Boston, Massachusetts (US)",
    "cdg": "Paris, France",
    "den": "Denver, Colorado (US)",
    "dfw": "Dallas, Texas (US)",
    "ewr": "Secaucus, NJ (US)",
    "fra": "Frankfurt, Germany",
    "gdl": "Guadalajara, Mexico",
    "gig": "Rio de Janeiro, Brazil",
    "gru": "São Paulo, Brazil",
    "hkg": "Hong Kong, Hong Kong",
    "iad": "Ashburn, Virginia (US)",
    "jnb": "Johannesburg, South Africa",
    "lax": "Los Angeles, California (US)",
    "lhr": "London, United Kingdom",
    "mad": "Madrid, Spain",
    "mia": "Miami, Florida (US)",
    "nrt": "Tokyo, Japan",
    "ord": "Chicago, Illinois (US)",
    "otp": "Bucharest, Romania",
    "qro": "Querétaro, Mexico",
    "scl": "Santiago, Chile",
    "sea": "Seattle, Washington (US)",
    "sin": "Singapore",
    "sjc": "San Jose, California (US)",
    "syd": "Sydney, Australia",
    "waw": "Warsaw, Poland",
    "yul": "Montreal, Canada",
    "yyz": "Toronto, Canada",
}
LOCAL = {"local": "This machine"}


def locations(generation: Generation) -> dict[str, str]:
    """Return location codes with their labels. `local` is included, because the `turso` CLI uses plain HTTP for it."""
    return (LOCATIONS_2023 if generation == "2023" else LOCATIONS_NOW) | LOCAL


def is_name(name: object, generation: Generation = "now") -> bool:
    """Return True if a name has only lowercase letters, digits, and dashes between them, and isn't too long."""
    return isinstance(name, str) and len(name) <= _LONGEST[generation] and _NAME.fullmatch(name) is not None


def new_uuid(generation: Generation = "now", *, at: float | None = None) -> str:
    """Return a new UUID: of version 1 in the API of 2023, and of version 7 today.

    Args:
        at: the UUID's time, in seconds since the epoch. None means now, by the machine's clock.
    """
    milliseconds = time.time_ns() // 1_000_000 if at is None else int(at * 1000)
    if generation == "2023":
        ticks = (milliseconds * 10_000 + secrets.randbits(12)) + _GREGORIAN
        low, middle, high = ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF
        return str(uuid.UUID(fields=(low, middle, high, secrets.randbits(6), secrets.randbits(8),
                                     secrets.randbits(48) | 1 << 40), version=1))  # fmt: skip
    # Clients recognize the database engine by the ID's sixth byte, the last one of the time. 0x10 means another engine.
    if milliseconds & 0xFF == 0x10:
        milliseconds += 1
    bits = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))
