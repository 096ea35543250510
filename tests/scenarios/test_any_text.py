"""Every typed text is acknowledged and answered, without a traceback and without markup from the text."""

import json
import os
import random
import re
from collections import Counter
from functools import partial
from zlib import crc32

import pytest

from bot.commands import COMMANDS
from bot.core.parsing.parse_results import Parsed
from bot.errors import BotError
from tests.scenarios import forging, generated
from tests.scenarios.invariants import KeptLog, keep_log
from tests.soak import soaked
from tests.world import ANA, BEN, DANA, DB_OPS, GIL, INCIDENT, ORDERS, REMY, World, marked_up, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")

COUNT = soaked(500, 150)
PLACES = ((DANA, DB_OPS), (ANA, DB_OPS), (BEN, DB_OPS), (REMY, INCIDENT), (DANA, ORDERS), (GIL, ORDERS))


def the_seed() -> int:
    """Return a random seed, or `SEED` from the environment, which reproduces a failure."""
    return int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))


def is_answered(world: World, hook: str, trigger: str, calls_before: int) -> bool:
    """Return True once there is an answer: a call of the `response_url`, a modal, or a new message in any channel.

    Wait until the bot is idle before the text is sent. Otherwise, a late message would count as its answer.
    """
    state = world.workspace.state
    used = state.hooks.find(hook)
    if used is not None and used.uses:
        return True
    opened = any(call.args.get("trigger_id") == trigger for call in state.calls[calls_before:])
    return opened or any(call.method.startswith("chat.post") for call in state.calls[calls_before:])


async def test_generated_texts_are_acknowledged_and_answered(world: World) -> None:
    seed = the_seed()
    print(f"SEED={seed}")  # pytest shows the output of a test that fails
    log: KeptLog = keep_log()
    texts, dice, read = generated.lines(seed, COUNT), random.Random(seed), Counter[str]()
    assert world.bot is not None

    for number, text in enumerate(texts):
        try:
            parsed = world.bot.env.grammar.parse(text)
            read[parsed.spec.name if isinstance(parsed, Parsed) else "(incomplete)"] += 1
        except BotError:
            read["(unreadable)"] += 1
        person, channel = (BEN, DB_OPS) if number < len(generated.LINES) else dice.choice(PLACES)
        await world.wait_until_idle()
        calls = len(world.workspace.calls)
        delivery, hook, trigger = await forging.forge_command(world, person, channel, text)
        assert delivery.status == 200, (text, delivery.status)
        assert delivery.answer == "", text
        await until(partial(is_answered, world, hook, trigger, calls), what=f"an answer to {text!r}")

    await world.wait_until_idle()
    assert {command.name for command in COMMANDS} <= set(read), "every command occurs"
    parsed_share = sum(count for name, count in read.items() if not name.startswith("(")) / COUNT
    assert parsed_share >= 0.5, read
    assert not log.tracebacks, log.tracebacks[:3]
    arguments = [str(call.args) for call in world.workspace.calls]
    assert not [one for one in arguments if "Traceback" in one or "Something went wrong" in one]


HOSTILE = [
    pytest.param("<!channel>", id="a mention of everybody"),
    pytest.param("<!here|here>", id="a mention of those who are here"),
    pytest.param("<@U0ZED>", id="a mention of a person"),
    pytest.param("<!subteam^S0ORDERS>", id="a mention of a user group"),
    pytest.param("<https://evil.example|Approve>", id="a link"),
    pytest.param("`*bold*` _it_ ~gone~", id="markup"),
    pytest.param("a\n\n*Approved by* <@U0ZED>\nb", id="new lines"),
    pytest.param("\u202egnissim\u202c \u200bhidden", id="characters that change the reading direction"),
    pytest.param("&lt;!channel&gt; &amp;lt;", id="entities"),
    pytest.param(":white_check_mark: approved", id="an emoji"),
    pytest.param("```\nraw\n```", id="a code block"),
]
FORBIDDEN = (
    "<@U0ZED",
    "<!channel",
    "<!here",
    "<!subteam^S0ORDERS",
    "<https://evil",
    "\u202e",
    "\u202c",
    "\u200b",
    "*Approved by*",
    "*bold*",
    "~gone~",
    "_it_",
    ":white_check_mark: approved",
    "```",
)
"""Markup that the bot must not repeat from a person's text."""


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_reason_stays_text_on_the_card(world: World, text: str) -> None:
    name = f"h{crc32(text.encode())}"
    await world.create_databases(name)

    await forging.forge_command(world, DANA, DB_OPS, f"rotate {name} --reason '{text}'")
    card = await until(lambda: world.card(holding=name), what="the card")

    shown = marked_up(card)
    assert longest_word(text) in shown
    assert not [one for one in FORBIDDEN if one in shown]


def longest_word(text: str) -> str:
    """Return the longest run of letters and digits that is shown unchanged. Of a link, only its label is shown."""
    found: list[str] = re.findall("[A-Za-z0-9]+", re.sub(r"<https:[^|]*\|", "", text))
    return max(found, key=len)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("line", ["show {}", "{}", "token orders --expiration {}", "help {}", "ls {}", "audit --db {}"])
async def test_an_answer_to_hostile_text_quotes_it_as_text(world: World, text: str, line: str) -> None:
    before = len(world.workspace.calls)

    delivery, hook, trigger = await forging.forge_command(world, DANA, DB_OPS, line.replace("{}", text))

    assert delivery.status == 200
    await until(lambda: is_answered(world, hook, trigger, before), what="an answer")
    await world.wait_until_idle()
    for call in world.workspace.calls[before:]:
        shown = marked_up_args(call.args)
        assert not [one for one in FORBIDDEN if one in shown], shown


def marked_up_args(args: dict[str, object]) -> str:
    """Return all mrkdwn text in the arguments of a call, without what is in backticks, where Slack reads no markup."""
    found: list[str] = [str(args.get("text", ""))]

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if value.get("type") == "mrkdwn":
                found.append(str(value["text"]))
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk([args.get("blocks"), args.get("view")])
    return re.sub(r"`[^`\n]*`", "`code`", "\n".join(found))


async def test_names_from_turso_stay_text(world: World) -> None:
    """Turso may list any name. It must not become a mention."""
    odd = {"Name": "orders<!channel>", "DbId": "0193c0de-7a11-7c3e", "Hostname": "orders-acme.turso.io"}
    path, body = "*/acme/databases", json.dumps({"databases": [odd]})
    fault = world.turso.faults.add("status", method="GET", path=path, status=200, body=body, count=None)
    try:
        listed = await world.person(DANA).types("/turso ls orders", holding="orders")
    finally:
        world.turso.faults.remove(fault.id)

    assert "!channel" in words(listed)
    assert "<!channel" not in marked_up(listed)
