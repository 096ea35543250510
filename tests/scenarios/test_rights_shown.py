"""`/turso`, `help`, `whoami` and Home agree on what a person may do, and match what the bot decides."""

import random
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from bot.blocks.buttons import CHANNEL_RIGHTS as RIGHTS
from bot.blocks.text import duration
from bot.commands import CATALOGUE, COMMANDS
from bot.core.model import Target, Verdict
from bot.core.parsing.durations import parse_duration
from bot.core.parsing.grammar import Grammar
from bot.core.policy import load
from bot.core.policy.databases import Databases
from bot.sandbox.workspace.model import Message
from tests.scenarios import forging
from tests.scenarios.conftest import checked_sandbox
from tests.scenarios.decisions import of_the_line, record_decisions
from tests.scenarios.generated import LINES
from tests.scenarios.test_tools_agree import ASKABLE, NAMES, policy_text
from tests.soak import soaked
from tests.world import ANA, BEN, DANA, DB_OPS, ORDERS, REMY, World, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
GRAMMAR = Grammar(COMMANDS)
MEMBERS = ((ANA, DB_OPS), (BEN, DB_OPS), (DANA, DB_OPS), (REMY, DB_OPS), (ANA, ORDERS), (BEN, ORDERS), (DANA, ORDERS))
TITLES = {
    ":white_check_mark: *Allowed*: ": Verdict.ALLOW,
    ":raised_hand: *Needs approval*: ": Verdict.APPROVE,
    ":rotating_light: *Break-glass* (no approval, reviewed afterwards): ": Verdict.BREAK_GLASS,
}
NOTES = {
    "allowed": Verdict.ALLOW,
    "needs approval": Verdict.APPROVE,
    "break-glass, reviewed afterwards": Verdict.BREAK_GLASS,
}
CHIP = re.compile(r"`(?P<command>[^`]+)`(?: \((?P<limits>[^)]*)\))?")
LIMITS = re.compile(
    r"(?P<variant>(?!up to |only |all but |but not )[^,]+)?(?:, )?(?:up to (?P<longest>[^,]+))?(?:, )?"
    r"(?:only (?P<only>`[^`]+`(?:, `[^`]+`)*))?(?:, )?(?:(?:all but|but not) (?P<but>`[^`]+`(?:, `[^`]+`)*))?"
)
MORE = {"protect": "on", "incident start": "INC-1", "digest on": "--daily", "rewind": "--to 15m ago"}
"""By command: the arguments that it needs besides a database."""
GROUP = "default"
"""The group of every database in the sandbox."""


@dataclass(frozen=True)
class Shown:
    """An entry of a list of permissions, as a person reads it."""

    command: str
    verdict: Verdict
    limits: str = ""

    def covers(self, flags: frozenset[str], target: Target | None, lifetime: str) -> bool:
        """Return True if a reader would apply this entry to these flags, this database and this token lifetime."""
        found = LIMITS.fullmatch(self.limits)
        assert found, self.limits
        command = CATALOGUE.find(self.command)
        assert command, self.command
        meant = next((one.words for one in command.variants if one.flag == " ".join(sorted(flags))), None)
        if found["variant"] and found["variant"] != meant:
            return False
        if found["longest"] and (not lifetime or duration(parse_duration(lifetime)) != found["longest"]):
            return False
        only, but = _patterns(found["only"]), _patterns(found["but"])
        return target is None or ((only is None or only.matches(target)) and not (but and but.matches(target)))


def _patterns(text: str | None) -> Databases | None:
    return Databases.of(tuple(re.findall(r"`([^`]+)`", text))) if text else None


def shown_in(text: str) -> list[Shown]:
    """Parse a list of permissions of `/turso`, `whoami` or Home."""
    found = []
    for line in text.splitlines():
        for title, verdict in TITLES.items():
            if line.startswith(title):
                found += [
                    Shown(name, verdict, chip["limits"] or "")
                    for chip in CHIP.finditer(line.removeprefix(title))
                    for name in _family(chip["command"])
                ]
    return found


def _family(name: str) -> list[str]:
    """Return all commands that a name stands for: `incident`, for example, stands for `incident start` and others."""
    return [one.name for one in CATALOGUE.families.get(name, ())] or [name]


def shown_in_help(text: str) -> list[Shown]:
    """Parse `help`, which has a line for each command."""
    found = []
    by_usage = {command.usage: command.name for command in COMMANDS}
    for line in text.splitlines():
        usage, _, rest = line.removeprefix("`").partition("` ")
        name = by_usage.get(usage, CATALOGUE.home)
        if not line.startswith("`") or name in CATALOGUE.open_to_all:
            continue
        _, _, note = rest.partition(" _(")
        for part in filter(None, note.removesuffix(")_").split("; ")):
            limits, _, verdict = part.rpartition(": ")
            found.append(Shown(name, NOTES[verdict], limits))
        found += [] if note else [Shown(name, Verdict.ALLOW)]
    return found


def sections(message: Message) -> str:
    """Return the texts of a message's sections."""
    return "\n".join(block["text"]["text"] for block in message.blocks if block["type"] == "section")


async def rights_on_home(world: World, who: str, channel: str) -> str:
    """Return the text of the modal that Home opens for a channel. Empty if Home doesn't list the channel."""

    def drawn() -> int:
        return sum(one.method == "views.publish" and one.args.get("user_id") == who for one in world.workspace.calls)

    before = drawn()
    await world.workspace.open_home(who)
    await until(lambda: drawn() > before, what="Home")
    view = world.workspace.home_of(who)
    assert view is not None
    row = next((one for one in view.blocks if RIGHTS in [e.get("action_id") for e in of_channel(one, channel)]), None)
    if row is None:
        return ""
    await world.workspace.click(who, view_id=view.id, action_id=RIGHTS, block_id=row["block_id"])
    modal = await until(lambda: next(iter(world.workspace.views_of(who)), None), what="a modal")
    await world.workspace.close_view(who, modal.id)
    return "\n".join(block["text"]["text"] for block in modal.blocks if block["type"] == "section")


