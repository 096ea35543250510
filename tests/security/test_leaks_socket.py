"""The same over Socket Mode, whose tickets are secrets too."""

from pathlib import Path

import pytest

from tests.security.leaking import go_through_everything, watched
from tests.security.searching import found

pytestmark = pytest.mark.xdist_group("security-leaks-socket")


async def test_no_secret_is_where_it_may_not_be_over_socket_mode(tmp_path: Path) -> None:
    async with watched(tmp_path, command="socket") as here:
        await go_through_everything(here)

        places = await here.everything("")

    assert here.tickets
    assert not found(here.secrets, places)
