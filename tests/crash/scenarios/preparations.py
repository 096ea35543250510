"""Prepares a database for a change, up to the moment before it starts."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.core.requests.request import Request, State
from tests.crash.harness import ORGANIZATION, Harness
from tests.crash.scenarios.actions import LATE_SECONDS, ask_until_acknowledged, press_until_acknowledged
from tests.crash.scenarios.shared import CONFIGURATION
from tests.crash.waiting import poll_until
from tests.world import ANA, DANA, DB_OPS, until, words


async def created(harness: Harness, name: str) -> None:
    await harness.ensure_database(name)


def asked(line: str) -> Callable[[Harness, str], Awaitable[None]]:
    """Return a function that creates the database and requests a change, which then waits for approval.

    Args:
        line: the command, with `{}` for the name of the database.
    """

    async def prepare(harness: Harness, name: str) -> None:
        await harness.ensure_database(name)
        await ask_until_acknowledged(harness, line.format(name))
        request = await in_state(harness, name, State.PENDING)

        async def shown() -> bool | None:
            return bool(await harness.store.cards.of(request.id)) or None

        await poll_until(shown, f"the card of {name}")

    return prepare


async def in_state(harness: Harness, name: str, state: State) -> Request:
    """Wait until the newest request about a database is in a state and the bot is idle. Return the request."""

    async def look() -> Request | None:
        found = await harness.newest(name)
        return found if found and found.state is state and await harness.idle() else None

    try:
        return await poll_until(look, f"{name} to be {state}")
    except AssertionError as error:
        found = await harness.newest(name)
        seen = [words(one) for one in harness.world.workspace.history(DB_OPS, DANA) if name in words(one)]
        about = f"{found.state}, outcome {found.outcome!r}" if found else "no request"
        raise AssertionError(f"{error}: {about}, idle: {await harness.idle()}, last messages: {seen[-2:]}") from error


async def quarantined(harness: Harness, name: str) -> None:
    await asked("db destroy {}")(harness, name)
    await press_until_acknowledged(harness, ANA, name, "Approve")
    await in_state(harness, name, State.QUARANTINED)


async def frozen(harness: Harness, name: str) -> None:
    await harness.ensure_database(name)
    await ask_until_acknowledged(harness, f"db freeze {name} --for 30m")
    await in_state(harness, name, State.SUCCEEDED)


async def archived(harness: Harness, name: str) -> None:
    """Create the database in a separate group, and archive the group."""
    made = await harness.turso.post("/v1/organizations/acme/groups", json={"name": f"g-{name}", "location": "local"})
    assert made.status_code in (200, 409), made.text
    await harness.ensure_database(name, group=f"g-{name}")
    await harness.world.turso.archive("acme", f"g-{name}")


async def has_source(harness: Harness, name: str) -> None:
    await harness.ensure_database(f"{name}-s")


async def branched(harness: Harness, name: str) -> None:
    """Create a branch that expires after three days."""
    await has_source(harness, name)
    await ask_until_acknowledged(harness, f"db branch {name}-s {name} --for 3d")
    await in_state(harness, name, State.SUCCEEDED)


async def may_rewind(harness: Harness, name: str) -> None:
    """Request a rewind to a time after the creation of the database. It then waits for approval."""
    await harness.ensure_database(name)
    clock = harness.world.turso.clock
    made = clock.now()
    await until(lambda: clock.now() - made > timedelta(seconds=1.1), what="a moment after its creation")
    await asked(f"db rewind {{}} --to {clock.now():%Y-%m-%dT%H:%M:%SZ}")(harness, name)


async def rewound(harness: Harness, name: str) -> None:
    await may_rewind(harness, name)
    await press_until_acknowledged(harness, ANA, name, "Approve")
    await in_state(harness, name, State.SUCCEEDED)


def deciding(line: str) -> Callable[[Harness, str], Awaitable[None]]:
    """Return a function that rewinds the database and requests a decision about the copy, which waits for approval."""

    async def prepare(harness: Harness, name: str) -> None:
        await rewound(harness, name)
        await ask_until_acknowledged(harness, line.format(name))
        about = await copy_of(harness, name) if "switch" not in line else name
        request = await in_state(harness, about, State.PENDING)

        async def shown() -> bool | None:
            return bool(await harness.store.cards.of(request.id)) or None

        await poll_until(shown, f"the card about {about}")

    return prepare


async def switched(harness: Harness, name: str) -> None:
    await deciding("rewind switch {}")(harness, name)
    await press_until_acknowledged(harness, ANA, name, "Approve")
    await in_state(harness, name, State.QUARANTINED)


async def copy_of(harness: Harness, name: str) -> str:
    """Return the name of the copy that a rewind created."""
    made = await harness.store.requests.find(states=[State.SUCCEEDED], command="rewind")
    return next(str(one.plan.arguments["copy"]) for one in made if one.plan.target and one.plan.target.name == name)


async def ready(harness: Harness, name: str) -> None:
    await asked("token {}")(harness, name)
    await press_until_acknowledged(harness, ANA, name, "Approve")
    await in_state(harness, name, State.READY)


async def revoked_late(harness: Harness, name: str) -> None:
    """Request a rotation, which waits for approval. Turso will carry it out some seconds after it accepts the call."""
    await asked("rotate {}")(harness, name)
    faults = harness.world.turso.faults
    faults.add("late_rotation", method="POST", path=f"*/{name}/auth/rotate", seconds=LATE_SECONDS, count=None)


async def asked_for_overages(harness: Harness, name: str) -> None:
    """Turn overages off, and request to turn them on. The request waits for approval."""
    assert (await harness.turso.patch(ORGANIZATION, json={"overages": False})).status_code == 200
    await harness.ensure_database(name)
    await ask_until_acknowledged(harness, "overages on")
    request = await in_state(harness, "acme", State.PENDING)

    async def shown() -> bool | None:
        return bool(await harness.store.cards.of(request.id)) or None

    await poll_until(shown, "the card")


async def opened(harness: Harness, name: str) -> None:
    """Put the database in quarantine, and unblock writes without the bot, as in Turso's dashboard."""
    await quarantined(harness, name)
    path = f"/v1/organizations/acme{CONFIGURATION.format(name)}"
    assert (await harness.turso.patch(path, json={"block_writes": False})).status_code == 200


async def approved_by_person_who_leaves(harness: Harness, name: str) -> None:
    """Put the database in quarantine, and deactivate Ana, who approved it."""
    await harness.world.workspace.admin.reactivate(ANA)  # an earlier cell has deactivated her
    await harness.kill_and_start()  # empties the bot's cache of people
    await quarantined(harness, name)
    await harness.world.workspace.admin.deactivate(ANA)
