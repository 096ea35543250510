"""Runs a real process of the bot, and a conversation in which everything goes wrong that could leak a secret."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGTERM
from typing import Any

from bot.core.oncall import Provider
from bot.sandbox.oncall.app import PREFIX, create_oncall
from bot.sandbox.oncall.roster import Shift
from bot.sandbox.running import POLICY, Keys, bound, served
from tests.http import local_client
from tests.process import Process, local_servers
from tests.security import gathering
from tests.security.canaries import canary_token, minted, quoting, secrets_of_keys, secrets_of_slack, ticketed
from tests.security.recovering import rewind_database
from tests.security.searching import Place, Secret, place
from tests.security.stage import be_patient
from tests.world import ANA, BEN, DANA, DB_OPS, World, buttons, until, words

ROOT = Path(__file__).parents[2]
NAMES = ("crew", "fleet", "buggy", "lost", "late", "echo", "garbled", "forbidden", "untold", "odd-blocks", "cut-short")
TOKENS = "/auth/tokens"


@dataclass
class Watched:
    """A sandbox with a real process of the bot, and every secret in it."""

    world: World
    keys: Keys
    bot: Process
    tokens: list[str]
    tickets: list[str]
    canaries: dict[str, str] = field(default_factory=dict)
    told_before: int = 0
    """How many answers the bot had logged before the last call of `say`."""
    on_call: Provider = Provider.PAGERDUTY

    def canary(self, name: str) -> str:
        """Return the canary of this name, for Turso, Slack or a person to leak. Create it at the first call."""
        return self.canaries.setdefault(name, canary_token())

    @property
    def secrets(self) -> list[Secret]:
        """Return all secrets to search for: settings, Slack's secrets, canaries and created tokens."""
        slipped = [Secret(f"a token {name}", value) for name, value in self.canaries.items()]
        made = [Secret(f"minted token {number}", value) for number, value in enumerate(self.tokens)]
        tickets = [Secret("a ticket of Socket Mode", one) for one in self.tickets]
        return [*secrets_of_keys(self.keys), *secrets_of_slack(self.world), *tickets, *slipped, *made]

    def add_mint_fault(self, name: str, kind: Any, **options: Any) -> Any:
        """Add a fault to the creation of tokens of a database, and return the fault."""
        path = f"*/databases/{name}{TOKENS}"
        return self.world.turso.faults.add(kind, method="POST", path=path, **options)

    async def say(self, text: str, person: str = DANA) -> None:
        """Type a line without waiting for an answer, because Slack may not show one."""
        self.told_before = self._answers()
        await self.world.workspace.say(person, DB_OPS, text)

    async def has_answered(self) -> None:
        """Wait until the bot has logged an answer since the last call of `say`."""
        await until(lambda: self._answers() > self.told_before, what="an answer in the log", within=40)

    def _answers(self) -> int:
        return self.bot.log.read_text().count('"event": "answered"')

    async def everything(self, database_url: str) -> list[Place]:
        """End the process, and return every place that might contain a secret.

        Args:
            database_url: the store, if it is in PostgreSQL.
        """
        pages = await gathering.pages_of(self.bot)
        before = [gathering.command_line_of(self.bot), *gathering.files_of(self.world.data, but=["platform"])]
        status = await self.bot.stop()
        _, export = await gathering.command(self.bot, "audit", "export")
        assert status in (0, -SIGTERM), self.bot.log.read_text()[-3000:]
        assert '"event":"' in export
        if database_url:
            tables = gathering.postgresql_tables(database_url)
        else:
            tables = gathering.sqlite_tables(self.world.data / "turso-ops.db")
        calls = gathering.slack_calls(self.world, revealed_to=DANA)
        after = gathering.files_of(self.world.data, but=["platform"])
        log = place("the log", self.bot.log.read_bytes())
        return [*pages, *before, *after, *tables, *calls, log, place("the audit export", export)]


@asynccontextmanager
async def watched(
    folder: Path,
    *,
    command: str = "serve",
    database_url: str = "",
    sabotage: str = "bug, chatty",
    on_call: Provider = Provider.PAGERDUTY,
) -> AsyncIterator[Watched]:
    """Run a real process of the bot with the local servers.

    Args:
        sabotage: what makes the bot leak, as `tests.security.sabotage` describes.
    """
    breaks, data = folder / "breaks", folder / "data"
    breaks.mkdir()
    data.mkdir()
    begin = "import os, sys\nfrom tests.security import sabotage\nsabotage.begin(os.environ['SABOTAGE'])\n"
    (breaks / "sitecustomize.py").write_text(begin)
    chatter = canary_token()
    extra = {
        "PYTHONPATH": f"{breaks}:{ROOT}",
        "SABOTAGE": sabotage,
        "SABOTAGE_CANARY": chatter,
        "CLOCK_FILE": str(folder / "clock"),
        "LOG_FORMAT": "json",
    }
    policy = folder / "policy.yaml"
    policy.write_text(with_on_call(POLICY.read_text(), on_call))
    with minted() as tokens, ticketed() as tickets, bound(0) as desk:
        async with local_servers(data) as (world, keys), served(create_oncall(world.roster, keys.on_call_token), desk):
            extra[f"{on_call.name}_API_TOKEN"] = keys.on_call_token
            extra[f"{on_call.name}_API_BASEURL"] = f"http://127.0.0.1:{desk.getsockname()[1]}{PREFIX}/{on_call}"
            bot = Process(world, keys, command, database_url, policy, extra=extra, log=folder / "log", fresh=True)
            be_patient(world)
            await world.create_databases(*NAMES)
            await bot.start()
            if command == "socket":
                await until(lambda: world.workspace.sockets.connections, what="the connection", within=40)
            try:
                yield Watched(world, keys, bot, tokens, tickets, {"of a chatty command": chatter}, on_call=on_call)
            finally:
                await bot.kill()


