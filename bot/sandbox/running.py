"""Starts and stops the sandbox: the real bot, a local Turso, a local Slack and local on-call services."""

import asyncio
import contextlib
import secrets
import shutil
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette

from bot.app.compose import Bot, secrets_of
from bot.app.compose import running as bot_running
from bot.app.logs import set_up_logs
from bot.app.serving import http_app, on_stop
from bot.commands import COMMANDS
from bot.errors import BotError
from bot.sandbox.clock import SandboxClock
from bot.sandbox.conversation import BEGINS_BEFORE, NotPlayed, play
from bot.sandbox.front import one_origin
from bot.sandbox.history import seed_history, seed_hours
from bot.sandbox.oncall.app import PREFIX, create_oncall
from bot.sandbox.oncall.roster import Roster
from bot.sandbox.page.app import create_page
from bot.sandbox.page.hints import CommandHint
from bot.sandbox.platform.app import create_platform
from bot.sandbox.platform.seed.traffic import make_traffic
from bot.sandbox.turso_controls import LocalTursoControls
from bot.sandbox.workspace.app import create_workspace_app
from bot.sandbox.workspace.seed import seed
from bot.sandbox.workspace.timeline import wall_clock
from bot.sandbox.workspace.workspace import Workspace
from bot.settings import Settings, load_settings
from bot.slack.incoming.http import KEEP_ALIVE_SECONDS
from bot.slack.incoming.request_guard import AsgiApp
from bot.slack.manifest import manifest

POLICY = Path(__file__).with_name("policy.yaml")
PLATFORM: Final = "platform"
STORE: Final = "turso-ops.db"
STARTS_WITHIN = 20.0


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The parts of a running sandbox, for use from Python."""

    workspace: Workspace
    platform: Starlette
    clock: SandboxClock
    url: str
    settings: Settings
    keys: "Keys"
    bot: Bot
    roster: Roster


@asynccontextmanager
async def sandbox(
    *,
    port: int,
    data: Path,
    policy: Path = POLICY,
    begins: timedelta = timedelta(),
    on_reset: Callable[[], None] | None = None,
) -> AsyncIterator[Sandbox]:
    """Run the sandbox until the context is left. Reads neither the environment nor `.env`. Its secrets are generated.

    Args:
        port: the port of the page and of all local services, or 0 for a free one.
        data: the folder with its databases, which are kept.
        policy: the policy file of the bot.
        begins: how far the sandbox's clocks are ahead of the machine's at first. Negative if they are behind.
        on_reset: called by the page's Reset button. None means no button.
    """
    clock, keys = SandboxClock(), Keys()
    platform = create_platform(data / PLATFORM, api_token=keys.turso_token, seed=True, admin=True)
    workspace, roster = new_workspace(keys, begins), Roster()
    clock.move(begins)
    platform.state.turso.clock.offset = begins
    on_call = create_oncall(roster, keys.on_call_token)

    async def move(by: timedelta) -> None:
        clock.move(by)
        platform.state.turso.clock.offset += by

    hints = [CommandHint(one.name, one.usage, one.summary, one.aliases) for one in COMMANDS if not one.hidden]
    with bound(port) as front, bound(0) as back:
        url = f"http://127.0.0.1:{front.getsockname()[1]}"
        workspace.origin = url
        workspace.events_url = f"http://127.0.0.1:{back.getsockname()[1]}/slack/events"
        controls = LocalTursoControls(platform.state.turso)
        page = create_page(workspace, commands=hints, platform_url=url, on_move=move, turso=controls, on_reset=on_reset)
        entrance = one_origin(page=page, slack=create_workspace_app(workspace), turso=platform, on_call=on_call)
        settings = _settings(keys, url, data, policy)
        set_up_logs(settings.log_level, settings.log_format, secrets_of(settings))
        async with (
            served(entrance, front),
            bot_running(settings, clock=clock) as bot,
            served(http_app(bot), back),
        ):
            await seed_history(platform.state.turso, bot.store, clock)
            try:
                yield Sandbox(workspace, platform, clock, url, settings, keys, bot, roster)
            finally:
                await workspace.close()


class Ending(Enum):
    """Why the sandbox ends."""

    STOP = auto()
    RESET = auto()


async def run_sandbox(*, port: int, data: Path, seconds: float | None = None) -> int:
    """Run the sandbox in the foreground until Ctrl-C or another stop signal, or for `seconds` after it is ready.

    Return the exit status 0. The page's Reset button deletes the data and starts the sandbox again at the same address.
    """
    ending = Ending.RESET
    while ending is Ending.RESET:
        endings: asyncio.Queue[Ending] = asyncio.Queue()
        on_stop(partial(_end, endings, Ending.STOP))
        begun = sandbox(port=port, data=data, begins=-BEGINS_BEFORE, on_reset=partial(_end, endings, Ending.RESET))
        async with begun as running, _traffic(running.platform):
            port = urlsplit(running.url).port or port
            ending = await _first(_be_open(running, seconds), endings.get())
        if ending is Ending.RESET:
            _delete(data)
    return 0


def _end(endings: asyncio.Queue[Ending], ending: Ending, *_: signal.Signals) -> None:
    endings.put_nowait(ending)


async def _be_open(running: Sandbox, seconds: float | None) -> Ending:
    """Play the opening conversation, store a month of hourly usage, and wait for `seconds`. With None, wait forever."""
    print("  Starting Turso Ops, with an example conversation …", flush=True)
    try:
        await play(running)
    except NotPlayed as error:
        print(f"  {error}", flush=True)
    await seed_hours(running.platform.state.turso, running.bot.store, running.clock)
    print(f"\n  Turso Ops is ready: {running.url}\n", flush=True)
    print("  It uses a local Slack and a local Turso. Nothing leaves this machine. Stop it with Ctrl-C.\n", flush=True)
    await (asyncio.Event().wait() if seconds is None else asyncio.sleep(seconds))
    return Ending.STOP


async def _first(*waits: Coroutine[Any, Any, Ending]) -> Ending:
    """Return the result of the coroutine that ends first, and cancel the others."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _delete(data: Path) -> None:
    """Delete the databases of a sandbox that has ended, and nothing else in its folder."""
    print("  The data of the sandbox is deleted. Starting again …", flush=True)
    shutil.rmtree(data / PLATFORM, ignore_errors=True)
    for file in data.glob(f"{STORE}*"):
        file.unlink()


