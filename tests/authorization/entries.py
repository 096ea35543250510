"""Every entry point that can lead to a change. Each must refuse once a permission or other precondition is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.blocks import forms
from bot.core.records.delegations import Delegation
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.request import Request, State, Vote
from bot.errors import BotError
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.steps import Step
from bot.pipeline.dispatch import button_actions, modal_submissions
from bot.pipeline.environment import new_id
from tests.authorization import lost
from tests.http import local_client
from tests.world import ANA, BEN, DANA, DB_OPS, World, buttons, until

# Names of losses that some entry points must survive, for `Entry.stays_open`.
ELSEWHERE = ("another organization", "organization gone")
RIGHTS = ("rule gone", "ceiling added", *ELSEWHERE)
OPENS = ("ceiling added", *ELSEWHERE)
GROUPS = ("out of the groups", "Slack silent about groups")


@dataclass(frozen=True)
class Entry:
    """One entry point through which a change can be made."""

    name: str
    prepare: Callable[[World, str], Awaitable[str]]
    """Set up what the entry point needs, with a database of this name, and return the value of its button or form."""
    take: Callable[[World, str], Awaitable[object]]
    """Use the entry point. Raises BotError with the reason if the bot refuses."""
    whose: tuple[str, ...]
    """The people whose permissions it needs."""
    stays_open: tuple[str, ...] = ()
    """Names of losses that must not make it refuse.

    `NAME USER_ID` exempts only that person, as in `out of the groups U0ANA`.
    """
    also: tuple[str, ...] = ()
    """Names of losses outside `LOSSES` that must make it refuse."""
    covers: str = ""
    """The bot's entry point that it covers: a button's `action_id`, a form's `callback_id`, or `step: …`."""


def incoming(world: World, who: str, action_id: str, value: str, *, at_home: bool = False) -> Incoming:
    """Return a button press in #db-ops, or on the Home tab."""
    assert world.bot is not None
    return Incoming(
        id=new_id("i"), key=new_id("k"), kind=Kind.ACTION, at=world.bot.env.clock.now(), user_id=who,
        channel_id="" if at_home else DB_OPS, user_team_id="T0ACME", action_id=action_id, value=value,
        view_id="V0HOME" if at_home else None,
        trigger_id=world.workspace.state.triggers.issue(who, world.workspace.now()),
    )  # fmt: skip


def pressing(who: str, action_id: str, *, at_home: bool = False) -> Callable[[World, str], Awaitable[object]]:
    """Return a function that handles a press of a button with a given value, in #db-ops or on the Home tab."""

    async def take(world: World, value: str) -> object:
        assert world.bot is not None
        press = incoming(world, who, action_id, value, at_home=at_home)
        return await button_actions.CLICKS[action_id].run(world.bot.env, press)

    return take


def submitting(
    who: str, callback_id: str, filled: Callable[[str], dict[str, str]]
) -> Callable[[World, str], Awaitable[object]]:
    """Return a function that handles a submitted form.

    The function gets the form's metadata and the name of the database, separated by `|`.

    Args:
        filled: returns the values of the form's fields for the name of the database.
    """

    async def take(world: World, value: str) -> object:
        assert world.bot is not None
        about, _, name = value.partition("|")
        sent = replace(incoming(world, who, callback_id, about), kind=Kind.SUBMISSION, values=filled(name))
        checked = await modal_submissions.check(world.bot.env, replace(sent, channel_id=""))
        assert checked.work is not None, checked.errors
        return await checked.work()

    return take


def stepping(step: Step, *, for_: str = "") -> Callable[[World, str], Awaitable[object]]:
    """Return a function that authorizes a step without a button press, for an approved request with Ana's vote.

    Such a step is the start of an operation, or the end of its countdown.

    Args:
        for_: the approver for whom Ana voted as a delegate.
    """

    async def take(world: World, value: str) -> object:
        assert world.bot is not None
        request = await stored(world, value)
        vote = Vote(request.id, ANA, True, request.created_at, on_behalf_of=for_)
        answer = await authorize(world.bot.env, replace(request, state=State.APPROVED, votes=(vote,)), step)
        if not answer.allowed:
            raise BotError(answer.why)
        return answer

    return take


