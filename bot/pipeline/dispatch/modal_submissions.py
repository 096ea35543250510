"""Check submitted modals: command forms, the choice of a command, typed names, reasons and reviews."""

import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from bot.blocks import forms
from bot.commands.base import Command
from bot.commands.databases import list as list_command
from bot.core.model import Action, Target, Verdict
from bot.core.parsing.normalise import normalise
from bot.core.parsing.parse_results import Incomplete, Parsed
from bot.core.ports import Ack, address_of
from bot.core.records.incidents import Review
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.request import Request
from bot.errors import BadInput, Refused
from bot.pipeline.approval import confirmation, votes
from bot.pipeline.approval.presses import subject_name
from bot.pipeline.authorization.authorize import authorize
from bot.pipeline.authorization.decision import require_allowed
from bot.pipeline.authorization.steps import Step
from bot.pipeline.dispatch import button_actions
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.notifications import notify_review
from bot.pipeline.replies import entry, private_note
from bot.pipeline.requests.command_lines import ask
from bot.pipeline.requests.open_form import open_form
from bot.pipeline.requests.places import require_in_channel

TOO_OLD: Final = "This form is too old. Open it again with `/turso`."
SUBMITTED_BEFORE: Final = (
    "This form was already submitted, and only its first submission counts. To submit something else, open a new form."
)


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a submission: errors for its fields, or work to do after the acknowledgement."""

    errors: Mapping[str, str] = field(default_factory=dict)
    work: Callable[[], Awaitable[str]] | None = None
    at: Incoming | None = None
    """The submission, with the channel for replies filled in: Slack doesn't send one with a modal.

    None if only the work finds out the channel, or if there is no work.
    """


async def check(env: Environment, incoming: Incoming) -> Checked:
    """Check the inputs of a submitted modal. Only reads from the store.

    Raises:
        BadInput: the form is unknown, somebody else opened it, or what it is about is no longer stored.
    """
    about, opener = forms.unpack_metadata(incoming.value)
    if opener not in ("", incoming.user_id):
        raise BadInput(TOO_OLD)
    incoming = replace(incoming, value=about)
    if incoming.action_id.startswith("form."):
        return await _check_form(env, incoming, _command_of(incoming))
    checker = CHECKS.get(incoming.action_id)
    if checker is None:
        raise BadInput("This form is out of date. Open it again with `/turso`.")
    return await checker(env, incoming)


async def _check_form(env: Environment, incoming: Incoming, name: str) -> Checked:
    command = env.grammar.spec(name)
    opened = await env.store.intents.get(incoming.value)
    if command is None or opened is None or opened.user_id != incoming.user_id:
        raise BadInput(TOO_OLD)
    errors, line = forms.read_form(command, incoming.values)
    if errors:
        return Checked(errors)
    try:
        read = env.grammar.parse(line)
    except BadInput as error:
        return Checked({forms.first_input(command): str(error)})
    here = replace(incoming, channel_id=opened.channel_id, thread_ts=opened.thread_ts, kind=Kind.SUBMISSION)
    click = button_actions.CLICKS.get(opened.action_id)
    if click is None or not _about_same(read, env.grammar.parse(opened.text)):
        return Checked(work=partial(ask, env, here, read), at=here)
    # the form of a button stays bound to what the button is about, such as one incident
    press = replace(here, action_id=opened.action_id, value=opened.value, text=line)
    return Checked(work=partial(click.run, env, press), at=here)


def _about_same(*lines: Parsed[Command] | Incomplete[Command]) -> bool:
    """Return True if lines are of the same command, and name the same database or copy, or none."""
    return len({(one.spec.name, *(one.args.__dict__.get(key) for key in ("name", "of_copy"))) for one in lines}) == 1


async def _check_name(env: Environment, incoming: Incoming) -> Checked:
    request = await env.store.requests.get(incoming.value)
    if request is None:
        raise BadInput("This request no longer exists.")
    typed, name = normalise(forms.typed_name(incoming.values)).strip(), subject_name(request)
    if typed != name:
        return Checked({forms.NAME_INPUT: _not_the_name(typed, name)})
    approving = incoming.action_id == "approval.type_name"
    here = _at(incoming, request)
    return Checked(work=partial(votes.vote if approving else confirmation.start_confirmed, env, here), at=here)


def _not_the_name(typed: str, name: str) -> str:
    """Return the field error for a wrong name. It mentions a special character, which phones may insert unnoticed."""
    if typed.lower() == name.lower():
        return f"Type {name} in lowercase."
    odd = next((sign for sign in typed if not sign.isascii()), "")
    what = f" You typed a special character: {unicodedata.name(odd, 'unknown').lower()}." if odd else ""
    return f"Type {name}.{what}"


async def _check_deny(env: Environment, incoming: Incoming) -> Checked:
    request = await env.store.requests.get(incoming.value)
    here = _at(incoming, request) if request else incoming
    return Checked(work=partial(votes.refuse, env, here, forms.comment(incoming.values)), at=here)


def _at(incoming: Incoming, request: Request) -> Incoming:
    """Return the submission with the request's channel, in which the reply is sent."""
    return replace(incoming, channel_id=request.channel_id, thread_ts=request.thread_ts)


