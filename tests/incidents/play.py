"""Helpers for tests of incidents: actions of people, and reading Turso's call log and the audit log."""

from typing import Any

from bot.core.records.audit_entry import AuditEntry
from bot.sandbox.workspace.model import Message
from tests.world import INCIDENT, Someone, World, buttons, until


async def start(someone: Someone, key: str, *, lasts: str = "2h", channel: str = INCIDENT) -> Message:
    """Start an incident, and return the first message of its timeline."""
    line = f"/turso incident start {key} --for {lasts}"
    return await _after(someone, channel, line, f"Incident *{key}* has started")


async def end(someone: Someone, key: str, *, channel: str = INCIDENT) -> Message:
    """End an incident, and return the last message, once its report is shared."""
    answer = await _after(someone, channel, "/turso incident end", f"Incident *{key}* ended. Incident permissions")
    await until(lambda: report(someone.world, key), what="the report")
    return answer


async def _after(someone: Someone, channel: str, line: str, holding: str) -> Message:
    """Type a line, and return the next message that contains `holding`, in the channel or in a thread."""
    world = someone.world
    before = world.card(channel, holding=holding)
    await world.workspace.say(someone.id, channel, line)

    def new() -> Message | None:
        found = world.card(channel, holding=holding)
        return found if found is not None and (before is None or found.ts != before.ts) else None

    found: Message = await until(new, what=f"the outcome of {line!r}")
    await world.wait_until_idle()
    return found


def report(world: World, key: str) -> str:
    """Return the report that was shared last, or an empty string if there is none."""
    found = [one for one in world.workspace.state.files.values() if one["name"] == f"{key}.md" and one["shared"]]
    return str(found[-1]["content"].decode()) if found else ""


async def freeze(someone: Someone, card: Message, name: str) -> Message:
    """Press the freeze button of a triage card and confirm. Return the message with the outcome."""
    question = await someone.presses_and_reads("Freeze writes 30 min", card)
    await someone.presses("Freeze writes", question)
    found: Message = await until(
        lambda: someone.world.card(card.channel_id, holding=f"Writes to *{name}* are blocked"), what="the freeze"
    )
    await someone.world.wait_until_idle()
    return found


async def approve_typed(someone: Someone, card: Message, name: str) -> None:
    """Approve a card whose rule requires typing the name."""
    await someone.presses("Approve", card)
    view = await someone.modal("type the name")
    await someone.submits({"typed_name": name}, view)


async def audit(world: World, *, channel: str = INCIDENT) -> list[AuditEntry]:
    """Return the audit log of a channel, oldest first."""
    assert world.bot is not None
    rows = await world.bot.store.audit.page(before_seq=None, limit=500, channel_id=channel)
    return [entry for _, entry in reversed(rows)]


def changed(world: World) -> list[tuple[str, str]]:
    """Return the changes sent to Turso, in order: the method, and the path after the organization."""
    calls = [one for one in world.turso.calls.control() if one.method != "GET" and one.status < 400]
    return [(one.method, one.path.split("/organizations/acme/databases")[-1]) for one in calls]


async def blocked(world: World, name: str) -> bool:
    """Return True while Turso blocks the writes of a database."""
    assert world.bot is not None
    return bool((await world.bot.env.turso_clients.turso("acme").configuration(name)).block_writes)


def pressable(message: Any) -> set[str]:
    """Return the labels of a message's buttons."""
    return set(buttons(message))
