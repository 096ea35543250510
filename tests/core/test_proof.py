"""`Proof`, which says whether old tokens were refused after a rotation, is stored as plain JSON."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.requests.proof import PROOF, Finding, OldTokens, Proof

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TARGET = Finding("orders", "db-1", OldTokens.WATCHED)
SIBLING = Finding("users", "db-2", OldTokens.UNKNOWN, NOON, "I couldn't create a test token")


@pytest.mark.parametrize("sibling", [None, SIBLING])
@pytest.mark.parametrize("tokens", list(OldTokens))
def test_a_stored_proof_is_read_unchanged(tokens: Any, sibling: Any) -> None:
    proof = Proof(NOON, NOON + timedelta(minutes=65), replace(TARGET, tokens=tokens, at=NOON), sibling)

    assert Proof.of(json.loads(json.dumps({PROOF: proof.to_json()}))) == proof


def test_facts_without_a_proof_give_no_proof() -> None:
    assert Proof.of({}) is None
    assert Proof.of({"phase": "execute"}) is None


def test_a_proof_is_watched_while_either_database_is_watched() -> None:
    proof = Proof(NOON, NOON, replace(TARGET, tokens=OldTokens.REFUSED), SIBLING)

    assert not proof.is_watched
    assert replace(proof, sibling=replace(SIBLING, tokens=OldTokens.WATCHED)).is_watched
    assert replace(proof, target=TARGET).is_watched
