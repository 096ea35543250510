"""While any Slack method fails with any of many faults, people get an answer, and nothing is done twice."""

import ast
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

import bot.slack
from bot.slack.outgoing import web_api
from bot.slack.outgoing.answer_shapes import SHAPES
from tests.scenarios.conftest import shorten_pauses_between_posts
from tests.scenarios.invariants import keep_log, problems
from tests.scenarios.slack_faults import FAULTS, POLICY, ROWS, Cell, everything
from tests.soak import pairs
from tests.world import World, running_sandbox, words

NO_METHODS = {"response_url", "upload"}
"""The rows of `ROWS` that are URLs and not methods."""
SECONDS = 1
"""Seconds that the bot waits for Slack here. By default it is ten."""
BUGS = ("Something went wrong", "Traceback", "Error(", "object at 0x", "SlackTrouble")
"""Texts that no message may contain: those about bugs, and parts of Python's own texts."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a sandbox whose Slack fails, and assert at the end that nothing in the bot broke."""
    data = tmp_path_factory.mktemp("world")
    (data / "policy.yaml").write_text(POLICY)
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(web_api, "TIMEOUT_SECONDS", SECONDS)
        found = await stack.enter_async_context(running_sandbox(data, policy=data / "policy.yaml"))
        log = keep_log()
        shorten_pauses_between_posts(found)
        yield found
        await found.wait_until_idle()
        log.lines = [line for line in log.lines if "the fault `drop` is on" not in line]
        assert not (wrong := problems(found, log)), "\n".join(wrong)


def called() -> set[str]:
    """Return the methods that the Slack gateway calls, found by the string literals in its code."""
    found = set()
    for path in Path(bot.slack.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "call":
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{path.name}:{node.lineno} names no method"
                found.add(str(first.value))
    return found


def test_every_method_that_the_bot_calls_has_a_schema_and_a_scenario() -> None:
    assert called() == set(SHAPES) == set(ROWS) - NO_METHODS


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("method", "fault"), pairs(ROWS, FAULTS))
async def test_people_get_an_answer_despite_a_fault_of_slack(world: World, method: str, fault: str) -> None:
    assert world.bot is not None
    world.workspace.limits.rates = "off"
    before = everything(world)

    await ROWS[method](Cell(world, method, fault))

    known = {id(one) for one in before}
    texts = [words(one) for one in everything(world) if id(one) not in known]
    assert texts
    assert not [one for one in texts if any(bug in one for bug in BUGS)]
