"""One trace leads from Slack's request through the approval to Turso's answer.

It contains no text that people typed.
"""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.app.tracing.filtering import EXPORTED_ATTRIBUTES
from bot.sandbox.running import Keys
from tests.http import local_client
from tests.process import Process, free_port, local_servers
from tests.tracing import shown
from tests.tracing.receiver import Receiver, receiving
from tests.world import ANA, DANA, DB_OPS, World, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
NAME, REASON, TICKET = "sec-payroll", "because of Zebedee", "TICKET-4711"
POLICY = """
version: 1
organizations:
  acme: {token: env:TURSO_API_TOKEN}
workspace: T0ACME
channels:
  C0DBOPS:
    databases: ["*"]
    rules:
      - {allow: [read], confirm: none}
      - {allow: ["token --read-only"], confirm: none}
      - {approve: [destroy], by: [user:U0ANA], confirm: none}
"""


class Traced:
    """A sandbox whose bot, a process that has stopped, sent its traces to a receiver."""

    def __init__(
        self,
        world: World,
        keys: Keys,
        receiver: Receiver,
        headers: Mapping[str, set[str]],
        figures: str,
        log: str,
    ) -> None:
        self.figures, self.log = figures, log
        """The bot's metrics and log right after the destroy."""
        self.headers = headers
        """The names of the request headers that the local Slack (`slack`) and the local Turso (`turso`) got."""
        self.world = world
        self.keys = keys
        self.receiver = receiver


async def figures_of(bot: Process) -> str:
    """Wait until the destroy is counted, and return the metrics."""
    async with local_client(base_url=f"http://127.0.0.1:{bot.port}") as http:
        for _ in range(300):
            text = (await http.get("/metrics")).text
            if 'turso_ops_requests_total{state="succeeded"}' in text and "operation.ended" in bot.log.read_text():
                return text
            await asyncio.sleep(0.05)
    raise AssertionError(bot.log.read_text()[-4000:])


def sending_to(receiver: Receiver) -> dict[str, str]:
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def traced(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traced]:
    """Let people destroy a database with an approval and create a token, and stop the bot."""
    data = tmp_path_factory.mktemp("traced")
    (data / "policy.yaml").write_text(POLICY)
    headers: dict[str, set[str]] = {"slack": set(), "turso": set()}

    def recording(name: str, app: Any) -> Any:
        async def listens(scope: Any, receive: Any, send: Any) -> None:
            headers[name] |= {key.decode() for key, _ in scope.get("headers", ())}
            await app(scope, receive, send)

        return listens

    async with receiving() as receiver, local_servers(data, around=recording) as (world, keys):
        bot = Process(world, keys, policy=data / "policy.yaml", extra=sending_to(receiver))
        await bot.start()
        await world.create_databases(NAME, "other-one")
        line = f'/turso db destroy {NAME} --now --reason "{REASON}" --ticket {TICKET}'
        card = await world.person(DANA).types(line, holding=NAME)
        await world.person(ANA).presses("Approve", card)
        await world.wait_for_content(card, holding="was destroyed")
        figures, log = await figures_of(bot), bot.log.read_text()
        await world.person(DANA).types("/turso token other-one --read-only", holding="other-one")
        await world.person(DANA).types("/turso no such command Zebedee")
        assert await bot.stop() == 0
        await until(lambda: receiver.named("execute notify"), what="the last step")
        yield Traced(world, keys, receiver, headers, figures, log)


async def test_one_trace_has_the_command_the_approval_and_the_calls_to_turso(traced: Traced) -> None:
    spans = traced.receiver.spans
    (press,) = traced.receiver.named("approval.approve")
    (act,) = traced.receiver.named("execute act")

    assert press.trace == act.trace
    story = traced.receiver.of(press.trace)
    names = [span.name for span in story]
    for earlier, later in itertools.pairwise(STORY):
        assert earlier in names, names
        assert later in names, names
        assert names.index(earlier) < names.index(later), names
    (delete,) = [span for span in story if span.name == DELETE]
    assert delete.parent == act.id
    assert {span.trace for span in spans if span.name == DELETE} == {press.trace}
    (root,) = [span for span in story if not span.parent]
    assert root.name == "request from Slack"
    assert {span.parent for span in story} <= {"", *(span.id for span in story)}, "every parent span was received"


STORY = (
    "request from Slack",
    "destroy",
    "store INSERT",
    "Slack chat.postMessage",
    "approval.approve",
    "execute begin",
    "execute act",
    "Turso DELETE /v1/organizations/{organization}/databases/{database}",
    "execute verify",
    "execute finish",
    "execute notify",
)
DELETE = STORY[7]


async def test_the_span_of_the_press_links_to_the_trace_of_the_slack_request_that_delivered_it(traced: Traced) -> None:
    (press,) = traced.receiver.named("approval.approve")

    (other,) = press.links
    assert other != press.trace
    assert traced.receiver.of(other)[0].name == "request from Slack"


