"""Audit entries as sentences: who did what, to whose request, with which result."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.blocks.text import Mrkdwn
from bot.commands.requests._audit_writer import Writer
from bot.core.records.audit_entry import TIMER, AuditEntry

PRESSES: Final[Mapping[str, str]] = {
    "approval.approve": "approval",
    "approval.deny": "denial",
    "approval.withdraw": "withdrawal",
    "approval.remind": "reminder",
    "request.confirm": "confirmation",
    "request.dismiss": "cancellation",
    "quarantine.undo": "undo",
    "review.open": "review",
    "review": "review",
}
"""What a button does with a request, as a noun: `Ana's approval of Dana's request to destroy analytics`."""
PRESSED_TO: Final[Mapping[str, str]] = {
    "token.reveal": "reveal the token",
    "request.again": "make the request again",
    "request.freeze": "freeze the database",
    "hold.thaw": "thaw the database",
    "token.end": "revoke the token",
    "copy.keep": "keep the copy",
    "copy.discard": "discard the copy",
    "channel.rights": "view their permissions",
    "incident.extend": "extend the incident",
    "incident.end": "end the incident",
    "alert.triage": "view the database",
    "alert.freeze": "freeze the database",
    "alert.overages": "turn on overages",
    "alert.incident": "start an incident",
    "alert.mute_hour": "mute alerts",
    "alert.mute_day": "mute alerts",
    "branch.extend": "extend the branch",
    "branch.keep": "keep the branch",
    "branch.destroy": "destroy the branch",
}
"""What other buttons do, as a verb: `Ana wasn't allowed to view the database`."""
_RESULTS: Final[Mapping[str, str]] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "stale": "was stopped because something had changed",
    "expired": "expired before it started",
    "cancelled": "was withdrawn",
}

_MAY_AFFECT: Final = frozenset({"asked", "planned", "approved", "executed"})
"""Events whose sentences also count the databases that a command may affect without naming them."""
_NO_EFFECT: Final = frozenset({"failed", "stale"})
_PROOFS: Final[Mapping[str, str]] = {
    "proven": "is verified: old tokens no longer work",
    "not_proven": "couldn't be verified: old tokens may still work",
    "watched": "is being verified: old tokens may still work",
}


def sentence_of(entry: AuditEntry, writer: Writer) -> str:
    """Return what happened, in one sentence without a full stop."""
    write = _SENTENCES.get(entry.event)
    text, others = write(entry, writer) if write else _other(entry, writer), writer.others(entry)
    if not others or entry.event not in _MAY_AFFECT or entry.outcome in _NO_EFFECT:
        return text
    start = f"{text[:-1]}; " if text.endswith(")") else f"{text} ("
    return f"{start}may also affect {others})"


def words_of(entry: AuditEntry) -> str:
    """Return the comment of a decision, why the bot refused something, or else the reason for the request."""
    if entry.event in ("approved", "denied", "reviewed", "undo"):
        return str(entry.detail.get("comment") or "")
    return entry.reason


def mrkdwn_sentence(entry: AuditEntry, writer: Writer) -> Mrkdwn:
    """Return the sentence as markup. The writer must be one for Slack."""
    return Mrkdwn(sentence_of(entry, writer))


def _request_sentence(entry: AuditEntry, writer: Writer) -> str:
    who, what = writer.person(entry.user_id), writer.to_do(entry)
    mode = entry.detail.get("mode")
    if mode == "break_glass":
        return f"{who} used break-glass access to {what}"
    if entry.outcome == "pending":
        waits = "needs approval" if mode == "approval" else "waiting for their confirmation" if mode == "direct" else ""
    else:
        waits = "allowed by a rule"
    note = f" ({waits})" if waits else ""
    if entry.detail.get("branch"):
        return f"A request to {what} was opened for {who}, because the branch reached its end date{note}"
    return f"{who} asked to {what}{note}"


def _refusal_sentence(entry: AuditEntry, writer: Writer) -> str:
    who = writer.person(entry.user_id)
    button = str(entry.detail.get("press", ""))
    press, to_do = PRESSES.get(button), PRESSED_TO.get(button)
    own = writer.requester(entry) == entry.user_id
    whose = f"their own request to {writer.to_do(entry)}" if own else writer.request(entry)
    if to_do:
        return f"{who} wasn't allowed to {to_do}{f' ({whose})' if entry.request_id else ''}"
    if entry.request_id:
        return f"{who}'s {press or 'press'} {'of' if press else 'on'} {whose} was rejected"
    if press:
        return f"{who}'s {press} of a request was rejected"
    if writer.catalogue.purpose_of(entry.command) or entry.databases or entry.rule:
        return f"{who} wasn't allowed to {writer.to_do(entry)}"
    return f"{who} wasn't allowed to use {writer.code(entry.command or 'the bot')}"


def _phase(entry: AuditEntry, writer: Writer, before: str = "") -> str:
    request = writer.request(entry)
    if entry.outcome == "quarantined":
        return f"{before}{writer.names(entry)} was put in quarantine: {request}"
    return f"{before}{_with_result(request, entry, writer)}"


def _finished(entry: AuditEntry, writer: Writer) -> str:
    """Return the sentence about a countdown that ended, was stopped or was extended."""
    if entry.outcome == "denied":
        return _capital(f"{writer.names(entry)} wasn't destroyed and stays in quarantine: {writer.request(entry)}")
    if entry.outcome == "postponed":
        return f"The destruction of {writer.names(entry)} was postponed: {writer.request(entry)}"
    return _phase(entry, writer, "The countdown ended: ")


def _with_result(subject: str, entry: AuditEntry, writer: Writer) -> str:
    """Return how something ended: `Dana's request to destroy analytics failed`."""
    if entry.outcome == "unknown":
        return f"the outcome of {subject} is unknown"
    return f"{subject} {_RESULTS.get(entry.outcome, f'ended as {writer.code(entry.outcome)}')}"


def _undone(entry: AuditEntry, writer: Writer) -> str:
    request = writer.request(entry)
    if entry.outcome == "restored":
        return f"{writer.names(entry)} was restored: the quarantine from {request} was undone"
    if entry.outcome == "quarantined":
        return f"Undo failed: {writer.names(entry)} stays in quarantine ({request})"
    return _with_result(f"the undo of {request}", entry, writer)


def _revealed(entry: AuditEntry, writer: Writer) -> str:
    who, names = writer.person(entry.user_id), writer.names(entry) or "a database"
    if entry.outcome == "succeeded":
        return f"{who} revealed a token for {names}"
    return _capital(_with_result(f"{who}'s reveal of a token for {names}", entry, writer))


def _thawed(entry: AuditEntry, writer: Writer) -> str:
    requester = writer.requester(entry)
    whose = "The" if requester in ("", TIMER) else f"{writer.person(requester)}'s"
    freeze = f"{whose} freeze on {writer.names(entry) or 'a database'}"
    return (
        f"{freeze} ended because the database no longer exists"
        if entry.outcome == "gone"
        else f"{freeze} ended on time"
    )


def _unblocked(entry: AuditEntry, writer: Writer) -> str:
    names = writer.names(entry) or "a database"
    done = f"{names} was unblocked" if entry.outcome == "succeeded" else f"Turso Ops began to unblock {names}"
    return f"{done}, because an ended freeze or quarantine had left it blocked"


def _reviewed(entry: AuditEntry, writer: Writer) -> str:
    verdict = {"justified": "justified", "not_justified": "not justified"}.get(entry.outcome, entry.outcome)
    return f"{writer.person(entry.user_id)} reviewed {writer.request(entry)} (break-glass): {verdict}"


def _incident(entry: AuditEntry, writer: Writer, done: str) -> str:
    key = writer.code(str(entry.detail.get("key") or "incident"))
    if entry.event == "incident_ended" and entry.user_id in ("", TIMER):
        return f"Incident {key} reached its time limit"
    alert = entry.detail.get("alert")
    after = f" after an alert: {writer.code(str(alert))}" if alert else ""
    return f"{writer.person(entry.user_id)} {done} incident {key}{after}"


def _branch(entry: AuditEntry, writer: Writer) -> str:
    name = writer.names(entry) or "a branch"
    if entry.event == "branch_ended":
        refused = ", but the rules at that time didn't allow destroying it" if entry.outcome == "denied" else ""
        return f"The branch {name} reached its end date{refused}"
    done = "extended" if entry.event == "branch_extended" else "removed the end date of"
    return f"{writer.person(entry.user_id)} {done} the branch {name}"


def _policy_changed(entry: AuditEntry, writer: Writer) -> str:
    old, new = writer.code(str(entry.detail.get("old"))), writer.code(str(entry.detail.get("new")))
    lines = entry.detail.get("gains_and_losses")
    count = len(lines) if isinstance(lines, list) else 0
    more = "" if entry.detail.get("complete", True) else "at least "
    changes = f" ({more}{count} permission {'change' if count == 1 else 'changes'})" if count else ""
    return f"The policy changed from {old} to {new}{changes}"


def _sentence_with(verb: str) -> Callable[[AuditEntry, Writer], str]:
    """Return a function that writes sentences for a verb that a person applies to a request."""

    def write(entry: AuditEntry, writer: Writer) -> str:
        own = writer.requester(entry) == entry.user_id
        whose = f"their request to {writer.to_do(entry)}" if own else writer.request(entry)
        return f"{writer.person(entry.user_id)} {verb} {whose}"

    return write


def _capital(text: str) -> str:
    """Capitalize `the` at the start of a sentence. Other sentences start with a name or a number."""
    return f"The {text[4:]}" if text.startswith("the ") else text


def _other(entry: AuditEntry, writer: Writer) -> str:
    """Return a generic sentence for an event that this version of the bot doesn't know."""
    who = "" if entry.user_id in ("", TIMER) else f"{writer.person(entry.user_id)}: "
    about = f" ({writer.to_do(entry)})" if entry.command else ""
    return f"{who}{writer.code(entry.event)}{about}, {writer.code(entry.outcome)}"


