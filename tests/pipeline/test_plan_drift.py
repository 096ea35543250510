"""Plan drift: which differences between a plan and the database make a request stale, and how they are described."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.core.requests.plan import Plan
from bot.errors import Unavailable
from bot.pipeline.authorization.plan_drift import GREW_BY, drift
from bot.turso import TursoUnavailable
from tests.commands.conftest import Acme, Desk, acme, desk, no_waiting, store

__all__ = ["acme", "desk", "no_waiting", "store"]

MIB = 1024 * 1024
DESTROY, NOW, ROTATE, FREEZE = "db destroy orders", "db destroy orders --now", "rotate orders", "db freeze orders"
ABOUT_ONE = (DESTROY, NOW, ROTATE, FREEZE, "token orders", "db protect orders on", "db protect orders off")
Change = Callable[[Acme], Any]


def nothing(acme: Acme) -> None:
    """Leave everything as planned."""


def uses(size_bytes: int | None, name: str = "orders") -> Change:
    def change(acme: Acme) -> None:
        acme.used[name] = {"storage_bytes": size_bytes}

    return change


def becomes(**facts: Any) -> Change:
    return lambda acme: acme.databases["orders"].update(facts)


def recreated(acme: Acme) -> None:
    acme.add("orders")


def gone(acme: Acme) -> None:
    del acme.databases["orders"]


def joins(*names: str, group: str = "default") -> Change:
    return lambda acme: [acme.add(name, group=group) for name in names]


def leaves(acme: Acme) -> None:
    del acme.databases["users"]


def sibling_recreated(acme: Acme) -> None:
    acme.add("users")


@pytest.fixture
def planned(acme: Acme) -> Acme:
    """Return `acme` as it is when the request is made."""
    acme.groups["other"] = acme.groups["default"] | {"name": "other"}
    for name in ("orders", "users"):
        acme.add(name)
    return acme


async def found(desk: Desk, line: str, before: Change, after: Change, *, checks_size: bool = True) -> str | None:
    """Plan a line, apply a change, and return the differences."""
    before(desk.acme)
    plan = await desk.plan(line)
    after(desk.acme)
    return await drift(desk.context(), plan, desk.parse(line).spec, checks_size=checks_size)


@pytest.mark.parametrize("line", ABOUT_ONE)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(nothing, None, id="nothing"),
        pytest.param(gone, "The database `orders` no longer exists.", id="destroyed"),
        pytest.param(recreated, "The name `orders` now belongs to a different database. The original "
                     "seems to have been destroyed.", id="created again with the same name"),
        pytest.param(becomes(group="other"), "`orders` has moved to the group `other`.", id="in another group"),
        pytest.param(becomes(group=""), "`orders` is no longer in a group.", id="no longer in a group"),
        pytest.param(becomes(delete_protection=True), "Delete protection for `orders` is now on.", id="protected"),
        pytest.param(becomes(Hostname="elsewhere.turso.io"), None, id="another host"),
        pytest.param(becomes(block_writes=True), None, id="blocked"),
        pytest.param(becomes(IssuedCertCount=7), None, id="tokens created elsewhere"),
    ],
)  # fmt: skip
async def test_a_plan_becomes_stale_if_its_database_group_or_protection_has_changed(
    desk: Desk, planned: Acme, line: str, change: Change, said: str | None
) -> None:
    assert await found(desk, line, nothing, change) == said


async def test_protection_that_was_turned_off_makes_a_plan_stale(desk: Desk, planned: Acme) -> None:
    on, off = becomes(delete_protection=True), becomes(delete_protection=False)
    assert await found(desk, FREEZE, on, off) == "Delete protection for `orders` is now off."


async def test_a_database_that_was_moved_into_a_group_makes_a_plan_stale(desk: Desk, planned: Acme) -> None:
    moved = await found(desk, FREEZE, becomes(group=""), becomes(group="default"))
    assert moved == "`orders` has moved to the group `default`."


@pytest.mark.parametrize("line", [DESTROY, NOW])
@pytest.mark.parametrize(
    ("was", "now", "grew"),
    [
        pytest.param(0, GREW_BY, False, id="from nothing, by the limit"),
        pytest.param(0, GREW_BY + 1, True, id="from nothing, by a byte more than the limit"),
        pytest.param(10 * MIB, 110 * MIB, False, id="small: eleven times as large, but by the limit"),
        pytest.param(10 * MIB, 110 * MIB + 1, True, id="small: by a byte more than the limit"),
        pytest.param(100 * MIB, 200 * MIB, False, id="doubled, and by the limit"),
        pytest.param(100 * MIB, 200 * MIB + 1, True, id="a byte over both limits"),
        pytest.param(1000 * MIB, 1500 * MIB, False, id="large: by more than the limit, but not doubled"),
        pytest.param(1000 * MIB, 2000 * MIB, False, id="large: doubled"),
        pytest.param(1000 * MIB, 2000 * MIB + 1, True, id="large: more than doubled"),
        pytest.param(1000 * MIB, 1000 * MIB, False, id="the same"),
        pytest.param(1000 * MIB, 0, False, id="emptied"),
        pytest.param(None, 10**15, False, id="the size was unknown in the plan"),
    ],
)
async def test_a_plan_to_destroy_becomes_stale_only_if_the_database_has_grown_past_both_limits(
    desk: Desk, planned: Acme, line: str, was: int | None, now: int, grew: bool
) -> None:
    differences = await found(desk, line, uses(was), uses(now))
    assert differences == ("`orders` has grown a lot since the request." if grew else None)


@pytest.mark.parametrize(
    "unknown",
    [
        pytest.param(uses(None), id="Turso leaves it out"),
        pytest.param(lambda acme: acme.failing.update({"orders/usage": 503}), id="Turso fails"),
    ],
)
async def test_a_size_that_turso_no_longer_reports_is_an_error(desk: Desk, planned: Acme, unknown: Change) -> None:
    with pytest.raises((Unavailable, TursoUnavailable)):
        await found(desk, DESTROY, uses(5), unknown)


@pytest.mark.parametrize("line", [ROTATE, FREEZE, "token orders"])
async def test_a_plan_that_destroys_nothing_ignores_the_size(desk: Desk, planned: Acme, line: str) -> None:
    assert await found(desk, line, uses(1), uses(10**15)) is None


async def test_growth_is_no_drift_if_the_size_is_not_checked(desk: Desk, planned: Acme) -> None:
    assert await found(desk, DESTROY, uses(1), uses(10**15), checks_size=False) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(joins("pay"), "1 other database joined the group `default` since the request (pay).", id="one"),
        pytest.param(joins("pay", "tax"), "2 other databases joined the group `default` since the request (pay, "
                     "tax).", id="two"),
        pytest.param(sibling_recreated, "1 other database joined the group `default` since the request (users).",
                     id="another database of the group was created again"),
        pytest.param(joins("pay", group="other"), None, id="another group has grown"),
        pytest.param(leaves, None, id="one left: fewer tokens end than approvers saw"),
    ],
)  # fmt: skip
async def test_a_rotation_becomes_stale_only_if_other_databases_have_joined_its_group(
    desk: Desk, planned: Acme, change: Change, said: str | None
) -> None:
    assert await found(desk, ROTATE, nothing, change) == said


async def test_a_grown_group_does_not_matter_to_a_plan_for_one_database(desk: Desk, planned: Acme) -> None:
    assert await found(desk, DESTROY, nothing, joins("pay")) is None


def archived(acme: Acme) -> None:
    for thing in (acme.groups["default"], *acme.databases.values()):
        thing["archived"] = True


def woken(acme: Acme) -> None:
    for thing in (acme.groups["default"], *acme.databases.values()):
        thing["archived"] = False


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(nothing, None, id="nothing"),
        pytest.param(gone, "The database `orders` no longer exists.", id="destroyed"),
        pytest.param(becomes(group="other"), "`orders` has moved to the group `other`.", id="in another group"),
        pytest.param(woken, "`orders` is already awake.", id="woken by another person"),
        pytest.param(joins("pay"), "1 other database joined the group `default` since the request (pay).", id="joined"),
        pytest.param(leaves, None, id="one left: fewer wake than approvers saw"),
    ],
)
async def test_a_wake_becomes_stale_if_its_database_changed_or_others_have_joined_its_group(
    desk: Desk, planned: Acme, change: Change, said: str | None
) -> None:
    assert await found(desk, "wake orders", archived, change) == said


async def test_a_free_name_that_was_taken_makes_a_plan_stale(desk: Desk, planned: Acme) -> None:
    line = "db create fresh --group default"
    assert await found(desk, line, nothing, nothing) is None
    assert "fresh" in (await found(desk, line, nothing, joins("fresh")) or "")


async def test_a_plan_without_a_database_has_no_drift(desk: Desk, planned: Acme) -> None:
    end = desk.parse("incident end").spec
    assert await drift(desk.context(), Plan(None, command=end.name), end, checks_size=True) is None
    assert not desk.acme.requests
