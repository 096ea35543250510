"""`/readyz` reports whether a process can accept requests, and separately whether Slack or Turso is down."""

import asyncio
import time
from collections.abc import Mapping

import pytest

from bot.app import readiness
from bot.app.checks import Check
from bot.app.readiness import Readiness
from bot.errors import Unavailable


async def well() -> str:
    return "Works."


async def down() -> str:
    raise Unavailable("It doesn't answer.")


async def hangs() -> str:
    await asyncio.Event().wait()
    return "Never."


def ready(store: Check, upstreams: Mapping[str, Check], trouble: str = "") -> Readiness:
    return Readiness(store, upstreams, lambda: trouble)


@pytest.mark.parametrize(
    ("store", "slack", "turso", "takes", "names"),
    [
        (well, well, well, True, []),
        (well, down, well, True, ["slack"]),
        (well, well, down, True, ["turso"]),
        (well, down, down, True, ["slack", "turso"]),
        (down, well, well, False, ["store"]),
        (down, down, well, False, ["slack", "store"]),
    ],
)
async def test_readiness_depends_only_on_the_store_and_the_body_names_what_is_down(
    store: Check, slack: Check, turso: Check, takes: bool, names: list[str]
) -> None:
    found, body = await ready(store, {"slack": slack, "turso": turso}).report()

    assert (found, body["ready"], body["down"]) == (takes, takes, names)
    assert [body[name] for name in ("slack", "turso")] == [
        "It doesn't answer." if one is down else "Works." for one in (slack, turso)
    ]


async def test_the_response_waits_only_briefly_for_an_upstream_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "UPSTREAM_SECONDS", 0.05)
    here = ready(well, {"slack": hangs, "turso": well})
    began = time.monotonic()

    for _ in range(3):
        takes, body = await here.report()
        assert takes
        assert body["slack"] == "Not checked yet."

    assert time.monotonic() - began < 3
    await here.close()


async def test_a_store_that_hangs_counts_as_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "STORE_SECONDS", 0.05)

    takes, body = await ready(hangs, {}).report()

    assert not takes
    assert body["down"] == ["store"]


async def test_a_process_without_an_executor_lock_accepts_requests_and_says_that_durable_work_is_paused() -> None:
    takes, body = await ready(well, {}, "Durable work is paused.").report()

    assert takes
    assert body["durable work"] == "Durable work is paused."


async def test_upstreams_are_checked_once_for_many_probes() -> None:
    asked = []

    async def counted() -> str:
        asked.append(1)
        return "Works."

    here = ready(well, {"slack": counted})
    for _ in range(5):
        await here.report()

    assert len(asked) == 1
