"""Builds modals (command form and chooser, typed name, comment, review, notice), and reads their submitted values."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError

from bot.blocks import buttons, inputs, kit
from bot.blocks.inputs import INPUT_ACTION, name_option, text_input
from bot.blocks.message import reply
from bot.blocks.plans import consequences
from bot.blocks.text import Plain, cut, mrkdwn, sentence
from bot.core.declaration import Declaration
from bot.core.model import Decision, Detail, Verdict
from bot.core.parsing.argument_parsing import field_errors
from bot.core.parsing.argument_schema import shape_of
from bot.core.parsing.normalise import is_subcommand, quote
from bot.core.parsing.parse_results import Common
from bot.core.reply import Block, Reply, View
from bot.core.requests.plan import Plan

FORM: Final = "form."
CHOOSER: Final = "chooser"
REVIEW: Final = "review"
NAME_INPUT: Final = "typed_name"
COMMENT_INPUT: Final = "comment"
VERDICT_INPUT: Final = "verdict"
COMMAND_INPUT: Final = "command"
CHANNEL_INPUT: Final = "channel"
REASON_INPUT: Final = "reason"
TICKET_INPUT: Final = "ticket"
COMMON_FLAGS: Final = "common"
LONGEST_TEXT: Final = 3000
"""The maximum number of characters of an input in Slack. A typed reason must fit in."""
TOO_OLD: Final = "The form took too long to open. Press the button again."

__all__ = [
    "chooser_view",
    "comment_view",
    "content_view",
    "form_button",
    "form_view",
    "loading_view",
    "name_option",
    "notice_view",
    "review_view",
    "typed_name_view",
]


def pack_metadata(about_id: str, opener: str) -> str:
    """Return a modal's `private_metadata`: the ID of its subject, and the person who opened it."""
    return f"{about_id} {opener}"


def unpack_metadata(metadata: str) -> tuple[str, str]:
    """Return the subject's ID and the opener in `private_metadata`. The opener is empty if the subject is an intent."""
    about_id, _, opener = metadata.partition(" ")
    return about_id, opener


def loading_view(title: str) -> View:
    """Return the view that a modal shows while its content is being looked up."""
    return _view(title, [kit.section(mrkdwn(":hourglass_flowing_sand: One moment…"))])


def notice_view(title: str, text: str) -> View:
    """Return a modal with a sentence of the bot. Names in back-ticks show as code."""
    return content_view(title, [kit.section(sentence(text))])


def content_view(title: str, blocks: Sequence[Block]) -> View:
    """Return a modal that only shows content."""
    return _view(title, blocks)


_NO_LIMITS: Final = Decision(Verdict.ALLOW, "")
_NOTHING_TYPED: Final = Common()


def form_view(
    spec: Declaration,
    given: Mapping[str, Any],
    address_id: str,
    decision: Decision = _NO_LIMITS,
    common: Common = _NOTHING_TYPED,
) -> View:
    """Return the form of a command, filled with the known values.

    Args:
        address_id: the ID of the intent that opened it, from which the submission gets its channel and thread.
        decision: the decision on the known values. It says whether a reason and a ticket are required, and whether the
            command needs break-glass access.
        common: the typed options that many commands have. A dry run, for example, must stay one.
    """
    blocks = inputs.argument_inputs(spec, given)
    choices, chosen = [("--private", "Only visible to me")], ["--private"] if common.private else []
    if spec.changes:
        reason = text_input(
            initial=common.reason or "",
            placeholder="Shown to approvers, kept in the audit log",
            multiline=True,
            at_most=LONGEST_TEXT,
        )
        ticket = text_input(initial=common.ticket or "", at_most=LONGEST_TEXT)
        for detail, name, element in ((Detail.REASON, REASON_INPUT, reason), (Detail.TICKET, TICKET_INPUT, ticket)):
            label, is_optional = Plain(detail.capitalize()), detail not in decision.requires
            blocks.append(kit.input_block(name, label, element, optional=is_optional))
        choices.append(("--dry-run", "Dry run"))
        chosen += ["--dry-run"] if common.dry_run else []
    blocks += inputs.flag_inputs(choices, chosen, COMMON_FLAGS, "How to run it")
    title = spec.label
    intro = [kit.context(mrkdwn("{}", Plain(spec.summary)), mrkdwn("`/turso {}`", Plain(spec.usage)))]
    if decision.verdict is Verdict.BREAK_GLASS:
        intro.append(kit.section(_BREAK_GLASS))
    return _view(title, [*intro, *blocks], f"{FORM}{spec.name}", address_id, submit=title)


