"""`/turso digest on [--weekly mon 09:00 | --daily 09:00] [--tz ZONE]`: turn on a usage digest in this channel."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, model_validator

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn, when
from bot.commands._lines import command_line
from bot.commands._targets import attempt
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.digests._digest import measure
from bot.commands.digests._schedule import DAYS, clock_time, next_due, schedule_of, weekday, zone
from bot.core.model import Risk
from bot.core.parsing.arguments import Positional, quoted
from bot.core.records.usage import Digest
from bot.core.reply import Reply
from bot.core.requests.plan import Plan


class DigestOnArgs(BaseModel):
    day: Annotated[str | None, Positional()] = None
    at: Annotated[str | None, Positional()] = None
    weekly: bool = False
    daily: bool = False
    tz: str | None = None

    @model_validator(mode="after")
    def one_cadence(self) -> "DigestOnArgs":
        """Check the schedule, and accept a time without a day."""
        if self.weekly and self.daily:
            raise ValueError("Use either `--weekly` or `--daily`.")
        if self.day and self.at is None and (self.daily or ":" in self.day or self.day[:1].isdigit()):
            self.day, self.at = None, self.day
        if self.day and weekday(self.day) is None:
            days = ", ".join(f"`{day}`" for day in DAYS)
            raise ValueError(f"{quoted(self.day)} isn't a day. Use {days}.")
        if self.at and clock_time(self.at) is None:
            raise ValueError(f"{quoted(self.at)} isn't a time. Try `09:00`.")
        if self.tz and zone(self.tz) is None:
            raise ValueError("`--tz` takes a time zone such as `Europe/Berlin`.")
        return self


async def plan(ctx: Context, args: DigestOnArgs) -> Plan:
    """Return the plan: when the digest is posted, in which time zone."""
    cadence = "daily" if args.daily else "weekly"
    day = weekday(args.day) if args.day else 0
    at = clock_time(args.at) if args.at else "09:00"
    tz = args.tz or (ctx.subject.person.tz if zone(ctx.subject.person.tz) else "UTC")
    schedule = schedule_of({"cadence": cadence, "weekday": day or 0, "at": at, "tz": tz})
    return Plan(
        target=None,
        steps=[f"Post a usage digest in this channel: {schedule}"],
        arguments={"cadence": cadence, "weekday": day or 0, "at": at, "tz": tz, "organization": ctx.organization},
        facts={"Digest": cadence, "Time": f"{at} {tz}"},
    )


def digest_of(ctx: Context, plan: Plan) -> Digest:
    """Return the digest that a plan describes, with its first due time."""
    arguments = plan.arguments
    digest = Digest(
        channel_id=ctx.subject.channel.id,
        organization=arguments["organization"],
        cadence=arguments["cadence"],
        weekday=arguments["weekday"],
        at=arguments["at"],
        tz=arguments["tz"],
        by=ctx.subject.person.id,
        next_at=ctx.now,
    )
    return replace(digest, next_at=next_due(digest, ctx.now))


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Store the digest with its timer, and try to take a sample as the start of its first period."""
    digest = digest_of(ctx, plan)
    await attempt(measure(ctx))
    await ctx.store.digests.schedule(digest)
    return {"next_at": digest.next_at.isoformat()}


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the digest is stored as planned."""
    kept = await ctx.store.digests.get(ctx.subject.channel.id)
    arguments = plan.arguments
    return kept is not None and all(
        getattr(kept, name) == arguments[name] for name in ("organization", "cadence", "weekday", "at", "tz")
    )


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message with the schedule and the first due time."""
    arguments = plan.arguments
    head = mrkdwn(
        ":newspaper: The {} digest is on: {}.",
        "daily" if arguments["cadence"] == "daily" else "weekly",
        schedule_of(arguments),
    )
    due = facts.get("next_at")
    first = [kit.context(mrkdwn("Next: {}", when(datetime.fromisoformat(due))))] if due else []
    row = [*buttons.run(1, "Show now", command_line("digest now")),
           *buttons.run(2, "Turn off", command_line("digest off"))]  # fmt: skip
    return reply(head, [kit.section(head), *first, *kit.actions(*row)])


command = ChangeCommand(
    name="digest on",
    usage="digest on [--weekly mon 09:00 / --daily 09:00] [--tz ZONE]",
    summary="Turn on the usage digest in this channel",
    args=DigestOnArgs,
    risk=Risk.LOW,
    position=260,
    verb="Turn digest on",
    purpose="turn the digest on",
    plan=plan,
    act=act,
    read_back=read_back,
    message=message,
)
