"""How a plan reads: the facts, the numbered steps, the warnings, the people whose tokens end."""

from collections.abc import Iterable
from typing import Final

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, Plain, cut, mrkdwn, people, sentence
from bot.blocks.verbs import verb_of
from bot.core.model import Decision
from bot.core.plan import Plan
from bot.core.reply import Block, Reply

STEPS: Final = 12
WARNINGS: Final = 6
FACTS: Final = 14
_LINE: Final = 240


def plan_blocks(plan: Plan) -> list[Block]:
    """What an approver has to know, within about 8,000 characters whatever the plan holds."""
    return [*_facts(plan), *_steps(plan), *_warnings(plan), *_holders(plan)]


def dry_run(plan: Plan, decision: Decision) -> Reply:
    """The answer to `--dry-run`: the plan, and whose consent it would need; nothing is done."""
    name = plan.target.name if plan.target else str(plan.arguments.get("name", ""))
    title = mrkdwn(":mag: Dry run of *{}* `{}`: nothing was done.", verb_of(plan.command), name)
    return reply(title, [kit.section(title), *plan_blocks(plan), kit.context(sentence(decision.reason))], private=True)


def _facts(plan: Plan) -> list[Block]:
    pairs: list[tuple[str, str]] = []
    if plan.target:
        pairs = [("Group", plan.target.group or "none"), ("Id", plan.target.id)]
    pairs += [(label, value) for label, value in plan.facts.items()][:FACTS]
    short = [(label, mrkdwn("{}", cut(value, _LINE))) for label, value in pairs if len(value) <= 60]
    long = [mrkdwn("*{}*: {}", label, cut(value, 2 * _LINE)) for label, value in pairs if len(value) > 60]
    return [*kit.fields(short), *(kit.section(line) for line in long)]


def _steps(plan: Plan) -> list[Block]:
    if not plan.steps:
        return []
    return [kit.section(mrkdwn("*What will happen*")), kit.numbered(_some(plan.steps, STEPS))]


def _warnings(plan: Plan) -> list[Block]:
    lines = [mrkdwn(":warning: {}", line) for line in _some(plan.warnings, WARNINGS)]
    return [kit.section(Mrkdwn("\n".join(lines)))] if lines else []


def _holders(plan: Plan) -> list[Block]:
    if not plan.holders:
        return []
    return [kit.section(mrkdwn("*Holders of live tokens that end*: {}", people(plan.holders, at_most=30)))]


def _some(lines: Iterable[str], at_most: int) -> list[Plain]:
    shown = [Plain(cut(line, _LINE)) for line in lines]
    left = len(shown) - at_most
    return shown if left <= 0 else [*shown[: at_most - 1], Plain(f"and {left + 1} more")]
