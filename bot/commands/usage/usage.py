"""`/turso usage [NAME] [--since 7d | --month 2026-10] [--top 10] [--sort …]`: show rows, storage and sync."""

from typing import Annotated, Literal

from pydantic import BaseModel, model_validator

from bot.commands._lines import command_line
from bot.commands.base import Context, ReadCommand
from bot.commands.usage import _database as usage_database
from bot.commands.usage import _organization as usage_organization
from bot.commands.usage._periods import period_of
from bot.core.parsing.arguments import Count, DatabaseName, Month, Positional, Since
from bot.core.reply import Reply


class UsageArgs(BaseModel):
    name: Annotated[DatabaseName | None, Positional()] = None
    since: Since | None = None
    month: Month | None = None
    top: Count = 10
    sort: Literal["reads", "writes", "size", "synced"] = "reads"

    @model_validator(mode="after")
    def one_period(self) -> "UsageArgs":
        """Reject `--since` and `--month` together, because both set the period."""
        if self.since is not None and self.month is not None:
            raise ValueError("`--since` and `--month` are two periods: choose one.")
        return self


async def run(ctx: Context, args: UsageArgs) -> Reply:
    """Return the usage of one database, or the ranking of the channel's databases."""
    period = period_of(ctx.now, args.since, args.month)
    if args.name:
        return await usage_database.report(ctx, args.name, period)
    longest = usage_organization.LONGEST
    typed = args.model_copy(update={"top": longest}).model_dump(mode="json", exclude_defaults=True)
    line = command_line("usage", **typed)
    return await usage_organization.report(ctx, period, sort=args.sort, top=min(args.top, longest), longer=line)


command = ReadCommand(
    name="usage",
    usage="usage [NAME] [--since 7d / --month 2026-10] [--top 10] [--sort reads/writes/size/synced]",
    summary="Show rows read and written, storage and sync",
    args=UsageArgs,
    position=60,
    aliases=("inspect",),
    synonyms=("stats", "metrics"),
    run=run,
)
