"""Puts the state and the outcome of a request into words that several messages share."""

from typing import Final

from bot.blocks import buttons
from bot.blocks.proofs import proof_of
from bot.blocks.text import (
    Mrkdwn,
    cut,
    joined,
    mrkdwn,
    person,
    sentence,
    when,
)
from bot.core.catalogue import CommandCatalogue
from bot.core.requests.proof import OldTokens, Proof
from bot.core.requests.request import COUNTDOWN_OVER, Request, State, Vote

SIGNS: Final = {
    State.APPROVED: Mrkdwn(":hourglass_flowing_sand:"),
    State.READY: Mrkdwn(":key:"),
    State.EXECUTING: Mrkdwn(":hourglass_flowing_sand:"),
    State.QUARANTINED: Mrkdwn(":stopwatch:"),
    State.SUCCEEDED: Mrkdwn(":white_check_mark:"),
    State.FAILED: Mrkdwn(":x:"),
    State.UNKNOWN: Mrkdwn(":grey_question:"),
    State.DENIED: Mrkdwn(":no_entry:"),
    State.EXPIRED: Mrkdwn(":hourglass:"),
    State.CANCELLED: Mrkdwn(":wastebasket:"),
    State.STALE: Mrkdwn(":warning:"),
    State.RESTORED: Mrkdwn(":leftwards_arrow_with_hook:"),
}
STATE_WORDS: Final = {
    State.PENDING: "is waiting",
    State.APPROVED: "was approved and will start in a moment",
    State.READY: "was approved",
    State.EXECUTING: "has started",
    State.QUARANTINED: "was carried out: the database is in quarantine",
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.UNKNOWN: "may have succeeded or failed",
    State.DENIED: "was denied",
    State.EXPIRED: "expired",
    State.CANCELLED: "was withdrawn",
    State.STALE: "was stopped",
    State.RESTORED: "was carried out and then undone",
}
"""The state of a request in words, to follow `Dana's request to destroy orders`."""


def state_words(request: Request) -> Mrkdwn:
    """Return the state of a request in words. For a quarantine, they name the database."""
    if request.state is State.QUARANTINED:
        return mrkdwn("was carried out: `{}` is in quarantine", buttons.subject(request))
    return Mrkdwn(STATE_WORDS[request.state])


BREAK_GLASS: Final = Mrkdwn(":rotating_light: *Break-glass* · ")


def whose_request(request: Request, catalogue: CommandCatalogue, *, the: str = "The") -> Mrkdwn:
    """Return a request as the subject of a sentence: `Dana's request to destroy orders`.

    Args:
        the: the article for a request that no person made. Within a sentence, pass `the`.
    """
    if request.is_branch_end:
        return mrkdwn("{} request to destroy the branch `{}` at its end date", the, buttons.subject(request))
    return mrkdwn("{}'s request to {}", person(request.requester), buttons.to_do(request, catalogue))


def request_and_state(request: Request, catalogue: CommandCatalogue) -> Mrkdwn:
    """Return a request with its state, without a full stop: `Dana's request to destroy orders failed`."""
    if request.state is State.UNKNOWN:
        return mrkdwn("The outcome of {} is unknown", whose_request(request, catalogue, the="the"))
    return mrkdwn("{} {}", whose_request(request, catalogue), state_words(request))


def news(request: Request, catalogue: CommandCatalogue) -> Mrkdwn:
    """Return a request's state in a sentence or two for those who are notified, to follow their names and a colon."""
    name, copy = buttons.subject(request), request.plan.successor.get("name", "")
    if request.state is State.QUARANTINED:
        return _quarantined(request, name, copy)
    if request.state is State.RESTORED and copy:
        return mrkdwn("the switch from `{}` to its copy was undone.", name)
    if request.state is State.RESTORED:
        return mrkdwn("`{}` was restored. It won't be destroyed.", name)
    denial = next((vote for vote in request.votes if not vote.approves), None)
    state = state_words(request)
    if denial and request.state is State.DENIED:
        state = mrkdwn("was denied by {}", voter(denial))
    whose = mrkdwn("your request to {}", buttons.to_do(request, catalogue))
    if request.is_branch_end:
        whose = whose_request(request, catalogue, the="the")
    if request.state is State.UNKNOWN:
        return mrkdwn("the outcome of {} is unknown.", whose)
    return mrkdwn("{} {}.", whose, state)


def _quarantined(request: Request, name: str, copy: str) -> Mrkdwn:
    until = Mrkdwn("")
    if request.due_at is not None:
        until = mrkdwn("It will be destroyed {}, unless someone presses *Undo*.", when(request.due_at))
    if request.facts.get(COUNTDOWN_OVER):
        head = mrkdwn("`{}` is still in quarantine.", name)
    elif copy:
        head = mrkdwn("`{}` was switched to its copy `{}` and is now in quarantine.", name, copy)
    else:
        why = Mrkdwn("because the branch has reached its end date" if request.is_branch_end else "as you requested")
        head = mrkdwn("`{}` is now in quarantine, {}.", name, why)
    return joined(" ", [part for part in (head, until) if part])


def outcome_text(request: Request) -> Mrkdwn:
    """Return the outcome in words, and what to do about a block that remains. Empty if there is neither."""
    return joined(" ", [part for part in (sentence(request.outcome), still_blocked(request)) if part])


def still_blocked(request: Request) -> Mrkdwn:
    """Return what to do about a block that remains after the request. Empty if there is none."""
    if not request.leaves_frozen:
        return Mrkdwn("")
    name = buttons.subject(request)
    return mrkdwn("The earlier quarantine of `{}` ended, but it is still blocked. Unblock it with `/turso thaw {}`.",
                  name, name)  # fmt: skip


def no_countdown(request: Request) -> Mrkdwn:
    """Return what ends a quarantine without a countdown."""
    return mrkdwn(
        "`{}` stays blocked until someone presses *Undo* or destroys it. Nothing else will happen automatically.",
        buttons.subject(request),
    )


def proof_lines(request: Request) -> list[Mrkdwn]:
    """Return what a probe token shows about a rotation whose outcome is unknown. Empty for any other request."""
    proof = Proof.of(request.facts) if request.state is State.UNKNOWN else None
    if proof is None:
        return []
    if proof.target.tokens is OldTokens.WATCHED:
        return [mrkdwn("Until {}, I'll keep checking whether old tokens still work.", when(proof.until))]
    return [proof_of(proof.target)]


def small_print(request: Request) -> Mrkdwn:
    return mrkdwn("`{}` · `{}`", cut(_operation(request), 300), request.id)


def _operation(request: Request) -> str:
    """Return the operation as a command line, without the reason. A card shows the reason separately."""
    plan, options = request.plan, [option for option in request.plan.options if option.startswith("--")]
    on = plan.arguments.get("on")
    turned = ["on" if on else "off"] if isinstance(on, bool) else []
    has_name = bool(plan.databases) and not (turned and plan.target is None)
    return " ".join([request.command, *([buttons.subject(request)] if has_name else []), *turned, *options])


def voter(vote: Vote) -> Mrkdwn:
    """Return who voted. For a delegate, add the approver whom they represent: `Ben (for Ana)`."""
    who = person(vote.user_id)
    return mrkdwn("{} (for {})", who, person(vote.on_behalf_of)) if vote.on_behalf_of else who
