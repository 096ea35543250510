"""Turning overages on and off for the organization."""

import httpx
import pytest

from bot.turso.client import TursoClient
from bot.turso.errors import OutcomeUnknown

from .organization import Organization, refuse

ACME = "/v1/organizations/acme"


@pytest.mark.parametrize("on", [True, False])
async def test_overages_are_set_with_one_call(turso: TursoClient, acme: Organization, on: bool) -> None:
    acme.overages = not on

    assert (await turso.set_overages(on=on)).overages is on

    assert acme.overages is on
    assert acme.log() == [f"PATCH {ACME}"]


async def test_after_an_error_response_the_outcome_is_unknown_and_the_change_is_not_sent_again(
    turso: TursoClient, acme: Organization
) -> None:
    acme.next_answers = [refuse(500, "down")]

    with pytest.raises(OutcomeUnknown):
        await turso.set_overages(on=True)

    assert acme.log() == [f"PATCH {ACME}"]


async def test_after_a_success_with_an_unreadable_body_the_organization_is_read_back(
    turso: TursoClient, acme: Organization
) -> None:
    acme.overages = True
    acme.next_answers = [httpx.Response(200, text="")]

    assert (await turso.set_overages(on=True)).overages is True
    assert acme.log() == [f"PATCH {ACME}", f"GET {ACME}"]
