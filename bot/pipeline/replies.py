"""Helpers for replies to people, and for audit entries."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from bot.blocks import buttons, forms, kit
from bot.blocks.message import fit_blocks, reply
from bot.blocks.text import Mrkdwn, cut, joined, mrkdwn, person, sentence
from bot.core.model import Decision, Subject, Visibility
from bot.core.ports import Address, address_of
from bot.core.records.audit_entry import AuditEntry
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming
from bot.core.requests.request import Request
from bot.errors import BadInput, BotError
from bot.pipeline.environment import Environment

BUG: Final = "Something went wrong in Turso Ops. Give this reference to an admin."
LINE: Final = 150
"""The maximum number of characters of a typed line that are shown."""
log = structlog.get_logger(__name__)


def requester_address(request: Request) -> Address:
    """Return the address for private messages to a request's requester."""
    return Address(request.requester, request.channel_id, request.thread_ts, request.intent_id)


def private_note(text: str, *more: str) -> Reply:
    """Build a private message from a sentence and context lines. Names in back-ticks are shown as code."""
    body = sentence(text)
    blocks = [kit.section(body)]
    if more:
        blocks.append(kit.context(*(sentence(line) for line in more)))
    return reply(body, blocks, private=True)


def error_reply(error: BotError | None, reference: str, hint: Mrkdwn | None = None) -> Reply:
    """Return the private reply for an error: its sentence, the hint, a button with its remedy, and the reference.

    None stands for a bug. Then the reply has a general sentence and the reference.
    """
    if error is None:
        return private_note(BUG, f"Reference `{reference}`")
    body = joined(" ", [sentence(str(error)), hint or Mrkdwn("")])
    remedy = error.remedy if isinstance(error, BadInput) else None
    row = kit.actions(*buttons.run(1, remedy.label, remedy.line)) if remedy else []
    return reply(body, [kit.section(body), *row, kit.context(mrkdwn("Reference `{}`", reference))], private=True)


@asynccontextmanager
async def in_open_modal(env: Environment, incoming: Incoming, view_id: str, title: str) -> AsyncIterator[None]:
    """Run the work whose result a loading modal will show. If it fails, the modal says why, and the error is raised."""
    try:
        yield
    except Exception as error:
        text = str(error) if isinstance(error, BotError) else f"{BUG} Reference: `{incoming.id}`"
        with suppress(BotError):  # the reply to the press says it, too
            await env.messenger.update_view(view_id, forms.notice_view(title, text))
        raise


async def send_or_log(env: Environment, incoming: Incoming, reply: Reply) -> None:
    """Send a private reply about an error or an interruption. If it can't be sent, only log that."""
    try:
        await env.messenger.send_ephemeral(address_of(incoming), reply)
    except BotError as error:
        log.warning("could not answer", why=str(error))
    except Exception:  # the original error is already logged
        log.exception("could not answer")


def signed(reply: Reply, requester: str, line: str) -> Reply:
    """Add a line above a public reply that shows who ran which command."""
    head = kit.context(mrkdwn("{} · `{}`", person(requester), cut(line, LINE)))
    plain = fit_blocks([head, *reply.plain_blocks]) if reply.plain_blocks else ()
    return replace(reply, blocks=fit_blocks([head, *reply.blocks]), plain_blocks=plain)


def with_actions(reply: Reply, elements: Sequence[kit.Element]) -> Reply:
    """Add buttons below a reply."""
    row = kit.actions(*elements)
    plain = fit_blocks([*reply.plain_blocks, *row]) if reply.plain_blocks else ()
    return replace(reply, blocks=fit_blocks([*reply.blocks, *row]), plain_blocks=plain)


def is_public(decision: Decision, reply: Reply, *, private: bool) -> bool:
    """Return True if a reply is posted to the channel."""
    return not (private or reply.private or decision.visibility is Visibility.EPHEMERAL)


def entry(
    event: str,
    outcome: str,
    *,
    at: datetime,
    subject: Subject | None = None,
    incoming: Incoming | None = None,
    request: Request | None = None,
    decision: Decision | None = None,
    command: str = "",
    databases: Sequence[str] = (),
    organization: str = "",
    reason: str = "",
    policy_hash: str = "",
    by: str = "",
    **detail: object,
) -> AuditEntry:
    """Build an audit entry from the objects that the caller has.

    Args:
        by: the user ID of the person who acted, or `timer` if no person acted. By default, the person of `subject`, or
            else of `incoming`, or else the requester.
    """
    user = subject.person.id if subject else incoming.user_id if incoming else request.requester if request else ""
    channel = request.channel_id if request else incoming.channel_id if incoming else ""
    if request:
        own = {"plan": request.plan.hash[:16], "ticket": request.ticket, "incident": request.incident_id}
        own |= {"mode": request.mode.value, "on": request.plan.arguments.get("on")}
        detail = {**own, **detail}
        detail |= {"asker": request.requester} if by and by != request.requester else {}
        databases = databases or tuple(one.name for one in request.plan.databases) or _target(request)
    return AuditEntry(
        at=at,
        event=event,
        outcome=outcome,
        user_id=by or user,
        channel_id=channel,
        command=command or (request.command if request else ""),
        databases=tuple(databases),
        organization=organization or (request.organization if request else ""),
        request_id=request.id if request else "",
        rule=(decision.rule or "") if decision else request.rule if request else "",
        reason=reason or (request.reason if request else ""),
        policy_hash=policy_hash or (request.plan.policy_hash if request else ""),
        detail={key: value for key, value in detail.items() if value not in (None, "")},
    )


def _target(request: Request) -> tuple[str, ...]:
    if request.plan.target:
        return (request.plan.target.name,)
    name = request.plan.arguments.get("name")
    return (str(name),) if name else ()
