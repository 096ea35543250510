"""Lists without a limit are complete: only `timers.due` cuts its list if the caller sets no limit."""

import inspect
from typing import get_type_hints

import pytest

from bot.core.ports import Store
from bot.core.ports.requests import Requests
from bot.core.requests.request import State
from bot.store.repositories.repository import Repository
from bot.store.repositories.requests import Requests as SqlRequests
from bot.store.store import SqlStore
from tests.soak import soaked
from tests.store.samples import hold, move, request, review, token

MANY = 620
IN_ROUNDS = {"due": "each sweep takes the longest overdue timers first, and the next sweep takes the rest"}
PROTOCOLS = [get_type_hints(one.fget)["return"] for one in vars(Store).values() if isinstance(one, property)]


def limited(owner: type) -> list[str]:
    """Return the methods of a protocol or a repository that take a limit."""
    methods = [(name, getattr(owner, name)) for name in dir(owner) if not name.startswith("_")]
    return [name for name, one in methods if "limit" in inspect.signature(inspect.unwrap(one)).parameters]


@pytest.mark.parametrize(
    ("owner", "name"),
    [(owner, name) for owner in (*PROTOCOLS, *Repository.__subclasses__()) for name in limited(owner)],
)
def test_only_the_due_timers_have_a_limit_by_default(owner: type, name: str) -> None:
    limit = inspect.signature(getattr(owner, name)).parameters["limit"]

    assert name in IN_ROUNDS or limit.default in (None, inspect.Parameter.empty)


@pytest.mark.parametrize(("owner", "names"), [(Requests, ["find"]), (SqlRequests, ["find"])])
def test_methods_with_a_limit_are_found(owner: type, names: list[str]) -> None:
    assert limited(owner) == names


# In `make test`, only SQLite is tested, because PostgreSQL takes long to write thousands of rows.
@pytest.mark.parametrize("database_url", soaked(["sqlite", "postgresql"], ["sqlite"]), indirect=True)
async def test_lists_of_hundreds_of_rows_are_complete(store: SqlStore) -> None:
    for at in range(MANY):
        about = request(at, id=f"r-{at:010}", intent_id=f"i-{at}")
        owed = review(at, id=f"v-{at}", request_id=about.id)
        held = hold(at, id=f"h-{at}", request_id=about.id)
        await store.requests.open(about, move(State.APPROVED, holds=[held], reviews=[owed]))
        await store.tokens.add(token(at, id=f"t-{at}"))

    assert len(await store.requests.find(states=[State.APPROVED])) == MANY
    assert len(await store.holds.find()) == MANY
    assert len(await store.reviews.find(owed=True)) == MANY
    assert len(await store.tokens.find(organization="acme")) == MANY
    first = await store.reviews.find(owed=True, request_ids=["r-0000000000"])
    assert [one.id for one in first] == ["v-0"]
