"""Branches from creation to end: the end is announced, can be moved or removed, and follows the rules at that time."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import delete

from bot.core.records.branches import Branch, BranchState
from bot.core.requests.request import Request, State
from bot.sandbox.workspace.model import Message
from bot.store.schema.tables import requests
from tests.policies import WITH_NAMED_DBA
from tests.world import ANA, BEN, DANA, DB_OPS, World, buttons, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = """
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {deny: destroy, databases: ["stays-*"]}
      - {allow: destroy, databases: ["ends-*"], countdown: 2h}
      - {allow: [read, branch, create, "token --read-only"]}
      - {approve: destroy, by: dba, confirm: none, countdown: 2h, expires: 12h}
  C0ORDERS:
    databases: ["orders-*", "mix-*"]
    rules: [{allow: [read, branch, token, destroy], confirm: none}]
"""
OWN_POLICY = WITH_NAMED_DBA + RULES


@pytest.fixture(autouse=True)
def restored_rules(world: World) -> Iterator[None]:
    yield
    set_policy(world, OWN_POLICY)


async def branched(world: World, name: str, *, lasting: str = "3d", channel: str = DB_OPS) -> Branch:
    """Create a database `NAME-source`, and a branch `NAME` of it for Dana. Return the branch."""
    await world.create_databases(f"{name}-source")
    await world.workspace.say(DANA, channel, f"/turso branch {name}-source {name} --for {lasting}")
    await until(lambda: world.card(channel, holding=f"*{name}* of"), what="the branch")
    await world.wait_until_idle()
    return await stored(world, name)


async def stored(world: World, name: str) -> Branch:
    assert world.bot is not None
    found = await world.bot.store.branches.find(organization="acme")
    return next(one for one in found if one.database == name)


async def destroys(world: World, name: str) -> list[Request]:
    """Return the requests to destroy a database."""
    assert world.bot is not None
    found = await world.bot.store.requests.find(states=list(State), command="destroy")
    return [one for one in found if one.plan.target and one.plan.target.name == name]


async def announced(world: World, name: str, *, days: int = 2) -> Message:
    """Let `days` and a minute pass, and return the announcement in the channel that a branch will end."""
    await world.pass_time(days=days, minutes=1)
    return await until(lambda: world.card(holding=f"the branch `{name}`"), what="the announcement")


def direct(world: World, who: str, holding: str) -> list[Message]:
    """Return the direct messages with a person that contain `holding`."""
    place = world.workspace.state.direct_channel(who).id
    return [one for one in world.workspace.history(place, who) if holding in words(one)]


async def test_the_end_of_a_branch_is_announced_once_a_day_before_in_the_channel_and_to_its_owner(world: World) -> None:
    await branched(world, "ends-told")
    await world.pass_time(days=1, hours=23)
    assert world.card(holding="the branch `ends-told`") is None

    await world.pass_time(hours=1, minutes=1)
    said = await until(lambda: world.card(holding="the branch `ends-told`"), what="the announcement")
    await world.pass_time(hours=1)
    await world.wait_until_idle()

    assert f"<@{DANA}>" in words(said)
    assert {"Extend", "Keep", "Destroy now"} <= set(buttons(said))
    posted = [one for one in world.workspace.history(DB_OPS, None) if "the branch `ends-told`" in words(one)]
    assert len(posted) == 1
    assert len(direct(world, DANA, "the branch `ends-told`")) == 1


async def test_a_branch_ends_in_quarantine_and_after_undo_it_stays(world: World) -> None:
    await branched(world, "ends-plain")
    await announced(world, "ends-plain")

    await world.pass_time(days=1)
    card = await until(lambda: world.card(holding="*ends-plain* is in quarantine"), what="the quarantine")

    (request,) = await destroys(world, "ends-plain")
    assert (request.requester, request.reason) == (DANA, "This branch has reached its end date")
    assert (await stored(world, "ends-plain")).state is BranchState.ENDED
    await world.person(DANA).presses("Undo", card)
    await until(lambda: world.card(holding="*ends-plain* was restored"), what="the undo")
    await world.pass_time(days=30)
    assert not world.changes("DELETE", "/ends-plain")


async def test_after_the_countdown_a_branch_is_destroyed_and_its_source_is_not(world: World) -> None:
    await branched(world, "ends-gone")
    await world.pass_time(days=4)
    await until(lambda: world.card(holding="*ends-gone* is in quarantine"), what="the quarantine")
    await world.pass_time(hours=3)
    await until(lambda: world.changes("DELETE", "/ends-gone"), what="the destroy")
    assert not world.changes("DELETE", "/ends-gone-source")


async def without_its_request(world: World, name: str) -> None:
    """Delete the request that created a branch, as if an older version had pruned it."""
    one = await stored(world, name)
    assert world.bot is not None
    statement = delete(requests).where(requests.c.id == one.request_id)
    await world.bot.store.database.write(lambda connection: connection.execute(statement))


async def test_the_request_of_a_branch_is_kept_until_its_end(world: World) -> None:
    one = await branched(world, "ends-old", lasting="90d")
    assert world.bot is not None
    await world.bot.store.pruning.prune(world.clock.now() + timedelta(days=40))
    assert await world.bot.store.requests.get(one.request_id) is not None
    heard = await world.person(DANA).presses_and_reads("Keep", await announced(world, "ends-old", days=89))
    assert "will be kept" in words(heard)


async def test_a_branch_whose_request_was_pruned_ends_and_its_owner_is_notified(world: World) -> None:
    await branched(world, "ends-lost")
    await without_its_request(world, "ends-lost")

    await world.pass_time(days=2, minutes=1)
    dana = world.person(DANA)
    await until(
        lambda: [one for one in dana.sees() if one.only_for == DANA and "the branch `ends-lost`" in words(one)],
        what="the announcement to the owner",
    )
    await world.pass_time(days=1)
    await until(lambda: world.card(holding="*ends-lost* is in quarantine"), what="the quarantine")


async def test_extend_moves_the_end_of_a_branch_and_keep_removes_it(world: World) -> None:
    before = await branched(world, "ends-later")
    said = await announced(world, "ends-later")

    heard = await world.person(ANA).presses_and_reads("Extend", said)
    assert "now ends" in words(heard)
    later = await stored(world, "ends-later")
    assert before.ends_at is not None
    assert later.ends_at is not None
    assert (later.ends_at - before.ends_at).days == 3
    await world.pass_time(days=1, minutes=5)
    assert not await destroys(world, "ends-later")

    heard = await world.person(DANA).presses_and_reads("Keep", said)
    assert "will be kept. It no longer has an end" in words(heard)
    await world.pass_time(days=30)
    assert not await destroys(world, "ends-later")
    heard = await world.person(DANA).presses_and_reads("Extend", said)
    assert "has no end" in words(heard)


async def test_destroy_now_asks_for_confirmation_like_the_typed_command(world: World) -> None:
    await branched(world, "ends-soon")
    said = await announced(world, "ends-soon")
    question = await world.person(DANA).presses_and_reads("Destroy now", said)
    assert "ends-soon" in words(question)
    assert {"Destroy", "Cancel"} <= set(buttons(question))
    assert [one.state for one in await destroys(world, "ends-soon")] == [State.PENDING]


async def test_where_a_destroy_needs_approval_the_end_of_a_branch_requests_it(world: World) -> None:
    await branched(world, "asks-first")
    announcement = await announced(world, "asks-first")
    await world.pass_time(days=2)
    card = await until(lambda: world.card(holding="(owner: <@U0DANA>) has reached its end date"), what="the card")
    for label in ("Keep", "Extend"):
        heard = await world.person(DANA).presses_and_reads(label, announcement)
        assert "deny or withdraw any request to destroy it" in words(heard), (
            "the answer says how the branch can be kept now"
        )
    assert "its end date has passed" in words(await world.person(DANA).types("/turso ls asks-first --branches"))
    assert "Approve" in buttons(card)
    await world.person(ANA).presses("Approve", card)
    await until(lambda: world.card(holding="*asks-first* is in quarantine"), what="the quarantine")


async def test_a_branch_is_not_destroyed_if_the_rules_at_its_end_deny_it_and_its_owner_is_notified(
    world: World,
) -> None:
    await branched(world, "stays-here")

    await world.pass_time(days=4)

    said = await until(lambda: world.card(holding="it wasn't destroyed"), what="the refusal")
    assert f"<@{DANA}>" in words(said)
    assert "stays-here" in words(said)
    await until(lambda: direct(world, DANA, "it wasn't destroyed"), what="the message to the owner")
    assert not await destroys(world, "stays-here")
    assert not world.changes("PATCH", "/stays-here/configuration")
    await world.pass_time(days=9)
    assert len(direct(world, DANA, "it wasn't destroyed")) == 1
    assert len([one for one in world.workspace.history(DB_OPS, None) if "wasn't destroyed" in words(one)]) == 1


async def test_another_database_with_the_name_of_a_branch_is_not_destroyed(world: World) -> None:
    await branched(world, "ends-twice")
    assert (await world.call_turso("DELETE", "/databases/ends-twice")).status_code == 200
    await world.create_databases("ends-twice")

    await world.pass_time(days=4)
    await world.wait_until_idle()

    assert not await destroys(world, "ends-twice")
    assert (await stored(world, "ends-twice")).state is BranchState.ENDED


async def test_if_a_branch_is_extended_at_the_moment_of_its_end_only_one_happens_and_the_answer_says_so(
    world: World,
) -> None:
    await branched(world, "ends-race")
    said = await announced(world, "ends-race")
    before = {one.ts for one in world.person(DANA).sees()}

    await asyncio.gather(world.pass_time(days=1), world.person(DANA).presses("Extend", said))
    heard = await world.person(DANA).reads_answer(DB_OPS, before)
    await world.wait_until_idle()

    requested, now = await destroys(world, "ends-race"), await stored(world, "ends-race")
    extended = now.state is BranchState.ACTIVE
    assert len(requested) == (0 if extended else 1)
    assert ("now ends" in words(heard)) is extended
    assert extended or "has already reached its end date" in words(heard) or "already in quarantine" in words(heard)


async def test_where_branches_need_approval_only_an_approver_other_than_the_owner_can_move_an_end(world: World) -> None:
    before = await branched(world, "ends-asked")
    said = await announced(world, "ends-asked")
    approved = OWN_POLICY.replace("[read, branch, create,", "[read, create,")
    set_policy(
        world,
        approved.replace(
            "      - {approve: destroy,", "      - {approve: branch, by: dba}\n      - {approve: destroy,"
        ),
    )

    for who, button in ((DANA, "Keep"), (DANA, "Extend")):
        heard = await world.person(who).presses_and_reads(button, said)
        assert "ask an approver who doesn't own it" in words(heard)
    assert (await stored(world, "ends-asked")).ends_at == before.ends_at

    heard = await world.person(ANA).presses_and_reads("Keep", said)
    assert "will be kept. It no longer has an end" in words(heard)


async def test_a_person_who_needs_break_glass_for_branches_cannot_move_an_end(world: World) -> None:
    before = await branched(world, "ends-glass")
    said = await announced(world, "ends-glass")
    changed = OWN_POLICY.replace("[read, branch, create,", "[read, create,")
    rule = "      - {break_glass: branch, review_by: dba}\n      - {approve: destroy,"
    set_policy(world, changed.replace("      - {approve: destroy,", rule))

    heard = await world.person(DANA).presses_and_reads("Keep", said)

    assert "only with break-glass access" in words(heard)
    assert "ask an approver" not in words(heard)
    assert (await stored(world, "ends-glass")).ends_at == before.ends_at


async def test_an_extension_never_goes_beyond_the_longest_time(world: World) -> None:
    before = await branched(world, "ends-long", lasting="60d")
    said = await announced(world, "ends-long", days=59)

    await world.person(DANA).presses_and_reads("Extend", said)
    later = await stored(world, "ends-long")
    assert later.ends_at == before.created_at + timedelta(days=90)
    heard = await world.person(DANA).presses_and_reads("Extend", said)
    assert "A branch can last 90 days at most" in words(heard)


async def test_the_end_of_a_branch_in_quarantine_cannot_be_moved_and_passes_without_a_message(world: World) -> None:
    set_policy(world, OWN_POLICY.replace('["ends-*"], countdown: 2h', '["ends-*"], confirm: none, countdown: 2d'))
    before = await branched(world, "ends-held")
    said = await announced(world, "ends-held")
    await world.person(DANA).presses("Destroy now", said)
    await until(lambda: world.card(holding="*ends-held* is in quarantine"), what="the quarantine")
    for button in ("Extend", "Keep"):
        heard = await world.person(ANA).presses_and_reads(button, said)
        assert "is already in quarantine" in words(heard)
    assert (await stored(world, "ends-held")).ends_at == before.ends_at
    log = await world.person(ANA).types("/turso audit --db ends-held", holding="audit")
    for tried in ("extend", "keep"):
        assert f"wasn't allowed to {tried} the branch" in words(log)

    await world.pass_time(days=1, minutes=5)
    await world.wait_until_idle()
    assert (await stored(world, "ends-held")).state is BranchState.ENDED
    assert not [
        one
        for one in world.workspace.history(DB_OPS, None)
        if "ends-held` of `ends-held-source` has reached its end date" in words(one)
    ]


async def test_a_person_without_rights_cannot_move_an_end(world: World) -> None:
    await branched(world, "ends-own")
    said = await announced(world, "ends-own")
    set_policy(world, OWN_POLICY.replace("[read, branch, create,", "[read, create,"))
    heard = await world.person(BEN).presses_and_reads("Keep", said)
    assert "can't use `branch ends-own`" in words(heard)
    assert (await stored(world, "ends-own")).ends_at is not None
