"""Waking an archived group."""

import httpx
import pytest

from bot.turso.client import TursoClient
from bot.turso.errors import GroupNotFound, OutcomeUnknown

from .organization import Organization, refuse

UNARCHIVE = "/v1/organizations/acme/groups/eu/unarchive"


def archive(acme: Organization, group: str) -> None:
    acme.groups[group] = {"name": group, "locations": ["aws-eu-west-1"], "archived": True}


async def test_a_group_is_woken_with_one_call(turso: TursoClient, acme: Organization) -> None:
    archive(acme, "eu")

    woken = await turso.unarchive_group("eu")

    assert (woken.name, woken.archived) == ("eu", False)
    assert acme.log() == [f"POST {UNARCHIVE}"]


async def test_the_error_about_waking_an_unknown_group_names_it(turso: TursoClient) -> None:
    with pytest.raises(GroupNotFound, match="`nowhere`"):
        await turso.unarchive_group("nowhere")


async def test_after_an_error_response_the_outcome_is_unknown_and_the_change_is_not_sent_again(
    turso: TursoClient, acme: Organization
) -> None:
    archive(acme, "eu")
    acme.next_answers = [refuse(503, "down")]

    with pytest.raises(OutcomeUnknown):
        await turso.unarchive_group("eu")

    assert acme.log() == [f"POST {UNARCHIVE}"]


async def test_after_a_success_with_an_unreadable_body_the_group_is_read_back(
    turso: TursoClient, acme: Organization
) -> None:
    archive(acme, "eu")
    acme.groups["eu"]["archived"] = False
    acme.next_answers = [httpx.Response(200, text="")]

    assert (await turso.unarchive_group("eu")).archived is False
    assert acme.log() == [f"POST {UNARCHIVE}", "GET /v1/organizations/acme/groups/eu"]
