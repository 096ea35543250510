"""Copies of a database: as it is now, and as it was at an earlier time."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.turso.client import TursoClient
from bot.turso.errors import AlreadyExists, DatabaseNotFound, GroupNotFound, OutcomeUnknown, TursoRejected

from .organization import Organization, refuse

DATABASES = "/v1/organizations/acme/databases"


@pytest.fixture
def orders(acme: Organization) -> str:
    acme.groups["eu"] = {"name": "eu"}
    return str(acme.add("orders", group="eu")["DbId"])


async def test_a_copy_is_requested_once_and_then_read(turso: TursoClient, acme: Organization, orders: str) -> None:
    copy = await turso.create_copy("orders-try", group="eu", source="orders")

    assert (copy.name, copy.group) == ("orders-try", "eu")
    assert copy.parent is not None
    assert copy.parent.id == orders
    assert acme.log() == [f"POST {DATABASES}", f"GET {DATABASES}/orders-try"]
    assert json.loads(acme.requests[0].content) == {
        "name": "orders-try",
        "group": "eu",
        "seed": {"type": "database", "name": "orders"},
    }


@pytest.mark.parametrize(
    ("at", "sent"),
    [
        pytest.param(datetime(2026, 11, 27, 14, 2, tzinfo=UTC), "2026-11-27T14:02:00Z", id="whole seconds"),
        pytest.param(datetime(2026, 11, 27, 14, 2, 0, 250_000, UTC), "2026-11-27T14:02:00.250Z", id="a fraction"),
        pytest.param(
            datetime(2026, 11, 27, 14, 2, tzinfo=timezone(timedelta(hours=1))),
            "2026-11-27T13:02:00Z",
            id="another zone",
        ),
    ],
)
async def test_a_time_is_sent_in_utc(
    turso: TursoClient, acme: Organization, orders: str, at: datetime, sent: str
) -> None:
    await turso.create_copy("orders-then", group="eu", source="orders", at=at)

    assert json.loads(acme.requests[0].content)["seed"]["timestamp"] == sent


async def test_a_time_without_a_zone_raises_an_error_and_is_not_sent(
    turso: TursoClient, acme: Organization, orders: str
) -> None:
    with pytest.raises(ValueError, match="zone"):
        await turso.create_copy("orders-then", group="eu", source="orders", at=datetime(2026, 11, 27))  # noqa: DTZ001

    assert acme.log() == []


async def test_the_error_about_a_missing_source_names_the_source(
    turso: TursoClient, acme: Organization, orders: str
) -> None:
    with pytest.raises(DatabaseNotFound, match="`carts`"):
        await turso.create_copy("carts-try", group="eu", source="carts")
    acme.next_answers = [refuse(404, "could not find database with name carts: record not found")]
    with pytest.raises(DatabaseNotFound, match="`carts`"):
        await turso.create_copy("carts-try", group="eu", source="carts")


async def test_errors_about_a_taken_name_and_an_unknown_group_say_which(turso: TursoClient, orders: str) -> None:
    with pytest.raises(AlreadyExists, match="`orders`"):
        await turso.create_copy("orders", group="eu", source="orders")
    with pytest.raises(GroupNotFound, match="`us`"):
        await turso.create_copy("orders-try", group="us", source="orders")


async def test_a_time_that_turso_cannot_restore_is_reported_with_tursos_message(
    turso: TursoClient, acme: Organization, orders: str
) -> None:
    acme.next_answers = [refuse(400, "timestamp must be within the last 24 hours")]

    with pytest.raises(TursoRejected, match="within the last 24 hours"):
        await turso.create_copy("orders-then", group="eu", source="orders", at=datetime(2020, 1, 1, tzinfo=UTC))


async def test_after_a_502_the_outcome_is_unknown_and_the_copy_is_not_requested_again(
    turso: TursoClient, acme: Organization, orders: str
) -> None:
    acme.next_answers = [refuse(502, "upstream")]

    with pytest.raises(OutcomeUnknown):
        await turso.create_copy("orders-try", group="eu", source="orders")

    assert acme.log() == [f"POST {DATABASES}"]
