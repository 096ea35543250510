"""The measured servers and the stubs, which run in their own processes and are observed from outside.

Each is pinned to a core. By default, that isn't the core of the load, if there are several.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.load import Pool

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
PRIORITY = -15
ROOT = Path(__file__).parent.parent


def free_port() -> int:
    """Return a port on which nothing is listening."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pin_to(core: int) -> None:
    """Pin this process to one core and raise its priority, as far as the system allows."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)


@dataclass
class Server:
    """A running server: its port, CPU time and memory."""

    name: str
    port: int
    process: psutil.Process
    started_in: float = 0.0

    def _all(self) -> Iterator[psutil.Process]:
        yield self.process
        with contextlib.suppress(psutil.NoSuchProcess):
            yield from self.process.children(recursive=True)

    def cpu_seconds(self) -> float:
        """Return the CPU time so far, including workers."""
        return float(sum(times.user + times.system for times in (one.cpu_times() for one in self._all())))

    def memory(self) -> int:
        """Return the resident bytes, including workers."""
        return sum(one.memory_info().rss for one in self._all())

    async def settle(self, *, quiet: float = 0.25, within: float = 20) -> None:
        """Wait until the server uses little CPU time, such as for polling, or until `within` seconds have passed."""
        last, deadline = self.cpu_seconds(), time.monotonic() + within
        while time.monotonic() < deadline:
            await asyncio.sleep(quiet)
            now = self.cpu_seconds()
            if now - last <= 0.2 * quiet:
                return
            last = now

    def rest(self) -> None:
        """Pause the process, so that it doesn't disturb other measurements."""
        for one in self._all():
            one.suspend()

    def wake(self) -> None:
        """Resume the process."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in self._all():
                one.resume()

    def kill(self) -> None:
        """Send SIGKILL to the process and its workers, so that they can't clean up."""
        for one in list(self._all()):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait(10)


@asynccontextmanager
async def running(
    name: str,
    command: Sequence[str],
    port: int,
    first: bytes,
    *,
    env: Mapping[str, str] | None = None,
    core: int = SERVER_CORE,
    cwd: Path | None = None,
    within: float = 30,
) -> AsyncIterator[Server]:
    """Start a server, yield it once `first` is answered with 200, and stop it on exit. Raises NotStarted."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("SLACK_", "TURSO_"))}
    environ |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(env or {})}
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        child = subprocess.Popen(  # noqa: ASYNC220 - its start is part of what is measured
            [sys.executable, *command],
            env=environ,
            cwd=cwd or ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: pin_to(core),
        )
        server = Server(name, port, psutil.Process(child.pid))
        try:
            await _answered(server, child, first, within)
            server.started_in = time.perf_counter() - began
            yield server
        except NotStarted as error:
            output.seek(0)
            raise NotStarted(f"{error}\n{output.read().decode(errors='replace')[-4000:]}") from None
        finally:
            _end(child, server)


class NotStarted(Exception):
    """Raised if a server ends, or doesn't answer its first request with 200 in time."""


async def _answered(server: Server, child: subprocess.Popen[bytes], first: bytes, within: float) -> None:
    deadline = time.monotonic() + within
    status: object = "nothing"
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise NotStarted(f"{server.name} ended with status {child.returncode}.")
        pool = Pool(server.port)
        with contextlib.suppress(OSError):
            status = await pool.ask(first)
        pool.close()
        if status == 200:
            return
        await asyncio.sleep(0.01)
    raise NotStarted(f"{server.name} answered {status} for {within} s.")


def _end(child: subprocess.Popen[bytes], server: Server) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
    child.wait(10)
