"""Open forms for the missing arguments of a command line."""

from dataclasses import replace
from typing import Final

from bot.blocks import forms
from bot.commands.base import Command
from bot.core.model import Action, Decision, Subject, Verdict
from bot.core.parsing.grammar import Grammar
from bot.core.parsing.parse_results import Incomplete
from bot.core.ports import address_of
from bot.core.requests.incoming import Incoming
from bot.errors import BadInput, BotError, Refused, Unavailable
from bot.pipeline.authorization.command_line import decide_incomplete
from bot.pipeline.authorization.decision import Forbidden, require_allowed
from bot.pipeline.environment import Environment
from bot.pipeline.replies import in_open_modal
from bot.pipeline.requests.places import require_in_channel

TOO_OLD: Final = "This button is too old. Run the command again."


async def open_form(
    env: Environment,
    incoming: Incoming,
    subject: Subject,
    read: Incomplete[Command],
    *,
    planned: Decision | None = None,
) -> str:
    """Open a form for the missing arguments, or send a button that opens it if the form can't be opened now.

    Args:
        planned: the decision on the plan, if only a reason or a ticket is missing.
    """
    decision, action = decide_incomplete(env, subject, read)
    if decision.verdict is Verdict.DENY:
        raise Forbidden(decision, action, subject)
    opener = _opener(incoming, read.text)
    await env.store.intents.record(opener, actionable=False)
    loading = forms.loading_view(read.spec.label)
    view_id = await env.messenger.open_view(incoming.trigger_id, loading) if incoming.trigger_id else None
    if not view_id:
        await env.messenger.send_ephemeral(address_of(incoming), forms.form_button(read.spec, opener.id))
        return "form_offered"
    async with in_open_modal(env, incoming, view_id, read.spec.label):
        form = forms.form_view(read.spec, read.given, opener.id, planned or decision, read.common)
        await env.messenger.update_view(view_id, form)
    return "form_opened"


async def open_form_of(env: Environment, incoming: Incoming, command: str) -> str:
    """Open the form of a command after a press on its button.

    The button's value is empty or the ID of the intent of a form that couldn't be opened. That form is then opened,
    with the same line, channel and thread.

    Raises:
        BadInput: the intent no longer exists or is somebody else's, so the options that were typed aren't known.
    """
    line = ""
    if incoming.value:
        before = await env.store.intents.get(incoming.value)
        if before is None or before.user_id != incoming.user_id:
            raise BadInput(TOO_OLD)
        line, there = before.text, before.channel_id
        elsewhere = there != incoming.channel_id
        incoming = replace(incoming, channel_id=there, thread_ts=before.thread_ts, action_id=before.action_id,
                           value=before.value)  # fmt: skip
        if elsewhere:
            await require_in_channel(env, incoming)
    subject = await env.subject(incoming)
    return await open_form(env, incoming, subject, as_incomplete(env.grammar, command, line))


def _opener(incoming: Incoming, line: str) -> Incoming:
    """Return the intent of a form, with its line and the channel and thread in which it is answered.

    It has an ID of its own, because a press is stored before its channel is known. It keeps the button that was
    pressed, so that the submission stays bound to what that button is about.
    """
    return replace(incoming, id=f"{incoming.id}-form", key=f"{incoming.key}-form", text=line, values={})


async def open_chooser(env: Environment, incoming: Incoming) -> str:
    """Open the modal of a shortcut, in which a person chooses a command before filling in its form."""
    subject = await env.subject(incoming)
    require_allowed(env, subject, Action(env.catalogue.home))
    await env.store.intents.record(incoming, actionable=False)
    if incoming.trigger_id is None:
        raise BotError("The form couldn't be opened. Use the shortcut again.")
    view_id = await env.messenger.open_view(incoming.trigger_id, forms.loading_view("Turso"))
    if view_id is None:
        raise Unavailable("The form took too long to open. Use the shortcut again.")
    if view_id == "":
        raise Unavailable("The form didn't open properly. Close it and use the shortcut again.")
    async with in_open_modal(env, incoming, view_id, "Turso"):
        names = [command for command in env.commands if not command.hidden and not command.open_to_all]
        view = forms.chooser_view(names, incoming.id, needs_channel=not subject.channel.id)
        await env.messenger.update_view(view_id, view)
    return "form_opened"


def as_incomplete(grammar: Grammar[Command], command: str, text: str) -> Incomplete[Command]:
    """Parse the line that prefills a form. Returns an Incomplete even if no argument is missing.

    Raises:
        Refused: the command no longer exists.
        BadInput: the line can't be parsed.
    """
    spec = grammar.spec(command)
    if spec is None:
        raise Refused("This button's command no longer exists. `/turso help` lists the commands.")
    read = grammar.parse(text or spec.name)
    if isinstance(read, Incomplete):
        return read
    given = read.args.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return Incomplete(spec=read.spec, given=given, missing=(), args=read.args, common=read.common, text=read.text)
