"""`/turso token NAME [--read-only] [--expiration 1h]`: create a database token and show it once to its requester."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from bot.blocks import kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, Plain, duration, mrkdwn, when
from bot.commands._targets import snapshot, target_of
from bot.commands.base import ChangeContext, Context, Secret, SecretCommand
from bot.commands.databases._archived import require_awake
from bot.core.declaration import Variant
from bot.core.model import Never, Risk
from bot.core.parsing.arguments import DatabaseName, Expiration, Positional
from bot.core.reply import Reply
from bot.core.requests.plan import Plan


class TokenArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]
    read_only: bool = Field(False, alias="read-only")
    expiration: Expiration = Expiration("1h")


async def plan(ctx: Context, args: TokenArgs) -> Plan:
    """Return the plan of the token. Mints nothing."""
    snap = await snapshot(ctx, args.name)
    await require_awake(ctx, snap.database)
    access, lasts = _access(args.read_only), _lasts(args.expiration)
    warnings = ["It never expires. Only a rotation revokes it, together with all other tokens"] * isinstance(
        args.expiration.lifetime, Never
    )
    return Plan(
        target=snap.target,
        steps=[
            f"When the requester presses Reveal, create a {access.replace(' ', '-')} token that {lasts}",
            "Show it once, only to the requester. It isn't stored",
        ],
        arguments={
            "expiration": str(args.expiration),
            "read_only": args.read_only,
            "libsql_url": snap.database.libsql_url,
            "https_url": snap.database.https_url,
        },
        facts={"Access": access, "Valid for": lasts.removeprefix("is valid for "), **snap.facts},
        warnings=[*warnings, *_blocked(snap.database.block_reads, snap.database.block_writes)],
        databases=(snap.target.as_seen,),
    )


def _access(read_only: bool) -> str:
    return "read-only" if read_only else "full access"


def _lasts(expiration: Expiration) -> str:
    lifetime = expiration.lifetime
    return "never expires" if isinstance(lifetime, Never) else f"is valid for {duration(lifetime)}"


def _blocked(reads: bool | None, writes: bool | None) -> list[str]:
    if words := [word for word, on in (("reads", reads), ("writes", writes)) if on]:
        return [f"The database is blocked: {' and '.join(words)}"]
    return ["Turso didn't say whether the database is blocked"] if None in (reads, writes) else []


async def mint(ctx: ChangeContext, plan: Plan) -> Secret:
    """Mint the token. Neither Turso nor the bot stores it, and Turso can't revoke it individually."""
    arguments = plan.arguments
    name = target_of(plan).name
    minted = await ctx.turso.mint_token(name, expiration=arguments["expiration"], read_only=arguments["read_only"])
    return Secret(minted.token.get_secret_value())


def message(plan: Plan, secret: Secret) -> Reply:
    """Return the message with the token. Its `text` doesn't contain it."""
    name, arguments = target_of(plan).name, plan.arguments
    head = mrkdwn(":key: Your token for *{}*: {}, {}", name, _access(arguments["read_only"]), _until(plan, secret))
    url = f"TURSO_DATABASE_URL={Plain(arguments['libsql_url'] or '(see Turso)')}"
    return reply(
        mrkdwn("Your token for {} is ready. Only you can see it.", name),
        [
            kit.section(head),
            kit.section(mrkdwn("Set these two variables:")),
            *kit.preformatted(url, f"TURSO_AUTH_TOKEN={secret.value}", secret=True),
            kit.context(
                mrkdwn("Only you can see this. Copy it now, because it disappears when you reload Slack."),
                mrkdwn("Lost or leaked? `/turso rotate {}` revokes every token for the database.", name),
            ),
        ],
        private=True,
        secret=True,
    )


def _until(plan: Plan, secret: Secret) -> Mrkdwn:
    if (expiry := _expiry(secret.value)) is not None:
        return mrkdwn("valid until {}", when(expiry))
    lifetime = Expiration.of(plan.arguments["expiration"]).lifetime
    return mrkdwn("*never expires*") if isinstance(lifetime, Never) else mrkdwn("for {}", duration(lifetime))


def _expiry(token: str) -> datetime | None:
    """Return the `exp` claim of a token. None if it isn't a JWT with that claim."""
    try:
        claims = token.split(".")[1]
        seconds = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))).get("exp")
        return datetime.fromtimestamp(int(seconds), UTC)
    except (IndexError, ValueError, TypeError, AttributeError, OverflowError, OSError, binascii.Error):
        return None


command = SecretCommand(
    name="token",
    usage="token NAME [--read-only] [--expiration 1h]",
    summary="Create a token that only you see, once",
    args=TokenArgs,
    risk=Risk.MEDIUM,
    position=170,
    quick_label="Token",
    verb="Create token",
    purpose="create a token for {}",
    again_label="Reveal again",
    aliases=("tokens create",),
    synonyms=("mint", "credentials"),
    variants=(
        Variant("", "full access"),
        Variant("--read-only", "read-only", risk=Risk.LOW, purpose="create a read-only token for {}"),
    ),
    policy_keys=("max_lifetime", "allow_never"),
    plan=plan,
    mint=mint,
    message=message,
)
