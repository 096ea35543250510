"""A value that Turso omits is unknown: no answer shows it as "open" or "off", and no change relies on it."""

from typing import Any

import pytest

from bot.commands.databases import destroy, freeze, restore, thaw
from bot.errors import Unavailable
from bot.pipeline.authorization.plan_drift import what_changed
from tests.blocks.messages import words
from tests.commands.conftest import POLICY, Desk
from tests.present import present

FLAGS = ("block_reads", "block_writes", "delete_protection")
HOW = pytest.mark.parametrize("how", ["absent", "null"])
WHICH = pytest.mark.parametrize("which", ["block_reads", "block_writes"])


def leave_out(desk: Desk, how: str, *flags: str, of: str = "both") -> None:
    """Make Turso omit some flags of `orders`, or return them as null."""
    objects = {"database": desk.acme.databases["orders"], "configuration": desk.acme.configurations["orders"]}
    for name, fields in objects.items():
        for flag in flags if of in ("both", name) else ():
            fields.pop(flag, None)
            if how == "null":
                fields[flag] = None


def ready(desk: Desk, **settings: Any) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"] |= {"delete_protection": False, **settings}


@HOW
@pytest.mark.parametrize("line", ["ls", "show orders", "triage orders"])
async def test_omitted_flags_are_shown_as_unknown(desk: Desk, how: str, line: str) -> None:
    ready(desk)
    leave_out(desk, how, *FLAGS)

    reply = words(await desk.ask(line))

    assert "reads and writes: unknown" in reply
    assert "open" not in reply
    assert "off" not in reply


async def test_flags_that_the_configuration_omits_are_read_from_the_database(desk: Desk) -> None:
    ready(desk)
    desk.acme.databases["orders"]["block_writes"] = True
    leave_out(desk, "absent", *FLAGS, of="configuration")

    assert "writes blocked" in words(await desk.ask("show orders"))
    assert "writes blocked" in words(await desk.ask("triage orders"))


@HOW
@WHICH
async def test_a_freeze_or_a_quarantine_is_not_confirmed_if_a_flag_is_omitted(desk: Desk, how: str, which: str) -> None:
    ready(desk)
    frozen, quarantined = await desk.plan("freeze orders --reads"), await desk.plan("destroy orders")
    desk.acme.configurations["orders"] |= {"block_reads": True, "block_writes": True}
    leave_out(desk, how, which, of="configuration")

    with pytest.raises(Unavailable, match="doesn't say"):
        await freeze.read_back(desk.context(), frozen)
    with pytest.raises(Unavailable, match="doesn't say"):
        await destroy.read_back(desk.context(), quarantined)


@HOW
@WHICH
async def test_a_thaw_or_an_undo_is_not_confirmed_if_a_flag_is_omitted(desk: Desk, how: str, which: str) -> None:
    ready(desk, block_writes=True)
    thawed, quarantined = await desk.plan("thaw orders"), await desk.plan("destroy orders")
    desk.acme.configurations["orders"] |= {"block_reads": False, "block_writes": False}
    leave_out(desk, how, which, of="configuration")

    with pytest.raises(Unavailable, match="doesn't say"):
        await thaw.read_back(desk.context(), thawed)
    with pytest.raises(Unavailable, match="doesn't say"):
        await present(restore.command.read_back)(desk.context(), quarantined)
    with pytest.raises(Unavailable, match="doesn't say"):
        await desk.plan("thaw orders")


@HOW
async def test_a_protection_that_is_no_longer_reported_stops_the_plan(desk: Desk, how: str) -> None:
    ready(desk)
    plan = await desk.plan("destroy orders --now")
    assert not any("protection" in warning for warning in plan.warnings)
    leave_out(desk, how, "delete_protection")

    with pytest.raises(Unavailable, match="delete protection"):
        await what_changed(desk.turso, plan)


@HOW
async def test_an_unreported_protection_is_a_warning_and_stops_the_plan_once_it_is_on(desk: Desk, how: str) -> None:
    ready(desk)
    leave_out(desk, how, "delete_protection")
    plan = await desk.plan("destroy orders --now")

    assert "Turso didn't say whether it has delete protection" in plan.warnings
    assert await what_changed(desk.turso, plan) is None
    desk.acme.databases["orders"]["delete_protection"] = True
    assert "is now on" in (await what_changed(desk.turso, plan) or "")


async def test_an_unreported_protection_of_a_group_is_a_warning(desk: Desk) -> None:
    ready(desk)
    del desk.acme.groups["default"]["delete_protection"]

    assert any("delete protection" in warning for warning in (await desk.plan("destroy orders")).warnings)


async def test_a_group_that_cannot_be_read_stops_commands_that_affect_the_group(desk: Desk) -> None:
    ready(desk)
    plan = await desk.plan("freeze orders")
    desk.acme.databases["orders"]["group"] = {"odd": 1}

    with pytest.raises(Unavailable, match="which group"):
        await what_changed(desk.turso, plan)
    with pytest.raises(Unavailable, match="which group"):
        await desk.plan("rotate orders")
    assert "unknown" in words(await desk.ask("show orders"))


@HOW
async def test_a_token_is_planned_with_a_warning_if_flags_are_omitted(desk: Desk, how: str) -> None:
    ready(desk)
    leave_out(desk, how, *FLAGS)

    assert "Turso didn't say whether the database is blocked" in (await desk.plan("token orders")).warnings


@pytest.mark.parametrize("line", ["ls", "ls --branches", "usage", "usage --month 2026-10", "digest now"])
async def test_a_total_without_a_database_that_cannot_be_read_says_so(desk: Desk, line: str) -> None:
    desk.acme.add("orders")
    desk.acme.add("broken")["Name"] = None

    assert "1 database is left out" in words(await desk.ask(line))


@pytest.mark.parametrize("line", ["usage", "digest now"])
async def test_a_channel_whose_only_database_cannot_be_read_is_not_called_empty(desk: Desk, line: str) -> None:
    desk.policy = POLICY.replace("rules: [{allow: read}, ", "rules: [{allow: [read, digest]}, ")
    desk.acme.add("payroll")
    desk.acme.add("broken")["Name"] = None

    said = words(await desk.ask(line, channel="C0ORDERS"))

    assert "1 database is left out" in said
    assert "no databases" not in said
