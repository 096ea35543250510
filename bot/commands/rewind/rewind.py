"""`/turso db rewind NAME --to TIME`: copy a database as it was, compare both, and let people decide about the copy."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.kit import Element
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, joined, mrkdwn, number, person, sentence, utc, when
from bot.commands._groups import members_of
from bot.commands._lines import command_line
from bot.commands._moments import time_of
from bot.commands._retention import RETENTION_KEY, require_copyable, retention_of, why_out_of_reach
from bot.commands._targets import UNKNOWN, attempt, list_names, snapshot, target_of
from bot.commands.base import NEXT_STEP_WHY, ChangeCommand, ChangeContext, Context, Facts, NextStep
from bot.commands.databases._archived import require_awake
from bot.commands.databases._new_database import (
    address_lines,
    existing,
    facts_of,
    new_database,
    require_copy_of,
    wait_until_ready,
    was_made_by,
)
from bot.commands.rewind._both_sides import compare
from bot.commands.rewind._comparison import COMPARISON, Comparison
from bot.commands.rewind._comparison_blocks import comparison_blocks
from bot.commands.rewind._rewinds import AT, COPY, DECISIONS, OTHER_DECISION, REWIND, decision_about, exact, moment_of
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, Phrase, Positional
from bot.core.parsing.moments import Moment, count_words
from bot.core.ports import ReadStore
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.core.requests.request import Request, State
from bot.errors import BadInput, Unavailable
from bot.turso import Database
from bot.turso.models import Quotas

DECIDED = "decided"
"""Key in the facts: who decided about the copy, and how."""
LONGEST_NAME = 64
TRIES = 20
SUFFIX = 6
"""How many hexadecimal digits distinguish copies of the same minute."""


class RewindArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    to: Annotated[Moment, Phrase(count_words)]


async def plan(ctx: Context, args: RewindArgs) -> Plan:
    """Return the plan: the time, what the copy will lack, the limit for databases, and what a switch would affect."""
    at = (await time_of(ctx, args.to)).replace(microsecond=0)
    snap, quotas, used = await asyncio.gather(
        snapshot(ctx, args.name), attempt(ctx.turso.quotas()), attempt(ctx.turso.organization_usage())
    )
    database = snap.database
    await require_awake(ctx, database)
    _require_possible(database, args.name)
    retention = retention_of(quotas)
    require_copyable(retention, database, at, ctx.now)
    group = database.group
    if group is None:
        raise Unavailable(f"Turso didn't say which group `{args.name}` is in, so I can't put a copy beside it.")
    if not group:
        raise BadInput(f"`{args.name}` isn't in a group. Turso can only copy databases that are in a group.")
    siblings = sorted(one.name for id_, one in (await members_of(ctx, group)).items() if id_ != database.id)
    copy = await _free_name(ctx, database, at)
    count = used.database_count if used else None
    return Plan(
        target=snap.target,
        steps=[
            f"Create {copy}, a copy of {args.name} as it was at {exact(at)}",
            "Wait until the copy is ready",
            "Compare schemas, row counts and newest rows. This reads up to a million rows from each table",
            f"Leave {args.name} unchanged until someone presses Switch",
        ],
        arguments={
            COPY: copy, AT: at.isoformat(), "group": group, RETENTION_KEY: retention.seconds,
        },
        facts={
            "Point in time": utc(at),
            "Point in time, UTC": exact(at),
            "Copy": copy,
            "Missing from the copy": "Everything after that time, and possibly the last 15 seconds before it",
            "Available history": retention.words,
            "Databases": _count_words(count, quotas),
            **snap.facts,
        },
        warnings=_warnings(database, group, siblings, count, quotas),
        databases=(snap.target.as_seen, new_database(copy, snap.target.group, snap.target)),
        holders=tuple(dict.fromkeys(token.holder for token in snap.tokens)),
    )  # fmt: skip


def _require_possible(database: Database, name: str) -> None:
    if database.encryption_cipher:
        raise BadInput(
            f"`{name}` is encrypted with your own key, which Turso Ops doesn't have. "
            "Someone with the key can copy the database with the Turso CLI."
        )


async def _free_name(ctx: Context, database: Database, at: datetime) -> str:
    """Return a valid name for the copy that no database has and no other rewind has requested."""
    name = database.name
    me = ctx.subject.person.id
    claimed = await claims(ctx, lambda one: not (one.state is State.PENDING and one.requester == me))
    for number_ in range(TRIES):
        # If somebody repeats a request before its approval, the same name makes it the same request. Other people
        # get another name.
        seed = f"{me} {database.id} {at.isoformat()} {number_}"
        end = f"-rewind-{at:%m%d-%H%M}-{hashlib.sha256(seed.encode()).hexdigest()[:SUFFIX]}"
        copy = f"{name[: LONGEST_NAME - len(end)].rstrip('-')}{end}"
        if copy not in claimed and await existing(ctx.turso, copy) is None:
            return copy
    raise BadInput(f"You have already requested {TRIES} copies of `{name}` as it was then. Choose another time.")


async def claims(ctx: Context, which: Callable[[Request], bool]) -> list[str]:
    """Return the copies' names in the organization's recorded rewinds that fulfill `which`."""
    requests = await ctx.store.requests.find(states=list(State), command=REWIND)
    return [str(one.plan.arguments[COPY]) for one in requests if one.organization == ctx.organization and which(one)]


def _count_words(count: int | None, quotas: Quotas | None) -> str:
    if count is None:
        return UNKNOWN
    most = quotas.databases if quotas else None
    of = f" of {number(most)}" if most else ""
    return f"{number(count)}{of}, or {number(count + 1)} with the copy"


def _warnings(
    database: Database, group: str, siblings: list[str], count: int | None, quotas: Quotas | None
) -> list[str]:
    name, most = database.name, quotas.databases if quotas else None
    later = "Anything written from now on won't be in the copy"
    writes = f"Writes to {name} aren't blocked. {later}. Consider freezing it first"
    unsure = f"Turso didn't say whether writes to {name} are blocked. {later}"
    others = list_names(siblings, at_most=6)
    full = f"The plan's limit of {number(most)} databases has been reached. Turso may refuse the copy"
    reach = (
        f"If you switch to the copy later, that may also revoke tokens for the other databases in the group {group}: "
        f"{others}"
    )
    return [
        *({False: [writes], None: [unsure]}.get(database.block_writes, [])),
        *([full] if _is_full(count, most) else []),
        *([reach] if siblings else []),
        "The copy counts toward the plan's limits for databases and storage until it is discarded",
    ]


def _is_full(count: int | None, most: int | None) -> bool:
    return count is not None and bool(most) and count >= (most or 0)


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the time is now too long ago, or the copy's name was taken. None otherwise."""
    arguments = plan.arguments
    if why := why_out_of_reach(timedelta(seconds=arguments[RETENTION_KEY]), moment_of(arguments), ctx.now):
        return why
    taken = await existing(ctx.turso, arguments[COPY]) is not None
    return f"`{arguments[COPY]}` already exists. Ask again to get another name." if taken else None


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Create the copy once, then wait until it is ready."""
    began = asyncio.get_running_loop().time()
    arguments, source = plan.arguments, target_of(plan)
    made = await ctx.turso.create_copy(
        arguments[COPY], group=arguments["group"], source=source.name, at=moment_of(arguments)
    )
    require_copy_of(source, made)
    return {**_facts(made), "served": await wait_until_ready(ctx.turso, made, began=began)}


def _facts(made: Database) -> dict[str, object]:
    return {**facts_of(made), "block_writes": made.block_writes, "block_reads": made.block_reads}


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True if the copy exists. Raises NotOurs or OwnerUnknown if somebody else made it, or may have."""
    copy = str(plan.arguments[COPY])
    if not await was_made_by(ctx, copy, commands=[REWIND], key=COPY):
        return False
    require_copy_of(target_of(plan), await ctx.turso.database(copy))
    return True


