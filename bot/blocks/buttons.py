"""Every button that the bot shows: its `action_id`, and the opaque id or the command line that it carries."""

from typing import Final

from bot.blocks import kit
from bot.blocks.kit import Element, Style
from bot.blocks.text import Mrkdwn, Plain, mrkdwn, person
from bot.core.catalogue import CommandCatalogue
from bot.core.model import Confirm, Risk
from bot.core.requests.request import Request

APPROVE: Final = "approval.approve"
DENY: Final = "approval.deny"
WITHDRAW: Final = "approval.withdraw"
REMIND: Final = "approval.remind"
CONFIRM: Final = "request.confirm"
DISMISS: Final = "request.dismiss"
REVEAL: Final = "token.reveal"
UNDO: Final = "quarantine.undo"
REVIEW: Final = "review.open"
THAW: Final = "hold.thaw"
END_TOKENS: Final = "token.end"
EXTEND_INCIDENT: Final = "incident.extend"
END_INCIDENT: Final = "incident.end"
RUN: Final = "run."
PAGE: Final = "page."
FORM: Final = "form.open."
HOME_PAGE: Final = "home.page."
LONGEST_LINE: Final = 2000
FREEZE_FIRST: Final = 9
"""Its number among the buttons of a message that run commands."""


def approve(request: Request, catalogue: CommandCatalogue) -> Element:
    """Approve. Red and with a dialog where the rule wants that; the dialog names what it is about."""
    dialog, risk, label = None, risk_of(request, catalogue), catalogue.label_of(request.command)
    if request.confirm is Confirm.BUTTON:
        dialog = kit.confirm(
            Plain(f"{label}?"),
            mrkdwn("{} wants to {}.", person(request.requester), to_do(request, catalogue)),
            Plain("Approve"),
            danger=risk is Risk.HIGH,
        )
    return kit.button(Plain("Approve"), APPROVE, request.id, style=_style(risk), confirm=dialog)


def approval_button(request_id: str) -> Element:
    """Approve, where only the request's id is at hand; what the rule wants typed is asked for then."""
    return kit.button(Plain("Approve"), APPROVE, request_id)


def deny(request_id: str) -> Element:
    """Refuse; a form asks for the reason."""
    return kit.button(Plain("Deny"), DENY, request_id)


def withdraw(request_id: str) -> Element:
    """Take one's own request back."""
    return kit.button(Plain("Withdraw"), WITHDRAW, request_id)


def remind(request_id: str) -> Element:
    """Have those who may approve reminded."""
    return kit.button(Plain("Remind"), REMIND, request_id)


def confirm(request: Request, catalogue: CommandCatalogue) -> Element:
    """The requester's own confirmation, named by what it does."""
    label, style = Plain(catalogue.label_of(request.command)), _style(risk_of(request, catalogue))
    return kit.button(label, CONFIRM, request.id, style=style)


def dismiss(request: Request) -> Element:
    """Drop a request that waits for its requester's confirmation."""
    return kit.button(Plain("Cancel"), DISMISS, request.id)


def reveal(request: Request, label: str = "Reveal") -> Element:
    """Mint the token and show it to the requester alone."""
    return kit.button(Plain(label), REVEAL, request.id, style="primary")


def undo(request_id: str, label: str = "Undo") -> Element:
    """Lift a quarantine."""
    return kit.button(Plain(label), UNDO, request_id, style="primary")


def review(request_id: str) -> Element:
    """Look at what was done without approval."""
    return kit.button(Plain("Review"), REVIEW, request_id)


def thaw(hold_id: str, label: str = "Thaw") -> Element:
    """Ask for the end of a freeze."""
    return kit.button(Plain(label), THAW, hold_id)


def revoke_tokens_of(request_id: str, label: str) -> Element:
    """Ask for the rotation that ends a token, by the request that minted it."""
    return kit.button(Plain(label), END_TOKENS, request_id)


def extend_incident(incident_id: str, label: str) -> Element:
    """Move the end of an incident; one that has ended is not started again by it."""
    return kit.button(Plain(label), EXTEND_INCIDENT, incident_id)


def end_incident(incident_id: str, label: str = "End incident") -> Element:
    """End an incident, and no other that runs in its channel by then."""
    return kit.button(Plain(label), END_INCIDENT, incident_id)


def run(number: int, label: str, line: str, *, style: Style | None = None) -> list[Element]:
    """A button that runs a command as if it were typed; none when the line is too long to carry."""
    return [kit.button(Plain(label), f"{RUN}{number}", line, style=style)] if len(line) <= LONGEST_LINE else []


def freeze_first(name: str) -> list[Element]:
    """A button that asks for a freeze, as if it were typed: a rotation may take an hour, and a leak does not wait."""
    return run(FREEZE_FIRST, "Freeze first", f"freeze {name}")


def page(number: int, label: str, line: str) -> list[Element]:
    """A button that runs a command and puts its answer in the place of this message."""
    return [kit.button(Plain(label), f"{PAGE}{number}", line)] if len(line) <= LONGEST_LINE else []


def form(command: str, label: str, *, style: Style | None = None) -> Element:
    """A button that opens a command's form."""
    return kit.button(Plain(label), f"{FORM}{command}", style=style)


def subject(request: Request) -> str:
    """What a request is about, in one word: the database, or what is made."""
    if request.plan.target:
        return request.plan.target.name
    return str(request.plan.arguments.get("name") or request.plan.arguments.get("key") or "this channel")


def to_do(request: Request, catalogue: CommandCatalogue) -> Mrkdwn:
    """Say what a request would do, to follow `to`: "destroy `orders`"."""
    template = catalogue.purpose_of(request.command, request.plan.options) or "change {}"
    return mrkdwn(template, mrkdwn("`{}`", subject(request))) if "{}" in template else Mrkdwn(template)


def risk_of(request: Request, catalogue: CommandCatalogue) -> Risk:
    """How much a request can hurt."""
    return catalogue.risk_of(request.command, request.plan.options)


def _style(risk: Risk) -> Style:
    return "danger" if risk is Risk.HIGH else "primary"
