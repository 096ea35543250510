"""The buttons of the bot's messages, with their `action_id`s and values, and what a request or a plan does in words."""

from typing import Final

from bot.blocks import kit
from bot.blocks.kit import Element, Style
from bot.blocks.text import Mrkdwn, Plain, mrkdwn, person
from bot.core.catalogue import CommandCatalogue
from bot.core.model import Confirm, Risk
from bot.core.requests.plan import Plan
from bot.core.requests.request import Request

APPROVE: Final = "approval.approve"
DENY: Final = "approval.deny"
WITHDRAW: Final = "approval.withdraw"
REMIND: Final = "approval.remind"
CONFIRM: Final = "request.confirm"
DISMISS: Final = "request.dismiss"
AGAIN: Final = "request.again"
FREEZE_FIRST: Final = "request.freeze"
REVEAL: Final = "token.reveal"
UNDO: Final = "quarantine.undo"
REVIEW: Final = "review.open"
THAW: Final = "hold.thaw"
END_TOKENS: Final = "token.end"
EXTEND_INCIDENT: Final = "incident.extend"
END_INCIDENT: Final = "incident.end"
ALERT_TRIAGE: Final = "alert.triage"
ALERT_FREEZE: Final = "alert.freeze"
ALERT_OVERAGES: Final = "alert.overages"
ALERT_INCIDENT: Final = "alert.incident"
ALERT_MUTE_HOUR: Final = "alert.mute_hour"
ALERT_MUTE_DAY: Final = "alert.mute_day"
EXTEND_BRANCH: Final = "branch.extend"
KEEP_BRANCH: Final = "branch.keep"
DESTROY_BRANCH: Final = "branch.destroy"
KEEP_COPY: Final = "copy.keep"
DISCARD_COPY: Final = "copy.discard"
RUN: Final = "run."
PAGE: Final = "page."
FORM: Final = "form.open."
HOME_PAGE: Final = "home.page."
CHANNEL_FORM: Final = "channel.form."
CHANNEL_RIGHTS: Final = "channel.rights"
LONGEST_LINE: Final = 2000
SHARE: Final = 8
"""The number in the `action_id` of `Share to channel`. It is unique within a message."""


def approve(request: Request, catalogue: CommandCatalogue) -> Element:
    """Return the Approve button. If the rule says `confirm: button`, it opens a dialog that names the operation."""
    dialog, risk, label = None, risk_of(request, catalogue), catalogue.label_of(request.command)
    if request.confirm is Confirm.BUTTON:
        dialog = kit.confirm(
            Plain(f"{label}?"),
            mrkdwn("{}.", wish(request, catalogue)),
            Plain("Approve"),
            danger=risk is Risk.HIGH,
        )
    return kit.button(Plain("Approve"), APPROVE, request.id, style=_style(risk), confirm=dialog)


def approval_button(request_id: str) -> Element:
    """Return an Approve button for a request of which only the ID is known. It opens no dialog.

    If the name must be typed, a form asks for it afterwards.
    """
    return kit.button(Plain("Approve"), APPROVE, request_id)


def deny(request_id: str) -> Element:
    """Return the Deny button. It opens a form that asks for the reason."""
    return kit.button(Plain("Deny"), DENY, request_id)


def withdraw(request_id: str) -> Element:
    """Return the Withdraw button, for the requester."""
    return kit.button(Plain("Withdraw"), WITHDRAW, request_id)


def remind(request_id: str) -> Element:
    """Return the Remind button, which reminds the approvers."""
    return kit.button(Plain("Remind"), REMIND, request_id)


def confirm(request: Request, catalogue: CommandCatalogue) -> Element:
    """Return the button with which the requester confirms their own request. Its label names the operation."""
    label, style = Plain(catalogue.label_of(request.command)), _style(risk_of(request, catalogue))
    return kit.button(label, CONFIRM, request.id, style=style)


def dismiss(request: Request) -> Element:
    """Return the Cancel button of a request that waits for its requester's confirmation."""
    return kit.button(Plain("Cancel"), DISMISS, request.id)


def again(request_id: str, label: str) -> Element:
    """Return the button that makes a request again, bound to the same object."""
    return kit.button(Plain(label), AGAIN, request_id)


def reveal(request: Request, label: str = "Reveal") -> Element:
    """Return the Reveal button, which mints a token and shows it only to the requester."""
    return kit.button(Plain(label), REVEAL, request.id, style="primary")


def undo(request_id: str, label: str = "Undo") -> Element:
    """Return the Undo button, which ends a quarantine."""
    return kit.button(Plain(label), UNDO, request_id, style="primary")


def review(request_id: str) -> Element:
    """Return the Review button of a break-glass operation."""
    return kit.button(Plain("Review"), REVIEW, request_id)


def thaw(hold_id: str, label: str = "Thaw") -> Element:
    """Return the Thaw button, which requests the end of one freeze."""
    return kit.button(Plain(label), THAW, hold_id)


def revoke_tokens_of(request_id: str, label: str) -> Element:
    """Return the button that requests a rotation, which revokes every token of a database.

    Its value is the ID of the request that minted one of the tokens.
    """
    return kit.button(Plain(label), END_TOKENS, request_id)


