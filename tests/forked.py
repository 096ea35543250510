"""Starts processes in milliseconds by forking one that has imported everything."""

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
    """A forked process, with the part of the interface of `subprocess.Popen` that tests use."""

    def __init__(self, fork_server: "ForkServer", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._fork_server = fork_server

    def poll(self) -> int | None:
        """Return the exit status, or None while the process runs."""
        if self.returncode is None:
            self.returncode = self._fork_server.order({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float = 60.0) -> int:
        """Wait until the process has ended, and return its exit status."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise TimeoutError(f"process {self.pid} has not ended after {timeout:.0f} s")
            time.sleep(LOOKS_EVERY)
        return status

    async def ended(self, timeout: float = 60.0) -> int:
        """Wait like `wait`, but let other tasks run meanwhile."""
        return await asyncio.to_thread(self.wait, timeout)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended and its pid may belong to another one."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, which ends the process without letting it clean up."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process that has imported everything, from which others are forked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
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
        """Start `python -m bot ARGUMENTS`, or `main` of another module. Output is appended to the files."""
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
        """End the fork server. On Linux, its children end with it."""
        self._process.communicate()

    def order(self, order: Mapping[str, Any]) -> int | None:
        """Send an order to the fork server, and return its answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with self._turn:
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()
            answer = json.loads(stdout.readline())
        return None if answer is None else int(answer)


@cache
def shared_fork_server() -> ForkServer:
    """Return the fork server of this test process, and start it on first use."""
    found = ForkServer()
    atexit.register(found.close)
    return found