def with_on_call(text: str, provider: Provider) -> str:
    """Return a policy in which people on call are approvers, too."""
    ids = f"oncall_users: {{{provider}: {{PANA001: U0ANA}}}}\npeople:\n"
    entry = f"  on_call: {{oncall: {{provider: {provider}, schedule: PDBA100}}}}\n"
    return text.replace("people:\n", ids + entry).replace("by: dba", "by: [dba, on_call]")


async def approve_with_on_call_faults(here: Watched) -> None:
    """Press Approve while the on-call service fails, and while it names a person without a Slack ID."""
    roster, remy = here.world.roster, here.world.person("U0REMY")
    card = await here.world.person(DANA).types('/turso token fleet --expiration 1h --reason "shift"', holding="shift")
    for status in (500, 401, 302):
        roster.status = status
        assert f"who is on call in {here.on_call.label}" in words(await remy.presses_and_reads("Approve", card))
    roster.status, roster.shifts = 0, [Shift("PNEW999")]
    assert "You aren't an approver" in words(await remy.presses_and_reads("Approve", card))


async def have_conversation(here: Watched) -> None:
    """Create and revoke tokens in a conversation, with every fault that could leak one."""
    world, dana, ana = here.world, here.world.person(DANA), here.world.person(ANA)
    here.add_mint_fault("late", "hold_after")
    await here.say("/turso token late --read-only", BEN)  # Turso doesn't respond, so the answer comes late
    for line in ("/turso", "/turso usage crew", "/turso show crew", "/turso whoami", "/turso help token"):
        await dana.types(line)
    await world.workspace.open_home(DANA)

    await dana.types("/turso ls", holding="[hidden]")
    await dana.types("/turso token crew --read-only", holding="eyJ")
    card = await dana.types('/turso token fleet --expiration 1h --reason "a migration"', holding="a migration")
    await ana.presses_and_reads("Approve", card)
    shown = await dana.presses_and_reads("Reveal", await world.wait_for_content(card, button="Reveal"))
    assert "eyJ" in words(shown)

    await create_tokens_with_turso_faults(here)
    # Wait for the late answer to Ben, which would otherwise be sent while private messages fail.
    ben = world.person(BEN)
    await until(lambda: any("didn't respond in time" in words(m) for m in ben.sees()), what="the time-out", within=40)
    await create_tokens_with_slack_faults(here)
    await approve_with_on_call_faults(here)
    await send_requests_not_from_slack(here)
    await paste_secrets(here)
    await rotate_with_failing_probes(here)
    card = await dana.types("/turso rotate crew --reason leak", holding="leak")
    await ana.presses("Approve", card)
    await ana.submits({"typed_name": "crew"})
    await until(lambda: world.card(holding="*crew* · Old tokens no longer work"), what="the rotation", within=40)
    await dana.types("/turso audit", holding="crew")
    world.turso.faults.clear()
    await rewind_database(here)


async def rotate_with_failing_probes(here: Watched) -> None:
    """Rotate while one probe token can't be created, and while the sibling's answer to its probe quotes the token."""
    world, dana, ana = here.world, here.world.person(DANA), here.world.person(ANA)
    here.add_mint_fault("echo", "status", status=403, body=quoting(here.canary("in the refusal of a probe"), here.keys))
    world.turso.faults.add("late_rotation", seconds=3)
    card = await dana.types("/turso rotate echo --reason badly", holding="badly")
    await ana.presses("Approve", card)
    await ana.submits({"typed_name": "echo"})
    await until(
        lambda: world.card(holding="I couldn't check the old tokens: I couldn't create a test token"),
        what="the rotation",
        within=40,
    )
    quotes = world.turso.faults.add("status", path="/db/*", status=403, body=quoting(here.tokens[-1], here.keys))
    await until(lambda: quotes.spent, what="a probe of the sibling", within=60)


