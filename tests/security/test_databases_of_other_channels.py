"""In a channel, the answer about a database of another channel is the same as about one that doesn't exist."""

import re

import pytest
import pytest_asyncio

from tests.http import local_client
from tests.policies import WITH_NAMED_DBA
from tests.scenarios.conftest import world  # noqa: F401
from tests.world import DANA, INCIDENT, ORDERS, World, buttons, marked_up, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN_POLICY = (
    WITH_NAMED_DBA
    + """\
channels:
  C0ORDERS:
    databases: ["group:shop"]
    rules:
      - {allow: read}
      - {allow: create, confirm: none}
      - {approve: [token, rotate, destroy], by: dba, confirm: none}
  C0DBOPS:
    databases: ["group:payroll"]
    rules: [{allow: read}]
  C0INCCHK:
    databases: ["named-*", "hidden-*", "*em-one", "*yz", "*ered"]  # the last three match misspelled names
    rules:
      - {allow: list, databases: ["named-*"]}
      - {allow: [show, rotate]}
"""
)
MIXED = INCIDENT
"""A channel that may show more databases than it may list, in a group that also has a database of no channel."""
THERE, NOWHERE = "salaries-2026", "salaries-2027"
REFERENCE = re.compile(r"\bi-[a-z0-9]{6,}")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def made(world: World) -> None:  # noqa: F811
    """Create a database of #db-ops, and a group with databases of `MIXED` and one of no channel."""
    assert world.keys is not None
    headers = {"Authorization": f"Bearer {world.keys.turso_token}"}
    async with local_client(base_url=world.url, headers=headers) as http:
        for group in ("shop", "payroll", "mixed"):
            await http.post("/v1/organizations/acme/groups", json={"name": group, "location": "aws-us-east-1"})
    await world.create_databases(THERE, group="payroll")
    await world.create_databases("named-shared", "payslips", "hidden-one", group="mixed")


@pytest.mark.parametrize(
    "line", ["show {}", "usage {}", "triage {}", "tokens {}", "token {}", "rotate {}", "destroy {}", "create {}"]
)
async def test_the_answer_and_the_calls_are_the_same_as_for_a_missing_database(world: World, line: str) -> None:  # noqa: F811
    said, calls = [], []
    for name in (THERE, NOWHERE):
        before = len(world.turso.calls.control())
        answer = await world.person(DANA).types(f"/turso {line.format(name)}", ORDERS)
        said.append([REFERENCE.sub("i-…", marked_up(answer)).replace(name, "NAME"), *buttons(answer)])
        calls.append([f"{one.method} {one.path}".replace(name, "NAME") for one in world.turso.calls.control()[before:]])

    assert said[0] == said[1]
    assert calls[0] == calls[1]


async def test_a_name_that_another_channel_has_taken_is_not_confirmed(world: World) -> None:  # noqa: F811
    answer = words(await world.person(DANA).types(f"/turso create {THERE} --group shop", ORDERS))

    assert f"`{THERE}` isn't available" in answer
    assert "exist" not in answer


async def test_a_rotation_does_not_name_other_databases_in_the_group(world: World) -> None:  # noqa: F811
    answer = words(await world.person(DANA).types("/turso rotate named-shared", MIXED))

    assert "this would also affect other databases" in answer
    assert "payslips" not in answer


async def test_menus_and_suggestions_offer_only_databases_that_the_channel_may_list(world: World) -> None:  # noqa: F811
    dana = world.person(DANA)
    await world.workspace.say(DANA, MIXED, "/turso show")
    view = await dana.modal("database")
    offered = await world.workspace.suggest(DANA, view_id=view.id, action_id="form.database", text="")
    names = [one["value"] for one in offered]

    slips = [words(await dana.types(f"/turso show {slip}", MIXED)) for slip in ("named-shered", "hiddem-one", "wxyz")]

    assert "named-shared" in names
    assert "hidden-one" not in names
    assert "Did you mean `named-shared`?" in slips[0]
    assert all("Did you mean" not in slip and "hidden-one" not in slip for slip in slips[1:])


async def test_a_channel_can_create_a_database_in_its_group(world: World) -> None:  # noqa: F811
    before = len(world.changes("POST", "/databases"))
    await world.person(DANA).types("/turso db create shop-new --group shop", ORDERS, holding="shop-new")
    await world.wait_until_idle()

    assert len(world.changes("POST", "/databases")) == before + 1
