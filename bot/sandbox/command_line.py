"""The `sandbox` and `platform` commands of the command line.

Each imports its server only when it runs, because the server needs packages that are an optional extra.
"""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bot.app.argument_types import port, seconds
from bot.app.event_loop import run_loop
from bot.settings import BadSettings

FAILURE: Final = 2


def add_sandbox(commands: Any) -> None:
    """Add `sandbox` and `platform` to the command line."""
    sandbox = _add(commands, "sandbox", _sandbox, "try the real bot, connected to a local Turso and a local Slack")
    sandbox.add_argument("--port", type=port, default=3000)
    sandbox.add_argument("--data", type=Path, default=Path("data/sandbox"), help="where its databases are stored")
    sandbox.add_argument("--seconds", type=seconds, help="stop after this many seconds")
    platform = _add(commands, "platform", _platform, "start only the local Turso platform, to test other programs")
    platform.add_argument("--port", type=port, default=8081)
    platform.add_argument("--data", type=Path, default=Path("data/platform"))
    platform.add_argument("--organization", default="acme")
    platform.add_argument("--seed", action="store_true", help="start with a dozen databases that contain rows")
    platform.add_argument("--admin", action="store_true", help="offer fault injection at /_admin")
    platform.add_argument("--generation", choices=["now", "2023"], default="now", help="the API generation")


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run, failure=FAILURE)
    return parser


@contextmanager
def _needs_extra(command: str) -> Iterator[None]:
    """Turn the error for a missing package into a BadSettings that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = f"`{command}` needs the package `{error.name}`, which isn't installed"
        raise BadSettings(f"{missing}: install `turso-ops[sandbox]`.") from None


def _sandbox(arguments: argparse.Namespace) -> int:
    with _needs_extra("sandbox"):
        from bot.sandbox.running import run_sandbox

    return run_loop(run_sandbox(port=arguments.port, data=arguments.data, seconds=arguments.seconds))


def _platform(arguments: argparse.Namespace) -> int:
    with _needs_extra("platform"):
        from bot.sandbox.platform.serve import serve_platform

    token = os.environ.get("TURSO_API_TOKEN", "").strip()
    if not token:
        raise BadSettings("TURSO_API_TOKEN isn't set. Set it to any value, and use the same value in clients.")
    work = serve_platform(
        arguments.data,
        host="127.0.0.1",
        port=arguments.port,
        organization=arguments.organization,
        api_token=token,
        seed=arguments.seed,
        admin=arguments.admin,
        generation=arguments.generation,
        ready=lambda url: print(f"The local Turso is at {url}", flush=True),
    )
    run_loop(work)
    return 0