_SENTENCES: Final[Mapping[str, Callable[[AuditEntry, Writer], str]]] = {
    "asked": _request_sentence,
    "planned": lambda entry, writer: f"{writer.person(entry.user_id)} did a dry run: {writer.to_do(entry)}",
    "read": lambda entry, writer: (
        f"{writer.person(entry.user_id)} used {writer.code(entry.command)}"
        + (f" on {writer.names(entry)}" if entry.databases else "")
    ),
    "refused": _refusal_sentence,
    "approved": _sentence_with("approved"),
    "denied": _sentence_with("denied"),
    "confirmed": _sentence_with("confirmed"),
    "withdrawn": _sentence_with("withdrew"),
    "unseen": lambda entry, writer: _capital(f"{writer.request(entry)} ended: its card couldn't be posted"),
    "reminded": _sentence_with("reminded the approvers of"),
    "undo": _sentence_with("pressed Undo on"),
    "executed": lambda entry, writer: _capital(_phase(entry, writer)),
    "finished": _finished,
    "undone": lambda entry, writer: _capital(_undone(entry, writer)),
    "stale": lambda entry, writer: _capital(_phase(entry, writer)),
    "expired": lambda entry, writer: _capital(f"{writer.request(entry)} expired"),
    "proof": lambda entry, writer: _capital(
        f"{writer.request(entry)} {_PROOFS.get(entry.outcome, 'is being verified')}"
    ),
    "revealed": _revealed,
    "reveal": _revealed,
    "thawed": _thawed,
    "unblocked": _unblocked,
    "reviewed": _reviewed,
    "review_overdue": lambda entry, writer: f"The review of {writer.request(entry)} (break-glass) is overdue",
    "policy_changed": _policy_changed,
    "incident_started": lambda entry, writer: _incident(entry, writer, "started"),
    "incident_extended": lambda entry, writer: _incident(entry, writer, "extended"),
    "incident_ended": lambda entry, writer: _incident(entry, writer, "ended"),
    "branch_extended": _branch,
    "branch_kept": _branch,
    "branch_ended": _branch,
}
EVENTS: Final = frozenset(_SENTENCES)
"""Events that have their own sentence."""
