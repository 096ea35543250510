"""`db show` shows every property with few calls, and names the values that Turso doesn't report."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.turso import DatabaseNotFound
from tests.blocks.messages import HOSTILE, buttons, shown, words
from tests.commands.conftest import Desk
from tests.store.samples import token


async def test_every_property_is_shown(desk: Desk) -> None:
    database = desk.acme.add("orders", delete_protection=True, version="tech-preview", encryption_cipher="aes256gcm")
    desk.acme.configurations["orders"] |= {"block_writes": True, "allowed_ips": ["10.0.0.0/8"]}

    text = words(await desk.ask("show orders"))

    for part in (
        "orders-acme.aws-us-east-1.turso.io",
        "libsql://orders-acme.aws-us-east-1.turso.io",
        "https://orders-acme.aws-us-east-1.turso.io",
        "default",
        "aws-us-east-1",
        "logical",
        "primary",
        "10.0.0.0/8",
        "256.0 MiB",
        "writes blocked",
        "1,204",
        "aes256gcm",
        "tech-preview",
    ):
        assert part in text, part
    assert database["DbId"] not in text


async def test_the_certificates_in_a_response_of_the_2023_api_are_shown(desk: Desk) -> None:
    desk.acme.generation = "2023"
    desk.acme.add("orders", IssuedCertLimit=10, IssuedCertCount=3)

    assert "3 issued, limit 10" in words(await desk.ask("show orders"))


async def test_show_makes_at_most_six_calls(desk: Desk) -> None:
    desk.acme.add("orders")

    await desk.ask("show orders")

    assert len(desk.acme.log()) <= 6


@pytest.mark.parametrize(
    ("part", "word"), [("usage", "usage"), ("instances", "instances"), ("config", "configuration")]
)
async def test_values_that_turso_does_not_report_are_named(desk: Desk, part: str, word: str) -> None:
    desk.acme.add("orders")
    desk.acme.failing[part] = 500

    text = words(await desk.ask("show orders"))

    assert f"didn't report the {word}" in text
    assert "libsql://" in text


async def test_active_tokens_are_listed_with_their_holders(desk: Desk) -> None:
    made = desk.acme.add("orders")
    await desk.store.tokens.add(token(1, database="orders", database_id=made["DbId"], holder="U0BEN"))

    assert "<@U0BEN> read-only, until" in words(await desk.ask("show orders"))


async def test_an_unknown_name_is_reported(desk: Desk) -> None:
    with pytest.raises(DatabaseNotFound):
        await desk.ask("show nowhere")


async def test_hostile_answers_stay_text(desk: Desk) -> None:
    desk.acme.add("orders", group=HOSTILE, Hostname=HOSTILE, regions=[HOSTILE] * 30, version=HOSTILE, type=HOSTILE)
    desk.acme.instances["orders"] = [{"uuid": HOSTILE, "name": HOSTILE, "type": HOSTILE, "region": HOSTILE}] * 40

    await desk.ask("show orders")


@pytest.mark.parametrize("digits", [20, 5_000])
async def test_an_impossible_size_limit_is_unknown(desk: Desk, digits: int) -> None:
    desk.acme.add("orders")
    desk.acme.configurations["orders"] = {"size_limit": "9" * digits}

    assert "Size limit*\nunknown" in words(await desk.ask("show orders"))


async def test_buttons_run_commands_that_are_allowed_here(desk: Desk) -> None:
    desk.acme.add("orders-eu")

    row = buttons(await desk.ask("show orders-eu"))

    assert row["Usage"]["value"] == "usage orders-eu"
    assert all(one["action_id"].startswith("run.") for one in row.values())


async def test_the_answer_has_the_expected_blocks(desk: Desk, golden: Callable[[str, Any], None]) -> None:
    desk.acme.add("orders", DbId="0193c0de-7a11-7c3e-9d55-2f6b1c0a9e42")
    desk.acme.instances["orders"] = [
        {"uuid": "5b0f", "name": "aws-us-east-1", "type": "primary", "region": "aws-us-east-1"}
    ]

    golden("show/orders", shown(await desk.ask("show orders")))