@dataclass(frozen=True, slots=True)
class Keys:
    """The sandbox's secrets, generated at each start."""

    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    bot_token: str = field(default_factory=lambda: f"xoxb-sandbox-{secrets.token_hex(12)}", repr=False)
    app_token: str = field(default_factory=lambda: f"xapp-sandbox-{secrets.token_hex(12)}", repr=False)
    on_call_token: str = field(default_factory=lambda: f"sandbox-{secrets.token_urlsafe(24)}", repr=False)
    turso_token: str = field(default_factory=lambda: f"sandbox-{secrets.token_urlsafe(24)}", repr=False)


def new_workspace(keys: Keys, begins: timedelta = timedelta()) -> Workspace:
    """Return the seeded workspace with the bot's app installed. Its clock starts `begins` ahead of the machine's."""
    workspace = Workspace(
        manifest=manifest(),
        signing_secret=keys.signing_secret,
        bot_token=keys.bot_token,
        app_token=keys.app_token,
        clock=lambda: wall_clock() + begins,
    )
    seed(workspace)
    return workspace


def _settings(keys: Keys, url: str, data: Path, policy: Path) -> Settings:
    return load_settings(
        {
            "SLACK_BOT_TOKEN": keys.bot_token,
            "SLACK_SIGNING_SECRET": keys.signing_secret,
            "SLACK_APP_TOKEN": keys.app_token,
            "SLACK_API_URL": f"{url}/api/",
            "TURSO_API_TOKEN": keys.turso_token,
            "TURSO_ORGANIZATION": "acme",
            "TURSO_API_BASEURL": url,
            "PAGERDUTY_API_TOKEN": keys.on_call_token,
            "PAGERDUTY_API_BASEURL": f"{url}{PREFIX}/pagerduty",
            "OPSGENIE_API_TOKEN": keys.on_call_token,
            "OPSGENIE_API_BASEURL": f"{url}{PREFIX}/opsgenie",
            "INCIDENT_IO_API_TOKEN": keys.on_call_token,
            "INCIDENT_IO_API_BASEURL": f"{url}{PREFIX}/incident_io",
            "DATABASE_URL": f"sqlite:///{(data / STORE).absolute()}",
            "POLICY_FILE": str(policy),
            "LOG_LEVEL": "WARNING",
            "LOG_FORMAT": "console",
        }
    )


@contextlib.contextmanager
def bound(port: int) -> Iterator[socket.socket]:
    """Bind a port of the loopback address, or a free one for 0. Raises BotError if it can't be used."""
    # Without `proto`, asyncio doesn't switch off Nagle's algorithm, which can delay a response by 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            held.bind(("127.0.0.1", port))
        except OSError as error:
            raise BotError(f"Port {port} can't be used ({error.strerror}). Choose another with `--port`.") from None
        yield held


@asynccontextmanager
async def served(app: AsgiApp, on: socket.socket) -> AsyncIterator[None]:
    """Serve an application, with its lifespan, on a bound socket while the context is open."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[on]))
    try:
        async with asyncio.timeout(STARTS_WITHIN):
            while not server.started and not serving.done():  # noqa: ASYNC110  # uvicorn has no event for it
                await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """A server that installs no signal handlers, because the sandbox has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _traffic(platform: Starlette) -> AsyncIterator[None]:
    """Run a statement on a seeded database every few seconds while the context is open."""
    busy = asyncio.create_task(make_traffic(platform.state.turso), name="sandbox: traffic")
    try:
        yield
    finally:
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