async def stored(world: World, request_id: str) -> Request:
    assert world.bot is not None
    found = await world.bot.store.requests.get(request_id)
    assert found is not None
    return found


async def make_request(world: World, name: str, line: str) -> str:
    """Make a request that waits for approval or confirmation, and return its ID."""
    assert world.bot is not None
    await world.create_databases(name)
    shown = await world.person(DANA).types(f"/turso {line.format(name)} --reason tidy")
    return str(next(iter(buttons(shown).values()))["value"])


async def destroy(world: World, name: str) -> str:
    return await make_request(world, name, "db destroy {}")


async def freeze(world: World, name: str) -> str:
    return await make_request(world, name, "db freeze {}")


async def ready_token(world: World, name: str) -> str:
    request_id = await make_request(world, name, "token {}")
    await pressing(ANA, "approval.approve")(world, request_id)
    return request_id


async def revealed_token(world: World, name: str) -> str:
    request_id = await ready_token(world, name)
    await pressing(DANA, "token.reveal")(world, request_id)
    return request_id


async def quarantined(world: World, name: str) -> str:
    request_id = await destroy(world, name)
    await pressing(ANA, "approval.approve")(world, request_id)
    await world.wait_until_idle()
    return request_id


async def frozen(world: World, name: str) -> str:
    """Freeze a database, and return the ID of the hold."""
    assert world.bot is not None
    request_id = await freeze(world, name)
    await pressing(DANA, "request.confirm")(world, request_id)
    await world.wait_until_idle()
    return next(hold.id for hold in await world.bot.store.holds.find() if hold.request_id == request_id)


async def branch(world: World, name: str) -> str:
    """Let Dana create a branch that has an end date, and return its ID."""
    assert world.bot is not None
    await world.create_databases(f"{name}-source")
    await world.workspace.say(DANA, DB_OPS, f"/turso branch {name}-source {name} --for 9d")
    store = world.bot.store
    for _ in range(500):
        if found := [one for one in await store.branches.find(organization="acme") if one.database == name]:
            return found[0].id
        await asyncio.sleep(0.02)
    raise AssertionError(f"{name} was not created")


async def rewound(world: World, name: str) -> str:
    """Let Dana rewind a database by a second, and return the ID of that request."""
    assert world.bot is not None
    await world.create_databases(name)
    store, made = world.bot.store, world.turso.clock.now()
    await until(lambda: world.turso.clock.now() - made > timedelta(seconds=2), what="a moment to go back to")
    await world.workspace.say(DANA, DB_OPS, f"/turso rewind {name} --to 1s ago")
    for _ in range(1000):
        done = await store.requests.find(states=[State.SUCCEEDED], command="rewind")
        if found := [one for one in done if one.plan.target and one.plan.target.name == name]:
            return found[0].id
        await asyncio.sleep(0.02)
    raise AssertionError(f"the copy of {name} was not made")


async def owed(world: World, name: str) -> str:
    """Carry out a break-glass operation, which needs a review, and return the ID of its request."""
    assert world.bot is not None
    await world.create_databases(name)
    await world.person(DANA).types(f"/turso db protect {name} on --reason fire")
    await world.wait_until_idle()
    every = [await stored(world, one.request_id) for one in await world.bot.store.reviews.find(owed=True)]
    return next(one.id for one in every if one.plan.target and one.plan.target.name == name)


async def reverted_break_glass(world: World, name: str) -> str:
    """Carry out a break-glass operation, then revert it directly in Turso, so that it could start again."""
    assert world.keys is not None
    request_id = await owed(world, name)
    headers = {"Authorization": f"Bearer {world.keys.turso_token}"}
    async with local_client(base_url=world.url, headers=headers) as http:
        path = f"/v1/organizations/acme/databases/{name}/configuration"
        assert (await http.patch(path, json={"delete_protection": False})).status_code == 200
    return request_id


async def review_form(world: World, name: str) -> str:
    """Carry out a break-glass operation, and return the value of Ana's form for its review."""
    assert world.bot is not None
    request_id = await owed(world, name)
    review = next(one for one in await world.bot.store.reviews.find(owed=True) if one.request_id == request_id)
    return f"{forms.pack_metadata(review.id, ANA)}|{name}"


