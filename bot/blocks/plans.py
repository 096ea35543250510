"""Builds the blocks of a plan: facts, numbered steps, warnings, and holders of active tokens."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Plain, cut, cut_mrkdwn, joined, mrkdwn, people, sentence, span
from bot.core.catalogue import CommandCatalogue
from bot.core.model import Decision
from bot.core.reply import Block, Reply
from bot.core.requests.plan import COUNTDOWN, Plan

STEPS: Final = 8
WARNINGS: Final = 5
SHORT_FACTS: Final = 14
LONG_FACTS: Final = 4
_LINE: Final = 240
_LONG: Final = 420


def plan_blocks(plan: Plan, *, countdown: timedelta | None = None) -> list[Block]:
    """Return the blocks of a plan for approvers, about 7,000 characters at most.

    Args:
        countdown: how long the quarantine lasts, if known.
    """
    return [*_facts(plan), *consequences(plan, countdown=countdown)]


def consequences(plan: Plan, *, countdown: timedelta | None = None) -> list[Block]:
    """Return the steps, warnings and token holders. They are shown wherever somebody approves or confirms."""
    return [*_steps(plan, countdown), *_warnings(plan), *_holders(plan)]


def dry_run(plan: Plan, catalogue: CommandCatalogue, decision: Decision) -> Reply:
    """Return the answer to `--dry-run`: the plan, and the policy's decision with its reason."""
    title = mrkdwn(":mag: Dry run: {}. Nothing was changed.", buttons.planned(plan, catalogue))
    plan_ = plan_blocks(plan, countdown=decision.countdown)
    return reply(title, [kit.section(title), *plan_, kit.context(sentence(decision.reason))], private=True)


def _facts(plan: Plan) -> list[Block]:
    pairs: list[tuple[str, str]] = []
    if plan.target:
        pairs = [("Group", plan.target.group or "none")]
    pairs += plan.facts.items()
    short = [(label, mrkdwn("{}", value)) for label, value in pairs if len(value) <= 60][:SHORT_FACTS]
    long = [mrkdwn("*{}*: {}", label, value) for label, value in pairs if len(value) > 60][:LONG_FACTS]
    return [*kit.fields(short), *(kit.section(cut_mrkdwn(line, _LONG)) for line in long)]


def _steps(plan: Plan, countdown: timedelta | None) -> list[Block]:
    if not plan.steps:
        return []
    wait = span(countdown) if countdown else "for the countdown"
    steps = [step.replace(COUNTDOWN, wait) for step in plan.steps]
    return [kit.section(mrkdwn("*What will happen*")), kit.numbered(_some(steps, STEPS))]


def _warnings(plan: Plan) -> list[Block]:
    lines = [cut_mrkdwn(mrkdwn(":warning: {}", line), _LINE) for line in _some(plan.warnings, WARNINGS)]
    return [kit.section(joined("\n", lines))] if lines else []


def _holders(plan: Plan) -> list[Block]:
    if not plan.holders:
        return []
    return [kit.section(mrkdwn("*Holders of active tokens*: {}", people(plan.holders, at_most=30)))]


def _some(lines: Iterable[str], at_most: int) -> list[Plain]:
    shown = [Plain(cut(line, _LINE)) for line in lines]
    left = len(shown) - at_most
    return shown if left <= 0 else [*shown[: at_most - 1], Plain(f"and {left + 1} more")]
