"""Every number in an answer is one that Turso reported, or is computed only from such numbers."""

import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations, pairwise, product
from typing import Any

import httpx
import pytest

from bot.blocks.text import size
from bot.core.records.usage import UsageSample
from tests.blocks.messages import words
from tests.commands.conftest import Desk

FIELDS = ("rows_read", "rows_written", "storage_bytes", "bytes_synced")
NAMES = ("orders", "users")
FIRST_DAYS = (date(2026, 10, 20), date(2026, 10, 31), date(2026, 11, 9), date(2026, 11, 16))
DAYS = (*FIRST_DAYS, *(date(2026, 11, day) for day in range(17, 24)))
LINES = (
    "usage",
    "usage --sort writes",
    "usage --sort size",
    "usage --sort synced",
    "usage --since 7d",
    "usage --since 1d",
    "usage --since 30d",
    "usage --month 2026-10",
    "usage orders",
    "usage orders --since 7d",
    "usage users --month 2026-10",
    "list --sort reads",
    "list --sort size",
    "show orders",
    "triage orders",
    "triage users",
    "digest now",
    "digest now --daily",
)
SIZE_LIMIT = size(268_435_456)
"""The size limit of each database in `tests.turso.organization`."""
Numbers = dict[str, int]


class Reported:
    """The numbers that Turso and the samples report. About a third is missing, and none is zero."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.live = {name: self.random_numbers() for name in NAMES}
        self.spans = {name: [self.random_numbers() for _ in range(4)] for name in NAMES}
        self.samples: dict[str, dict[date, Numbers]] = {name: {} for name in NAMES}
        for name in NAMES:
            level = {field: self.chance.randrange(10_000, 50_000) for field in FIELDS}
            for day in DAYS:
                level = {field: value + self.chance.randrange(1_000_003, 9_000_000) for field, value in level.items()}
                if self.chance.random() < 0.8:
                    self.samples[name][day] = self.part(level)
            if self.chance.random() < 0.9:
                self.live[name] = self.part({field: value + 1_234_567 for field, value in level.items()})
        if self.chance.random() < 0.2:
            self.samples = {name: {} for name in NAMES}

    def random_numbers(self) -> Numbers:
        return self.part({field: self.chance.randrange(1_000_000, 900_000_000) for field in FIELDS})

    def part(self, numbers: Numbers) -> Numbers:
        return {field: value for field, value in numbers.items() if self.chance.random() < 0.7}

    def allowed(self) -> set[int]:
        """Return every number that may be shown, without averages: counters, differences, and sums over databases."""
        found: set[int] = set()
        for field in FIELDS:
            ways = [self._ways(name, field) for name in NAMES]
            found |= {a + b for a, b in product(*([0, *way] for way in ways))}
        return found - {0}

    def averages(self) -> set[int]:
        """Return the possible averages of days whose start and end are both known."""
        found: set[int] = set()
        for name, field in product(NAMES, FIELDS):
            one = {day: numbers[field] for day, numbers in self.samples[name].items() if field in numbers}
            daily = [one[day] - one[before] for before, day in pairwise(DAYS[3:]) if {before, day} <= one.keys()]
            found |= {sum(some) // count for count in range(2, 8) for some in combinations(daily, count)}
        return found

    def _ways(self, name: str, field: str) -> set[int]:
        spans = [span[field] for span in self.spans[name] if field in span]
        counters = [one[field] for one in [*self.samples[name].values(), self.live[name]] if field in one]
        differences = {after - before for before in counters for after in counters if after > before}
        # a period that spans two months: the rest of the first month plus the counter of the second
        october = [one[field] for day, one in self.samples[name].items() if day.month == 10 and field in one]
        rest = {b - a for a in october for b in october if b > a}
        crossing = {a + b for a in rest for b in counters}
        return {*spans, *counters, *differences, *crossing}


async def furnish(desk: Desk, reported: Reported) -> None:
    """Make Turso and the stored samples report the numbers of `reported`, and no others."""
    ids = {name: desk.acme.add(name)["DbId"] for name in NAMES}
    spans = {name: iter(reported.spans[name] * 9) for name in NAMES}

    def answer(request: httpx.Request) -> httpx.Response | None:
        parts = request.url.path.split("/")
        if parts[-1] == "usage" and parts[-2] in NAMES:
            usage = next(spans[parts[-2]])
            instance = {"uuid": "i", "usage": usage}
            return httpx.Response(200, json={"database": {"uuid": "u", "usage": usage, "instances": [instance]}})
        if parts[-1] == "usage":
            shares = [{"uuid": ids[name], "usage": reported.live[name]} for name in NAMES]
            return httpx.Response(200, json={"organization": {"uuid": "o", "usage": {}, "databases": shares}})
        return None

    desk.acme.instead = answer
    empty = dict.fromkeys(FIELDS)
    await desk.store.samples.add(
        [
            UsageSample("acme", name, ids[name], day.isoformat(), **(empty | numbers))
            for name in NAMES
            for day, numbers in reported.samples[name].items()
        ]
    )


def numbers_in(value: Any) -> Iterator[int | float]:
    """Yield every number that a table or a chart shows."""
    if isinstance(value, dict):
        if isinstance(value.get("value"), int | float):
            yield value["value"]
        for each in value.values():
            yield from numbers_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from numbers_in(each)


def counts_in(text: str) -> set[int]:
    """Return every number of at least 1,000 in a text, and 0 if the text shows a count of zero."""
    bare = re.sub(r"<!date[^>]*>", "", text)
    long = {int(found.replace(",", "")) for found in re.findall(r"(?<![\w.,-])\d{1,3}(?:,\d{3})+(?![\w.]| ?%)", bare)}
    alone = re.search(r"(?<![\w.,:-])0 (?:rows|read|written|Bytes|%)|\n0(?![\w.,:%])|\b(?:written|read): 0\b", bare)
    return long | ({0} if alone else set())


def sizes_in(text: str) -> set[str]:
    return set(re.findall(r"[\d.]+ (?:Bytes?|[KMGT]iB)", text))


@pytest.mark.parametrize("seed", range(12))
async def test_every_number_shown_was_reported_or_is_computed_from_reported_ones(desk: Desk, seed: int) -> None:
    reported = Reported(seed)
    await furnish(desk, reported)
    allowed = reported.allowed() | reported.averages()
    sizes = {size(number) for number in allowed} | {SIZE_LIMIT}
    seen: set[int] = set()

    for line in LINES:
        reply = await desk.ask(line)
        for blocks in (reply.blocks, reply.plain_blocks):
            assert set(numbers_in(list(blocks))) <= allowed, line
        shown = words(reply)
        assert counts_in(shown) <= allowed, (line, shown)
        assert sizes_in(shown) <= sizes, (line, shown)
        seen |= counts_in(shown)
    assert seen, "at least some numbers are known"


@pytest.mark.parametrize("line", ["destroy orders", "rotate orders", "freeze orders"])
async def test_the_facts_of_a_plan_say_what_is_unknown(desk: Desk, line: str) -> None:
    desk.acme.add("orders")
    body = {"database": {"uuid": "u", "usage": {"rows_read": 7_654_321}}}
    desk.acme.answer_instead({"usage": body})
    plan = await desk.plan(line)

    reported = {label: value for label, value in plan.facts.items() if label.startswith(("Rows", "Size"))}
    assert len(reported) >= 2
    assert all(value in ("7,654,321", "unknown") for value in reported.values()), reported
    assert plan.target is None or plan.target.size_bytes is None


@pytest.mark.parametrize("line", LINES)
async def test_nothing_is_shown_as_zero_when_turso_reports_nothing(desk: Desk, line: str) -> None:
    reported = Reported(0)
    reported.live, reported.spans = {name: {} for name in NAMES}, {name: [{}] for name in NAMES}
    reported.samples = {name: {} for name in NAMES}
    await furnish(desk, reported)

    reply = await desk.ask(line)

    assert list(numbers_in([*reply.blocks, *reply.plain_blocks])) == []
    assert counts_in(words(reply)) == set()
    assert sizes_in(words(reply)) <= {SIZE_LIMIT}
    assert not [block for block in reply.blocks if block["type"] == "data_visualization"]


def test_the_days_are_in_order() -> None:
    assert sorted(DAYS) == list(DAYS)
    assert DAYS[-1] + timedelta(days=1) == date(2026, 11, 24)
