"""If PostgreSQL ends connections in the middle of the store's transactions, nothing is lost or done twice."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.core.requests.request import State
from bot.sandbox import running
from bot.store.connections.postgresql_database import RETRIES_AFTER_LOSS
from tests.policies import ACME
from tests.postgres import new_database, postgres_server
from tests.scenarios import forging
from tests.scenarios.conftest import shorten_pauses_between_posts
from tests.security import stage
from tests.soak import pairs
from tests.store.cutting import When, cut
from tests.world import ANA, DANA, World, running_sandbox, words

__all__ = ["postgres_server"]
pytestmark = pytest.mark.asyncio(loop_scope="module")
POLICY = (
    ACME
    + """\
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read], confirm: none}
      - {approve: [freeze], by: [user:U0ANA]}
"""
)
CUTS = ("1", "2", "3", "5", "8", "13", "21", "1 3 5", "7 9 11")
"""The numbers of the transactions whose connection is cut."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> AsyncIterator[World]:
    data, url, made = tmp_path_factory.mktemp("world"), new_database(postgres_server), running._settings
    (data / "policy.yaml").write_text(POLICY)
    with pytest.MonkeyPatch.context() as patched:
        update = {"database_url": SecretStr(url)}
        patched.setattr(running, "_settings", lambda *args: made(*args).model_copy(update=update))
        async with running_sandbox(data, policy=data / "policy.yaml") as found:
            shorten_pauses_between_posts(found)
            stage.be_patient(found)
            yield found


@pytest.mark.parametrize(("when", "cuts"), pairs(["before the commit", "after the commit"], CUTS))
async def test_an_approval_is_neither_lost_nor_doubled(world: World, when: When, cuts: str) -> None:
    """Approve with one press while PostgreSQL ends the connection in some of the press's transactions.

    At most three are cut, because all of them may be attempts of one transaction, which the store repeats three times.
    """
    numbers = {int(one) for one in cuts.split()}
    assert len(numbers) <= RETRIES_AFTER_LOSS
    name = f"cut-{when.split()[0]}-{'-'.join(map(str, sorted(numbers)))}"
    await world.create_databases(name)
    ana = world.person(ANA)
    card = await world.person(DANA).types(f"/turso freeze {name} --reason x", holding=name)
    assert world.bot is not None
    with cut(world.bot.store, numbers, when) as seen:
        await ana.presses("Approve", card)
        await world.wait_for_content(card, holding="are blocked")
        await world.wait_until_idle()
        # if the press has fewer transactions than the highest number, a transaction of a sweep is cut instead
        while seen[0] < max(numbers):
            await asyncio.sleep(0.05)

    request = await stage.request_of(world, card)
    assert request.state is State.SUCCEEDED
    assert [vote.user_id for vote in request.votes] == [ANA]
    assert len(world.changes("PATCH", f"{name}/configuration")) == 1
    assert not [one for one in forging.private_messages(world, ANA) if "didn't respond" in words(one)]
    assert len([one for one in ana.sees() if one.thread_ts == card.ts and name in words(one)]) == 1, (
        "the outcome is posted once"
    )
