"""What leads to the moment before a change."""

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
    """A request that waits for approval."""

    async def prepare(lane: Lane, name: str) -> None:
        await lane.has_database(name)
        await ask_till_taken(lane, line.format(name))
        request = await in_state(lane, name, State.PENDING)

        async def shown() -> bool | None:
            return bool(await lane.store.cards.of(request.id)) or None

        await patient(shown, f"the card of {name}")

    return prepare


async def in_state(lane: Lane, name: str, state: State) -> Request:
    """Wait until the newest request about a database is in a state, and everything around it is over."""

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
    """In a group of its own, which Turso has archived."""
    made = await lane.turso.post("/v1/organizations/acme/groups", json={"name": f"g-{name}", "location": "local"})
    assert made.status_code in (200, 409), made.text
    await lane.has_database(name, group=f"g-{name}")
    await lane.world.turso.archive("acme", f"g-{name}")


async def has_source(lane: Lane, name: str) -> None:
    await lane.has_database(f"{name}-s")


async def branched(lane: Lane, name: str) -> None:
    """A branch that ends after three days."""
    await has_source(lane, name)
    await ask_till_taken(lane, f"db branch {name}-s {name} --for 3d")
    await in_state(lane, name, State.SUCCEEDED)


async def may_rewind(lane: Lane, name: str) -> None:
    """A rewind to a whole second after the database was created waits for approval."""
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
    """A copy about which a request to decide waits for approval."""

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
    """The copy that a rewind has made, by the request that made it."""
    made = await lane.store.requests.find(states=[State.SUCCEEDED], command="rewind")
    return next(str(one.plan.arguments["copy"]) for one in made if one.plan.target and one.plan.target.name == name)


async def ready(lane: Lane, name: str) -> None:
    await asked("token {}")(lane, name)
    await press_till_taken(lane, ANA, name, "Approve")
    await in_state(lane, name, State.READY)


async def revoked_late(lane: Lane, name: str) -> None:
    """A rotation that waits for approval, and that Turso will carry out some seconds after it has accepted it."""
    await asked("rotate {}")(lane, name)
    faults = lane.world.turso.faults
    faults.add("late_rotation", method="POST", path=f"*/{name}/auth/rotate", seconds=LATE_SECONDS, count=None)


async def asked_for_overages(lane: Lane, name: str) -> None:
    """A request for overages, which are off, that waits for approval."""
    assert (await lane.turso.patch(ORGANIZATION, json={"overages": False})).status_code == 200
    await lane.has_database(name)
    await ask_till_taken(lane, "overages on")
    request = await in_state(lane, "acme", State.PENDING)

    async def shown() -> bool | None:
        return bool(await lane.store.cards.of(request.id)) or None

    await patient(shown, "the card")


async def opened(lane: Lane, name: str) -> None:
    """In quarantine, but somebody has opened it for writes in Turso's dashboard."""
    await quarantined(lane, name)
    path = f"/v1/organizations/acme{CONFIGURATION.format(name)}"
    assert (await lane.turso.patch(path, json={"block_writes": False})).status_code == 200


async def approved_by_one_who_leaves(lane: Lane, name: str) -> None:
    """In quarantine, and Ana, who approved it, has left since."""
    await lane.world.workspace.admin.reactivate(ANA)
    await lane.kill_and_start()  # what it knows of people is forgotten
    await quarantined(lane, name)
    await lane.world.workspace.admin.deactivate(ANA)
