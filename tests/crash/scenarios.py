"""What is done while the process is killed: how each change is prepared, what sets it off, and how it may end."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.core.requests.request import Request, State
from bot.sandbox.workspace.model import Message
from bot.sandbox.workspace.records import Acted
from tests.crash.lane import ORGANIZATION, Lane
from tests.crash.waiting import patient
from tests.world import ANA, DANA, DB_OPS, buttons, until, words

Act = Callable[[Lane, str], Awaitable[Acted | None]]
Look = Callable[[Lane, str], Awaitable[bool]]
DATABASES, DATABASE = "/databases", "/databases/{}"
LATE_SECONDS = 5.0
TRIES = 5
"""How often somebody tries whom Slack tells that the app did not answer."""
CONFIGURATION, TOKENS, ROTATE = f"{DATABASE}/configuration", f"{DATABASE}/auth/tokens", f"{DATABASE}/auth/rotate"


@dataclass(frozen=True)
class Scenario:
    """One kind of change, to the database of some name."""

    name: str
    prepare: Callable[[Lane, str], Awaitable[None]]
    """Leads to the moment before."""
    act: Act
    """What sets the change off: a line, a press, or that time passes. None: nothing was asked of the bot."""
    call: tuple[str, str]
    """Method and path of the call that changes something at Turso."""
    done: State
    """The request's state when all went well."""
    says: str
    """What the requester reads then, somewhere."""
    happened: Look
    """Whether Turso shows the change."""
    undone: State = State.FAILED
    """The state that says that it did not happen, and never will by itself."""
    passes: State | None = None
    """A state that only time leads out of: nothing is over while it lasts."""
    final_unknown: bool = False
    """Turso shows nothing of it: an outcome that is not known stays so."""
    proven: bool = False
    """It is over only when it is said whether it is proven."""
    settled: Look | None = None
    """What only time leads to, where the state does not tell it: nothing is over before."""
    event: str = "executed"
    """The word of the audit entry that says how it ended."""
    audited: str = ""
    """The outcome in the audit log, where it is not the request's state."""
    about: str = ""
    finds: Callable[[Lane, str], Awaitable[str]] | None = None
    """Returns what the change is about, where only what was prepared tells its name."""
    """What the request names, where it is not the cell's own database."""
    calls: int = 1


async def ask(lane: Lane, line: str) -> Acted:
    """Dana types a command."""
    return await lane.world.workspace.say(DANA, DB_OPS, f"/turso {line}")


def taken(acted: Acted | None) -> bool:
    """Whether Slack, and so the person, has heard from the app that it was taken."""
    deliveries = acted.deliveries if acted is not None else ()
    return bool(deliveries) and all(one.ok and one.status == 200 for one in deliveries)


async def ask_till_taken(lane: Lane, line: str) -> None:
    """The same, again as long as Slack says that the app did not answer in time, as people do."""
    for _ in range(TRIES):
        if taken(await ask(lane, line)):
            return
    raise AssertionError(f"{line} was not taken in {TRIES} times")


async def press_till_taken(lane: Lane, person: str, name: str, label: str) -> None:
    """Press; and again as long as Slack says that the app did not answer in time, and the button is there."""
    for _ in range(TRIES):
        if taken(await press(lane, person, name, label)) or card_now(lane, name, label) is None:
            return
    raise AssertionError(f"{label} of {name} was not taken in {TRIES} times")


def card_now(lane: Lane, name: str, label: str) -> Message | None:
    """The newest message to everybody about a database that has a button whose text begins so."""
    posted = [one for one in lane.world.workspace.history(DB_OPS, None) if not one.only_for]
    fits = (one for one in reversed(posted) if any(text.startswith(label) for text in buttons(one)))
    return next((one for one in fits if any(f"{mark}{name}{mark}" in words(one) for mark in "`*")), None)


async def card_of(lane: Lane, name: str, label: str) -> Message:
    """The same, once it is there."""
    return await until(lambda: card_now(lane, name, label), what=f"a card for {name} with {label}")


async def press(lane: Lane, person: str, name: str, label: str) -> Acted:
    """Press a button on the card of a database."""
    card = await card_of(lane, name, label)
    found = next(button for text, button in buttons(card).items() if text.startswith(label))
    return await lane.world.workspace.click(person, message=card, action_id=found["action_id"])


async def approve(lane: Lane, name: str) -> Acted:
    return await press(lane, ANA, name, "Approve")


async def approve_by_name(lane: Lane, name: str) -> Acted | None:
    """Press Approve and type the name. None: the form did not come, and nothing was asked yet."""
    return await _in_form(lane, name, "Approve", {"typed_name": name})


async def _in_form(lane: Lane, name: str, label: str, values: dict[str, str]) -> Acted | None:
    workspace = lane.world.workspace
    for view in workspace.views_of(ANA):
        await workspace.close_view(ANA, view.id)
    await press(lane, ANA, name, label)
    try:
        await until(lambda: workspace.views_of(ANA), what="the form", within=4)
    except AssertionError:
        return None
    return await workspace.submit_view(ANA, workspace.views_of(ANA)[-1].id, values)


