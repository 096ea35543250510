"""Enterprise Grid: a person with two IDs neither approves their own request nor counts twice."""

from copy import copy

import pytest

from bot.core.requests.request import State
from bot.errors import Refused
from tests.authorization import lost
from tests.authorization.entries import make_request, pressing, stored
from tests.world import ANA, BEN, DANA, DB_OPS, World, buttons, set_policy, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = lost.POLICY[: lost.POLICY.index("    rules:")] + (
    """    rules:
      - {allow: [read]}
      - {approve: [freeze], by: ["user:W0DANA", "user:U0BEN"], confirm: none}
      - {approve: [destroy], by: ["user:U0ANA", "user:W0ANA", "user:U0BEN"], quorum: 2, confirm: none}
      - {approve: [branch], by: ["user:W0DANA", "user:U0BEN"], confirm: none}
      - {break_glass: [protect], review_by: ["user:W0DANA", "user:U0BEN"]}
"""
)


def give_second_ids(world: World) -> None:
    """Install the app in an Enterprise Grid organization, and give Dana and Ana a second ID there."""
    world.workspace.install_org_wide("E0ACME")
    for who in (DANA, ANA):
        first = world.workspace.people[who]
        first.enterprise_user_id = f"W{who[1:]}"
        twin = copy(first)
        twin.id = first.enterprise_user_id
        world.workspace.people[twin.id] = twin
        world.workspace.channels[DB_OPS].members.append(twin.id)


async def test_a_person_with_two_ids_has_one_vote_and_none_on_their_own_request(world: World) -> None:
    assert world.bot is not None
    give_second_ids(world)
    own = await make_request(world, "own", "db freeze {}")
    with pytest.raises(Refused, match="your own request"):
        await pressing("W0DANA", "approval.approve")(world, own)

    both = await make_request(world, "both", "db destroy {}")
    for who in (ANA, "W0ANA"):
        await pressing(who, "approval.approve")(world, both)
    assert (await stored(world, both)).state is State.PENDING
    await pressing(BEN, "approval.approve")(world, both)
    await world.wait_until_idle()
    assert (await stored(world, both)).state is State.QUARANTINED

    await world.create_databases("acted")
    await world.person(DANA).types("/turso db protect acted on --reason fire")
    await world.wait_until_idle()
    (review,) = await world.bot.store.reviews.find(owed=True)
    with pytest.raises(Refused, match="You can't review your own break-glass operation"):
        await pressing("W0DANA", "review.open")(world, review.request_id)


async def test_an_owner_cannot_extend_their_own_branch_with_another_id(world: World) -> None:
    """If creating a branch needs approval, only another approver may extend or keep it."""
    assert world.bot is not None
    if "W0DANA" not in world.workspace.people:
        give_second_ids(world)
    await world.create_databases("own-source")
    shown = await world.person(DANA).types("/turso branch own-source own-copy --for 9d --reason tests")
    await pressing(BEN, "approval.approve")(world, str(next(iter(buttons(shown).values()))["value"]))
    await world.wait_until_idle()
    (branch,) = await world.bot.store.branches.find(organization="acme")

    for action in ("branch.extend", "branch.keep"):
        with pytest.raises(Refused, match="ask an approver who doesn't own it"):
            await pressing("W0DANA", action)(world, branch.id)
    assert await pressing(BEN, "branch.keep")(world, branch.id) == "moved"


async def test_a_person_cannot_be_their_own_delegate_with_another_id(world: World) -> None:
    give_second_ids(world)
    twins = '  twins: {users: [U0ANA], may_delegate_to: "user:W0ANA"}\n  lead:'
    set_policy(world, OWN_POLICY.replace("  lead:", twins).replace("{allow: [read]}", "{allow: [read, away]}"))

    answer = await world.person(ANA).types("/turso away --until 1h --to <@W0ANA>")

    assert "You can't be your own delegate." in words(answer)
