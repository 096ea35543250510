"""A 404 for the groups means an API without groups only if the organization answers and its databases have none."""

import httpx
import pytest

from bot.turso import TursoClient, TursoUnavailable
from bot.turso.errors import OrganizationNotFound, TursoForbidden
from tests.turso.organization import Organization, refuse

NOT_FOUND = [
    refuse(404, "Not Found"),
    httpx.Response(404, json={"message": "Not Found"}),
    httpx.Response(404, text="<html>404 page not found</html>"),
]
WAYS = ["as an error", "as a message", "as a page"]


async def test_the_api_of_2023_has_no_groups(turso_2023: TursoClient, acme_2023: Organization) -> None:
    acme_2023.add("orders")

    assert await turso_2023.groups_if_any() == []


async def test_an_unknown_organization_is_not_an_api_without_groups(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [refuse(404, "organization not found")]

    with pytest.raises(OrganizationNotFound):
        await turso.groups_if_any()


@pytest.mark.parametrize("answer", NOT_FOUND, ids=WAYS)
async def test_a_404_that_a_proxy_sends_is_not_an_api_without_groups(
    turso: TursoClient, acme: Organization, answer: httpx.Response
) -> None:
    acme.add("orders")
    acme.next_answers = [answer]

    with pytest.raises(TursoUnavailable, match="doesn't look like one from Turso"):
        await turso.groups_if_any()


async def test_an_organization_that_cannot_be_listed_is_reported(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [refuse(404, "Not Found"), refuse(403, "not a member")]

    with pytest.raises(TursoForbidden):
        await turso.groups_if_any()


async def test_an_organization_without_databases_may_have_an_api_without_groups(
    turso: TursoClient, acme: Organization
) -> None:
    acme.next_answers = [refuse(404, "Not Found")]

    assert await turso.groups_if_any() == []
