"""The button **Share to channel** posts a private answer for everyone, if the rules allow it when it is pressed."""

import pytest

from bot.sandbox.running import POLICY
from tests.world import DANA, DB_OPS, ORDERS, World, buttons, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
SHARE = "Share to channel"
OWN_POLICY = POLICY.read_text()


@pytest.mark.parametrize("line", ["/turso ls --private", "/turso show orders --private", '/turso ls "ord" --PRIVATE'])
async def test_a_private_answer_is_posted_for_everyone_after_a_press(world: World, line: str) -> None:
    person = world.person(DANA)
    private = await person.types(line)
    assert private.only_for == DANA
    before = {one.ts for one in person.sees()}

    await person.presses(SHARE, private)

    shared = await until(
        lambda: next((one for one in person.sees() if one.ts not in before and not one.only_for), None),
        what="the shared answer",
    )
    assert f"<@{DANA}>" in words(shared)
    assert "--private" not in words(shared).lower()
    assert SHARE not in buttons(shared)


async def test_an_answer_that_is_never_public_has_no_share_button(world: World) -> None:
    for line in ("/turso help", "/turso whoami --private", "/turso show nope --private"):
        answer = await world.person(DANA).types(line)
        assert answer.only_for == DANA
        assert SHARE not in buttons(answer), line


async def test_a_private_answer_cannot_be_shared_where_the_rules_keep_answers_private(world: World) -> None:
    rule = (
        f"{{version: 1, channels: {{{DB_OPS}: {{databases: ['*'], visibility: ephemeral, rules: [{{allow: read}}]}}}}}}"
    )
    set_policy(world, rule)
    try:
        answer = await world.person(DANA).types("/turso ls --private")
    finally:
        set_policy(world, OWN_POLICY)

    assert "orders" in words(answer)
    assert SHARE not in buttons(answer)


async def test_a_press_of_share_is_refused_if_the_rules_no_longer_allow_it(world: World) -> None:
    person = world.person(DANA)
    private = await person.types("/turso ls --private")
    before = {one.ts for one in person.sees()}
    set_policy(world, f"{{version: 1, channels: {{{ORDERS}: {{databases: ['*'], rules: [{{allow: read}}]}}}}}}")
    try:
        refused = await person.presses_and_reads(SHARE, private)
        await world.wait_until_idle()
    finally:
        set_policy(world, OWN_POLICY)

    assert "Reference" in words(refused)
    assert not [one for one in person.sees() if one.ts not in before and not one.only_for]


async def test_the_next_page_of_a_private_list_is_private(world: World) -> None:
    await world.create_databases(*(f"page-{number}" for number in range(60)))
    person = world.person(DANA)
    first = await person.types("/turso ls --private")
    before = {one.ts for one in person.sees()}

    await person.presses("Next ›", first)

    second = await until(
        lambda: next((one for one in person.sees() if "page 2 of 2" in words(one)), None), what="the second page"
    )
    assert second.only_for == DANA
    assert not [one for one in person.sees() if one.ts not in before and not one.only_for]
    assert SHARE in buttons(second)
