"""The sandbox stops cleanly after SIGTERM, SIGHUP and SIGINT."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from tests.forked import shared_fork_server
from tests.soak import one_in
from tests.world import until

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@pytest.mark.parametrize("asked", one_in(3, SIGNALS), ids=lambda one: one.name)
async def test_a_signal_stops_the_sandbox_cleanly(tmp_path: Path, asked: signal.Signals) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    fork = partial(
        shared_fork_server().fork, "sandbox", "--port", "0", "--data", str(tmp_path / "data"),
        environment={"PATH": os.environ["PATH"]}, cwd=tmp_path, out=out, err=err,
    )  # fmt: skip
    sandbox = await asyncio.to_thread(fork)
    await until(lambda: out.exists() and "Turso Ops is ready" in out.read_text(), what="the sandbox", within=60)

    sandbox.send_signal(asked)

    assert await sandbox.ended() == 0
    assert "Traceback" not in err.read_text()
