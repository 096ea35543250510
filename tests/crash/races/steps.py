"""Steps and checks for races between two processes on one store."""

import asyncio
from functools import partial

from bot.core.requests.request import Request, State
from bot.sandbox.workspace.model import View
from tests.crash.pair import Pair
from tests.crash.scenarios import (
    acknowledged,
    asked,
    card_now,
    may_rewind,
    press_until_acknowledged,
)
from tests.crash.waiting import poll_until
from tests.world import ANA, BEN, DANA, DB_OPS, REMY, until, words

OFFSETS = (0.0, -0.25, 0.25, -0.05, 0.05)
"""How many seconds the second action comes after the first, or before it if negative. A wave has one race for each."""
ROTATE = "/databases/{}/auth/rotate"
CONFIGURATION = "/databases/{}/configuration"


async def both_pending(two: Pair, name: str) -> list[Request] | None:
    """Return the two requests about a database by requester once both wait for approval and have a card, else None."""
    pending = await two.harness.store.requests.find(states=[State.PENDING])
    found = [one for one in pending if one.plan.target and one.plan.target.name == name]
    shown = [one for one in found if await two.harness.store.cards.of(one.id)]
    return sorted(shown, key=lambda one: one.requester) if len(shown) == 2 else None


async def approves(two: Pair, person: str, request: Request) -> None:
    """Press Approve on the card of a request, and assert that the press is acknowledged."""
    ((channel_id, ts),) = await two.harness.store.cards.of(request.id)
    card = two.harness.world.workspace.state.message(channel_id, ts)
    assert card is not None
    assert acknowledged(await two.harness.world.workspace.click(person, message=card, action_id="approval.approve"))


async def both_ask_to_switch(two: Pair, name: str) -> list[Request]:
    """Let Dana and Remy request a switch of the database to its copy. Return Dana's request, then Remy's."""
    for person in (DANA, REMY):
        assert acknowledged(await two.harness.world.workspace.say(person, DB_OPS, f"/turso rewind switch {name}"))
    found = await poll_until(partial(both_pending, two, name), f"both switches of {name}")
    await two.wait_until_idle()
    return found


async def copy_request(two: Pair, name: str) -> Request:
    """Return the request that created the copy of a database."""
    made = await two.harness.store.requests.find(states=[State.SUCCEEDED], command="rewind")
    return next(one for one in made if one.plan.target and one.plan.target.name == name)


async def presses_undo(two: Pair, request: Request) -> None:
    """Press Undo as Dana on the card of a request, and assert that the press is acknowledged."""
    ((channel_id, ts),) = await two.harness.store.cards.of(request.id)
    card = two.harness.world.workspace.state.message(channel_id, ts)
    assert card is not None
    assert acknowledged(await two.harness.world.workspace.click(DANA, message=card, action_id="quarantine.undo"))


async def ask_each(two: Pair, line: str, names: list[str]) -> None:
    for name in names:
        await asked(line)(two.harness, name)
    await two.wait_until_idle()


async def rewind_each(two: Pair, names: list[str]) -> None:
    """Create a copy of each database at the same time."""
    await asyncio.gather(*(may_rewind(two.harness, name) for name in names))
    await asyncio.gather(*(press_until_acknowledged(two.harness, ANA, name, "Approve") for name in names))
    await wait_until_left(two, names, State.PENDING)
    ended = [(request.state, request.outcome) for request in await requests_of(two, names)]
    assert {state for state, _ in ended} == {State.SUCCEEDED}, ended


async def newest(two: Pair, name: str) -> Request:
    found = await two.harness.newest(name)
    assert found is not None, name
    return found


async def requests_of(two: Pair, names: list[str]) -> list[Request]:
    return [await newest(two, name) for name in names]


async def press_together(two: Pair, name: str, *presses: tuple[str, str]) -> None:
    """Let people press buttons of a database's card at the same time. Each press is a person and a label."""
    await asyncio.gather(*(press_until_acknowledged(two.harness, person, name, label) for person, label in presses))


async def open_denial_form(two: Pair, name: str) -> View:
    """Let Ben press Deny, and return the form that asks him for a comment."""
    workspace = two.harness.world.workspace
    before = {view.id for view in workspace.views_of(BEN)}
    await press_until_acknowledged(two.harness, BEN, name, "Deny")
    return await until(lambda: next((v for v in workspace.views_of(BEN) if v.id not in before), None), what="the form")


async def wait_until_left(two: Pair, names: list[str], state: State) -> None:
    """Wait until every request has left a state and both processes are idle."""

    async def look() -> bool | None:
        return all(request.state is not state for request in await requests_of(two, names)) or None

    try:
        await poll_until(look, f"all to leave {state}")
    except AssertionError as error:
        raise AssertionError(f"{error}: {await picture_of(two, names, state)}") from error
    await two.wait_until_idle()


async def picture_of(two: Pair, names: list[str], state: State) -> str:
    """Describe the requests that are stuck in a state: votes, audit entries, failed deliveries, and both logs."""
    lines = []
    for request in await requests_of(two, names):
        if request.state is state:
            target = request.plan.target
            page = await two.harness.store.audit.page(
                before_seq=None, limit=20, databases=[target.name] if target else []
            )
            votes = [vote.user_id for vote in request.votes]
            lines.append(f"{request.id} {votes} {[f'{one.event}/{one.outcome}' for _, one in page]}")
    failed = [
        f"{one.sent_at:%H:%M:%S.%f} {one.kind} {one.person_id} {one.failure} {one.status} after {one.milliseconds} ms"
        for one in two.harness.world.workspace.deliveries
        if not one.ok
    ]
    logs = [log.read_text()[-6000:] for log in (two.harness.bot.log, two.other.log)]
    return "\n".join([*lines, "failed deliveries:", *failed[-12:], *logs])


async def check_outcome(
    two: Pair, name: str, state: State, *, calls: tuple[str, str, int] | None = None, votes: int | None = None
) -> Request:
    """Check that the store, Turso, Slack and the audit log agree on the outcome, and return the request."""
    request = await newest(two, name)
    assert request.state is state, request
    if calls is not None:
        method, path, number = calls
        assert two.harness.sent(method, path.format(name)) == number, f"{name} is {state}"
    assert votes is None or len(request.votes) == votes
    if state is not State.PENDING:
        assert card_now(two.harness, name, "Approve") is None, f"{name} is {state}, but its card still has Approve"
    page = await two.harness.store.audit.page(before_seq=None, limit=50, databases=[name])
    of_it = [one for _, one in page if one.request_id == request.id and one.event != "refused"]
    outcomes = [f"{one.event}/{one.outcome}" for one in of_it if one.outcome == state.value]
    assert len(outcomes) == 1, f"{name}: audit entries {outcomes}"
    seen = [words(one) for one in two.harness.world.workspace.history(DB_OPS, DANA)]
    assert any(name in one and request.id in one for one in seen)
    return request
