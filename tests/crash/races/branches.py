"""The race between the end of a branch and a person who extends it."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.records.branches import Branch, BranchState
from bot.core.records.timers import TimerKind
from bot.core.requests.request import State
from bot.sandbox.workspace.model import Message
from bot.sandbox.workspace.records import Acted
from tests.crash.pair import Pair
from tests.crash.races.steps import CONFIGURATION, check_outcome
from tests.crash.scenarios import acknowledged, branched, card_of
from tests.crash.waiting import poll_until
from tests.world import DANA, DB_OPS, buttons, words

EXTENDED_AFTER = (-0.1, 0.1, 0.3, 0.8, 2.0)
"""How many seconds after the end of a branch its extension reaches the bot, or before the end if negative."""
PRESSED_BEFORE = 1.0
"""How many seconds the load balancer delays a press. The local Slack waits three seconds for the response."""


@dataclass(frozen=True)
class Announced:
    """A branch whose end was announced."""

    branch: Branch
    card: Message
    """The announcement, with the buttons."""

    @property
    def ends_at(self) -> datetime:
        """Return when the branch ends unless it is extended."""
        assert self.branch.ends_at is not None
        return self.branch.ends_at

    @property
    def quarantine(self) -> State:
        """Return the state of the request for its quarantine. Branches named `branch-end-…` need no approval."""
        return State.QUARANTINED if self.branch.database.startswith("branch-end-") else State.PENDING


async def extend_against_end_of_branch(two: Pair, names: list[str]) -> list[str]:
    """Let a person press Extend while the branch ends. It is extended, or its quarantine is requested.

    Every second quarantine begins at once. The others wait for approval.
    """
    ending = await _announce_each(two, names)
    last = max(one.ends_at for one in ending)
    moment = two.next_sweep()
    two.make_due_at(moment - 0.02, last - two.harness.clock.now())
    acts = await asyncio.gather(
        *(
            _extend_at(two, one, moment - 0.02 - (last - one.ends_at).total_seconds() + offset)
            for one, offset in zip(ending, EXTENDED_AFTER, strict=True)
        )
    )

    async def decided() -> bool | None:
        return all([(await _now(two, one)).ends_at != one.ends_at for one in ending]) or None

    await poll_until(decided, "each branch to be extended or ended")
    await two.wait_until_idle()
    return [await _check(two, one, act) for one, act in zip(ending, acts, strict=True)]


async def _announce_each(two: Pair, names: list[str]) -> list[Announced]:
    """Create a branch for each name, and move the clock until their ends are announced."""
    # The databases with these names exist, so the branches have other names.
    branches = [f"{'branch-end' if at % 2 else 'branch'}-{name}" for at, name in enumerate(names)]
    await asyncio.gather(*(branched(two.harness, branch) for branch in branches))
    two.make_due_at(time.time(), timedelta(days=2, minutes=1))  # they are announced a day before their end
    cards = [await card_of(two.harness, branch, "Extend") for branch in branches]
    await two.wait_until_idle()
    found = {one.database: one for one in await two.harness.store.branches.find(organization="acme")}
    return [Announced(found[branch], card) for branch, card in zip(branches, cards, strict=True)]


async def _extend_at(two: Pair, one: Announced, moment: float) -> Acted:
    """Press Extend, so that the press reaches the bot at `moment`, which is a Unix time."""
    two.balancer.moments[DANA, one.branch.id] = moment
    await asyncio.sleep(max(0.0, moment - time.time() - PRESSED_BEFORE))
    return await two.harness.world.workspace.click(DANA, message=one.card, action_id="branch.extend")


async def _now(two: Pair, one: Announced) -> Branch:
    found = await two.harness.store.branches.get(one.branch.id)
    assert found is not None
    return found


async def _check(two: Pair, one: Announced, act: Acted) -> str:
    """Check that the store, Turso, Slack and the audit log agree on whether the branch ended, and return the winner."""
    store, name, now = two.harness.store, one.branch.database, await _now(two, one)
    extended = now.state is BranchState.ACTIVE
    assert extended or now.state is BranchState.ENDED, now
    is_quarantined = not extended and one.quarantine is State.QUARANTINED
    assert await two.harness.blocked(name) == (is_quarantined, is_quarantined), now
    assert two.harness.sent("PATCH", CONFIGURATION.format(name)) == is_quarantined
    requests = await store.requests.find(states=list(State), command="destroy")
    destroys = [each for each in requests if each.plan.target and each.plan.target.name == name]
    assert len(destroys) == (not extended), destroys
    for request in destroys:
        assert request.is_branch_end
        assert await check_outcome(two, name, one.quarantine) == request
        assert len(await store.cards.of(request.id)) == 1
    due = now.announced_at or one.ends_at
    assert await store.timers.is_due(TimerKind.BRANCH_END, one.branch.id, due) is extended
    page = await store.audit.page(before_seq=None, limit=50, databases=[name])
    events = Counter(f"{line.event}/{line.outcome}" for _, line in page if line.event.startswith("branch_"))
    assert events == {"branch_extended/succeeded" if extended else "branch_ended/begun": 1}
    await _check_told(two, one, extended=extended, answered=acknowledged(act))
    return "extend" if extended else "end"


async def _check_told(two: Pair, one: Announced, *, extended: bool, answered: bool) -> None:
    """Check that the only announcement shows the outcome, and that the person got one answer that fits it."""
    name, workspace = one.branch.database, two.harness.world.workspace
    copies = await two.harness.store.cards.of(one.branch.id)
    assert [ts for channel_id, ts in copies if channel_id == DB_OPS] == [one.card.ts]
    card = two.harness.world.current(one.card)
    assert "Extend" not in buttons(card)
    assert ("now ends" if extended else "in quarantine" if one.quarantine is State.QUARANTINED else "has reached its"
            ) in words(card), words(card)  # fmt: skip
    seen = [words(note) for note in workspace.history(DB_OPS, DANA) if note.only_for == DANA and name in words(note)]
    assert len(seen) == 1 or not answered, seen
    fitting = ("now ends",) if extended else ("has already reached its end date", "is already in quarantine")
    assert all(any(part in note for part in fitting) for note in seen), seen
    page = await two.harness.store.audit.page(before_seq=None, limit=50, databases=[name])
    refused = [line for _, line in page if line.event == "refused"]
    assert len(refused) == (0 if extended else len(seen)), refused
