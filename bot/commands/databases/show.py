"""`/turso db show NAME`: show a database's details, and its active tokens issued by Turso Ops."""

import asyncio
from typing import Annotated

from pydantic import BaseModel

from bot.blocks import buttons, kit
from bot.blocks.kit import Text
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, Plain, counted, cut, joined, mrkdwn, number, person, size, when
from bot.commands._lines import command_line
from bot.commands._rights import may
from bot.commands._sources import with_sources
from bot.commands._targets import attempt, live_tokens, unreported
from bot.commands.base import Context, ReadCommand
from bot.commands.databases._archived import can_offer_wake, wake_button
from bot.commands.databases._branches import facts_about, origins_of
from bot.commands.databases.list import state_of
from bot.commands.tokens.tokens import DOUBTS
from bot.commands.usage._amounts import UNKNOWN, known
from bot.core.model import Target
from bot.core.parsing.arguments import DatabaseName, Positional
from bot.core.records.tokens import LedgerToken
from bot.core.reply import Block, Reply
from bot.turso import Database, first_known
from bot.turso.models import Configuration, DatabaseUsage, Instance
from bot.turso.tolerance import LARGEST

SHOWN = 12


class ShowArgs(BaseModel):
    name: Annotated[DatabaseName, Positional()]


async def run(ctx: Context, args: ShowArgs) -> Reply:
    """Read the database with four calls at the same time, and a branch or an archived database with a few more.

    The message says if Turso didn't return the configuration, the instances or the usage.
    """
    turso = ctx.turso
    database, configuration, instances, usage = await asyncio.gather(
        turso.database(args.name),
        attempt(turso.configuration(args.name)),
        attempt(turso.instances(args.name)),
        attempt(turso.database_usage(args.name)),
    )
    tokens, wakes, origins, target = await asyncio.gather(
        live_tokens(ctx, [database.id]),
        can_offer_wake(ctx, database),
        origins_of(ctx, [database]),
        attempt(with_sources(turso, database)),
    )
    title = mrkdwn(":file_cabinet: *{}* · {}", database.name, _state(database, configuration))
    missing = [
        word
        for word, value in (("configuration", configuration), ("instances", instances), ("usage", usage))
        if value is None
    ]
    return reply(
        title,
        [
            kit.section(title),
            *kit.fields([*_properties(database, configuration, usage), *facts_about(ctx, database, origins)]),
            *_addresses(database),
            *_instances(instances or []),
            *_tokens(tokens),
            *([kit.context(unreported(missing))] if missing else []),
            *_buttons(ctx, target, database.name, wakes=wakes),
        ],
    )


def _state(database: Database, configuration: Configuration | None) -> str:
    if configuration is None:
        return state_of(database)
    blocks = {
        "block_reads": first_known(configuration.block_reads, database.block_reads),
        "block_writes": first_known(configuration.block_writes, database.block_writes),
    }
    protected = configuration.delete_protection or database.delete_protection
    return state_of(database.model_copy(update=blocks | {"delete_protection": protected}))


def _properties(
    database: Database, configuration: Configuration | None, usage: DatabaseUsage | None
) -> list[tuple[str, Text]]:
    properties: list[tuple[str, str]] = [
        ("Group", UNKNOWN if database.group is None else database.group or "none"),
        ("Type", database.type or "logical"),
        ("Primary", database.primary_region or "–"),
        ("Locations", ", ".join(database.regions) or "–"),
        ("Version", database.version),
        ("Delete protection", _protection(database, configuration)),
        ("Reads", _access(database, configuration.block_reads if configuration else None, database.block_reads)),
        ("Writes", _access(database, configuration.block_writes if configuration else None, database.block_writes)),
        ("Size limit", _limit(configuration)),
        ("Allowed addresses", ", ".join(configuration.allowed_ips) if configuration else ""),
        ("Allowed AWS VPCs", ", ".join(configuration.allowed_aws_vpc_ids) if configuration else ""),
        ("Encryption", database.encryption_cipher),
        ("Schema", database.schema_name or ("is a schema" if database.is_schema else "")),
        ("Archived", "yes. It won't respond until someone wakes it" if database.is_archived else ""),
        ("Certificates", _certificates(database)),
    ]
    if usage:
        properties += [
            ("Size", known(usage.usage.storage_bytes, size)),
            ("Rows read, this month", known(usage.usage.rows_read, number)),
            ("Rows written, this month", known(usage.usage.rows_written, number)),
            ("Synced, this month", known(usage.usage.bytes_synced, size)),
        ]
    return [(label, mrkdwn("{}", cut(value, 300))) for label, value in properties if value]


