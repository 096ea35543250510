"""The same over Socket Mode, whose tickets are secrets too, and with PostgreSQL, whose password is one secret more."""

import secrets
from pathlib import Path

import pytest

from tests.security.leaking import go_through_everything, watched
from tests.security.searching import Secret, found
from tests.soak import soaked

pytestmark = pytest.mark.xdist_group("security-leaks-elsewhere")

BOTH = ("socket", "postgresql")


@pytest.mark.parametrize(("command", "store"), soaked([BOTH, ("socket", "sqlite"), ("serve", "postgresql")], [BOTH]))
async def test_no_secret_is_where_it_may_not_be(
    tmp_path: Path, request: pytest.FixtureRequest, command: str, store: str
) -> None:
    plain = request.getfixturevalue("postgresql_url") if store == "postgresql" else ""
    password = secrets.token_urlsafe(12)
    url = plain.replace("postgres:@", f"postgres:{password}@")
    assert not plain or password in url
    async with watched(tmp_path, command=command, database_url=url) as here:
        await go_through_everything(here)

        places = await here.everything(plain)

    assert bool(here.tickets) is (command == "socket")
    assert not found([*here.secrets, Secret("the password of DATABASE_URL", password)], places)
