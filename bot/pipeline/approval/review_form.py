"""The form with which somebody reviews a break-glass operation."""

from bot.blocks import forms
from bot.core.requests.incoming import Incoming
from bot.errors import Refused, Unavailable
from bot.pipeline.approval.presses import request_of
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.steps import Step
from bot.pipeline.environment import Environment


async def open_review(env: Environment, incoming: Incoming) -> str:
    """Open the modal for the review of a break-glass operation, with a verdict and a comment."""
    request = await request_of(env, incoming, "review")
    owed = await env.store.reviews.find(owed=True, request_ids=[request.id])
    if not owed:
        raise Refused("This no longer needs a review.")
    (await authorize(env, request, Step.REVIEW, actor=incoming, review=owed[0])).require_allowed()
    view = forms.review_view(forms.pack_metadata(owed[0].id, incoming.user_id), title="Review", about=request.line)
    if incoming.trigger_id and await env.messenger.open_view(incoming.trigger_id, view) is not None:
        return "review_opened"
    raise Unavailable(forms.TOO_OLD)