async def create_tokens_with_turso_faults(here: Watched) -> None:
    """Create tokens while Turso's answers quote a secret, can't be read, or are lost."""
    dana, faults = here.world.person(DANA), here.world.turso.faults
    here.add_mint_fault("echo", "status", status=500, body=quoting(here.canary("in a 500"), here.keys))
    await dana.types("/turso token echo --read-only", holding="with status 500")
    here.add_mint_fault("forbidden", "status", status=403, body=quoting(here.canary("in a 403"), here.keys))
    await dana.types("/turso token forbidden --read-only", holding="403")
    here.add_mint_fault("garbled", "status", status=200, body=f'{{"token": "{here.canary("in an odd answer")}"}}')
    await dana.types("/turso token garbled --read-only", holding="can't be read")
    here.add_mint_fault("garbled", "status", status=200, body=f"<html>{here.canary('in no JSON')}")
    await dana.types("/turso token garbled --read-only", holding="can't be read")
    here.add_mint_fault("lost", "lost")
    await dana.types("/turso token lost --read-only", holding="dropped the connection")
    await dana.types("/turso token buggy --read-only", holding="Something went wrong")
    path = "*/databases/echo"
    faults.add("status", method="GET", path=path, status=500, count=3, body=quoting(here.canary("read"), here.keys))
    await dana.types("/turso show echo", holding="500")
    faults.add("status", method="GET", path=path, status=200, body=f'{{"database": [{here.canary("in a list")!r}]}}')
    await dana.types("/turso show echo")


async def create_tokens_with_slack_faults(here: Watched) -> None:
    """Create tokens while Slack rejects their message or only its blocks, and while Slack's answer is lost."""
    faults, dana = here.world.workspace.faults, here.world.person(DANA)
    on = [faults.add("server_error", "response_url"), faults.add("api_error", "chat.postEphemeral", error="no_perm")]
    await here.say("/turso token untold --read-only")
    await until(lambda: "untold" in str(here.world.turso.calls.control()[-1].path), what="the call")
    await here.has_answered()
    for fault in on:
        faults.remove(fault)
    for error in ("invalid_blocks", "msg_too_long"):
        on = [faults.add("server_error", "response_url", times=2)]
        on += [faults.add("api_error", "chat.postEphemeral", error=error, times=1)]
        await here.say("/turso token odd-blocks --read-only")
        await here.has_answered()
        for fault in on:
            faults.remove(fault)
    faults.add("lost_answer", "response_url", times=1)
    await dana.types("/turso token untold --read-only", holding="eyJ")


async def send_requests_not_from_slack(here: Watched) -> None:
    """Send requests that aren't from Slack, and signed ones that Slack would never send, if the process has a port."""
    if here.bot.command != "serve":
        return
    body = f"command=/turso&text={here.canary('in an unsigned body')}&user_id=U0DANA".encode()
    odd = f'payload={{"type": "block_actions", "response_url": "{here.canary("in a malformed body")}", '.encode()
    form = "application/x-www-form-urlencoded"
    async with local_client() as http:
        url = here.world.workspace.events_url or ""
        assert (await http.post(url, content=body, headers={"content-type": form})).status_code == 401
        forged = here.world.workspace.post.headers(body, form) | {"X-Slack-Signature": "v0=" + "0" * 64}
        assert (await http.post(url, content=body, headers=forged)).status_code == 401
        signed = here.world.workspace.post.headers(odd, form)
        assert (await http.post(url, content=odd, headers=signed)).status_code == 400
        query = f"{url}?token={here.canary('in a query')}"
        assert (await http.get(query, headers={"authorization": here.canary("in a header")})).status_code == 405


async def paste_secrets(here: Watched) -> None:
    """Paste a token and the bot's own secrets as a person, and assert that each is refused."""
    dana = here.world.person(DANA)
    token = here.canary("that a person pasted")
    own = [f'/turso db create x --reason "{one.value}"' for one in secrets_of_keys(here.keys)]
    for line in (f'/turso db create x --reason "{token}"', f"/turso {token}", f"/turso show {token}", *own):
        await dana.types(line, holding="looks like a token")
    await here.say(f"<@{here.world.workspace.app.bot_user_id}> {token}")
    await here.has_answered()


async def kill_before_the_message(here: Watched, clock: Path) -> None:
    """Kill the process between the creation of a token and its message, and start it again.

    The new process offers to reveal a token again.
    """
    before = {one.ts for one in here.world.person(DANA).sees()}
    held = here.add_mint_fault("cut-short", "hold_after")
    await here.say("/turso token cut-short --read-only")
    await asyncio.wait_for(held.arrived.wait(), 20)
    await here.bot.kill()
    held.released.set()
    clock.write_text("+120")
    await here.bot.start()

    def offer() -> Any:
        new = [one for one in here.world.person(DANA).sees() if one.ts not in before]
        return next((one for one in new if "Reveal again" in buttons(one) and "interrupted" in words(one)), None)

    await until(offer, what="the offer to reveal a token again", within=60)