async def test_no_secret_and_no_typed_text_is_sent(traced: Traced) -> None:
    sent = b"\n".join(traced.receiver.bodies)
    keys, world = traced.keys, traced.world
    secrets = [keys.bot_token, keys.signing_secret, keys.app_token, keys.turso_token]
    secrets += [body["response_url"] for body in bodies(world) if "response_url" in body]
    secrets += re.findall(r"eyJ[\w-]+", str(list(world.workspace.history(DB_OPS, DANA))))
    typed = [NAME, "other-one", REASON, "Zebedee", TICKET, "no such command", str(world.data), "127.0.0.1", "localhost"]

    assert len(secrets) > 6
    assert [one for one in secrets + typed if one.encode() in sent] == []
    paths = [url.partition("127.0.0.1")[2].partition("/")[2] for url in secrets if url.startswith("http")]
    assert paths
    assert [path for path in paths if path.encode() in sent] == []
    known = EXPORTED_ATTRIBUTES | {"turso_ops.reference", "turso_ops.request"}
    assert {key for span in traced.receiver.spans for key in span.attributes} <= known


def bodies(world: World) -> list[dict[str, Any]]:
    return [dict(one.payload) for one in world.workspace.deliveries]


async def test_no_background_task_starts_a_trace_of_a_single_call(traced: Traced) -> None:
    roots = {span.name for span in traced.receiver.spans if not span.parent}

    assert {name for name in roots if name.startswith(("store", "Slack", "Turso"))} == set()


async def test_no_trace_headers_are_sent_to_slack_and_turso(traced: Traced) -> None:
    assert traced.headers["slack"] > {"host"}
    assert traced.headers["turso"] > {"host"}
    assert {"traceparent", "tracestate", "baggage"}.isdisjoint(traced.headers["slack"] | traced.headers["turso"])


@pytest.mark.parametrize("what", ["log", "metrics", "trace"])
async def test_the_documentation_shows_what_operators_see(
    traced: Traced, what: str, pytestconfig: pytest.Config
) -> None:
    """`pytest tests/tracing --update-golden` writes the text into docs/operations.md."""
    (press,) = traced.receiver.named("approval.approve")
    seen = {
        "log": lambda: shown.log(traced.log),
        "metrics": lambda: shown.metrics(traced.figures),
        "trace": lambda: shown.trace(traced.receiver.of(press.trace)),
    }[what]()

    assert [word for word in (REASON, TICKET, traced.keys.turso_token, traced.keys.bot_token) if word in seen] == []
    shown.compare(what, seen, update=pytestconfig.getoption("--update-golden"))


async def test_without_a_receiver_opentelemetry_is_not_loaded(tmp_path: Path) -> None:
    async with local_servers(tmp_path) as (world, keys):
        found = await loaded_by(Process(world, keys), tmp_path)

        assert found == []


async def test_without_the_extra_a_receiver_is_reported_in_one_log_line(tmp_path: Path) -> None:
    async with receiving() as receiver, local_servers(tmp_path) as (world, keys):
        bot = Process(world, keys, extra=sending_to(receiver) | {"WITHOUT": "opentelemetry"})
        found = await loaded_by(bot, tmp_path)

        assert found == []
        assert receiver.spans == []
        (line,) = [one for one in bot.log.read_text().splitlines() if "traces.off" in one]
        assert "OTEL_EXPORTER_OTLP_ENDPOINT is set, but no traces are sent" in line
        assert "install `turso-ops[otel]`" in line


async def test_a_receiver_gets_nothing_while_tracing_is_switched_off(tmp_path: Path) -> None:
    async with receiving() as receiver, local_servers(tmp_path) as (world, keys):
        bot = Process(world, keys, extra=sending_to(receiver) | {"OTEL_SDK_DISABLED": "true"})
        await bot.start()
        await world.person(DANA).types("/turso db list", holding="orders")

        assert await bot.stop() == 0
        assert receiver.bodies == []


async def test_a_receiver_that_cannot_be_reached_blocks_neither_commands_nor_the_end_of_the_process(
    tmp_path: Path,
) -> None:
    async with local_servers(tmp_path) as (world, keys):
        nobody = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{free_port()}", "OTEL_BSP_SCHEDULE_DELAY": "100"}
        bot = Process(world, keys, extra=nobody)
        await bot.start()
        await world.person(DANA).types("/turso db list", holding="orders")

        assert await asyncio.wait_for(bot.stop(), 30) == 0


async def loaded_by(bot: Process, folder: Path) -> list[str]:
    """Run a bot for one command, and return the modules of OpenTelemetry that its process has loaded at its end."""
    (folder / "sitecustomize.py").write_text(LOOK)
    bot.fresh, bot.extra = True, {**bot.extra, "PYTHONPATH": f"{folder}:{ROOT}"}
    await bot.start()
    await bot.world.person(DANA).types("/turso db list", holding="orders")
    assert await bot.stop() == 0
    written = bot.log.read_text()
    return json.loads(written.partition("LOADED ")[2].splitlines()[0])  # type: ignore[no-any-return]


ROOT = Path(__file__).parents[2]
# Makes the package in `WITHOUT` look missing, and prints the modules of OpenTelemetry when the process ends.
LOOK = """
import atexit, json, os, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == os.environ.get("WITHOUT"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
atexit.register(lambda: print("LOADED", json.dumps([one for one in sys.modules if one.startswith("opentelemetry")])))
"""
