"""`db create`: the call is sent once, and the database is checked until it responds."""

from typing import Any

import httpx
import pytest

from bot.commands.databases import _new_database, create
from bot.commands.databases._create_place import differences
from bot.core.model import Target
from bot.errors import BadInput
from bot.turso import AlreadyExists
from tests.blocks.messages import buttons, words
from tests.commands.conftest import Desk


async def test_a_database_is_created_in_the_default_group_and_responds(desk: Desk) -> None:
    reply = await desk.carry_out("create orders")

    assert desk.acme.databases["orders"]["group"] == "default"
    assert "is ready" in reply.text
    assert "libsql://orders-acme.aws-us-east-1.turso.io" in words(reply)
    assert buttons(reply)["Token for 1 h"]["value"] == "token orders"


async def test_the_plan_says_what_is_created_and_where(desk: Desk) -> None:
    plan = await desk.plan("create orders")

    assert plan.target is None
    assert plan.databases == (Target("orders", "default"),)
    assert "in the group default" in plan.steps[0]
    assert not [path for path in desk.acme.log() if path.startswith("POST")]


async def test_a_taken_name_is_refused_before_the_approval(desk: Desk) -> None:
    desk.acme.add("orders")

    with pytest.raises(BadInput, match="already exists"):
        await desk.plan("create orders")


async def test_a_name_that_was_taken_after_the_plan_is_an_error_and_the_call_is_not_repeated(desk: Desk) -> None:
    plan = await desk.plan("create orders")
    desk.acme.add("orders")

    with pytest.raises(AlreadyExists):
        await create.act(desk.context(), plan)

    assert sum(path.startswith("POST") for path in desk.acme.log()) == 1


async def test_with_the_api_of_2023_the_first_instance_is_created_once(desk: Desk) -> None:
    desk.acme.generation = "2023"

    await desk.carry_out("create orders --location lhr")

    posts = [path for path in desk.acme.log() if path.startswith("POST /v1")]
    assert posts == [
        "POST /v1/organizations/acme/databases",
        "POST /v1/organizations/acme/databases/orders/instances",
    ]
    assert desk.acme.instances["orders"][0]["region"] == "lhr"


async def test_a_database_that_does_not_answer_in_time_is_reported(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_new_database, "WAITS_SECONDS", 0)
    handle = desk.acme.handle

    def late(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404) if request.url.path.endswith("/pipeline") else handle(request)

    desk.turso._writer._transport = httpx.MockTransport(late)

    assert "isn't ready yet" in (await desk.carry_out("create orders")).text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("create orders --location lrh", r"Turso has no location `lrh`. Choose `lhr`."),
        ("create orders --location mars", r"Turso has no location `mars`. Choose "),
        ("create orders --group defalt", r"There is no group `defalt`. Choose `default`."),
        ("create orders --location lhr", r"in the group `default` are in `aws-us-east-1`. Leave out `--location`."),
    ],
)
async def test_a_group_or_location_that_cannot_be_used_is_refused_before_the_approval(
    desk: Desk, line: str, says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        await desk.plan(line)


@pytest.mark.parametrize(
    ("databases", "named"),
    [
        pytest.param('["*"]', {"default", "defalts", "london"}, id="all databases"),
        pytest.param('["orders*", "group:defalts"]', {"defalts"}, id="the databases of one group"),
        pytest.param('["orders*"]', set(), id="databases with some names"),
    ],
)
@pytest.mark.parametrize("line", ["create orders --group defalt", "create orders --location lhr"])
async def test_the_error_names_only_groups_in_the_scope_of_the_channel(
    desk: Desk, line: str, databases: str, named: set[str]
) -> None:
    for name in ("defalts", "london"):
        desk.acme.groups[name] = {"name": name, "locations": ["lhr"], "primary": "lhr"}
    desk.policy = desk.policy.replace('databases: ["*"]', f"databases: {databases}", 1)

    with pytest.raises(BadInput) as refused:
        await desk.plan(line)

    mentioned = {
        name for name in ("default", "defalts", "london") if f"`{name}`" in str(refused.value).split(". ", 1)[1]
    }
    mentioned |= {name for name in ("defalts", "london") if f"--group {name}`" in str(refused.value)}
    assert mentioned <= named
    assert bool(mentioned) is bool(named)


async def test_the_error_names_a_group_in_the_requested_location(desk: Desk) -> None:
    desk.acme.groups["london"] = {"name": "london", "locations": ["lhr"], "primary": "lhr"}

    with pytest.raises(BadInput, match="`--group london` is in `lhr`"):
        await desk.plan("create orders --location lhr")


async def test_a_location_that_cannot_be_checked_is_compared_with_the_created_database(desk: Desk) -> None:
    desk.acme.failing = {"/locations": 503}
    desk.acme.groups["default"]["locations"] = []

    reply = await desk.carry_out("create orders --location mars")

    assert "You asked for the location `mars`, but Turso chose `aws-us-east-1`." in words(reply)


async def test_the_message_says_where_the_database_was_created(desk: Desk) -> None:
    reply = await desk.carry_out("create orders")

    assert "Group `default`, location `aws-us-east-1`" in words(reply)
    assert "You asked" not in words(reply)


MADE = {"id": "1", "group": "default", "locations": ["ams", "lhr"]}


@pytest.mark.parametrize(
    ("asked", "made", "says"),
    [
        ({"group": "default", "location": "lhr"}, MADE, []),
        ({"group": None, "location": None}, MADE, []),
        ({"group": "eu", "location": None}, MADE, ["You asked for the group `eu`, but Turso chose `default`."]),
        ({"group": "default", "location": "fra"}, MADE,
         ["You asked for the location `fra`, but Turso chose `ams, lhr`."]),
        ({"group": "default", "location": "fra"}, {"group": "", "locations": []},
         ["You asked for the group `default`, but Turso doesn't say where it was created.",
          "You asked for the location `fra`, but Turso doesn't say where it was created."]),
        ({"group": "eu", "location": "fra"}, {}, []),
    ],
    ids=["as asked", "nothing asked", "another group", "another location", "not reported", "nothing read"],
)  # fmt: skip
def test_the_created_database_is_compared_with_the_request(asked: dict[str, Any], made: Any, says: Any) -> None:
    assert differences(asked, made) == says