def of_channel(block: Mapping[str, Any], channel: str) -> list[Mapping[str, Any]]:
    """Return the buttons of a block that are about a channel."""
    return [one for one in block.get("elements", []) if one.get("value") == channel]


async def send(world: World, who: str, channel: str, line: str, holding: str) -> Message:
    return await forging.answer_to(world, who, forging.forge_command(world, who, channel, line), holding=holding)


def random_lines(dice: random.Random, count: int) -> Iterator[str]:
    """Yield random command lines that use only flags that rules can distinguish.

    Lines that would change something are dry runs.
    """
    for _ in range(count):
        name = dice.choice([one for one in ASKABLE if one not in CATALOGUE.open_to_all])
        args = GRAMMAR.parse(LINES[name][0].replace("{}", "x")).spec.args
        database = dice.choice(NAMES) if "name" in args.model_fields else ""
        flag = dice.choice(("", *GRAMMAR.parse(name).spec.flags))
        more = MORE.get(name, "")
        life = f"--expiration {dice.choice(('1h', '1h', '30m'))}" if name == "token" else ""
        dry = "" if name in CATALOGUE.reading else "--dry-run"
        yield " ".join(filter(None, (name, database, more, flag, life, dry)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run the sandbox. One test replaces its policy."""
    async with checked_sandbox(tmp_path_factory.mktemp("world")) as found:
        yield found


@pytest.mark.parametrize("seed", range(soaked(10, 4)))
async def test_all_lists_match_the_decisions_of_the_bot(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    assert world.bot is not None
    dice = random.Random(seed)
    text = policy_text(dice)
    monkeypatch.setattr(world.bot.env.rules, "policy", load(text, CATALOGUE, default_organization="acme"))
    decided = record_decisions(monkeypatch)
    for who, channel in dice.sample(MEMBERS, 3):
        home = shown_in(await rights_on_home(world, who, channel))
        here = shown_in(sections(await send(world, who, channel, "", "Turso Ops")))
        me = shown_in(sections(await send(world, who, channel, "whoami", "You are")))
        helped = shown_in_help(sections(await send(world, who, channel, "help", "What you can do")))
        assert here == me == home, text
        assert set(helped) == set(here), text
        for line in random_lines(dice, 8):
            await world.wait_until_idle()
            decided.clear()
            await forging.forge_command(world, who, channel, line)
            await world.wait_until_idle()
            own = [(action, found) for _, action, found in of_the_line(decided, who, channel)]
            action, found = own[0]
            target = Target(action.databases[0].name, GROUP) if action.databases else None
            life = line.partition("--expiration ")[2].partition(" ")[0]
            listed = [one for one in here if one.command == action.command]
            meant = [one for one in listed if one.covers(action.options, target, life)]
            if target and not _is_here(world, channel, target):
                continue
            # The list may have one entry for short lifetimes and one for the default. The most lenient entry
            # that applies counts.
            order = [Verdict.ALLOW, Verdict.BREAK_GLASS, Verdict.APPROVE]
            best = min((one.verdict for one in meant), key=order.index, default=Verdict.DENY)
            assert own[-1][1].verdict is best, (line, who, channel, listed, found, text)


def _is_here(world: World, channel: str, target: Target) -> bool:
    """Return True if a database is one of the channel's databases."""
    assert world.bot is not None
    return world.bot.env.rules.policy.channels[channel].databases.matches(target)


async def test_read_only_and_full_access_tokens_are_listed_separately(world: World) -> None:
    here = await send(world, DANA, DB_OPS, "", "Turso Ops")
    home = await rights_on_home(world, DANA, DB_OPS)

    for text in (sections(here), home):
        lines = {title: line for line in text.splitlines() for title in TITLES if line.startswith(title)}
        assert "`token` (read-only)" in lines[":white_check_mark: *Allowed*: "]
        assert "`token` (full access)" in lines[":raised_hand: *Needs approval*: "]


async def test_home_names_no_channel_that_the_person_is_not_in(world: World) -> None:
    assert await rights_on_home(world, DANA, ORDERS)
    assert not await rights_on_home(world, REMY, ORDERS)
    view = world.workspace.home_of(REMY)
    assert view is not None
    assert ORDERS not in words(view)


async def test_whoami_lists_a_persons_groups_from_the_whole_policy(world: World) -> None:
    """The list must include a group of the person that only the rules of another channel name."""
    assert world.bot is not None
    assert "S0ORDERS" not in world.bot.env.rules.policy.groups_in(DB_OPS)

    told_dana = words(await send(world, DANA, DB_OPS, "whoami", "You are"))

    assert "Your user groups in the policy: <!subteam^S0ORDERS>." in told_dana
    assert ORDERS not in told_dana


async def test_whoami_names_the_groups_that_slack_does_not_return(world: World) -> None:
    assert world.bot is not None
    fault = world.workspace.faults.add("api_error", "usergroups.users.list", error="internal_error")
    try:
        world.bot.env.directory.forget({"type": "subteam_updated", "subteam": {"id": "S0ORDERS"}})  # type: ignore[attr-defined]
        told_dana = words(await send(world, DANA, DB_OPS, "whoami", "You are"))
    finally:
        world.workspace.faults.remove(fault)

    assert "Your user groups in the policy: none." in told_dana
    assert "I couldn't look up who is in <!subteam^S0ORDERS>, so I can't tell whether that includes you." in told_dana
