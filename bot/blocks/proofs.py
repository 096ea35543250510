"""Puts into words what is known about old tokens after a rotation."""

from typing import Final

from bot.blocks.text import Mrkdwn, joined, mrkdwn, when
from bot.core.requests.proof import Finding, OldTokens, Proof

_ACCEPTED: Final = Mrkdwn("Turso accepted the rotation.")


def proof_head(name: str, proof: Proof | None) -> Mrkdwn:
    """Return what Turso confirmed about a rotation of a database, and what the probe token showed."""
    if proof is None:
        return mrkdwn("*{}* · {} I didn't check whether old tokens still work.", name, _ACCEPTED)
    return mrkdwn("*{}* · {}", name, _proof_words(proof))


def _proof_words(proof: Proof) -> Mrkdwn:
    finding = proof.target
    if not proof.accepted and finding.tokens is not OldTokens.REFUSED:
        watched = finding.tokens is OldTokens.WATCHED
        then = mrkdwn("I'll keep checking until {}.", when(proof.until)) if watched else proof_of(finding)
        return joined(" ", (Mrkdwn("I don't know whether old tokens were revoked."), then))
    if finding.tokens is OldTokens.WATCHED:
        return joined(" ", (_ACCEPTED, Mrkdwn("Old tokens may still work for up to an hour.")))
    if finding.tokens is OldTokens.REFUSED:
        return proof_of(finding)
    return joined(" ", (_ACCEPTED, proof_of(finding)))


def proof_of(found: Finding) -> Mrkdwn:
    """Return what a finding proves, or why it proves nothing."""
    if found.tokens is OldTokens.REFUSED and found.at:
        return mrkdwn("Old tokens no longer work (tested {}).", when(found.at))
    if found.tokens is OldTokens.STILL_WORK and found.at:
        return mrkdwn("An old token still worked {}.", when(found.at))
    return mrkdwn("I couldn't check the old tokens: {}.", found.why)


def proof_of_group(proof: Proof | None) -> Mrkdwn:
    """Return whether tokens of one other database of the group were revoked, too. Empty if that wasn't checked."""
    finding = proof.sibling if proof else None
    if proof is None or finding is None:
        return Mrkdwn("")
    if finding.tokens is OldTokens.REFUSED and finding.at:
        either = Mrkdwn(" either" if proof.target.tokens is OldTokens.REFUSED else "")
        return mrkdwn("Old tokens for `{}` (same group) no longer work{} (tested {}).",
                      finding.database, either, when(finding.at))  # fmt: skip
    if finding.tokens is OldTokens.STILL_WORK:
        return mrkdwn("Tokens for `{}` (same group) still work.", finding.database)
    if finding.tokens is OldTokens.WATCHED:
        return mrkdwn("Until {}, I'll keep checking whether tokens for `{}` (same group) were revoked too.",
                      when(proof.until), finding.database)  # fmt: skip
    return mrkdwn("I don't know whether tokens for `{}` (same group) were revoked too.", finding.database)


def proof_notice(proof: Proof) -> Mrkdwn:
    """Return the whole proof in one line, to follow a sentence that names the database."""
    return joined(" ", (part for part in (_proof_words(proof), proof_of_group(proof)) if part))