async def _check_review(env: Environment, incoming: Incoming) -> Checked:
    if not forms.comment(incoming.values):
        return Checked({forms.COMMENT_INPUT: "Describe what you found."})
    return Checked(work=partial(_review, env, incoming))


async def _review(env: Environment, incoming: Incoming) -> str:
    review = await env.store.reviews.get(incoming.value)
    if review and review.reviewed_at and review.reviewed_by == incoming.user_id:
        return await _answer_review(env, incoming, review)  # resumed after a crash before the notification
    request = await env.store.requests.get(review.request_id) if review else None
    if review is None or review.reviewed_at or request is None:
        raise Refused("This no longer needs a review.")
    incoming = replace(incoming, channel_id=review.channel_id, thread_ts=request.thread_ts, value=request.id)
    (await authorize(env, request, Step.REVIEW, actor=incoming, review=review)).require_allowed()
    justified, comment, now = forms.justified(incoming.values), forms.comment(incoming.values), env.clock.now()
    outcome = "justified" if justified else "not_justified"
    line = entry("reviewed", outcome, at=now, request=request, by=incoming.user_id, comment=comment)
    if not await env.store.reviews.settle(review.id, incoming.user_id, justified, comment, now, line):
        raise Refused("Someone else has already reviewed this.")
    return await _answer_review(env, incoming, replace(review, justified=justified))


async def _answer_review(env: Environment, incoming: Incoming, review: Review) -> str:
    words = private_note(f"Review recorded: {'justified' if review.justified else 'not justified'}.")
    await env.messenger.send_ephemeral(replace(address_of(incoming), channel_id=review.channel_id), words)
    await notify_review(env, review.id)
    return "reviewed"


async def _check_chooser(env: Environment, incoming: Incoming) -> Checked:
    command = env.grammar.spec(forms.chosen(incoming.values))
    opened = await env.store.intents.get(incoming.value)
    if command is None or opened is None or opened.user_id != incoming.user_id:
        raise BadInput(TOO_OLD)
    channel = forms.channel_of(incoming.values) or opened.channel_id
    if not channel:
        return Checked({forms.CHANNEL_INPUT: "Choose a channel."})
    here = replace(incoming, channel_id=channel, thread_ts=opened.thread_ts)
    return Checked(work=partial(_chosen, env, here, command), at=here)


async def _chosen(env: Environment, incoming: Incoming, command: Command) -> str:
    await require_in_channel(env, incoming)
    read = env.grammar.parse(command.name)
    if isinstance(read, Parsed):
        return await ask(env, incoming, read)
    subject = await env.subject(incoming)
    empty: Incomplete[Command] = read
    return await open_form(env, incoming, subject, empty)


async def answer_repeated(env: Environment, incoming: Incoming) -> Ack:
    """Return the answer to a form that was submitted before.

    The form closes if the same content is being processed. Otherwise, it stays open and says that only the first
    submission counts.
    """
    return Ack() if await env.store.intents.is_waiting(incoming) else Ack(refusal=SUBMITTED_BEFORE)


async def database_options(env: Environment, incoming: Incoming, typed: str) -> list[dict[str, Any]]:
    """Return at most 100 databases for which this person may use the form in the channel where it was opened.

    The best matches come first.
    """
    opened, spec = await env.store.intents.get(incoming.value), env.grammar.spec(_command_of(incoming))
    if opened is None or opened.user_id != incoming.user_id or spec is None:
        return []
    here = replace(incoming, channel_id=opened.channel_id)
    await require_in_channel(env, here)
    subject = await env.subject(here)
    if require_allowed(env, subject, Action(list_command.command.name)).verdict is not Verdict.ALLOW:
        return []
    ctx = env.context(subject, command=list_command.command.name)
    listing = await env.menu_listings.get((ctx.organization, incoming.view_id))
    ways = [env.rules.policy.scope(subject, spec.name, flags) for flags in _ways(spec)]
    start = typed.strip().lower()
    fitting = [
        one
        for one, target in listing.with_targets()
        if start in one.name and ctx.scope.covers(target) and any(way.covers(target) for way in ways)
    ]
    fitting.sort(key=lambda one: (not one.name.startswith(start), one.name))
    return [forms.name_option(one.name, is_archived=one.is_archived) for one in fitting[:100]]


def _command_of(incoming: Incoming) -> str:
    return incoming.action_id.removeprefix("form.")


def _ways(spec: Command) -> list[frozenset[str]]:
    """Return the flags of each variant that rules distinguish. The form may be submitted with any of them."""
    return [frozenset({one.flag} if one.flag else ()) for one in spec.variants] or [frozenset()]


CHECKS: Mapping[str, Callable[[Environment, Incoming], Awaitable[Checked]]] = {
    "approval.type_name": _check_name,
    "request.type_name": _check_name,
    "approval.deny_reason": _check_deny,
    "review": _check_review,
    "chooser": _check_chooser,
}

__all__ = ["CHECKS", "Checked", "Target", "check", "database_options"]
