"""The same with PostgreSQL as the store, whose password is one secret more."""

import secrets
from pathlib import Path

import pytest

from tests.security.leaking import go_through_everything, watched
from tests.security.searching import Secret, found

pytestmark = pytest.mark.xdist_group("security-leaks-postgresql")


async def test_no_secret_is_where_it_may_not_be_with_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    password = secrets.token_urlsafe(12)
    url = postgresql_url.replace("postgres:@", f"postgres:{password}@")
    assert password in url
    async with watched(tmp_path, database_url=url) as here:
        await go_through_everything(here)

        places = await here.everything(postgresql_url)

    assert not found([*here.secrets, Secret("the password of DATABASE_URL", password)], places)
