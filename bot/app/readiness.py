"""Reports to a load balancer whether this process can take requests, and which upstreams are down."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.app.checks import Check, Finding, run_check

STORE_SECONDS: Final = 2.0
UPSTREAM_SECONDS: Final = 0.5
"""How long a response waits for the upstreams. If it waited longer, probes would fail whenever one of them hangs."""
FRESH_SECONDS: Final = 4.0


@dataclass(slots=True)
class Readiness:
    """Checks whether this process can take requests, which depends only on the store.

    Slack and Turso are only reported. If one is down, it is down for every replica.
    """

    store: Check
    upstreams: Mapping[str, Check]
    durable: Callable[[], str]
    """Returns why this process does no durable work although it should. Empty if there is no reason."""
    _found: dict[str, Finding] = field(default_factory=dict)
    _checked: float = 0.0
    _checking: asyncio.Task[None] | None = None

    def include(self, name: str, upstream: Check) -> None:
        """Report one more upstream."""
        self.upstreams = {**self.upstreams, name: upstream}

    async def report(self) -> tuple[bool, dict[str, Any]]:
        """Return whether this process can take requests, and the body of `/readyz`."""
        store, _ = await asyncio.gather(run_check("store", self.store, within=STORE_SECONDS), self._refresh_upstreams())
        _, is_ready, sentence = store
        body: dict[str, Any] = {"ready": is_ready, "store": sentence}
        for name in self.upstreams:
            body[name] = self._found[name][2] if name in self._found else "Not checked yet."
        body["down"] = [name for name, found in self._found.items() if not found[1]] + ([] if is_ready else ["store"])
        if trouble := self.durable():
            body["durable work"] = trouble
        return is_ready, body

    async def _refresh_upstreams(self) -> None:
        """Check the upstreams again if the last check is old. Waits for the result for at most `UPSTREAM_SECONDS`."""
        if time.monotonic() - self._checked > FRESH_SECONDS and self._checking is None:
            self._checking = asyncio.create_task(self._check_upstreams(), name="readiness: upstreams")
        if self._checking is not None:
            await asyncio.wait([self._checking], timeout=UPSTREAM_SECONDS)

    async def _check_upstreams(self) -> None:
        try:
            findings = await asyncio.gather(*(run_check(name, check) for name, check in self.upstreams.items()))
            self._found = dict(zip(self.upstreams, findings, strict=True))
            self._checked = time.monotonic()
        finally:
            self._checking = None

    async def close(self) -> None:
        """Stop checking."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
