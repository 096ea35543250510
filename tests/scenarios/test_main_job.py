"""The main job from end to end, as each person sees it."""

from tests.world import ANA, BEN, DANA, DB_OPS, World, buttons, until, words


async def test_a_list_and_usage_are_for_the_channel(world: World) -> None:
    dana = world.person(DANA)

    listed = await dana.types("/turso ls")
    used = await dana.types("/turso usage")

    assert "orders" in words(listed)
    assert not listed.only_for
    assert "rows read" in words(used)


async def test_a_database_is_created_and_answers(world: World) -> None:
    answer = await world.person(DANA).types("/turso db create shop --reason launch")

    assert "*shop* is created and answers" in words(answer)
    assert len(world.changes("POST", "/databases")) == 1


async def test_a_read_only_token_is_seen_by_its_asker_alone(world: World) -> None:
    dana, ana = world.person(DANA), world.person(ANA)

    shown = await dana.types("/turso token orders --read-only --expiration 1h")

    assert shown.only_for == DANA
    assert "eyJ" in words(shown)
    assert "eyJ" not in shown.text
    assert not any("eyJ" in words(one) for one in ana.sees())


async def test_a_destroy_needs_a_second_person_who_types_the_name(world: World) -> None:
    dana, ana = world.person(DANA), world.person(ANA)

    card = await dana.types('/turso db destroy analytics --now --reason "moved to the warehouse"')
    assert not card.only_for
    assert all(part in words(card) for part in ("analytics", f"<@{DANA}>", "moved to the warehouse"))
    refused = await dana.presses_and_hears("Approve", card)
    assert "your own" in words(refused)

    await ana.presses("Approve", card)
    wrong = await ana.submits({"typed_name": "analytic"})
    assert wrong.errors
    assert not world.changes("DELETE")
    await ana.submits({"typed_name": "analytics"})

    await until(lambda: "is destroyed" in words(world.card(holding="is destroyed")), what="the outcome")
    assert len(world.changes("DELETE", "/databases/analytics")) == 1
    done = world.card(holding="is destroyed")
    assert "Approve" not in buttons(done)


async def test_rotate_shows_its_blast_radius_and_ends_tokens(world: World) -> None:
    dana, ben = world.person(DANA), world.person(BEN)
    await dana.types("/turso token orders --read-only")

    card = await dana.types("/turso rotate orders --reason leak")
    assert f"<@{DANA}>" in words(card)
    await ben.presses("Approve", card)
    await ben.submits({"typed_name": "orders"})

    await until(lambda: world.changes("POST", "/auth/rotate"), what="the rotation")
    await until(lambda: "token" in words(world.card(DB_OPS)), what="the outcome")
