"""`/turso away --until TIME --to @U`: let somebody approve in your place while you are away."""

from datetime import datetime
from typing import Final

from pydantic import BaseModel, Field

from bot.blocks import buttons, kit
from bot.blocks.message import reply
from bot.blocks.text import mrkdwn, person, when
from bot.commands._lines import command_line
from bot.commands.base import ChangeCommand, ChangeContext, Context, Facts
from bot.commands.general._ending import ending
from bot.core.model import Person, Risk
from bot.core.oncall import not_said
from bot.core.parsing.arguments import UserRef
from bot.core.policy import may_delegate_to, refuses_person
from bot.core.records.delegations import Delegation
from bot.core.reply import Reply
from bot.core.requests.plan import Plan
from bot.errors import BadInput, Refused, Unavailable

OWN: Final = "You can't be your own delegate. Choose someone else."


class AwayArgs(BaseModel):
    until: str
    delegate: UserRef = Field(alias="to")


async def plan(ctx: Context, args: AwayArgs) -> Plan:
    """Return the plan: who approves for whom, and until when.

    Raises:
        BadInput: the time or the delegate can't be used.
        Refused: the policy doesn't let this person choose that delegate, or the delegate can't use the bot.
        Unavailable: Slack didn't return the delegate, or the members of a user group or on-call schedule that may allow
            the delegate are unknown.
    """
    me = ctx.subject.person
    if args.delegate == me.id:
        raise BadInput(OWN)
    until = ending(args.until, me.tz, ctx.now)
    delegate = await _person(ctx, args.delegate)
    if delegate is None or not delegate.name:
        raise BadInput("I don't know that person. Type `@` and pick them from Slack's suggestions.")
    if delegate.human == me.human:
        raise BadInput(OWN)
    name = f"@{delegate.name}"
    if refuses_person(ctx.policy, delegate):
        raise Refused(f"{name} can't use Turso Ops at the moment, so they can't approve for you. Choose someone else.")
    groups = await ctx.every_group() if ctx.every_group else ctx.subject.groups
    if not may_delegate_to(ctx.policy, me, args.delegate, groups):
        if silent := [group for group, members in groups.items() if members is None]:
            raise Unavailable(f"{not_said(silent)}. Try again in a moment.")
        raise Refused(f"The policy doesn't let {name} approve for you. An admin can add them to `may_delegate_to`.")
    if any(one.person == args.delegate for one in await ctx.store.delegations.active(ctx.now)):
        raise BadInput(f"{name} is away, too. Choose someone else.")
    return Plan(
        target=None,
        steps=[f"Let {name} approve requests in your place until {until:%Y-%m-%d %H:%M} UTC"],
        arguments={
            "person": me.id,
            "delegate": args.delegate,
            "until": until.isoformat(),
            "since": ctx.now.isoformat(),
        },
        facts={"Delegate": name, "Until": f"{until:%Y-%m-%d %H:%M} UTC"},
    )


async def _person(ctx: Context, user_id: str) -> Person | None:
    try:
        return await ctx.person_of(user_id) if ctx.person_of else None
    except Unavailable:  # the error's text is about the requester, not the delegate
        raise Unavailable("I couldn't look up that person in Slack. Try again in a moment.") from None


async def drift(ctx: Context, plan: Plan) -> str | None:
    """Return a sentence if the time has passed, or the delegate is now away, too. None otherwise."""
    delegation = _delegation(plan)
    if delegation.until <= ctx.now:
        return "That time has already passed."
    if any(one.person == delegation.delegate for one in await ctx.store.delegations.active(ctx.now)):
        return "The delegate is now away, too."
    return None


def _delegation(plan: Plan) -> Delegation:
    arguments = plan.arguments
    since, until = datetime.fromisoformat(arguments["since"]), datetime.fromisoformat(arguments["until"])
    return Delegation(arguments["person"], arguments["delegate"], since, until)


async def act(ctx: ChangeContext, plan: Plan) -> None:
    """Store the delegation. It expires without a timer, because every check compares its end with the time."""
    await ctx.store.delegations.set(_delegation(plan))


async def read_back(ctx: Context, plan: Plan) -> bool:
    """Return True once the delegation is stored as planned."""
    return await ctx.store.delegations.of(plan.arguments["person"]) == _delegation(plan)


def message(plan: Plan, facts: Facts) -> Reply:
    """Return the message: who approves for whom, and until when."""
    delegation = _delegation(plan)
    head = mrkdwn(
        ":palm_tree: {} can approve for {} until {}.",
        person(delegation.delegate),
        person(delegation.person),
        when(delegation.until),
    )
    note = mrkdwn(
        "They can approve and deny what you can, except their own requests and yours. They can't delegate further."
    )
    row = buttons.run(1, "I'm back", command_line("away off"))
    return reply(head, [kit.section(head), kit.context(note), *kit.actions(*row)])


command = ChangeCommand(
    name="away",
    usage="away --until TIME --to @USER",
    summary="Let someone else approve in your place while you are away",
    args=AwayArgs,
    risk=Risk.LOW,
    position=292,
    verb="Delegate approvals",
    purpose="let someone else approve in their place",
    plan=plan,
    act=act,
    drift=drift,
    read_back=read_back,
    message=message,
)