async def facts_again(ctx: Context, plan: Plan) -> Facts:
    """Read the ID and the addresses of the copy, but not whether it is ready."""
    return _facts(await ctx.turso.database(plan.arguments[COPY]))


async def compare_both(ctx: ChangeContext, plan: Plan, facts: Facts) -> Facts:
    """Compare the database with its copy. The result says what couldn't be read."""
    source, copy = target_of(plan), (str(plan.arguments[COPY]), str(facts.get("id") or ""))
    return {COMPARISON: (await compare(ctx, (source.name, source.id), copy)).to_json()}


async def standing(store: ReadStore, request: Request) -> Facts:
    """Return who decided about the copy, with which command, and the state of that request. Empty before a decision."""
    by = await decision_about(store, request)
    if by is None:
        return {}
    return {DECIDED: {"command": by.command, "state": by.state.value, "by": by.requester}}


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the comparison, with the buttons that decide about the copy, or with the decision."""
    name, copy = target_of(plan).name, str(plan.arguments[COPY])
    at = moment_of(plan.arguments)
    served = facts.get("served")  # None after a crash
    ready = "is ready" if served else "was created" if served is None else "was created, but hasn't responded yet"
    head = mrkdwn(
        ":rewind: *{}* {}. It has the data from `{}` as of {} (`{}`).", copy, ready, name, when(at), exact(at)
    )
    missing = Mrkdwn("Everything after that time is missing. The last 15 seconds before it may be missing, too.")
    unchanged = Mrkdwn("") if facts.get(DECIDED) else mrkdwn("`{}` is unchanged.", name)
    comparison = Comparison.of(facts)
    return reply(
        head,
        [
            kit.section(head),
            *comparison_blocks(comparison, name, copy, str(facts.get(NEXT_STEP_WHY) or "")),
            *_state(facts),
            kit.context(joined(" ", (missing, unchanged)), *_blocked(facts, copy)),
            *kit.preformatted(*address_lines(facts)),
            *kit.actions(*_decisions(name, copy, facts)),
        ],
    )


def _state(facts: Facts) -> list[dict[str, Any]]:
    decided = facts.get(DECIDED)
    if not decided:
        ask = mrkdwn("What should happen to the copy? *Switch* to it, *keep* it as a branch, or *discard* it.")
        return [kit.section(ask)]
    decision, who = DECISIONS.get(decided["command"], OTHER_DECISION), person(decided["by"])
    if decided["state"] in (State.SUCCEEDED, State.QUARANTINED, State.STALE):
        return [kit.section(mrkdwn("{} {}.", who, decision.done.format("the copy")))]
    to_do = decision.to_do.format("the copy")
    return [kit.section(mrkdwn("{} asked to {}. The outcome isn't known yet.", who, to_do))]


def _blocked(facts: Facts, copy: str) -> list[Mrkdwn]:
    words = " and ".join(word for word in ("reads", "writes") if facts.get(f"block_{word}"))
    if not words:
        return []
    blocked = mrkdwn("{} to the copy are blocked.", words.capitalize())
    return [joined(" ", (blocked, sentence(f"Unblock them: `/turso thaw {copy}`.")))]


def _decisions(name: str, copy: str, facts: Facts) -> list[Element]:
    if facts.get(DECIDED):
        return []
    return [
        *buttons.run(1, "Switch", command_line("rewind switch", name, copy=copy), style="primary"),
        *buttons.run(2, "Keep as a branch", command_line("rewind keep", name, copy=copy)),
        *buttons.run(3, "Discard", command_line("rewind discard", name, copy=copy), style="danger"),
    ]


command = ChangeCommand(
    name="rewind",
    usage="db rewind NAME --to TIME",
    summary="Copy a database as it was before a mistake. To undo a destroy, see restore",
    args=RewindArgs,
    risk=Risk.HIGH,
    position=232,
    verb="Rewind",
    purpose="rewind {}",
    synonyms=("rollback", "pitr", "revert"),
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    facts_again=facts_again,
    next_step=NextStep(compare_both, changes=False),
    standing=standing,
    message=message,
)
