"""The bot posts and updates messages by itself only while the rules let all their readers see them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.records.notices import LiveCard
from bot.core.records.timers import Timer, TimerKind
from bot.core.reply import Reply
from bot.pipeline.environment import Environment
from bot.pipeline.home.home_tab import view_of
from bot.pipeline.outcomes import live_cards
from bot.pipeline.outcomes.live_cards import refresh_live_cards
from bot.pipeline.timers.digests import post_due_digest
from tests.authorization import lost
from tests.authorization.entries import incoming
from tests.policies import WITH_NAMED_DBA
from tests.world import ANA, BEN, DANA, DB_OPS, ORDERS, REMY, World, set_policy, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_NAMED_DBA
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read, digest, freeze], confirm: none}
  C0ORDERS:
    databases: ["orders-*"]
    rules:
      - {allow: [read], confirm: none}
      - {approve: [destroy], by: dba, confirm: none}
      - {break_glass: [protect], to: "user:U0DANA", review_by: dba}
"""
)
DENIED = OWN_POLICY.replace("{allow: [read, digest, freeze], confirm: none}", "{deny: [read, digest, freeze]}")
HIDDEN = OWN_POLICY.replace("  C0DBOPS:\n", "  C0DBOPS:\n    visibility: ephemeral\n")
ELSEWHERE = OWN_POLICY.replace("organizations:\n", "organizations:\n  beta: {token: env:TURSO_API_TOKEN}\n").replace(
    "  C0DBOPS:\n", "  C0DBOPS:\n    organization: beta\n"
)


def public(world: World, holding: str) -> int:
    """Return the number of public messages in #db-ops that contain `holding`."""
    return sum(holding in words(one) for one in world.workspace.history(DB_OPS, None) if not one.only_for)


async def digest(world: World, *, days_ago: int) -> None:
    """Make the digest of #db-ops due some days ago, and run the work of its timer."""
    assert world.bot is not None
    store, then = world.bot.store, world.clock.now() - timedelta(days=days_ago)
    kept = await store.digests.get(DB_OPS)
    assert kept is not None
    assert await store.digests.mark(DB_OPS, kept.last_period, was=kept.last_period, next_at=then)
    await post_due_digest(world.bot.env, Timer(TimerKind.DIGEST, DB_OPS, then))


@pytest.mark.parametrize(
    "policy", [DENIED, HIDDEN, ELSEWHERE], ids=["denied", "visible to one person only", "another organization"]
)
async def test_a_digest_stops_while_the_policy_does_not_let_it_be_shown(world: World, policy: str) -> None:
    assert world.bot is not None
    set_policy(world, OWN_POLICY)
    await world.create_databases(f"alpha-{len(policy)}")
    await world.person(DANA).types("/turso digest on --daily")
    await world.wait_until_idle()
    kept = await world.bot.store.digests.get(DB_OPS)
    assert kept is not None
    await world.bot.store.timers.replace(Timer(TimerKind.DIGEST, DB_OPS, kept.next_at), None)
    digests, notices = public(world, "Turso digest"), public(world, "Digests are paused")

    set_policy(world, policy)
    await digest(world, days_ago=3)
    await digest(world, days_ago=2)
    assert public(world, "Turso digest") == digests
    assert public(world, "Digests are paused") == notices + 1, "the pause is posted once"

    set_policy(world, OWN_POLICY)
    await digest(world, days_ago=1)
    assert public(world, "Turso digest") == digests + 1


async def test_a_card_that_cannot_be_rendered_does_not_stop_the_update_of_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.bot is not None
    set_policy(world, OWN_POLICY)
    await world.create_databases(*(names := ["live-one", "live-two"]))
    cards = [await world.person(DANA).types(f"/turso triage {name}") for name in names]
    await world.wait_until_idle()
    before = {card.ts: words(world.current(card)) for card in cards}
    await world.pass_time(hours=1)
    draw, broken = live_cards._drawn, list[str]()

    async def break_the_first(env: Environment, card: LiveCard) -> Reply | None:
        if not broken:
            broken.append(card.ts)
            raise ValueError("a bug")
        return await draw(env, card)

    monkeypatch.setattr(live_cards, "_drawn", break_the_first)
    await live_cards.refresh_live_cards(world.bot.env, "acme", names)

    assert len(broken) == 1
    assert [card.ts for card in cards if words(world.current(card)) == before[card.ts]] == broken


@pytest.mark.parametrize("policy", [HIDDEN, ELSEWHERE], ids=["visible to one person only", "another organization"])
async def test_a_card_is_not_updated_for_a_channel_that_may_not_see_it(world: World, policy: str) -> None:
    assert world.bot is not None
    set_policy(world, OWN_POLICY)
    await world.create_databases(name := f"live-{len(policy)}")
    card = await world.person(DANA).types(f"/turso triage {name}")
    await world.person(DANA).types(f"/turso freeze {name} --reason quiet")
    await world.wait_until_idle()
    assert "writes blocked" in (before := words(world.current(card)))
    await world.pass_time(hours=1)

    set_policy(world, policy)
    await refresh_live_cards(world.bot.env, "acme", [name])
    assert words(world.current(card)) == before

    set_policy(world, OWN_POLICY)
    await refresh_live_cards(world.bot.env, "acme", [name])
    assert words(world.current(card)) != before


async def test_home_shows_what_a_person_may_decide_only_in_their_channels(world: World) -> None:
    set_policy(world, OWN_POLICY)
    await world.create_databases("orders-hidden", "orders-acted")

    async def shown_to(user_id: str) -> list[bool]:
        assert world.bot is not None
        home = str(await view_of(world.bot.env, user_id, ""))
        return ["orders-hidden" in home, "review.open" in home]

    with lost.out_of_the_channel(world, BEN, ORDERS):
        await world.person(DANA).types("/turso db destroy orders-hidden --reason merger", ORDERS)
        await world.person(DANA).types("/turso db protect orders-acted on --reason merger", ORDERS)
        await world.wait_until_idle()
        assert await shown_to(BEN) == [False, False]
        assert await shown_to(ANA) == [True, True]


async def test_a_form_suggests_nothing_to_a_person_who_has_left(world: World) -> None:
    assert world.bot is not None
    set_policy(world, OWN_POLICY)
    await world.create_databases("topsecret")
    await world.workspace.say(REMY, DB_OPS, "/turso db freeze")
    form = await world.person(REMY).modal("Reason")
    asked = incoming(world, REMY, form.callback_id, str(form.as_slack()["private_metadata"]))
    asked = replace(asked, channel_id="", view_id=form.id)
    assert await world.bot.path.options(asked, "topsec")

    with lost.out_of_the_channel(world, REMY):
        lost.clear_caches(world)
        assert await world.bot.path.options(asked, "topsec") == []


async def test_requests_are_listed_only_in_their_own_channel(world: World) -> None:
    """Elsewhere their buttons wouldn't work, and people who aren't in their channel could read the reasons."""
    set_policy(world, OWN_POLICY)
    await world.create_databases("orders-elsewhere")
    await world.person(DANA).types("/turso db destroy orders-elsewhere --reason merger", ORDERS)

    for who, line in ((ANA, "requests --to-approve"), (DANA, "requests --mine"), (REMY, "requests")):
        assert "orders-elsewhere" not in words(await world.person(who).types(f"/turso {line}"))
    listed = await world.person(ANA).types("/turso requests --to-approve", ORDERS, holding="orders-elsewhere")
    answer = await world.person(ANA).presses_and_reads("Approve", listed)
    assert "Approved." in words(answer)
