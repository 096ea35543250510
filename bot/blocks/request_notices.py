"""Builds notices and private notes about how a request ended, or why it is waiting."""

from dataclasses import replace
from datetime import datetime

from bot.blocks import buttons, kit
from bot.blocks.card_buttons import card_buttons
from bot.blocks.message import fit_blocks, headline, reply
from bot.blocks.proofs import proof_notice
from bot.blocks.request_text import (
    SIGNS,
    news,
    no_countdown,
    outcome_text,
    proof_lines,
    small_print,
    state_words,
    still_blocked,
)
from bot.blocks.text import (
    Mrkdwn,
    at_time,
    channel,
    cut,
    joined,
    linked,
    mrkdwn,
    people,
    person,
    sentence,
    when,
)
from bot.core.catalogue import CommandCatalogue
from bot.core.reply import Reply
from bot.core.requests.proof import Proof
from bot.core.requests.request import COUNTDOWN_OVER, Request, State


def outcome_notice(request: Request, catalogue: CommandCatalogue, *, elsewhere: bool = False) -> Reply:
    """Return a short notice about the state of a request, for the people who are notified of it.

    Args:
        elsewhere: the notice is sent as a direct message, because the channel can't or may not show it.
    """
    words = outcome_text(request)
    denial = next((vote for vote in request.votes if not vote.approves), None)
    if denial and request.state is State.DENIED:
        comment = mrkdwn("“{}”", cut(denial.comment, 500)) if denial.comment else sentence(request.outcome)
        words = joined(" ", (comment, still_blocked(request)))
    proof = Proof.of(request.facts)
    if proof and request.state in (State.SUCCEEDED, State.QUARANTINED):
        words = proof_notice(proof)
    if proof and request.state is State.UNKNOWN:
        words = joined(" ", (words, *proof_lines(request)))
    if request.state is State.READY:
        where = mrkdwn("my Home tab") if elsewhere else mrkdwn("the card")
        words = mrkdwn("Press *Reveal* on {} to see your token.", where)
    sign = Mrkdwn(SIGNS.get(request.state, ":raised_hand:"))
    head = mrkdwn("{} {}: {}", sign, people(_recipients(request)), news(request, catalogue))
    text = joined(" ", [part for part in (head, words) if part])
    then = [kit.context(no_countdown(request))] if request.is_indefinite else []
    if not elsewhere:
        return reply(text, [kit.section(text), *then])
    why = mrkdwn("Requested in {}, where I can't post at the moment.", channel(request.channel_id))
    return reply(text, [kit.section(text), *then, kit.context(why)])


def plain_outcome(request: Request) -> Reply:
    """Return a notice that needs only a request's state and names, for when its card can't be built."""
    names = joined(", ", (mrkdwn("`{}`", one.name) for one in request.plan.databases[:5]))
    who, state = person(request.requester), state_words(request)
    text = mrkdwn("{}: your request (`{}` {}) {}.", who, request.command, names, state)
    note = mrkdwn("The card can't be shown because of an error in Turso Ops. Reference: `{}`", request.id)
    return reply(text, [kit.section(text), kit.context(note)])


def _recipients(request: Request) -> list[str]:
    """Return who is notified of an outcome: the requester, and maybe the approvers.

    The approvers are notified if the countdown didn't end as planned, for example because it was stopped or extended.
    """
    approved = [vote.user_id for vote in request.votes if vote.approves] if request.facts.get(COUNTDOWN_OVER) else []
    return list(dict.fromkeys([request.requester, *approved]))


def outcome_note(request: Request, done: Reply, timeline: str, *, until: datetime | None = None) -> Reply:
    """Return a private note on how a change ended, with the next step and a link to the timeline.

    Args:
        done: the command's own message, or the card.
        until: when the freeze of this request ends.
    """
    text = headline(done)
    if until is not None:
        text = mrkdwn(":snowflake: `{}` is frozen until {}.", buttons.subject(request), when(until))
    link = [kit.context(mrkdwn("{}", linked(timeline, "Timeline")))] if timeline else []
    rows = [block for block in done.blocks if block["type"] == "actions"]
    return reply(text, [kit.section(text), *rows[:1], *link], private=True)


def waiting_note(request: Request, catalogue: CommandCatalogue, why: str, *, now: datetime) -> Reply:
    """Return a private note that says why a change can't start yet, and until when the bot keeps trying, if known."""
    text = mrkdwn(
        ":hourglass_flowing_sand: Your request to {} can't start yet. {}",
        buttons.to_do(request, catalogue),
        sentence(why),
    )
    then = Mrkdwn("I'll keep trying. The outcome will appear here.")
    if request.sent_at is None and request.expires_at is not None and request.expires_at > now:
        then = mrkdwn("I'll keep trying until {}. The outcome will appear here.", at_time(request.expires_at, now))
    rows = kit.actions(*card_buttons(request, catalogue, None))
    return reply(text, [kit.section(text), *rows, kit.context(then, small_print(request))], private=True)


def reveal_again_note(request: Request, why: str) -> Reply:
    """Return a private note with a *Reveal again* button, for when it's unknown whether the first token exists."""
    text = mrkdwn(":grey_question: {}", sentence(why))
    again = buttons.reveal(request, "Reveal again")
    return reply(text, [kit.section(text), *kit.actions(again), kit.context(small_print(request))], private=True)


def add_incident_note(reply: Reply, key: str, link: str) -> Reply:
    """Add a note to a message, with the name of its incident and a link to the timeline."""
    note = mrkdwn(":rotating_light: Incident *{}* · {}", key, linked(link, "timeline"))
    plain = fit_blocks(kit.add_to_footer(reply.plain_blocks, note)) if reply.plain_blocks else ()
    return replace(reply, blocks=fit_blocks(kit.add_to_footer(reply.blocks, note)), plain_blocks=plain)
