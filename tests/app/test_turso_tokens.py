"""The check of the API tokens calls Turso once for each organization, in parallel, and names those that fail."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from bot.app import turso_tokens
from bot.app.checks import Unhealthy
from bot.app.turso_tokens import check_tokens
from bot.commands import CATALOGUE
from bot.core.policy import load
from bot.errors import BotError
from bot.turso.errors import TursoForbidden, TursoUnauthorized
from bot.turso.models.listing import Listing

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Organizations:
    """Fake clients. A call waits until every organization has been called, and then raises its organization's error."""

    def __init__(self, *names: str, expires: datetime | None = None, **troubles: BotError) -> None:
        self.troubles, self.expires, self.calls = troubles, expires, list[str]()
        self.all_called = asyncio.Barrier(len(names) + len(troubles))

    def turso(self, organization: str) -> "Client":
        return Client(self, organization)

    async def called(self, name: str) -> None:
        self.calls.append(name)
        await self.all_called.wait()
        if trouble := self.troubles.get(name):
            raise trouble


class Client:
    """The client of one organization."""

    def __init__(self, organizations: Organizations, name: str) -> None:
        self.organizations, self.name = organizations, name

    async def validate(self) -> datetime | None:
        await self.organizations.called(self.name)
        return self.organizations.expires

    async def pages(self, *, limit: int) -> AsyncIterator[Listing]:
        await self.organizations.called(self.name)
        yield Listing([], limit)


async def checked(organizations: Organizations, *names: str) -> str:
    return await check_tokens(cast(Any, organizations), names, NOW)


async def test_all_organizations_are_checked_in_parallel_and_each_once() -> None:
    organizations = Organizations("second", "acme")

    said = await checked(organizations, "second", "acme")

    assert said == "Turso accepts the API tokens of `acme`, `second`."
    assert sorted(organizations.calls) == ["acme", "second"]


async def test_each_organization_that_fails_is_named() -> None:
    refused, foreign = TursoUnauthorized("The token isn't valid."), TursoForbidden("The token isn't for this one.")

    with pytest.raises(Unhealthy) as found:
        await checked(Organizations("acme", second=refused, third=foreign), "third", "acme", "second")

    assert str(found.value) == "`second`: The token isn't valid. `third`: The token isn't for this one."


async def test_an_organization_that_does_not_respond_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turso_tokens, "EACH_WITHIN", 0.01)
    organizations = Organizations("acme", "never called", "second")

    with pytest.raises(Unhealthy, match=r"^`acme`: No response within 0 seconds\. `second`: No response"):
        await checked(organizations, "acme", "second")


@pytest.mark.parametrize(
    ("expires", "said"), [(None, "it never expires"), (datetime(2026, 6, 1, tzinfo=UTC), "valid until 2026-06-01")]
)
async def test_the_expiry_of_a_single_organizations_token_is_shown(expires: datetime | None, said: str) -> None:
    assert await checked(Organizations("acme", expires=expires), "acme") == f"Turso accepts the API token ({said})."


async def test_an_invalid_token_of_a_single_organization_is_reported() -> None:
    with pytest.raises(Unhealthy, match=r"^The Turso API token has expired\.$"):
        await checked(Organizations("acme", expires=NOW), "acme")
    with pytest.raises(TursoUnauthorized, match=r"^Not valid\.$"):
        await checked(Organizations(acme=TursoUnauthorized("Not valid.")), "acme")


def test_the_organizations_used_include_those_of_a_channel_and_of_incidents() -> None:
    text = "version: 1\nchannels: {C0X: {organization: second, databases: ['*']}}\nprofiles: {incident: {rules: []}}\n"
    text += "incidents: {to: U0ANA, organization: third, databases: []}"
    policy = load(text, CATALOGUE, default_organization="acme")

    assert policy.organizations_used == {"acme", "second", "third"}