_BREAK_GLASS: Final = mrkdwn(
    ":rotating_light: With *break-glass access*, this happens immediately, without approval. The channel is notified, "
    "and someone else must review it."
)


def form_button(spec: Declaration, intent_id: str) -> Reply:
    """Return a message with a button that opens a form, for when a form can't be opened directly.

    The form is filled with what was typed, which is read from the intent with this ID.
    """
    button = kit.button(Plain("Open the form"), f"{buttons.FORM}{spec.name}", intent_id, style="primary")
    text = mrkdwn("*{}* needs a few more details.", spec.label)
    return reply(text, [kit.section(text), *kit.actions(button)], private=True)


def chooser_view(commands: Iterable[Declaration], address_id: str, *, needs_channel: bool) -> View:
    """Return a modal for choosing a command, and a channel if it isn't known yet."""
    options = [kit.option(Plain(one.label), one.name, Plain(one.summary)) for one in commands]
    menu = {"type": "static_select", "action_id": INPUT_ACTION, "options": options[: inputs.OPTIONS_OF_A_MENU]}
    blocks = [kit.input_block(COMMAND_INPUT, Plain("What do you want to do?"), menu, optional=False)]
    if needs_channel:
        picker = {
            "type": "conversations_select",
            "action_id": INPUT_ACTION,
            "default_to_current_conversation": True,
            "filter": {"include": ["public", "private"], "exclude_bot_users": True},
        }
        hint = Plain("Your permissions depend on it. The answer appears there.")
        blocks.append(kit.input_block(CHANNEL_INPUT, Plain("Which channel?"), picker, hint=hint, optional=False))
    return _view("Turso", blocks, CHOOSER, address_id, submit="Continue")


def typed_name_view(
    callback_id: str, request_id: str, *, name: str, plan: Plan, countdown: timedelta | None = None
) -> View:
    """Return a modal that asks for a name, usually the database's, before a dangerous operation.

    It repeats the plan's steps, warnings and token holders, because on a phone the modal covers the card.
    """
    blocks = [
        kit.section(mrkdwn(":warning: This affects *{}*.", name)),
        *consequences(plan, countdown=countdown),
        kit.input_block(
            NAME_INPUT,
            Plain(f"To continue, type the name: {name}"),
            # no placeholder: it would be the answer, and look like text that was already typed
            text_input(at_most=100),
            optional=False,
        ),
    ]
    title, submit = ("Approve", "Approve") if callback_id.startswith("approval.") else ("Confirm", "Confirm")
    return _view(title, blocks, callback_id, request_id, submit=submit)


def comment_view(callback_id: str, about_id: str, *, title: str, label: str) -> View:
    """Return a modal that asks for a comment."""
    words = kit.input_block(COMMENT_INPUT, Plain(label), text_input(multiline=True, at_most=1000), optional=True)
    return _view(title, [words], callback_id, about_id, submit=title)


def review_view(review_id: str, *, title: str, about: str) -> View:
    """Return a modal that asks whether a break-glass operation was justified, and why."""
    options = [kit.option(Plain("It was justified"), "yes"), kit.option(Plain("It wasn't justified"), "no")]
    verdict = {"type": "radio_buttons", "action_id": INPUT_ACTION, "options": options}
    blocks: list[Block] = [
        kit.section(mrkdwn("Done without approval: `/turso {}`", Plain(cut(about, 500)))),
        kit.input_block(VERDICT_INPUT, Plain("Was it justified?"), verdict, optional=False),
        kit.input_block(
            COMMENT_INPUT, Plain("What did you find?"), text_input(multiline=True, at_most=1000), optional=False
        ),
    ]
    return _view(title, blocks, REVIEW, review_id, submit="Submit")