async def creation(world: World, name: str) -> str:
    """Request a create that the requester confirms by typing the name, and return the value of that form."""
    assert world.bot is not None
    await world.person(DANA).types(f"/turso db create {name} --reason work")
    waiting = await world.bot.store.requests.find(states=[State.PENDING])
    request_id = next(one.id for one in waiting if one.plan.arguments.get("name") == name)
    return f"{forms.pack_metadata(request_id, DANA)}|{name}"


async def typed_name(world: World, name: str) -> str:
    """Request a destroy, and return the value of Ana's form for the name of the database."""
    request_id = await destroy(world, name)
    return f"{forms.pack_metadata(request_id, ANA)}|{name}"


Prepare = Callable[[World, str], Awaitable[str]]


def on_call(prepare: Prepare) -> Prepare:
    """Wrap `prepare` to use a database whose approvers come from the on-call schedule."""
    return lambda world, name: prepare(world, f"shift-{name}")


def away(prepare: Prepare) -> Prepare:
    """Wrap `prepare` to use a database whose approver has delegated to Ana."""

    async def prepared(world: World, name: str) -> str:
        assert world.bot is not None
        now = world.bot.env.clock.now()
        await world.bot.store.delegations.set(Delegation(lost.AWAY, ANA, now, now + timedelta(days=9)))
        return await prepare(world, f"away-{name}")

    return prepared


