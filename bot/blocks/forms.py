"""The modals: a command's form, a typed name, a comment, a review, a notice; and what they bring back."""

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
from bot.core.parsing.argument_parsing import field_errors
from bot.core.parsing.argument_schema import shape_of
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

__all__ = [
    "chooser_view",
    "comment_view",
    "form_button",
    "form_view",
    "loading_view",
    "name_option",
    "notice_view",
    "review_view",
    "typed_name_view",
]


def bound(about_id: str, opener: str) -> str:
    """Bind what a modal is about to the person who opens it."""
    return f"{about_id} {opener}"


def unbound(metadata: str) -> tuple[str, str]:
    """Return what a modal is about, and who opened it; empty where its intent says that."""
    about_id, _, opener = metadata.partition(" ")
    return about_id, opener


def loading_view(title: str) -> View:
    """What a modal shows at once, while we look up what belongs into it."""
    return _view(title, [kit.section(mrkdwn(":hourglass_flowing_sand: One moment…"))])


def notice_view(title: str, text: str) -> View:
    """A modal that says one sentence of ours (names in back-ticks show as code)."""
    return _view(title, [kit.section(sentence(text))])


def form_view(spec: Declaration, given: Mapping[str, Any], address_id: str, *, needs_reason: bool = False) -> View:
    """The form of a command, filled with what is already known.

    Args:
        address_id: the id of what opened it; by it the answer finds its channel and thread.
        needs_reason: it is a break-glass act, which is not done without one.
    """
    blocks = inputs.argument_inputs(spec, given)
    choices = [("--private", "Only visible to me")]
    if spec.changes:
        reason = text_input(multiline=True, placeholder="Shown to approvers, kept in the audit log")
        blocks.append(kit.input_block(REASON_INPUT, Plain("Reason"), reason, optional=not needs_reason))
        blocks.append(kit.input_block(TICKET_INPUT, Plain("Ticket"), text_input(at_most=100), optional=True))
        choices.append(("--dry-run", "Dry run"))
    blocks += inputs.flag_inputs(choices, [], COMMON_FLAGS, "How to run it")
    title = spec.label
    intro = [kit.context(mrkdwn("{}", Plain(spec.summary)), mrkdwn("`/turso {}`", Plain(spec.usage)))]
    if needs_reason:
        intro.append(kit.section(_BREAK_GLASS))
    return _view(title, [*intro, *blocks], f"{FORM}{spec.name}", address_id, submit=title)


_BREAK_GLASS: Final = mrkdwn(
    ":rotating_light: *Break-glass* happens at once, without approval. The channel sees it, and someone else must "
    "review it."
)


def form_button(spec: Declaration, intent_id: str) -> Reply:
    """Offer a form where none can be opened at once; by the id it is filled with what was typed."""
    button = kit.button(Plain("Open the form"), f"{buttons.FORM}{spec.name}", intent_id, style="primary")
    text = mrkdwn("*{}* needs a few more details.", spec.label)
    return reply(text, [kit.section(text), *kit.actions(button)], private=True)


def chooser_view(commands: Iterable[Declaration], address_id: str, *, needs_channel: bool) -> View:
    """Choose a command, and the channel where there is none yet."""
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
    """Have somebody type a name before something dangerous happens; on a phone the form covers the card."""
    blocks = [
        kit.section(mrkdwn(":warning: This is about *{}*.", name)),
        *consequences(plan, countdown=countdown),
        kit.input_block(
            NAME_INPUT,
            Plain(f"To continue, type the name of the database: {name}"),
            text_input(at_most=100),  # a placeholder would be the answer, and look as if it stood there already
            optional=False,
        ),
    ]
    title, submit = ("Approve", "Approve") if callback_id.startswith("approval.") else ("Confirm", "Confirm")
    return _view(title, blocks, callback_id, request_id, submit=submit)


def comment_view(callback_id: str, about_id: str, *, title: str, label: str) -> View:
    """Ask for a few words."""
    words = kit.input_block(COMMENT_INPUT, Plain(label), text_input(multiline=True, at_most=1000), optional=True)
    return _view(title, [words], callback_id, about_id, submit=title)


