"""A branch contains its source's data, so it isn't shown in a channel that may not see the source either."""

import json

import pytest

from bot.sandbox.workspace.model import Message
from tests.scenarios.test_branches import OWN_POLICY as BRANCHES
from tests.scenarios.test_branches import branched
from tests.world import BEN, DANA, DB_OPS, ORDERS, World, buttons, set_policy, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIST = "/v1/organizations/acme/databases"
OWN_POLICY = BRANCHES.replace("[read, branch,", "[read, freeze, thaw, branch,")


async def branch_of_payroll(world: World, name: str) -> None:
    """From #db-ops, create a branch of `payroll`, which #team-orders may not see."""
    if (await world.call_turso("GET", "/databases/payroll")).status_code == 404:
        await world.create_databases("payroll")
    await world.workspace.say(DANA, DB_OPS, f"/turso branch payroll {name}")
    await until(lambda: world.card(holding=f"*{name}* of"), what="the branch")


async def freeze(world: World, name: str) -> None:
    """Freeze a database from #db-ops."""
    question = await world.person(BEN).types(f"/turso freeze {name}")
    await world.person(BEN).presses("Freeze writes", question)
    await until(lambda: world.card(holding=f"Writes to *{name}* are blocked"), what="the freeze")
    await world.wait_until_idle()


@pytest.mark.parametrize(
    "line", ["show {}", "usage {}", "triage {}", "token {}", "destroy {}", "branch {} orders-copy"]
)
async def test_a_branch_whose_source_a_channel_may_not_see_does_not_exist_there(world: World, line: str) -> None:
    """The branch was created in #db-ops. In #team-orders, its name would be allowed, but its source isn't."""
    if not world.card(holding="*orders-hidden* of"):
        await branch_of_payroll(world, "orders-hidden")

    hidden = await world.person(DANA).types("/turso " + line.format("orders-hidden"), ORDERS)
    unknown = await world.person(DANA).types("/turso " + line.format("orders-nowhere"), ORDERS)

    def answer_without(message: Message, name: str) -> str:
        return message.text.replace(name, "NAME").split("Did you mean")[0]

    assert answer_without(hidden, "orders-hidden") == answer_without(unknown, "orders-nowhere")
    assert "There is no database" in words(hidden)
    assert "payroll" not in words(hidden)
    assert "orders-hidden" not in words(unknown), "the branch isn't suggested either"
    shown = await world.person(DANA).types("/turso show orders-hidden", DB_OPS)
    assert "Branch of" in words(shown)


async def list_without_the_name_of(world: World, name: str) -> str:
    """Return Turso's list of databases as JSON, in which the entry of one database has neither name nor ID."""
    listed = (await world.call_turso("GET", "/databases")).json()
    others = [one for one in listed["databases"] if one["Name"] != name]
    return json.dumps({"databases": [*others, {"Name": None, "DbId": None}]})


@pytest.mark.parametrize("turso", ["as usual", "unavailable", "partly unreadable"])
async def test_tokens_of_a_branch_are_listed_only_where_the_branch_may_be_seen(world: World, turso: str) -> None:
    """Only Turso's complete list shows which databases are branches.

    Without the list, no token of a branch is listed, even if its name matches the channel's patterns.
    """
    name = f"orders-key-{turso.replace(' ', '-')}"
    await branch_of_payroll(world, name)
    await world.person(DANA).types(f"/turso token {name} --read-only")
    assert name in words(await world.person(DANA).types("/turso tokens"))
    body = await list_without_the_name_of(world, name) if turso == "partly unreadable" else None
    if turso != "as usual":
        status = 503 if body is None else 200
        world.turso.faults.add("status", method="GET", path=LIST, status=status, body=body, count=None)

    answer = words(await world.person(DANA).types("/turso tokens", ORDERS))
    world.turso.faults.clear()

    assert ("status 503" if turso == "unavailable" else "No active tokens for this channel's databases") in answer
    assert "orders-key" not in answer


async def test_a_branch_of_a_database_that_the_channel_does_not_have_is_refused(world: World) -> None:
    refused = await world.person(DANA).types("/turso branch users orders-users", ORDERS)
    assert "`users` isn't one of this channel's databases" in words(refused)
    assert (await world.call_turso("GET", "/databases/orders-users")).status_code == 404


async def test_a_branch_is_shown_in_a_channel_that_may_see_its_source(world: World) -> None:
    await branched(world, "mix-open", channel=ORDERS)
    await branch_of_payroll(world, "orders-secret")
    shown = await world.person(DANA).types("/turso show mix-open", ORDERS)
    assert "mix-open-source" in words(shown)
    listed = await world.person(DANA).types("/turso ls --branches", ORDERS)
    assert "`mix-open` of `mix-open-source`" in words(listed)
    assert "orders-secret" not in words(listed)


async def test_home_offers_no_thaw_of_a_branch_whose_source_may_not_be_thawed(world: World) -> None:
    await branched(world, "cold-copy")
    await freeze(world, "cold-copy")

    async def home_has(thaw: bool) -> None:
        def drawn() -> bool:
            view = world.workspace.home_of(BEN)
            return "`cold-copy`: writes blocked" in words(view) and ("Thaw" in buttons(view)) is thaw

        await world.workspace.open_home(BEN)
        await until(drawn, what=f"Home with{'' if thaw else 'out'} Thaw", within=10)

    await home_has(thaw=True)
    denied = '      - {deny: thaw, databases: ["*-source"]}\n'
    set_policy(world, OWN_POLICY.replace("      - {deny:", f"{denied}      - {{deny:", 1))
    try:
        await home_has(thaw=False)
    finally:
        set_policy(world, OWN_POLICY)


async def triaged(world: World, name: str) -> Message:
    """Create a database, run `triage` about it in #team-orders, and return the card."""
    await world.create_databases(name)
    return await world.person(DANA).types(f"/turso triage {name}", ORDERS, holding=":ambulance:")


async def test_a_triage_card_shows_nothing_of_a_hidden_branch_that_now_has_its_name(world: World) -> None:
    """The card is updated after each change of its database, also after changes from other channels."""
    card = await triaged(world, "orders-swap")
    assert (await world.call_turso("DELETE", "/databases/orders-swap")).status_code == 200
    await branch_of_payroll(world, "orders-swap")

    await freeze(world, "orders-swap")

    assert "writes blocked" not in words(world.current(card))


async def test_a_triage_card_is_updated_in_a_channel_whose_databases_are_a_group(world: World) -> None:
    set_policy(world, OWN_POLICY.replace('["orders-*", "mix-*"]', '["group:default"]'))
    try:
        card = await triaged(world, "orders-grouped")
        await freeze(world, "orders-grouped")
        await world.wait_for_content(card, holding="writes blocked")
    finally:
        set_policy(world, OWN_POLICY)