def _protection(database: Database, configuration: Configuration | None) -> str:
    flags = (configuration.delete_protection if configuration else None, database.delete_protection)
    return "on" if any(flags) else UNKNOWN if first_known(*flags) is None else "off"


def _access(database: Database, *flags: bool | None) -> str:
    value = first_known(*flags)
    if database.is_archived:
        return "blocked, and unavailable while archived" if value else "unavailable while archived"
    return UNKNOWN if value is None else "blocked" if value else "open"


def _limit(configuration: Configuration | None) -> str:
    limit = configuration.size_limit if configuration else ""
    if limit.isdecimal() and len(limit) > len(str(LARGEST)):
        return UNKNOWN
    return size(int(limit)) if limit.isdecimal() and int(limit) else limit.removeprefix("0")


def _certificates(database: Database) -> str:
    if database.issued_cert_limit is None and database.issued_cert_count is None:
        return ""
    issued, limit = known(database.issued_cert_count, number), known(database.issued_cert_limit, number)
    return f"{issued} issued, limit {limit}"


def _addresses(database: Database) -> list[Block]:
    pairs = [("Hostname", database.hostname)]
    pairs += [("libSQL", database.libsql_url), ("HTTPS", database.https_url)]
    return kit.preformatted(*(f"{label:<9} {Plain(value or UNKNOWN)}" for label, value in pairs))


def _instances(instances: list[Instance]) -> list[Block]:
    if not instances:
        return []
    lines = [
        mrkdwn("• `{}` {} in `{}`", one.name, one.type or "instance", one.region or "?") for one in instances[:SHOWN]
    ]
    more = len(instances) - SHOWN
    lines += [mrkdwn("and {} more", more)] if more > 0 else []
    return [kit.section(mrkdwn("*{}*\n{}", counted(len(instances), "instance"), joined("\n", lines)))]


def _tokens(tokens: list[LedgerToken]) -> list[Block]:
    if not tokens:
        return [kit.context(mrkdwn("No active tokens issued by Turso Ops. Turso can't list tokens created elsewhere."))]
    lines = [_token(token) for token in tokens[:SHOWN]]
    more = len(tokens) - SHOWN
    lines += [mrkdwn("and {} more: `/turso tokens {}`", more, tokens[0].database)] if more > 0 else []
    head = mrkdwn("*{}* issued by Turso Ops", counted(len(tokens), "active token"))
    return [kit.section(joined("\n", [head, *lines]))]


def _token(token: LedgerToken) -> Mrkdwn:
    access = "read-only" if token.read_only else "full access"
    until = mrkdwn("until {}", when(token.expires_at)) if token.expires_at else mrkdwn("*never expires*")
    return mrkdwn("• {} {}, {}{}", person(token.holder), access, until, DOUBTS.get(token.state, Mrkdwn("")))


def _buttons(ctx: Context, target: Target | None, called: str, *, wakes: bool) -> list[Block]:
    """Return buttons for what the requester may do. Without a target, only a Wake button can be returned.

    Args:
        target: the database as the policy sees it, or None if Turso didn't return the sources of a branch.
        wakes: whether to include a Wake button.
    """
    row = wake_button(4, called) if wakes else []
    for at, (name, label) in enumerate((("usage", "Usage"), ("triage", "Triage"), ("tokens", "Tokens")), start=1):
        if target and may(ctx, name, target):
            row += buttons.run(at, label, command_line(name, called))
    return kit.actions(*row)


command = ReadCommand(
    name="show",
    usage="db show NAME",
    summary="Show a database's details",
    args=ShowArgs,
    position=50,
    synonyms=("info", "describe", "get", "status"),
    run=run,
)
