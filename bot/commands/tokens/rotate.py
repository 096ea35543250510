"""`/turso rotate NAME`: revoke every token of a database, and possibly of its group."""

from typing import Annotated

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.proofs import proof_head, proof_of_group
from bot.blocks.text import mrkdwn
from bot.commands._groups import joined_since, members_of
from bot.commands._lines import command_line
from bot.commands._targets import list_names, live_tokens, snapshot, target_of
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.tokens._probes import mint_probes
from bot.core.model import Risk
from bot.core.parsing.arguments import DatabaseName, Positional
from bot.core.records.tokens import LedgerToken
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.core.requests.proof import OldTokens, Proof
from bot.errors import Unavailable


class RotateArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]


async def plan(ctx: Context, args: RotateArgs) -> Plan:
    """Return the plan with everything affected: the group's databases, and holders of tokens issued by Turso Ops."""
    snap = await snapshot(ctx, args.name)
    group = snap.database.group
    if group is None:
        raise Unavailable(f"Turso didn't say which group `{args.name}` is in, so I can't tell what a rotation affects.")
    siblings = {id_: one for id_, one in (await members_of(ctx, group)).items() if id_ != snap.database.id}
    others = sorted(one.name for one in siblings.values())
    ids = [snap.database.id, *siblings]
    tokens = await live_tokens(ctx, ids)
    own = {label: fact for label, fact in snap.facts.items() if label.startswith(("Size", "Rows read"))}
    return Plan(
        target=snap.target,
        steps=[
            f"Revoke every token for {args.name}. This can take up to an hour and can't be undone",
            "Use a read-only test token to check that old tokens stop working",
            "Disconnect clients until they have a new token",
            "Notify the holders of tokens issued by Turso Ops",
        ],
        facts={
            **own,
            "Databases in the group": f"{len(others) + 1} ({list_names([args.name, *others])})" if group else "none",
            "Active tokens": _count(tokens),
        },
        warnings=_warnings(group, others),
        databases=(snap.target.as_seen, *siblings.values()),
        holders=tuple(dict.fromkeys(token.holder for token in tokens)),
        ends_tokens_of=tuple(ids),
    )


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence about databases that have joined the group since the plan, or None.

    The approval of the plan doesn't cover their tokens.
    """
    return await joined_since(ctx, target_of(plan).group, plan.ends_tokens_of)


def _count(tokens: list[LedgerToken]) -> str:
    """Return the number of tokens and their databases. The card names the holders separately."""
    databases = sorted({token.database for token in tokens})
    return f"{len(tokens)} ({list_names(databases)})" if tokens else "none"


def _warnings(group: str, others: list[str]) -> list[str]:
    reach = f"This may also revoke tokens for the other databases in the group {group}: {list_names(others, at_most=8)}"
    return [
        *([reach] if others else []),
        "Tokens created elsewhere (CLI, dashboard, other programs) are revoked too. Turso can't list them",
        "Expect some downtime: new tokens can only be created once the old ones are revoked",
    ]


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Revoke the tokens. Turso doesn't report whether they are revoked, so only probe tokens can prove it."""
    await ctx.turso.invalidate_tokens(target_of(plan).name)


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: what Turso confirmed, what is proven, and what to do next."""
    name, proof = target_of(plan).name, Proof.of(facts)
    head = mrkdwn(":closed_lock_with_key: {}", proof_head(name, proof))
    note = mrkdwn("Clients need new tokens.")
    row = buttons.run(1, "New token", command_line("token", name))
    if proof is None or proof.target.tokens is not OldTokens.REFUSED:
        row += buttons.run(2, "Freeze first", command_line("freeze", name))
    return reply(head, [kit.section(head), kit.context(proof_of_group(proof), note), *kit.actions(*row)])


command = ChangeCommand(
    name="rotate",
    usage="rotate NAME",
    summary="Revoke every token for a database, and possibly for its whole group",
    args=RotateArgs,
    risk=Risk.HIGH,
    position=210,
    quick_label="Rotate",
    verb="Rotate tokens",
    purpose="revoke all tokens for {}",
    again_label="Rotate again",
    offers_freeze=True,
    aliases=("tokens invalidate",),
    synonyms=("revoke", "invalidate"),
    plan=plan,
    drift=drift,
    act=act,
    read_back=None,
    message=message,
    probes=mint_probes,
    reaches_others=True,
)