async def deny(lane: Lane, name: str) -> Acted | None:
    """Press Deny and say why. None: the form did not come."""
    return await _in_form(lane, name, "Deny", {"comment": "not today"})


async def withdraw(lane: Lane, name: str) -> Acted:
    return await press(lane, DANA, name, "Withdraw")


async def undo(lane: Lane, name: str) -> Acted:
    return await press(lane, DANA, name, "Undo")


async def reveal(lane: Lane, name: str) -> Acted:
    return await press(lane, DANA, name, "Reveal")


def typed(line: str) -> Act:
    async def act(lane: Lane, name: str) -> Acted:
        return await ask(lane, line.format(name))

    return act


def after(time: timedelta) -> Act:
    async def act(lane: Lane, name: str) -> None:
        lane.clock.pass_time(time)

    return act


async def nothing(lane: Lane, name: str) -> None:
    return None


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


async def is_awake(lane: Lane, name: str) -> bool:
    found = await lane.turso.get(f"/v1/organizations/acme/groups/g-{name}")
    return found.json()["group"]["archived"] is False


async def has_source(lane: Lane, name: str) -> None:
    await lane.has_database(f"{name}-s")


async def branched(lane: Lane, name: str) -> None:
    """A branch that ends after three days."""
    await has_source(lane, name)
    await ask_till_taken(lane, f"db branch {name}-s {name} --for 3d")
    await in_state(lane, name, State.SUCCEEDED)


async def is_branch(lane: Lane, name: str) -> bool:
    """Whether it is there, and on record with its end: both, or neither."""
    kept = [one for one in await lane.store.branches.find(organization="acme") if one.database == name]
    there = await is_there(lane, name)
    assert len(kept) == there, f"{kept} for a branch that is {'there' if there else 'not there'}"
    return there


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


async def has_copy(lane: Lane, name: str) -> bool:
    """Whether the copy of the newest rewind is there."""
    request = await lane.newest(name)
    return request is not None and await lane.database_id(str(request.plan.arguments["copy"])) is not None


async def is_switched(lane: Lane, name: str) -> bool:
    """Whether the old database is blocked. It is there in any case, as is its copy, and revoked at most once."""
    assert await lane.database_id(name) is not None
    assert await lane.database_id(await copy_of(lane, name)) is not None
    assert lane.sent("POST", ROTATE.format(name)) <= 1
    return await lane.blocked(name) == (True, True)


async def is_discarded(lane: Lane, copy: str) -> bool:
    """Whether the copy is gone. The database that was copied is there in any case."""
    assert await lane.database_id(re.sub(r"-rewind-\d{4}-\d{4}-[0-9a-f]{6}$", "", copy)) is not None
    return await is_gone(lane, copy)


async def is_kept(lane: Lane, copy: str) -> bool:
    assert await lane.database_id(copy) is not None
    return any(one.database == copy for one in await lane.store.branches.find(organization="acme"))


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


async def approve_overages(lane: Lane, name: str) -> Acted:
    return await approve(lane, "acme")


async def has_overages(lane: Lane, name: str) -> bool:
    return bool((await lane.turso.get(ORGANIZATION)).json()["organization"]["overages"])


async def is_there(lane: Lane, name: str) -> bool:
    return await lane.database_id(name) is not None


async def is_gone(lane: Lane, name: str) -> bool:
    return await lane.database_id(name) is None


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


async def waits_without_countdown(lane: Lane, name: str) -> bool:
    request = await lane.newest(name)
    return request is not None and request.rests


async def holds_nothing(lane: Lane, name: str) -> bool:
    return all(hold.database != name for hold in await lane.store.holds.find())


def blocks(reads: bool, writes: bool) -> Look:
    async def look(lane: Lane, name: str) -> bool:
        return await lane.blocked(name) == (reads, writes)

    return look


async def has_card(lane: Lane, name: str) -> bool:
    return card_now(lane, name, "Approve") is not None


async def may_be_revealed(lane: Lane, name: str) -> bool:
    return card_now(lane, name, "Reveal") is not None


async def has_no_buttons(lane: Lane, name: str) -> bool:
    return card_now(lane, name, "Approve") is None


def was_called(method: str, path: str) -> Look:
    async def look(lane: Lane, name: str) -> bool:
        return lane.sent(method, path.format(name)) > 0

    return look


