"""How many calls to Turso a rewind makes: a bounded number, whatever the number of databases and tables."""

from collections import Counter
from collections.abc import Callable

import pytest

from tests.world import BEN, DANA, World, buttons

pytestmark = pytest.mark.asyncio(loop_scope="module")
MOST_CONTROL = 24
MOST_DATA = 16


async def rewinds(world: World, name: str, tables: int) -> tuple[int, int]:
    """Rewind a database with some tables, and return the numbers of calls to the Platform API and to databases."""
    await world.create_databases(name)
    await world.run_sql(name, *(f"CREATE TABLE t{number} (n)" for number in range(tables)))
    await world.pass_time(minutes=10)
    before = len(world.turso.calls.control()), len(world.turso.calls.data())
    card = await world.person(DANA).types(f"/turso rewind {name} --to 5m ago", holding=name)
    await world.person(BEN).presses("Approve", card)
    compared = await world.wait_for_content(card, holding="Compared with")
    await world.wait_until_idle()
    assert "Switch" in buttons(compared)
    control = world.turso.calls.control()[before[0] :]
    print(name, dict(Counter(f"{one.method} {one.path.rpartition('/acme')[2].replace(name, 'X')}" for one in control)))
    return len(control), len(world.turso.calls.data()) - before[1]


async def test_a_rewind_makes_a_bounded_number_of_calls(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    small = await rewinds(world, "small", 2)
    await world.create_databases(*(f"other-{number}" for number in range(30)))
    large = await rewinds(world, "large", 60)

    figure = f"calls of a rewind (Platform API, databases): 2 tables {small}; 60 tables, 30 more databases {large}"
    record_property("figure", figure)
    print(figure)
    assert small[0] <= MOST_CONTROL
    assert large[0] <= MOST_CONTROL, "not one for each database or table"
    assert large[1] <= MOST_DATA
