"""Prepares a database for a change, up to the moment before it starts."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.core.requests.request import Request, State
from tests.crash.lane import ORGANIZATION, Lane
from tests.crash.scenarios.acts import LATE_SECONDS, ask_till_taken, press_till_taken
from tests.crash.scenarios.shared import CONFIGURATION
from tests.crash.waiting import patient
from tests.world import ANA, until


async def there(lane: Lane, name: str) -> None:
    await lane.has_database(name)


def asked(line: str) -> Callable[[Lane, str], Awaitable[None]]:
    """Return a function that creates the database and requests a change, which then waits for approval."""

    async def prepare(lane: Lane, name: str) -> None:
        await lane.has_database(name)
        await ask_till_taken(lane, line.format(name))
        request = await in_state(lane, name, State.PENDING)

        async def shown() -> bool | None:
            return bool(await lane.store.cards.of(request.id)) or None

        await patient(shown, f"the card of {name}")

    return prepare


async def in_state(lane: Lane, name: str, state: State) -> Request:
    """Wait until the newest request about a database is in a state and the bot is idle. Return the request."""

    async def look() -> Request | None:
        found = await lane.newest(name)
        return found if found and found.state is state and await lane.idle() else None

    return await patient(look, f"{name} to be {state}")


async def quarantined(lane: Lane, name: str) -> None:
    await asked("db destroy {}")(lane, name)
    await press_till_taken(lane, ANA, name, "Approve")
    await in_state(lane, name, State.QUARANTINED)


async def frozen(lane: Lane, name: str) -> None:
    await lane.has_database(name)
    await ask_till_taken(lane, f"db freeze {name} --for 30m")
    await in_state(lane, name, State.SUCCEEDED)


async def archived(lane: Lane, name: str) -> None:
    """Create the database in a group of its own, and archive the group."""
    made = await lane.turso.post("/v1/organizations/acme/groups", json={"name": f"g-{name}", "location": "local"})
    assert made.status_code in (200, 409), made.text
    await lane.has_database(name, group=f"g-{name}")
    await lane.world.turso.archive("acme", f"g-{name}")


async def has_source(lane: Lane, name: str) -> None:
    await lane.has_database(f"{name}-s")


async def branched(lane: Lane, name: str) -> None:
    """Create a branch that expires after three days."""
    await has_source(lane, name)
    await ask_till_taken(lane, f"db branch {name}-s {name} --for 3d")
    await in_state(lane, name, State.SUCCEEDED)


async def may_rewind(lane: Lane, name: str) -> None:
    """Request a rewind to a time after the creation of the database. It then waits for approval."""
    await lane.has_database(name)
    clock = lane.world.turso.clock
    made = clock.now()
    await until(lambda: clock.now() - made > timedelta(seconds=1.1), what="a moment after its creation")
    await asked(f"db rewind {{}} --to {clock.now():%Y-%m-%dT%H:%M:%SZ}")(lane, name)


async def rewound(lane: Lane, name: str) -> None:
    await may_rewind(lane, name)
    await press_till_taken(lane, ANA, name, "Approve")
    await in_state(lane, name, State.SUCCEEDED)


def deciding(line: str) -> Callable[[Lane, str], Awaitable[None]]:
    """Return a function that rewinds the database and requests a decision about the copy, which waits for approval."""

    async def prepare(lane: Lane, name: str) -> None:
        await rewound(lane, name)
        await ask_till_taken(lane, line.format(name))
        about = await copy_of(lane, name) if "switch" not in line else name
        request = await in_state(lane, about, State.PENDING)

        async def shown() -> bool | None:
            return bool(await lane.store.cards.of(request.id)) or None

        await patient(shown, f"the card about {about}")

    return prepare


async def switched(lane: Lane, name: str) -> None:
    await deciding("rewind switch {}")(lane, name)
    await press_till_taken(lane, ANA, name, "Approve")
    await in_state(lane, name, State.QUARANTINED)


async def copy_of(lane: Lane, name: str) -> str:
    """Return the name of the copy that a rewind created."""
    made = await lane.store.requests.find(states=[State.SUCCEEDED], command="rewind")
    return next(str(one.plan.arguments["copy"]) for one in made if one.plan.target and one.plan.target.name == name)


async def ready(lane: Lane, name: str) -> None:
    await asked("token {}")(lane, name)
    await press_till_taken(lane, ANA, name, "Approve")
    await in_state(lane, name, State.READY)


async def revoked_late(lane: Lane, name: str) -> None:
    """Request a rotation, which waits for approval. Turso will carry it out some seconds after it accepts the call."""
    await asked("rotate {}")(lane, name)
    faults = lane.world.turso.faults
    faults.add("late_rotation", method="POST", path=f"*/{name}/auth/rotate", seconds=LATE_SECONDS, count=None)


async def asked_for_overages(lane: Lane, name: str) -> None:
    """Turn overages off, and request to turn them on. The request waits for approval."""
    assert (await lane.turso.patch(ORGANIZATION, json={"overages": False})).status_code == 200
    await lane.has_database(name)
    await ask_till_taken(lane, "overages on")
    request = await in_state(lane, "acme", State.PENDING)

    async def shown() -> bool | None:
        return bool(await lane.store.cards.of(request.id)) or None

    await patient(shown, "the card")


async def opened(lane: Lane, name: str) -> None:
    """Put the database in quarantine, and unblock writes without the bot, as in Turso's dashboard."""
    await quarantined(lane, name)
    path = f"/v1/organizations/acme{CONFIGURATION.format(name)}"
    assert (await lane.turso.patch(path, json={"block_writes": False})).status_code == 200


async def approved_by_one_who_leaves(lane: Lane, name: str) -> None:
    """Put the database in quarantine, and deactivate Ana, who approved it."""
    await lane.world.workspace.admin.reactivate(ANA)
    await lane.kill_and_start()  # empties the bot's cache of people
    await quarantined(lane, name)
    await lane.world.workspace.admin.deactivate(ANA)