def extend_incident(incident_id: str, label: str) -> Element:
    """Return the button that extends an incident. It never restarts one that has ended."""
    return kit.button(Plain(label), EXTEND_INCIDENT, incident_id)


def end_incident(incident_id: str, label: str = "End incident") -> Element:
    """Return the button that ends one incident, and never another one that is active in the channel later."""
    return kit.button(Plain(label), END_INCIDENT, incident_id)


def alert_button(label: Plain, action_id: str, alert_id: str, *, style: Style | None = None) -> Element:
    """Return a button of an alert's card. Its command line depends on the stored alert."""
    return kit.button(label, action_id, alert_id, style=style)


def of_branch(branch_id: str, *, can_destroy: bool = True) -> list[Element]:
    """Return the buttons of a branch whose end is near: extend it, keep it, or request its destruction now.

    Without `can_destroy`, the last button is left out.
    """
    destroy = kit.button(Plain("Destroy now"), DESTROY_BRANCH, branch_id, style="danger")
    return [
        kit.button(Plain("Extend"), EXTEND_BRANCH, branch_id, style="primary"),
        kit.button(Plain("Keep"), KEEP_BRANCH, branch_id),
        *([destroy] if can_destroy else []),
    ]


def of_copy(request_id: str) -> list[Element]:
    """Return the buttons that keep or discard an undecided copy, even after the incident in which it was made.

    Their value is the ID of the request for the rewind.
    """
    return [
        kit.button(Plain("Keep as a branch"), KEEP_COPY, request_id),
        kit.button(Plain("Discard"), DISCARD_COPY, request_id, style="danger"),
    ]


def run(number: int, label: str, line: str, *, style: Style | None = None) -> list[Element]:
    """Return a button that runs a command as if it were typed. No button if the line is too long for one."""
    return [kit.button(Plain(label), f"{RUN}{number}", line, style=style)] if len(line) <= LONGEST_LINE else []


def freeze_first(request_id: str) -> Element:
    """Return a button that requests a freeze, because a rotation may take an hour and a leak can't wait."""
    return kit.button(Plain("Freeze first"), FREEZE_FIRST, request_id)


def share(line: str) -> list[Element]:
    """Return a button that runs a command again and posts its answer to the channel.

    No button if the line is too long.
    """
    return run(SHARE, "Share to channel", line)


def page(number: int, label: str, line: str) -> list[Element]:
    """Return a button that runs a command and replaces this message with the answer.

    No button if the line is too long.
    """
    return [kit.button(Plain(label), f"{PAGE}{number}", line)] if len(line) <= LONGEST_LINE else []


def form(command: str, label: str, *, style: Style | None = None) -> Element:
    """Return a button that opens a command's form."""
    return kit.button(Plain(label), f"{FORM}{command}", style=style)


def channel_form(command: str, label: str, channel_id: str) -> Element:
    """Return a button on Home that opens a command's form for a channel."""
    return kit.button(Plain(label), f"{CHANNEL_FORM}{command}", channel_id)


def channel_rights(channel_id: str) -> Element:
    """Return a button on Home that shows everything that the person who presses it may do in a channel."""
    return kit.button(Plain("All commands"), CHANNEL_RIGHTS, channel_id)


def subject(request: Request) -> str:
    """Return what a request is about: the database, the name or key of what it creates, or `this channel`."""
    return _subject(request.plan)


def _subject(plan: Plan) -> str:
    if plan.target:
        return plan.target.name
    return str(plan.arguments.get("name") or plan.arguments.get("key") or "this channel")


def to_do(request: Request, catalogue: CommandCatalogue) -> Mrkdwn:
    """Return what a request would do, to follow `to`: "destroy `orders`"."""
    template = catalogue.purpose_of(request.command, request.plan.options, request.plan.arguments) or "change {}"
    return mrkdwn(template, mrkdwn("`{}`", subject(request))) if "{}" in template else Mrkdwn(template)


def wish(request: Request, catalogue: CommandCatalogue) -> Mrkdwn:
    """Return who wants what, without a full stop: `Dana wants to destroy orders`. For a branch's end, what is due."""
    requester = person(request.requester)
    if request.is_branch_end:
        return mrkdwn("The branch `{}` (owner: {}) has reached its end date and is due to be destroyed",
                      subject(request), requester)  # fmt: skip
    return mrkdwn("{} wants to {}", requester, to_do(request, catalogue))


def planned(plan: Plan, catalogue: CommandCatalogue) -> Mrkdwn:
    """Return what a plan would do: "destroy `orders`", or the command's label if its purpose names no database."""
    template = catalogue.purpose_of(plan.command, plan.options, plan.arguments)
    if "{}" not in template:
        return mrkdwn("{}", catalogue.label_of(plan.command))
    return mrkdwn(template, mrkdwn("`{}`", _subject(plan)))


def risk_of(request: Request, catalogue: CommandCatalogue) -> Risk:
    """Return the risk of a request's operation."""
    return catalogue.risk_of(request.command, request.plan.options)


def _style(risk: Risk) -> Style:
    return "danger" if risk is Risk.HIGH else "primary"
