"""The review that a break-glass act owes: who may give it, and its form."""

from bot.blocks import forms
from bot.core.model import Verdict
from bot.core.request import Incoming, Review
from bot.errors import Refused, Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.judging import judge, request_action
from bot.pipeline.pressing import TOO_OLD, Pressed, may_act, pressed


async def open_review(env: Environment, incoming: Incoming) -> str:
    """Review a break-glass act: a modal with a verdict and a comment."""
    press = await pressed(env, incoming)
    owed = [review for review in await env.memory.reviews(owed=True) if review.request_id == press.request.id]
    if not owed:
        raise Refused("No review is owed for this any more.")
    await must_review(env, press, owed[0])
    view = forms.review_view(owed[0].id, title="Review", about=press.request.line)
    if incoming.trigger_id and await env.messenger.open_view(incoming.trigger_id, view):
        return "review_opened"
    raise Unavailable(TOO_OLD)


async def must_review(env: Environment, press: Pressed, review: Review) -> None:
    """Raise unless this person may give the review: by the rules as they are now, where they still know the act."""
    if press.presser == review.actor:
        raise Refused("Whoever acted cannot review it; somebody else must.")
    asker = await env.settling(await env.asker_of(press.request), press.request.incident_id)
    decision = judge(env, asker, request_action(press.request))
    known = decision.verdict is Verdict.BREAK_GLASS
    reviewers = decision.reviewers if known else frozenset(review.reviewers)
    if press.presser not in reviewers or not may_act(env, press.subject):
        raise Refused("You are not among those who may review this.")
