"""Processes that are forked from one that has imported everything: a start takes milliseconds, and not seconds."""

import asyncio
import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOOKS_EVERY = 0.01


class Child:
    """A forked process, with as much of `subprocess.Popen` as tests use."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery

    def poll(self) -> int | None:
        """Return its exit status, or None while it runs."""
        if self.returncode is None:
            self.returncode = self._nursery.order({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        """Wait until it has ended; returns its exit status."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise TimeoutError(f"process {self.pid} has not ended after {timeout:.0f} s")
            time.sleep(LOOKS_EVERY)
        return status

    async def ended(self, timeout: float = 60.0) -> int:
        """Let the tests' other tasks go on meanwhile."""
        return await asyncio.to_thread(self.wait, timeout)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended and somebody else may have its pid."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that has imported everything, from which others are forked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._turn = threading.Lock()

    def fork(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        cwd: Path,
        out: Path,
        err: Path | None = None,
        module: str = "bot.__main__",
    ) -> Child:
        """Start `python -m bot ARGUMENTS`, or `main` of another module; what it prints is added to the files."""
        pid = self.order(
            {
                "module": module,
                "arguments": arguments,
                "environment": dict(environment),
                "cwd": str(cwd),
                "out": str(out),
                "err": str(err or out),
            }
        )
        assert pid is not None
        return Child(self, pid)

    def close(self) -> None:
        """End it; its children are ended by those who started them."""
        self._process.communicate()

    def order(self, order: Mapping[str, Any]) -> int | None:
        """Have it do something; returns its answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._turn:
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()
            answer = json.loads(stdout.readline())
        return None if answer is None else int(answer)


@cache
def the_nursery() -> Nursery:
    """The one of this test process, started when it is first wanted."""
    found = Nursery()
    atexit.register(found.close)
    return found