BY_TWO = (ANA, DANA)
BY_THREE = (ANA, DANA, lost.AWAY)
SHIFT = tuple(lost.OF_SHIFTS)
DELEGATION = tuple(lost.OF_DELEGATIONS)
BY_ID = (f"out of the groups {ANA}", f"out of the groups {lost.AWAY}")
"""Losses that don't matter for an approver whom the policy names by user ID rather than through a user group."""
FILLED = {forms.COMMENT_INPUT: "fine", forms.VERDICT_INPUT: "yes"}
ENTRIES = (
    Entry("vote", destroy, pressing(ANA, "approval.approve"), BY_TWO, covers="approval.approve"),
    Entry("vote on Home", destroy, pressing(ANA, "approval.approve", at_home=True), BY_TWO, covers="step: vote"),
    Entry("vote by a typed name", typed_name,
          submitting(ANA, "approval.type_name", lambda name: {forms.NAME_INPUT: name}), BY_TWO,
          covers="approval.type_name"),
    Entry("deny", destroy, pressing(ANA, "approval.deny"), BY_TWO, ("out of the channel U0DANA",),
          covers="approval.deny"),
    Entry("deny on Home", destroy, pressing(ANA, "approval.deny", at_home=True), BY_TWO, ("out of the channel U0DANA",),
          covers="step: deny"),
    Entry("deny by form", typed_name, submitting(ANA, "approval.deny_reason", lambda _: FILLED), BY_TWO,
          ("out of the channel U0DANA",), covers="approval.deny_reason"),
    Entry("remind", destroy, pressing(DANA, "approval.remind"), (DANA,), covers="approval.remind"),
    Entry("remind on Home", destroy, pressing(DANA, "approval.remind", at_home=True), (DANA,), covers="step: remind"),
    Entry("confirm", freeze, pressing(DANA, "request.confirm"), (DANA,), covers="request.confirm"),
    Entry("confirm on Home", freeze, pressing(DANA, "request.confirm", at_home=True), (DANA,), covers="step: confirm"),
    Entry("confirm by a typed name", creation,
          submitting(DANA, "request.type_name", lambda name: {forms.NAME_INPUT: name}), (DANA,),
          covers="request.type_name"),
    Entry("reveal", ready_token, pressing(DANA, "token.reveal"), BY_TWO, covers="token.reveal"),
    Entry("reveal on Home", ready_token, pressing(DANA, "token.reveal", at_home=True), BY_TWO, covers="step: reveal"),
    Entry("start", destroy, stepping(Step.START), BY_TWO, covers="step: start"),
    Entry("start without an approval", freeze, stepping(Step.START), (DANA,), covers="step: start"),
    Entry("start of a break-glass request", reverted_break_glass, stepping(Step.START), (DANA,), covers="step: start"),
    Entry("the end of a countdown", destroy, stepping(Step.COUNTDOWN_END), BY_TWO, covers="step: countdown_end"),
    Entry("undo by an approver", quarantined, pressing(ANA, "quarantine.undo"), (ANA,), OPENS,
          covers="quarantine.undo"),
    Entry("undo by the requester", quarantined, pressing(DANA, "quarantine.undo"), (DANA,), (*RIGHTS, *GROUPS),
          covers="step: undo"),
    Entry("undo on Home", quarantined, pressing(ANA, "quarantine.undo", at_home=True), (ANA,), OPENS,
          covers="step: undo"),
    Entry("review", owed, pressing(ANA, "review.open"), (ANA,), RIGHTS, covers="review.open"),
    Entry("review on Home", owed, pressing(ANA, "review.open", at_home=True), (ANA,), RIGHTS, covers="step: review"),
    Entry("review by form", review_form, submitting(ANA, "review", lambda _: FILLED), (ANA,), RIGHTS, covers="review"),
    Entry("thaw button", frozen, pressing(ANA, "hold.thaw"), (ANA,), covers="hold.thaw"),
    Entry("thaw button on Home", frozen, pressing(ANA, "hold.thaw", at_home=True), (ANA,), covers="step: follow_up"),
    Entry("extend button", branch, pressing(DANA, "branch.extend"), (DANA,), covers="branch.extend"),
    Entry("keep button", branch, pressing(DANA, "branch.keep", at_home=True), (DANA,), covers="branch.keep"),
    Entry("destroy-now button", branch, pressing(DANA, "branch.destroy"), (DANA,), covers="branch.destroy"),
    Entry("keep-copy button", rewound, pressing(DANA, "copy.keep", at_home=True), (DANA,), covers="copy.keep"),
    Entry("discard-copy button", rewound, pressing(DANA, "copy.discard"), (DANA,), covers="copy.discard"),
    Entry("vote on call", on_call(destroy), pressing(ANA, "approval.approve"), BY_TWO, BY_ID, SHIFT),
    Entry("vote on call on Home", on_call(destroy), pressing(ANA, "approval.approve", at_home=True), BY_TWO, BY_ID,
          SHIFT),
    Entry("vote on call by a typed name", on_call(typed_name),
          submitting(ANA, "approval.type_name", lambda name: {forms.NAME_INPUT: name}), BY_TWO, BY_ID, SHIFT),
    Entry("deny on call", on_call(destroy), pressing(ANA, "approval.deny"), (ANA,), BY_ID, SHIFT),
    Entry("reveal of what was approved on call", on_call(ready_token), pressing(DANA, "token.reveal"), BY_TWO, BY_ID,
          SHIFT),
    Entry("start of what was approved on call", on_call(destroy), stepping(Step.START), BY_TWO, BY_ID, SHIFT),
    Entry("review on call", on_call(owed), pressing(ANA, "review.open"), (ANA,), (*RIGHTS, *GROUPS), SHIFT),
    Entry("review on call by form", on_call(review_form), submitting(ANA, "review", lambda _: FILLED), (ANA,),
          (*RIGHTS, *GROUPS), SHIFT),
    Entry("vote as a delegate", away(destroy), pressing(ANA, "approval.approve"), BY_THREE, BY_ID, DELEGATION),
    Entry("vote as a delegate on Home", away(destroy), pressing(ANA, "approval.approve", at_home=True), BY_THREE,
          BY_ID, DELEGATION),
    Entry("deny as a delegate", away(destroy), pressing(ANA, "approval.deny"), (ANA, lost.AWAY), BY_ID, DELEGATION),
    Entry("start after a delegate's approval", away(destroy), stepping(Step.START, for_=lost.AWAY),
          BY_THREE, BY_ID, DELEGATION),
    Entry("the end of a countdown after a delegate's approval", away(destroy),
          stepping(Step.COUNTDOWN_END, for_=lost.AWAY), BY_THREE, BY_ID, DELEGATION[1:]),
    Entry("rotate-tokens button", revealed_token, pressing(ANA, "token.end", at_home=True), (ANA,), covers="token.end"),
)  # fmt: skip
assert BEN not in BY_TWO, "Ben must stay in the groups, so that an empty group isn't the reason for a refusal"
