"""Types for command-line arguments. Each rejects an invalid value with a one-sentence error."""

import math
import re
from argparse import ArgumentTypeError
from typing import Final

from bot.core.audit import LARGEST_SEQ
from bot.settings.values import NUMBERS

_DIGITS: Final = re.compile(r"[0-9]{1,19}")
_HEAD: Final = re.compile(r"[0-9a-f]{64}")


def port(text: str) -> int:
    """Parse a port number."""
    lowest, highest = NUMBERS["PORT"]
    return _integer(text, lowest, highest)


def entry_number(text: str) -> int:
    """Parse the number of an audit log entry."""
    return _integer(text, 1, LARGEST_SEQ)


def seconds(text: str) -> float:
    """Parse a duration in seconds."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise ArgumentTypeError(f"`{text}` isn't a number of seconds")
    return number


def head(text: str) -> str:
    """Parse an audit log head hash that was posted to a channel.

    Rejects a value that can't be a hash, since a typo would otherwise be reported as tampering.
    """
    if not _HEAD.fullmatch(text.strip().lower()):
        raise ArgumentTypeError(f"`{text}` isn't a hash: a hash has 64 hexadecimal digits (0–9 and a–f)")
    return text.strip().lower()


def person_id(text: str) -> str:
    """Parse the ID of a person in Slack."""
    return _slack_id(text, "UW", "a person's ID, such as U0123ABCD")


def channel_id(text: str) -> str:
    """Parse the ID of a channel or a direct message in Slack. `DM` stands for any direct message."""
    return text if text == "DM" else _slack_id(text, "CGD", "a channel's ID, such as C0123ABCD")


def usergroup_id(text: str) -> str:
    """Parse the ID of a user group in Slack."""
    return _slack_id(text, "S", "a user group's ID, such as S0123ABCD")


def _slack_id(text: str, first: str, what: str) -> str:
    """Return an ID. Rejects text in lower case, such as a name, and a short word in capitals, such as `SRE`.

    No rule would match these.
    """
    if not re.fullmatch(rf"[{first}](?=[A-Z]*[0-9]|[A-Z]{{8}})[A-Z0-9]+", text):
        raise ArgumentTypeError(f"`{text}` isn't {what}; names aren't accepted")
    return text


def _integer(text: str, lowest: int, highest: int) -> int:
    if not _DIGITS.fullmatch(text) or not lowest <= int(text) <= highest:
        raise ArgumentTypeError(f"`{text}` isn't a whole number from {lowest} to {highest}")
    return int(text)
