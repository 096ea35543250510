"""`/turso incident start KEY [--for 4h]`: apply the incident profile to this channel for a while, or extend it."""

import secrets
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import Mrkdwn, linked_key, mrkdwn, person, span, when
from bot.commands._lines import command_line
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.core.declaration import IncidentRole
from bot.core.model import Risk
from bot.core.parsing.arguments import INCIDENT_KEY, Duration, Positional
from bot.core.policy import Policy
from bot.core.ports import ReadStore
from bot.core.records.audit_entry import AuditEntry
from bot.core.records.incidents import Incident
from bot.core.records.timers import Timer, TimerKind
from bot.core.reply import Block, Reply
from bot.core.requests.plan import ALERT, Plan
from bot.core.requests.request import Request
from bot.errors import BadInput

USUAL = timedelta(hours=4)


class IncidentStartArgs(BaseModel):
    key: Annotated[str, Positional(), Field(pattern=f"^{INCIDENT_KEY}$")]
    lasting: Duration | None = Field(None, alias="for")


async def plan(ctx: Context, args: IncidentStartArgs) -> Plan:
    """Return the plan: which profile applies, and for how long."""
    here = ctx.subject.channel.id
    if not ctx.subject.channel.bot_is_member:
        raise BadInput(
            "I'm not in this channel, so I can't keep a timeline here. Invite me with `/invite`, then try again."
        )
    if ctx.subject.channel.is_archived:
        raise BadInput("This channel is archived. Start the incident in another channel.")
    profile = ctx.policy.incident_profile(here)
    if profile is None:
        raise BadInput("The policy has no incident profile for this channel. An admin can add one.")
    longest = ctx.policy.longest_incident()
    lasting = args.lasting or usual_length(ctx.policy)
    if lasting > longest:
        raise BadInput(f"An incident can last at most {span(longest)} here. You can extend it later.")
    running = await ctx.store.incidents.running_in(here)
    if running and running.key != args.key:
        raise BadInput(f"`{running.key}` is already active in this channel. End it with `/turso incident end`.")
    if running and running.profile != profile:
        raise BadInput(f"{_other_profile(running.profile)} End it with `/turso incident end`, then start another.")
    operation = "Extend" if running else "Start"
    return Plan(
        target=None,
        steps=[
            f"{operation} incident {args.key} in this channel for {span(lasting)}",
            f"Until it ends, the policy profile {profile} applies here",
        ],
        arguments={
            "key": args.key,
            "url": ctx.policy.links.incident_url(args.key),
            "seconds": int(lasting.total_seconds()),
            "profile": profile,
            "organization": organization_of(ctx),
            "incident_id": running.id if running else f"n-{secrets.token_hex(5)}",
            "extends": running is not None,
            "ended_at": running.until.isoformat() if running else None,
        },
        facts={"Incident": args.key, "Profile": profile, "Lasts": span(lasting)},
    )


def usual_length(policy: Policy) -> timedelta:
    """Return how long an incident lasts without `--for`."""
    return min(USUAL, policy.longest_incident())


def _other_profile(profile: str) -> str:
    return f"The policy no longer uses the profile `{profile}` for incidents here."


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if this channel now has another incident profile, or a lower limit than planned. Else None."""
    profile, longest = str(plan.arguments["profile"]), ctx.policy.longest_incident()
    if profile != ctx.policy.incident_profile(ctx.subject.channel.id):
        return _other_profile(profile)
    if timedelta(seconds=plan.arguments["seconds"]) > longest:
        return f"An incident can now last at most {span(longest)} here."
    return None


def organization_of(ctx: Context) -> str:
    """Return the organization of an incident in this channel."""
    if ctx.organization:
        return ctx.organization
    return ctx.policy.incidents.binding.organization if ctx.policy.incidents else ctx.policy.organization


async def act(ctx: ChangeContext, plan: Plan) -> Facts:
    """Start or extend the incident in one transaction with its timer and its audit entry."""
    arguments = plan.arguments
    until = ctx.now + timedelta(seconds=arguments["seconds"])
    if arguments["extends"]:
        if not await ctx.store.incidents.extend(
            arguments["incident_id"], until, _entry(ctx, plan, "incident_extended")
        ):
            raise BadInput("This incident has already ended. Start a new one.")
    else:
        incident = _incident(ctx, plan, until)
        timer = Timer(TimerKind.INCIDENT_END, incident.id, until)
        if await ctx.store.incidents.start(incident, timer, _entry(ctx, plan, "incident_started")) is None:
            raise BadInput("Another incident was just started in this channel.")
    return {"until": until.isoformat()}


def _incident(ctx: Context, plan: Plan, until: datetime) -> Incident:
    arguments = plan.arguments
    return Incident(
        id=arguments["incident_id"],
        key=arguments["key"],
        channel_id=ctx.subject.channel.id,
        organization=arguments["organization"],
        profile=arguments["profile"],
        started_by=ctx.subject.person.id,
        started_at=ctx.now,
        until=until,
    )


def _entry(ctx: Context, plan: Plan, event: str) -> AuditEntry:
    arguments = plan.arguments
    return AuditEntry(
        at=ctx.now,
        event=event,
        outcome="succeeded",
        user_id=ctx.subject.person.id,
        channel_id=ctx.subject.channel.id,
        command="incident start",
        organization=arguments["organization"],
        detail={
            "incident": arguments["incident_id"],
            "key": arguments["key"],
            "seconds": arguments["seconds"],
            **({"alert": arguments[ALERT]["says"]} if ALERT in arguments else {}),
        },
    )


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the incident is active and, for an extension, its end has moved."""
    running, arguments = await ctx.store.incidents.running_in(ctx.subject.channel.id), plan.arguments
    if running is None or running.id != arguments["incident_id"]:
        return False
    return not arguments["extends"] or running.until.isoformat() != arguments.get("ended_at")


