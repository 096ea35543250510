"""`/turso rewind switch NAME [--copy COPY]`: put the copy in the place of the database, which is kept in quarantine."""

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.proofs import proof_of, proof_of_group
from bot.blocks.text import Mrkdwn, joined, mrkdwn, sentence, when
from bot.commands._groups import joined_since, members_of
from bot.commands._lines import command_line
from bot.commands._sources import with_sources
from bot.commands._targets import list_names, live_tokens, snapshot, target_of
from bot.commands.base import (
    NEXT_STEP,
    NEXT_STEP_WHY,
    ChangeCommand,
    ChangeContext,
    Context,
    Facts,
    NextStep,
    NextStepResult,
    Phase,
)
from bot.commands.databases import _holds as holds
from bot.commands.databases._new_database import address_lines, existing
from bot.commands.databases.destroy import is_unblocked, unblock
from bot.commands.rewind._report import report
from bot.commands.rewind._rewinds import (
    AT,
    COPY,
    DecisionArgs,
    copy_of,
    exact,
    moment_of,
    open_rewind,
    why_no_copy,
    why_unusable,
)
from bot.commands.tokens._probes import mint_probes
from bot.core.model import Risk
from bot.core.records.holds import HoldKind
from bot.core.reply import Reply
from bot.core.requests.plan import DECIDES, DECIDES_ABOUT, SUCCESSOR, Plan, PlannedHold
from bot.core.requests.proof import Proof
from bot.errors import BadInput, Unavailable
from bot.turso import NotSent

COPY_ID = "copy_id"


async def plan(ctx: Context, args: DecisionArgs) -> Plan:
    """Return the plan: what is blocked, whose tokens are revoked, and which address clients must use."""
    rewind = await open_rewind(ctx, args.name, args.of_copy)
    copy, snap = await copy_of(ctx, rewind), await snapshot(ctx, args.name)
    name, group = args.name, snap.database.group
    if snap.target.id != rewind.source_id:
        raise BadInput(f"`{name}` is a different database than the one that was copied to `{copy.name}`.")
    if held := await holds.open_quarantine(ctx.store, snap.target.id):
        raise BadInput(holds.in_quarantine(held))
    if why := await why_unusable(ctx, copy):
        raise BadInput(why)
    if group is None:
        raise Unavailable(f"Turso didn't say which group `{name}` is in, so I can't tell what revoking tokens affects.")
    both = (snap.target.id, copy.id)
    others = {id_: one for id_, one in (await members_of(ctx, group)).items() if id_ not in both}
    ids = [snap.target.id, *others, copy.id]
    tokens = await live_tokens(ctx, ids)
    return Plan(
        target=snap.target,
        steps=[
            f"Block reads and writes to {name}. Clients will get errors immediately, and its data is kept",
            f"Revoke every token for {name}. This can't be undone",
            "Use a read-only test token to check that old tokens stop working",
            f"Send the token holders the new address. They can get tokens for {copy.name} with Reveal",
            f"Keep {name} in quarantine until someone presses Undo or destroys it",
        ],
        arguments={
            DECIDES: rewind.request.id,
            DECIDES_ABOUT: rewind.copy_id,
            COPY: copy.name,
            COPY_ID: copy.id,
            AT: rewind.at.isoformat(),
            SUCCESSOR: {"name": copy.name, "libsql_url": copy.libsql_url, "https_url": copy.https_url},
        },
        facts={"Switch to": copy.name, "Data as of": exact(rewind.at), **snap.facts},
        warnings=[
            f"Anything written to {name} after {exact(rewind.at)} isn't in {copy.name}",
            *_reach(group, [one.name for one in others.values()]),
            "Tokens created elsewhere (CLI, dashboard, other programs) are revoked too. Turso can't list them",
        ],
        databases=(snap.target.as_seen, *others.values(), await with_sources(ctx.turso, copy)),
        holders=tuple(dict.fromkeys(token.holder for token in tokens)),
        hold=PlannedHold(HoldKind.QUARANTINE, block_reads=True, block_writes=True, seconds=None),
        ends_tokens_of=tuple(ids),
    )


def _reach(group: str, others: list[str]) -> list[str]:
    names = list_names(sorted(others), at_most=8)
    return [f"This may also revoke tokens for the other databases in the group {group}: {names}"] if others else []


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the copy is gone or can't be used, or databases have joined the group since the plan."""
    arguments = plan.arguments
    copy = await existing(ctx.turso, arguments[COPY])
    if copy is None or copy.id != arguments[COPY_ID]:
        return why_no_copy(arguments[COPY], copy)
    if why := await why_unusable(ctx, copy):
        return why
    return await joined_since(ctx, target_of(plan).group, plan.ends_tokens_of)


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Block reads and writes of the old database.

    Raises:
        BadInput: the copy is gone.
        NotSent: the copy can't be used, or doesn't respond.
        BotError: Turso didn't return the copy or its blocks, or didn't confirm the change.
    """
    copy = await existing(ctx.turso, plan.arguments[COPY])
    if copy is None or copy.id != plan.arguments[COPY_ID]:
        raise BadInput(why_no_copy(plan.arguments[COPY], copy))
    if why := await why_unusable(ctx, copy):
        raise NotSent(why)
    if not await ctx.turso.is_served(copy):
        raise NotSent(f"`{copy.name}` isn't responding, so it can't be used yet.")
    await ctx.turso.configure(target_of(plan).name, block_reads=True, block_writes=True)


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once reads and writes of the old database are blocked."""
    return await holds.blocked(ctx.turso, target_of(plan).name) == (True, True)