def read_form(spec: Declaration, values: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """Return the errors of a submitted form by `block_id`, and its command line, which is empty if there are errors."""
    given: dict[str, Any] = {
        argument.key: _as_tuple(value) for argument, value in inputs.filled_arguments(spec.args, values)
    }
    chosen = {*_flags(values, inputs.FLAGS), *_flags(values, COMMON_FLAGS)}
    given |= {flag.key: True for flag in shape_of(spec.args).flags if flag.label in chosen}
    errors = _errors(spec, given)
    return errors, "" if errors else line_from_values(spec, values)


def line_from_values(spec: Declaration, values: Mapping[str, Any]) -> str:
    """Return the command line for a filled-in form. It is then parsed as if it had been typed."""
    places, options, rest = [], [], []
    for argument, value in inputs.filled_arguments(spec.args, values):
        if argument.rest:
            rest += value if isinstance(value, list) else [value]
        elif argument.label.startswith("--"):
            options += [argument.label, quote(str(value))]
        else:
            places.append(quote(str(value), always=is_subcommand(spec.name, str(value))))
    known = [*(flag.label for flag in shape_of(spec.args).flags), "--private", *(["--dry-run"] if spec.changes else [])]
    chosen = [*_flags(values, inputs.FLAGS), *_flags(values, COMMON_FLAGS)]
    options += [flag for flag in known if flag in chosen]
    if spec.changes:
        for block_id in (REASON_INPUT, TICKET_INPUT):
            if text := _text(values, block_id):
                options += [f"--{block_id}", quote(text, always=True)]
    return " ".join([spec.name, *places, *options, *rest])


def first_input(spec: Declaration) -> str:
    """Return the `block_id` of a form's first input, which shows errors that don't belong to a single input."""
    shape = shape_of(spec.args)
    first = next((one for one in shape.by_key.values() if not one.flag and one.key not in inputs.PAGING), None)
    return inputs.block_of(first) if first else (REASON_INPUT if spec.changes else COMMON_FLAGS)


def typed_name(values: Mapping[str, Any]) -> str:
    """Return the name that was typed as a confirmation."""
    return _text(values, NAME_INPUT)


def comment(values: Mapping[str, Any]) -> str:
    """Return the text of a comment or a review."""
    return _text(values, COMMENT_INPUT)


def justified(values: Mapping[str, Any]) -> bool:
    """Return True if the review says that the operation was justified."""
    return values.get(VERDICT_INPUT) == "yes"


def chosen(values: Mapping[str, Any]) -> str:
    """Return the name of the command that was chosen."""
    return _text(values, COMMAND_INPUT)


def channel_of(values: Mapping[str, Any]) -> str:
    """Return the channel that was chosen, or an empty string if the form didn't have that input."""
    return _text(values, CHANNEL_INPUT)


def _view(title: str, blocks: Sequence[Block], callback_id: str = "notice", about: str = "", submit: str = "") -> View:
    view: View = {
        "type": "modal",
        "callback_id": callback_id[:255],
        "title": kit.text_object(Plain(title), 24),
        "close": kit.text_object(Plain("Cancel" if submit else "Close"), 24),
        "private_metadata": about,
        "blocks": list(blocks)[:100],
    }
    return view | ({"submit": kit.text_object(Plain(submit), 24)} if submit else {})


def _errors(spec: Declaration, given: Mapping[str, Any]) -> dict[str, str]:
    try:
        spec.args.model_validate(given)
    except ValidationError as error:
        blocks = {argument.key: inputs.block_of(argument) for argument in shape_of(spec.args).by_key.values()}
        errors = field_errors(error, spec)
        return {blocks.get(key) or first_input(spec): text.replace("`", "") for key, text in errors.items()}
    return {}


def _as_tuple(value: str | list[str]) -> str | tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else value


def _flags(values: Mapping[str, Any], block_id: str) -> list[str]:
    value = values.get(block_id)
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _text(values: Mapping[str, Any], block_id: str) -> str:
    value = values.get(block_id)
    return " ".join(value.split()) if isinstance(value, str) else ""