async def facts_again(ctx: Context, plan: Plan) -> Facts:
    """Read when the incident ends, or how it has ended."""
    incident = await ctx.store.incidents.get(plan.arguments["incident_id"])
    return _facts(incident) if incident else {}


async def standing(store: ReadStore, request: Request) -> Facts:
    """Return the current facts of the incident that a request started or extended."""
    incident = await store.incidents.get(str(request.plan.arguments.get("incident_id", "")))
    return _facts(incident) if incident else {}


def _facts(incident: Incident) -> Facts:
    ended = {"ended_at": incident.ended_at.isoformat(), "ended_by": incident.ended_by} if incident.ended_at else {}
    return {"until": incident.until.isoformat(), **ended}


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message that the incident has started or continues. Once it has ended, the message says so."""
    arguments = plan.arguments
    if facts.get("ended_at"):
        return _over(str(arguments["key"]), datetime.fromisoformat(facts["ended_at"]), str(facts.get("ended_by") or ""))
    begun = "continues" if arguments["extends"] else "has started"
    until = Mrkdwn("")
    if facts.get("until"):
        ends = when(datetime.fromisoformat(facts["until"]))
        until = mrkdwn(" It ends {}, unless someone ends or extends it.", ends)
    key = linked_key(str(arguments.get("url", "")), str(arguments["key"]))
    head = mrkdwn(":rotating_light: Incident *{}* {}.{}", key, begun, until)
    note = mrkdwn("Until the incident ends, the policy profile `{}` applies here. This thread is the timeline.",
                  arguments["profile"])  # fmt: skip
    row = [*buttons.run(1, "Status", command_line("incident status")), buttons.form("triage", "Triage")]
    row += [buttons.end_incident(arguments["incident_id"])]
    return reply(head, [kit.section(head), *_alert(arguments), kit.context(note), *kit.actions(*row)])


def _alert(arguments: Facts) -> list[Block]:
    """Return a block with the alert from which the incident was started. Empty without one."""
    alert = arguments.get(ALERT)
    if not alert:
        return []
    return [kit.section(mrkdwn(":bell: Alert from {}: {}", when(datetime.fromisoformat(alert["at"])), alert["says"]))]


def _over(key: str, ended_at: datetime, by: str) -> Reply:
    how = mrkdwn("by {}", person(by)) if by else mrkdwn("it reached its time limit")
    head = mrkdwn(":checkered_flag: Incident *{}* ended {} ({}). Incident permissions no longer apply here.",
                  key, when(ended_at), how)  # fmt: skip
    note = mrkdwn("The thread shows what was done. The report will follow in the channel.")
    return reply(head, [kit.section(head), kit.context(note)])


command = ChangeCommand(
    name="incident start",
    usage="incident start KEY [--for 4h]",
    summary="Start an incident in this channel",
    args=IncidentStartArgs,
    risk=Risk.LOW,
    position=240,
    verb="Start incident",
    purpose="start an incident",
    incident=IncidentRole.STARTS,
    standing=standing,
    for_responders=True,
    plan=plan,
    act=act,
    read_back=read_back,
    drift=drift,
    message=message,
    facts_again=facts_again,
)