async def revoke(ctx: ChangeContext, plan: Plan, facts: Facts) -> Facts:
    """Revoke the tokens of the old database.

    Checks the plan again, because the bot may have been down since the block. Raises BadInput if the old database is
    gone, or if a database that isn't in the approved plan has joined its group.
    """
    target = target_of(plan)
    found = await existing(ctx.turso, target.name)
    if found is None or found.id != target.id:
        raise BadInput(
            f"The name `{target.name}` now belongs to a different database."
            if found
            else f"`{target.name}` no longer exists."
        )
    if why := await joined_since(ctx, target.group, plan.ends_tokens_of):
        raise BadInput(why)
    await ctx.turso.invalidate_tokens(target.name)
    return {}


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: the new address, and what is known about the old database and its tokens."""
    name, copy = target_of(plan).name, str(plan.arguments[COPY])
    head = mrkdwn(":twisted_rightwards_arrows: Use *{}* in place of `{}` from now on.", copy, name)
    kept = mrkdwn("*{}* is in quarantine. Reads and writes are blocked, and its data is kept.", name)
    row = [*buttons.run(1, "New token", command_line("token", copy))]
    row += buttons.run(2, "Read-only token", command_line("token", copy, read_only=True))
    if facts.get(NEXT_STEP) != NextStepResult.DONE:
        row += buttons.run(3, "Rotate tokens", command_line("rotate", name))
    return reply(
        joined(" ", (head, kept)),
        [
            kit.section(head),
            *kit.preformatted(*address_lines(plan.successor)),
            kit.section(joined(" ", (kept, _tokens(facts)))),
            kit.context(
                proof_of_group(Proof.of(facts)),
                mrkdwn("`{}` has the data from `{}` as of `{}`.", copy, name, exact(moment_of(plan.arguments))),
            ),
            *kit.actions(*row),
        ],
    )


def _tokens(facts: Facts) -> Mrkdwn:
    """Return what is known about the old tokens."""
    proof = Proof.of(facts)
    if proof and proof.is_proven:
        return proof_of(proof.target)
    if facts.get(NEXT_STEP) == NextStepResult.DONE:
        seen = proof_of(proof.target) if proof and not proof.is_watched else Mrkdwn("")
        until = (
            mrkdwn("Until {}, I'll keep checking whether old ones still work.", when(proof.until))
            if proof
            else Mrkdwn("")
        )
        return joined(" ", (Mrkdwn("Turso accepted the revocation of its tokens."), seen or until))
    why = sentence(str(facts.get(NEXT_STEP_WHY) or ""))
    tokens = "weren't revoked" if facts.get(NEXT_STEP) == NextStepResult.NOT_DONE else "may still be valid"
    effect = mrkdwn("Its tokens {}. While it is in quarantine, they can't read or write anything.", tokens)
    return joined(" ", (effect, why))


def undone_message(plan: Plan, facts: Facts) -> Reply:
    """Return the message after an Undo: the old database is back, and the copy is unchanged."""
    name, copy = target_of(plan).name, str(plan.arguments[COPY])
    head = mrkdwn(":leftwards_arrow_with_hook: *{}* is out of quarantine, with all its data.", name)
    kept = mrkdwn("This didn't affect `{}`. Anything written to it since the switch isn't in `{}`.", copy, name)
    proof = Proof.of(facts)
    revoked = facts.get(NEXT_STEP) == NextStepResult.DONE or (proof is not None and proof.is_proven)
    need, were = ("need", "were") if revoked else ("may need", "may have been")
    tokens = mrkdwn("Clients of `{}` {} new tokens, because its tokens {} revoked.", name, need, were)
    note = mrkdwn("Any blocks set before the switch are still in place.")
    row = buttons.run(1, "New token", command_line("token", name))
    return reply(head, [kit.section(joined(" ", (head, tokens))), kit.context(kept, note), *kit.actions(*row)])


command = ChangeCommand(
    name="rewind switch",
    usage="rewind switch NAME [--copy COPY]",
    summary="Replace a database with the copy from a rewind, and quarantine the old one",
    args=DecisionArgs,
    risk=Risk.HIGH,
    position=233,
    verb="Switch to the copy",
    purpose="switch from {} to its copy",
    policy_keys=("undo_by",),
    reaches_others=True,
    ends_with=("rotate",),
    plan=plan,
    drift=drift,
    act=act,
    read_back=read_back,
    next_step=NextStep(revoke, changes=True, probes=mint_probes),
    message=message,
    undo=Phase(act=unblock, read_back=is_unblocked, message=undone_message),
    report=report,
)
