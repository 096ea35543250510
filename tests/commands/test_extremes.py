"""Every date, month and duration that can be typed gets an answer or is refused in one sentence."""

import random
from collections.abc import Iterator

import pytest

from bot.blocks.inputs import has_type
from bot.commands import COMMANDS
from bot.commands.base import ChangeCommand, ReadCommand
from bot.core.parsing.arguments import Duration, Expiration, Month, Since
from bot.errors import BotError
from tests.commands.conftest import Desk

BASES = {
    "usage": ("usage", "usage orders"),
    "audit": ("audit",),
    "freeze": ("freeze orders",),
    "token": ("token orders",),
    "incident start": ("incident start INC-1",),
    "alert mute": ("alert mute",),
    "branch": ("branch orders copy",),
}
"""For each command: the lines to which an option with a time is added."""
FIXED = (
    "0001-01-01", "0000-00-00", "1582-10-15", "1969-12-31", "1970-01-01", "2026-02-30", "2026-11-24", "2026-11-25",
    "9999-12-31", "99999-01-01", "0001-01", "1970-01", "2026-11", "2026-12", "9999-12", "10000-01", "0s", "-1s", "1ns",
    "1us", "1ms", "0.5s", "15250w", "15251w", "106751d", "2562047h", "9223372036s", "9" * 30 + "w", "1e9d", "never",
    "25:00", "yesterday", "", "٢٠٢٦-11-01", "infd", "nand", "1w" * 50,
)  # fmt: skip
CLOCKS = ("00:00", "23:59", "24:00", "25:00", "99:99", "9", "9:5", "-1:00", "09:00:00", "0900", "٠٩:٠٠", ":", "1e1:00")
ZONES = ("UTC", "Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12", "../../etc/passwd", "Europe", "", "A" * 300, "\0")


def odd(seed: int) -> Iterator[str]:
    """Yield fixed extreme and random dates, months and durations."""
    chance = random.Random(seed)
    yield from FIXED
    for _ in range(30):
        yield f"{chance.randrange(10_000):04}-{chance.randrange(1, 13):02}-{chance.randrange(1, 32):02}"
        yield f"{chance.randrange(10_000):04}-{chance.randrange(1, 13):02}"
        yield f"{chance.randrange(10 ** chance.randrange(1, 20))}{chance.choice(['ns', 's', 'm', 'h', 'd', 'w'])}"


def options() -> Iterator[tuple[str, str]]:
    """Yield every command and option that takes a date, month or duration, found by the type of the option's field."""
    for command in COMMANDS:
        for name, field in command.args.model_fields.items():
            if any(has_type(field, kind) for kind in (Duration, Expiration, Month, Since)):
                yield command.name, field.alias or name


OPTIONS = sorted(options())


def test_every_command_that_takes_a_time_is_tested() -> None:
    assert {command for command, _ in OPTIONS} == set(BASES)
    assert len(OPTIONS) == len({*OPTIONS}) >= 6


@pytest.mark.parametrize(("command", "option"), OPTIONS)
async def test_an_extreme_time_is_answered_or_refused_in_one_sentence(desk: Desk, command: str, option: str) -> None:
    desk.acme.add("orders")
    for base in BASES[command]:
        for text in odd(len(base)):
            await one(desk, f'{base} --{option} "{text}"')


@pytest.mark.parametrize("when", ["--daily {}", "--weekly mon {}", "{}", '--daily 09:00 --tz "{}"'])
async def test_an_extreme_clock_or_zone_is_accepted_or_refused(desk: Desk, when: str) -> None:
    for text in (*CLOCKS, *ZONES):
        await one(desk, f"digest on {when.format(text)}")


async def one(desk: Desk, line: str) -> None:
    """Run or plan a line, and assert that it raises no error except a `BotError` with a short text on one line."""
    said = ""
    try:
        spec = desk.parse(line).spec
        if isinstance(spec, ReadCommand):
            await desk.ask(line)
        elif isinstance(spec, ChangeCommand) and spec.name in ("digest on", "incident start"):
            await desk.carry_out(line)
        else:
            await desk.plan(line)
    except BotError as error:
        said = str(error)
    assert "\n" not in said, line
    assert len(said) < 300, line
