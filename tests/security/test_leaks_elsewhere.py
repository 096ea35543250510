"""The leak test over Socket Mode, whose tickets are secrets, and with PostgreSQL, whose password is a secret."""

import secrets
from pathlib import Path

import pytest

from bot.core.oncall import Provider
from tests.security.leaking import have_conversation, watched
from tests.security.searching import Secret, found
from tests.soak import soaked

BOTH = ("socket", "postgresql", Provider.INCIDENT_IO)
OTHERS = [("socket", "sqlite", Provider.OPSGENIE), ("serve", "postgresql", Provider.PAGERDUTY)]


@pytest.mark.parametrize(("command", "store", "on_call"), soaked([BOTH, *OTHERS], [BOTH]))
async def test_no_secret_is_in_a_wrong_place(
    tmp_path: Path, request: pytest.FixtureRequest, command: str, store: str, on_call: Provider
) -> None:
    plain = request.getfixturevalue("postgresql_url") if store == "postgresql" else ""
    password = secrets.token_urlsafe(12)
    url = plain.replace("postgres:@", f"postgres:{password}@")
    assert not plain or password in url
    async with watched(tmp_path, command=command, database_url=url, on_call=on_call) as here:
        await have_conversation(here)

        places = await here.everything(plain)

    assert bool(here.tickets) is (command == "socket")
    assert not found([*here.secrets, Secret("the password of DATABASE_URL", password)], places)
