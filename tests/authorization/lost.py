"""Context managers that remove a permission or other precondition while they are open, and restore it on exit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from bot.core.records.delegations import Delegation
from bot.sandbox.oncall.roster import Shift
from tests.policies import WITH_DBA_GROUP
from tests.world import DB_OPS, ORDERS, World, set_policy

Loss = Callable[[World, str], Any]
"""A function that takes the world and a person, and returns a context manager for the time of the loss."""

POLICY = (
    "oncall_users: {pagerduty: {PANA001: U0ANA, PBEN002: U0BEN}}\n"
    + WITH_DBA_GROUP
    + """\
  on_call: {oncall: {provider: pagerduty, schedule: PDBA100}}
  lead: {users: [U0REMY], may_delegate_to: "user:U0ANA"}
  asking: {usergroup: S0ORDERS}
  responders: {usergroup: S0RESPOND}
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: read}
      - {allow: [show], to: ["guest:U0ANA", "guest:U0DANA", "guest:U0BEN"]}
      - {break_glass: [protect], databases: ["shift-*"], to: asking, review_by: on_call}
      - {approve: [destroy, token], databases: ["shift-*"], by: on_call, to: asking, confirm: none}
      - {approve: [destroy], databases: ["away-*"], by: lead, to: asking, confirm: none}
      - {break_glass: [protect], to: asking, review_by: dba}
      - {allow: [freeze], to: asking, confirm: button}
      - {allow: [create], to: asking, confirm: type-name}
      - {allow: [branch, rewind], to: asking, confirm: none}
      - {approve: [destroy, rotate], by: dba, to: asking, confirm: none, undo_by: dba}
      - {approve: [token], by: dba, to: asking, confirm: none}
      - {allow: [thaw, rotate], to: dba, confirm: button}
"""
)
NO_RULE = POLICY[: POLICY.index("      - {break_glass")]
CEILING = POLICY.replace(
    "channels:",
    "ceiling: {deny: [{commands: [create, branch, rewind, destroy, rotate, token, freeze, protect, thaw]}]}\nchannels:",
)
TWO = POLICY.replace("organizations:\n", "organizations:\n  beta: {token: env:TURSO_API_TOKEN}\n")
SWAPPED = TWO.replace(
    "  C0DBOPS:\n", "  C0ORDERS: {organization: acme, databases: ['*']}\n  C0DBOPS:\n    organization: beta\n"
)
LEFT = TWO.replace("  acme: {token: env:TURSO_API_TOKEN}\n", "").replace(
    "  C0DBOPS:\n", "  C0DBOPS:\n    organization: beta\n"
)


def clear_caches(world: World) -> None:
    """Clear the bot's caches of people, groups, channels and shifts, so that the next lookups are current."""
    assert world.bot is not None
    directory: Any = world.bot.env.directory
    forget, schedules = directory.forget, directory._schedules
    for who in world.workspace.people:
        forget({"type": "user_change", "user": who})
    for group in world.workspace.usergroups:
        forget({"type": "subteam_updated", "subteam": {"id": group}})
    for channel_id in (DB_OPS, ORDERS):
        forget({"type": "channel_rename", "channel": channel_id})
    for key in world.bot.env.rules.policy.groups:
        schedules._cache.forget(key)
        schedules._silent.pop(key, None)


async def warm_caches(world: World) -> None:
    """Fill the bot's caches with the current facts, which it keeps for a minute."""
    assert world.bot is not None
    # These tests send requests much faster than people do, so disable the rate limits.
    world.workspace.limits.rates = "off"
    directory, groups = world.bot.env.directory, frozenset(world.workspace.usergroups)
    for who in ("U0ANA", "U0DANA"):
        await directory.subject_of(who, DB_OPS, usergroups=groups)
        assert await directory.is_in(who, DB_OPS)


