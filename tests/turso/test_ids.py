"""A database's `DbId` contains the time of its creation."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from bot.sandbox.platform.names import new_uuid
from bot.turso.ids import made_at


def test_the_time_in_a_known_id_is_read() -> None:
    assert made_at("0193c0de-7a11-7c3e-9d55-2f6b1c0a9e42") == datetime(2024, 12, 13, 16, 33, 46, 1000, tzinfo=UTC)


@pytest.mark.parametrize("generation", ["2023", "now"])
def test_ids_of_both_apis_contain_their_time_of_creation(generation: Literal["2023", "now"]) -> None:
    created_at = made_at(new_uuid(generation))

    assert created_at is not None
    assert abs(created_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("generation", ["2023", "now"])
def test_an_earlier_time_in_an_id_is_read(generation: Literal["2023", "now"]) -> None:
    at = datetime(2026, 9, 17, 12, 30, 0, 250_000, tzinfo=UTC)

    created_at = made_at(new_uuid(generation, at=at.timestamp()))

    assert created_at is not None
    assert abs(created_at - at) < timedelta(milliseconds=2)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("orders", id="a name"),
        pytest.param("f47ac10b-58cc-4372-a567-0e02b2c3d479", id="a random ID"),
        pytest.param("0" * 32, id="zeros"),
        pytest.param("ffffffff-ffff-7fff-bfff-ffffffffffff", id="after the year 9999"),
    ],
)
def test_other_ids_have_no_creation_time(text: str) -> None:
    assert made_at(text) is None