SCENARIOS = [
    Scenario("create", nothing, typed("db create {}"), ("POST", DATABASES), State.SUCCEEDED, "is ready", is_there),
    Scenario("ask", there, typed("db destroy {}"), ("PATCH", CONFIGURATION), State.PENDING, "wants to",
             has_card, event="asked", calls=0),
    Scenario("destroy-now", asked("db destroy {} --now"), approve_by_name, ("DELETE", DATABASE), State.SUCCEEDED,
             "was destroyed", is_gone),
    Scenario("quarantine", asked("db destroy {}"), approve, ("PATCH", CONFIGURATION), State.QUARANTINED,
             "is in quarantine", blocks(True, True)),
    Scenario("undo", quarantined, undo, ("PATCH", CONFIGURATION), State.RESTORED, "is restored", blocks(False, False),
             undone=State.QUARANTINED, event="undone"),
    Scenario("countdown", quarantined, after(timedelta(days=31)), ("DELETE", DATABASE), State.SUCCEEDED,
             "was destroyed", is_gone, event="finished", passes=State.QUARANTINED),
    Scenario("countdown-stale", opened, after(timedelta(days=31)), ("PATCH", CONFIGURATION), State.STALE,
             "Nothing was destroyed", blocks(False, False), event="finished", passes=State.QUARANTINED),
    Scenario("countdown-refused", approved_by_one_who_leaves, after(timedelta(days=31)), ("DELETE", DATABASE),
             State.QUARANTINED, "wasn't destroyed", waits_without_countdown, event="finished", audited="denied",
             settled=waits_without_countdown, calls=0),
    Scenario("freeze", there, typed("db freeze {} --reads"), ("PATCH", CONFIGURATION), State.SUCCEEDED, "are blocked",
             blocks(True, True)),
    Scenario("thaw", frozen, after(timedelta(minutes=31)), ("PATCH", CONFIGURATION), State.SUCCEEDED, "has ended",
             blocks(False, False), event="thawed", settled=holds_nothing),
    Scenario("branch", has_source, typed("db branch {0}-s {0} --for 3d"), ("POST", DATABASES), State.SUCCEEDED,
             "is ready", is_branch),
    Scenario("branch-end", branched, after(timedelta(days=4)), ("PATCH", CONFIGURATION), State.QUARANTINED,
             "is in quarantine", blocks(True, True), settled=blocks(True, True)),
    Scenario("wake", archived, typed("db wake {}"), ("POST", "/groups/g-{}/unarchive"), State.SUCCEEDED, "is awake",
             is_awake),
    Scenario("rotate", asked("rotate {}"), approve, ("POST", ROTATE), State.SUCCEEDED, "have been refused since",
             was_called("POST", ROTATE), final_unknown=True, proven=True),
    Scenario("rotate-late", revoked_late, approve, ("POST", ROTATE), State.SUCCEEDED, "have been refused since",
             was_called("POST", ROTATE), final_unknown=True, proven=True),
    Scenario("rewind", may_rewind, approve, ("POST", DATABASES), State.SUCCEEDED, "Compared with", has_copy),
    Scenario("rewind-switch", deciding("rewind switch {}"), approve, ("PATCH", CONFIGURATION), State.QUARANTINED,
             "in place of", is_switched, proven=True),
    Scenario("rewind-undo", switched, undo, ("PATCH", CONFIGURATION), State.RESTORED, "is unblocked again",
             blocks(False, False), undone=State.QUARANTINED, event="undone"),
    Scenario("rewind-discard", deciding("rewind discard {}"), approve, ("DELETE", DATABASE), State.SUCCEEDED,
             "was destroyed", is_discarded, finds=copy_of),
    Scenario("rewind-keep", deciding("rewind keep {}"), approve, ("DELETE", DATABASE), State.SUCCEEDED, "is kept",
             is_kept, finds=copy_of, calls=0),
    Scenario("reveal", ready, reveal, ("POST", TOKENS), State.SUCCEEDED, "Only you can see", was_called("POST", TOKENS),
             final_unknown=True, event="reveal"),
    Scenario("token", there, typed("token {} --read-only"), ("POST", TOKENS), State.SUCCEEDED, "Only you can see",
             was_called("POST", TOKENS), undone=State.EXPIRED, final_unknown=True, event="reveal",
             passes=State.READY),
    Scenario("overages", asked_for_overages, approve_overages, ("PATCH", ""), State.SUCCEEDED, "are on", has_overages,
             about="acme"),
    Scenario("approval", asked("token {}"), approve, ("POST", TOKENS), State.READY, "to see your token",
             may_be_revealed, event="approved", audited="vote", calls=0),
    Scenario("deny", asked("rotate {}"), deny, ("POST", ROTATE), State.DENIED, "was denied", has_no_buttons,
             event="denied", calls=0),
    Scenario("withdraw", asked("rotate {}"), withdraw, ("POST", ROTATE), State.CANCELLED, "was withdrawn",
             has_no_buttons, event="withdrawn", calls=0),
    Scenario("expire", asked("rotate {}"), after(timedelta(hours=13)), ("POST", ROTATE), State.EXPIRED,
             "No one approved or denied it in time", has_no_buttons, event="expired", passes=State.PENDING, calls=0),
]  # fmt: skip
"""`reveal` is also the event of a token that could not be shown; `revealed` says that it was."""
_WITHOUT_CHANGE = {"ask", "token", "approval", "deny", "withdraw", "expire"}
CHANGES = [one for one in SCENARIOS if one.name not in _WITHOUT_CHANGE]
CONSENT = [one for one in SCENARIOS if one.name in _WITHOUT_CHANGE]