@contextmanager
def _set(thing: Any, name: str, value: Any) -> Iterator[None]:
    was = getattr(thing, name)
    setattr(thing, name, value)
    try:
        yield
    finally:
        setattr(thing, name, was)


def deactivated(world: World, who: str) -> Any:
    return _set(world.workspace.people[who], "deleted", True)


def a_guest(world: World, who: str) -> Any:
    return _set(world.workspace.people[who], "is_restricted", True)


def out_of_the_groups(world: World, who: str) -> Any:
    @contextmanager
    def left() -> Iterator[None]:
        had = [group for group in world.workspace.usergroups.values() if who in group.users]
        for group in had:
            group.users.remove(who)
        try:
            yield
        finally:
            for group in had:
                group.users.append(who)

    return left()


def out_of_the_channel(world: World, who: str, channel_id: str = DB_OPS) -> Any:
    channel = world.workspace.channels[channel_id]
    return _set(channel, "members", [one for one in channel.members if one != who])


def bot_removed(world: World, who: str) -> Any:
    return out_of_the_channel(world, world.workspace.app.bot_user_id)


def channel_shared(world: World, who: str) -> Any:
    return _set(world.workspace.channels[DB_OPS], "is_ext_shared", True)


def channel_archived(world: World, who: str) -> Any:
    return _set(world.workspace.channels[DB_OPS], "is_archived", True)


def _policy(text: str) -> Loss:
    @contextmanager
    def changed(world: World, who: str) -> Iterator[None]:
        set_policy(world, text)
        try:
            yield
        finally:
            set_policy(world, POLICY)

    return changed


def _silent(method: str) -> Loss:
    @contextmanager
    def silence(world: World, who: str) -> Iterator[None]:
        fault = world.workspace.faults.add("api_error", method, error="internal_error")
        try:
            yield
        finally:
            world.workspace.faults.remove(fault)

    return silence


def _roster(name: str, value: Any) -> Loss:
    def changed(world: World, who: str) -> Any:
        return _set(world.roster, name, value)

    return changed


def delegation_over(world: World, who: str) -> Any:
    """Make the store return no delegation by `AWAY` inside the `with` block, as if it had expired."""
    assert world.bot is not None
    store = world.bot.env.store.delegations
    active = store.active

    async def none(at: datetime) -> list[Delegation]:
        return [one for one in await active(at) if one.person != AWAY]

    return _set(store, "active", none)


AWAY = "U0REMY"
"""An approver who has delegated to Ana."""
OF_SHIFTS: dict[str, Loss] = {
    "another shift": _roster("shifts", [Shift("PBEN002")]),
    "no one on call": _roster("shifts", []),
    "on-call service silent": _roster("status", 503),
}
OF_DELEGATIONS: dict[str, Loss] = {
    "delegation over": delegation_over,
    "may no longer delegate": _policy(POLICY.replace('may_delegate_to: "user:U0ANA"', 'may_delegate_to: "user:U0BEN"')),
    "approver no longer": _policy(POLICY.replace("lead: {users: [U0REMY]", "lead: {users: [U0BEN]")),
}
LOSSES: dict[str, Loss] = {
    "deactivated": deactivated,
    "a guest": a_guest,
    "out of the groups": out_of_the_groups,
    "out of the channel": out_of_the_channel,
    "bot removed": bot_removed,
    "channel shared": channel_shared,
    "channel archived": channel_archived,
    "rule gone": _policy(NO_RULE),
    "ceiling added": _policy(CEILING),
    "another organization": _policy(SWAPPED),
    "organization gone": _policy(LEFT),
    "Slack silent about people": _silent("users.info"),
    "Slack silent about the channel": _silent("conversations.info"),
    "Slack silent about its members": _silent("conversations.members"),
    "Slack silent about groups": _silent("usergroups.users.list"),
}
EVERY: dict[str, Loss] = {**LOSSES, **OF_SHIFTS, **OF_DELEGATIONS}
"""All losses. Shift and delegation losses affect only entries that use on-call approvers or delegates."""