def review_view(review_id: str, *, title: str, about: str) -> View:
    """Ask whether a break-glass act was justified, and why."""
    options = [kit.option(Plain("It was justified"), "yes"), kit.option(Plain("It was not justified"), "no")]
    verdict = {"type": "radio_buttons", "action_id": INPUT_ACTION, "options": options}
    blocks: list[Block] = [
        kit.section(mrkdwn("Done without approval: `/turso {}`", Plain(cut(about, 500)))),
        kit.input_block(VERDICT_INPUT, Plain("Your verdict"), verdict, optional=False),
        kit.input_block(
            COMMENT_INPUT, Plain("What did you find?"), text_input(multiline=True, at_most=1000), optional=False
        ),
    ]
    return _view(title, blocks, REVIEW, review_id, submit="Submit")


def read_form(spec: Declaration, values: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """Return errors by `block_id`, and the command line that the form stands for."""
    given: dict[str, Any] = {argument.key: _checked(value) for argument, value in inputs.filled_in(spec.args, values)}
    chosen = {*_flags(values, inputs.FLAGS), *_flags(values, COMMON_FLAGS)}
    given |= {flag.key: True for flag in shape_of(spec.args).flags if flag.label in chosen}
    errors = _errors(spec, given)
    return errors, "" if errors else line_from_values(spec, values)


def line_from_values(spec: Declaration, values: Mapping[str, Any]) -> str:
    """Write the command line that a filled-in form stands for, so that it is read as if it had been typed."""
    places, options, rest = [], [], []
    for argument, value in inputs.filled_in(spec.args, values):
        if argument.rest:
            rest += value if isinstance(value, list) else [value]
        elif argument.label.startswith("--"):
            options += [argument.label, _quoted(str(value))]
        else:
            places.append(_quoted(str(value)))
    known = [*(flag.label for flag in shape_of(spec.args).flags), "--private", *(["--dry-run"] if spec.changes else [])]
    chosen = [*_flags(values, inputs.FLAGS), *_flags(values, COMMON_FLAGS)]
    options += [flag for flag in known if flag in chosen]
    if spec.changes:
        for block_id in (REASON_INPUT, TICKET_INPUT):
            if text := _text(values, block_id):
                options += [f"--{block_id}", _quoted(text, always=True)]
    return " ".join([spec.name, *places, *options, *rest])


def first_input(spec: Declaration) -> str:
    """Return the `block_id` of a form's first input: the place for an error that belongs to none in particular."""
    shape = shape_of(spec.args)
    first = next((one for one in shape.by_key.values() if not one.flag and one.key not in inputs.PAGING), None)
    return inputs.block_of(first) if first else (REASON_INPUT if spec.changes else COMMON_FLAGS)


def typed_name(values: Mapping[str, Any]) -> str:
    """What was typed to confirm."""
    return _text(values, NAME_INPUT)


def comment(values: Mapping[str, Any]) -> str:
    """The few words of a comment or a review."""
    return _text(values, COMMENT_INPUT)


def justified(values: Mapping[str, Any]) -> bool:
    """The verdict of a review."""
    return values.get(VERDICT_INPUT) == "yes"


def chosen(values: Mapping[str, Any]) -> str:
    """The command that was chosen."""
    return _text(values, COMMAND_INPUT)


def channel_of(values: Mapping[str, Any]) -> str:
    """The channel that was chosen; empty when the form did not ask."""
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
        found = field_errors(error, spec)
        return {blocks.get(key) or first_input(spec): text.replace("`", "") for key, text in found.items()}
    return {}


def _checked(value: str | list[str]) -> str | tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else value


def _flags(values: Mapping[str, Any], block_id: str) -> list[str]:
    value = values.get(block_id)
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def _text(values: Mapping[str, Any], block_id: str) -> str:
    value = values.get(block_id)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _quoted(text: str, *, always: bool = False) -> str:
    """Put a value into quotes where splitting would part it, or take it for an option."""
    if not always and text.isprintable() and " " not in text and not text.startswith(("-", '"', "'", "`")):
        return text
    mark = "'" if '"' in text else '"'
    return f"{mark}{text.replace(mark, '’')}{mark}"
