"""The card of a rotation reports only what Turso has confirmed or a probe token has shown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot.blocks import notices
from bot.commands.base import Probe
from bot.commands.tokens.rotate import message
from bot.core.model import Target
from bot.core.records.tokens import TokenState
from bot.core.requests.plan import Plan, PlanTarget
from bot.core.requests.proof import PROOF, Finding, OldTokens, Proof
from bot.core.requests.request import State
from bot.pipeline.probe_watches import ProbeWatches
from bot.pipeline.transitions.settlement import revoked_by
from bot.turso import Database
from tests.blocks.messages import buttons, check, words
from tests.store.samples import request

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PLAN = Plan(
    target=PlanTarget("orders", "db-1", "eu"),
    databases=(Target("orders", "eu"), Target("users", "eu"), Target("carts", "eu")),
    ends_tokens_of=("db-1", "db-2", "db-3"),
    command="rotate",
)
STILL = "Your tokens for `orders` are revoked, but may still work for up to an hour."
PERHAPS = "Your tokens for `users` may have been revoked too, because that database is in the same group."


def proof(target: OldTokens, sibling: OldTokens | None = None, why: str = "") -> Proof:
    found = Finding("users", "db-2", sibling, NOON) if sibling else None
    return Proof(NOON, NOON + timedelta(minutes=65), Finding("orders", "db-1", target, NOON, why), found)


def test_a_probe_never_shows_its_token() -> None:
    token = "eyJhbGciOiJFZERTQSJ9.eyJuIjoxfQ.c2lnbmF0dXJl"
    probe = Probe(Database.model_validate({"Name": "orders", "DbId": "db-1", "Hostname": "h"}), SecretStr(token))
    watches = ProbeWatches()
    watches.keep("r-1", [(Finding("orders", "db-1", OldTokens.WATCHED), probe)])

    for one in (probe, watches, watches.of("r-1")):
        assert token not in f"{one} {one!r}"


def card_text(one: Proof | None) -> str:
    return words(check(message(PLAN, {PROOF: one.to_json()} if one else {})))


@pytest.mark.parametrize(
    ("target", "says", "freeze"),
    [
        (proof(OldTokens.WATCHED), "Turso accepted the rotation. Old tokens may still work for up to an hour", True),
        (proof(OldTokens.REFUSED), "Old tokens no longer work (tested", False),
        (proof(OldTokens.STILL_WORK), "An old token still worked ", True),
        (
            proof(OldTokens.UNKNOWN, why="my test token expired"),
            "I couldn't check the old tokens: my test token expired.",
            True,
        ),
        (None, "I didn't check whether old tokens still work.", True),
    ],
)
def test_the_card_says_what_is_known_about_old_tokens(target: Any, says: str, freeze: bool) -> None:
    assert says in card_text(target)
    assert ("Old tokens no longer work (tested" in card_text(target)) is (
        target is not None and target.target.tokens is OldTokens.REFUSED
    )
    facts = {PROOF: target.to_json()} if target else {}
    assert ("Freeze first" in buttons(message(PLAN, facts))) is freeze


@pytest.mark.parametrize(
    ("sibling", "says"),
    [
        (OldTokens.WATCHED, "I'll keep checking whether tokens for"),
        (OldTokens.REFUSED, "(same group) no longer work"),
        (OldTokens.STILL_WORK, "still work."),
        (OldTokens.UNKNOWN, "I don't know whether"),
    ],
)
def test_the_rest_of_the_group_is_reported_separately(sibling: OldTokens, says: str) -> None:
    assert says in card_text(proof(OldTokens.REFUSED, sibling))


@pytest.mark.parametrize(
    ("found", "state", "revoked", "ended"),
    [
        (proof(OldTokens.WATCHED, OldTokens.WATCHED), State.SUCCEEDED, {"db-1"}, set()),
        (proof(OldTokens.UNKNOWN, OldTokens.UNKNOWN), State.SUCCEEDED, {"db-1"}, set()),
        (proof(OldTokens.REFUSED, OldTokens.STILL_WORK), State.SUCCEEDED, set(), {"db-1"}),
        (proof(OldTokens.REFUSED, OldTokens.REFUSED), State.SUCCEEDED, {"db-3"}, {"db-1", "db-2"}),
        (proof(OldTokens.WATCHED, OldTokens.REFUSED), State.SUCCEEDED, {"db-1", "db-3"}, {"db-2"}),
        (proof(OldTokens.WATCHED, OldTokens.WATCHED), State.UNKNOWN, set(), set()),
        (proof(OldTokens.REFUSED, OldTokens.WATCHED), State.UNKNOWN, set(), {"db-1"}),
    ],
    ids=["both watched", "both unknown", "one refused", "both refused", "only the other refused",
         "unknown, both watched", "unknown, one refused"],
)  # fmt: skip
def test_the_states_of_stored_tokens_claim_only_what_was_observed(
    found: Any, state: State, revoked: Any, ended: Any
) -> None:
    of: dict[TokenState, set[str]] = {TokenState.REVOKED: set(), TokenState.ENDED: set()}
    for one in revoked_by(PLAN, found, state):
        of[one.to] |= set(one.database_ids)
        assert one.minted_before == NOON

    assert (of[TokenState.REVOKED], of[TokenState.ENDED]) == (revoked, ended)


@pytest.mark.parametrize(
    ("databases", "found", "says"),
    [
        (["orders"], proof(OldTokens.WATCHED, OldTokens.WATCHED), STILL),
        (["orders"], proof(OldTokens.REFUSED, OldTokens.WATCHED), "Your tokens for `orders` no longer work."),
        (["users"], proof(OldTokens.REFUSED, OldTokens.WATCHED), PERHAPS),
        (["users"], proof(OldTokens.REFUSED, OldTokens.REFUSED), "Your tokens for `users` no longer work."),
        (["carts", "users"], proof(OldTokens.REFUSED, OldTokens.REFUSED),
         "Your tokens for `users` no longer work. " + PERHAPS.replace("users", "carts")),
        (["carts", "users"], proof(OldTokens.WATCHED, OldTokens.WATCHED),
         "Your tokens for `carts`, `users` may have been revoked too, because those databases are in the same group."),
        (["orders", "users"], proof(OldTokens.REFUSED, OldTokens.WATCHED),
         f"Your tokens for `orders` no longer work. {PERHAPS}"),
        (["orders", "users"], proof(OldTokens.REFUSED, OldTokens.REFUSED),
         "Your tokens for `orders`, `users` no longer work."),
        (["orders", "users"], proof(OldTokens.WATCHED, OldTokens.WATCHED), f"{STILL} {PERHAPS}"),
        ([], None, STILL),
    ],
)  # fmt: skip
def test_holders_are_notified_only_of_observed_revocations(databases: Any, found: Any, says: str) -> None:
    asked = replace(request(), plan=PLAN, command="rotate")

    text = words(check(notices.tokens_revoked_notice(asked, databases, found)))

    assert f"revoked all tokens for `orders`. {says} Get a new one" in text
