"""Plays more than a week in the local Slack, most of it in #db-ops, for the golden catalogue of messages."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from bot.commands import COMMANDS
from bot.core.alerts import AlertEnd, AlertKind
from tests.messages.page import Page
from tests.messages.rendering import rendered_view
from tests.scenarios.alerting import ended, keep_usage_unknown, made, raise_one
from tests.world import ANA, BEN, DANA, GENERAL, GIL, INCIDENT, ORDERS, REMY, until

MEASURED = (AlertKind.QUOTA, AlertKind.SPIKE, AlertKind.FORECAST)
"""Alerts about a number with a threshold. The others end when their token, freeze or failure no longer exists."""

MISTAKES = (
    "/turso create Shop!", "/turso create shop please", "/turso usage --since yesterday", "/turso delete x",
    "/turso freeze orders --for 30min", "/turso token orders --expiration", "/turso usage --top x", "/turso show a.b",
    "/turso show nope", "/turso show ordes", "/turso show orders --x", "/turso wat", "/turso usage --month 2099-01",
    "/turso audit --since 1mo", "/turso digest on --daily 25:00", "/turso protect orders maybe",
    "/turso ls --sort colour", "/turso show orders --reason x", '/turso show "orders', "/turso restore orders",
    "/turso thaw orders", "/turso help nonsense",
)  # fmt: skip


async def play(page: Page) -> None:
    """Run every part of the script on the page, in order."""
    for part in (
        _reading,
        _creating,
        _tokens,
        _destroying,
        _blocking,
        _branching,
        _waking,
        _rotating,
        _rewinding,
        _overages,
        _alerts,
        _incident,
        _away,
        _digests,
        _mistakes,
        _forms,
    ):
        await part(page)


async def _reading(page: Page) -> None:
    page.subject("Finding out")
    for line in ("/turso", "/turso help", "/turso help token", "/turso help incident", "/turso whoami", "/turso ls",
                 "/turso ls nothing-like-this", "/turso ls ord --private",
                 "/turso ls --sort reads", "/turso show orders", "/turso usage",
                 "/turso usage orders", "/turso tokens", "/turso requests", "/turso requests --mine", "/turso audit",
                 "/turso triage orders", "/turso policy explain destroy orders", "/turso policy explain ls",
                 "/turso doctor"):  # fmt: skip
        await page.types(line)


async def _creating(page: Page) -> None:
    page.subject("Creating a database")
    await page.types("/turso create shop")
    await page.types("/turso create shop")
    await page.types("/turso create shop-2 --dry-run")
    await page.types("/turso create shop-3 --location mars")
    await page.types("/turso create shop-3 --group nowhere")


async def _tokens(page: Page) -> None:
    page.subject("Tokens")
    await page.types("/turso token orders --read-only")
    await page.types('/turso token orders --expiration 1h --reason "a migration"')
    await page.presses("Remind", "create a token for", by=DANA)
    await page.presses("Approve", "create a token for", by=DANA)
    await page.presses("Approve", "create a token for")
    await page.presses("Reveal", "was approved", by=ANA)
    await page.presses("Reveal", "was approved", by=DANA)
    await page.types("/turso token orders --expiration 30d")
    await page.types("/turso token users --expiration never --reason x")
    await page.types("/turso token users --reason x")
    await page.presses("Deny", "create a token for", comment="Too long.")
    await page.types("/turso token users --reason again")
    await page.presses("Withdraw", "create a token for", by=DANA)
    await page.types("/turso tokens")


async def _destroying(page: Page) -> None:
    page.subject("Destroying a database")
    await page.types('/turso destroy analytics --reason "moved to the warehouse"')
    await page.types("/turso requests --to-approve", by=ANA)
    await page.presses("Approve", "wants to destroy", by=ANA)
    await page.presses("Approve", "wants to destroy", by=ANA, typed_name="analytics")
    await page.types("/turso destroy analytics")
    await page.presses("Undo", "is in quarantine", by=DANA)
    await page.types('/turso destroy analytics --now --reason "moved to the warehouse"')
    await page.presses("Approve", "wants to immediately destroy", by=ANA, typed_name="analytics")
    await page.types("/turso show analytics")
    await page.types("/turso destroy users --reason old")
    await page.step("No one decides", lambda: page.world.pass_time(minutes=31), then="No one approved")
    await page.types("/turso requests --mine")


async def _blocking(page: Page) -> None:
    page.subject("Freezing and protecting")
    await page.types("/turso freeze users --for 30m", by=BEN)
    await page.presses("Freeze writes", "Do you want to freeze", by=BEN)
    await page.types("/turso ls", by=BEN)
    await page.types("/turso thaw users", by=BEN)
    await page.presses("Thaw", "Do you want to thaw", by=BEN)
    await page.types("/turso thaw users", by=BEN)
    await page.types("/turso protect users on")
    await page.presses("Approve", "delete protection")
    await page.types("/turso destroy users --reason old")


async def _branching(page: Page) -> None:
    page.subject("Branching a database")
    await page.types("/turso branch users users-test --at 15m ago --for 3d --dry-run")
    await page.types("/turso branch users users-test --for 3d", then="of *users* is ready")
    await page.types("/turso ls --branches")
    await page.types("/turso show users-test")
    for line in ("/turso branch users users-test", "/turso branch users users-2 --at 15m",
                 "/turso branch users users-2 --at before INC-1", "/turso branch users users-2 --for 1m"):  # fmt: skip
        await page.types(line)
    await page.step("Two days later", lambda: page.world.pass_time(days=2, minutes=1), then="the branch `users-test`")
    await page.presses("Extend", "the branch `users-test`", by=DANA)
    await page.step("Three days later", lambda: page.world.pass_time(days=3), then="the branch `users-test`")
    await page.presses("Keep", "the branch `users-test`", by=DANA)
    await page.types("/turso branch users users-2 --for 2d", then="of *users* is ready")
    await page.step("When the branch ends", lambda: page.world.pass_time(days=3), then="is due to be destroyed")
    await page.presses("Withdraw", "is due to be destroyed", by=DANA)


async def _waking(page: Page) -> None:
    page.subject("Waking an archived database")
    group = {"name": "quiet", "location": "local"}
    answer = await page.world.call_turso("POST", "/groups", json=group)
    assert answer.status_code == 200, answer.text
    await page.world.create_databases("reports", "reports-old", group="quiet")
    await page.types("/turso wake reports")
    await page.world.turso.archive("acme", "quiet")
    for line in ("/turso show reports", "/turso usage reports", "/turso token reports --read-only",
                 "/turso token reports --read-only --private", "/turso create fresh --group quiet"):  # fmt: skip
        await page.types(line)
    await page.types("/turso triage reports", by=BEN)
    await page.types('/turso wake reports --reason "quarterly report"')
    await page.presses("Approve", "wants to wake", then="is awake")
    await page.types("/turso wake reports")


async def _rotating(page: Page) -> None:
    page.subject("Revoking tokens")
    await page.types('/turso rotate orders --reason "laptop lost"')
    await page.presses("Approve", "wants to revoke", by=BEN, typed_name="orders", then="Old tokens no longer work")


async def _rewinding(page: Page) -> None:
    page.subject("Going back to before a mistake")
    await page.world.call_turso("POST", "/groups", json={"name": "books", "location": "local"})
    await page.world.create_databases("ledger", "invoices", group="books")
    await page.world.run_sql("ledger", "CREATE TABLE entries (n INTEGER PRIMARY KEY, created_at TEXT)",
                          *(f"INSERT INTO entries VALUES ({n}, '2026-11-24 01:43:00')" for n in range(6)))  # fmt: skip
    await page.types("/turso token ledger --read-only")
    await page.world.pass_time(minutes=10)
    await page.world.run_sql("ledger", "DELETE FROM entries WHERE n > 2", "CREATE INDEX later ON entries (created_at)")
    for line in ("rewind switch ledger", "rewind ledger", "rewind ledger --to 40d ago",
                 "rewind ledger --to 2030-01-01 14:02", "rewind ledger --to 5m ago --dry-run"):  # fmt: skip
        await page.types(f"/turso {line}")
    for _ in range(2):
        await page.types('/turso rewind ledger --to 5m ago --reason "half of it is gone"')
        await page.presses("Approve", "wants to rewind", by=BEN, then="Compared with")
    await page.types("/turso rewind discard ledger")
    await page.presses("Discard", "Compared with")
    await page.presses("Approve", "wants to destroy the copy", by=BEN, then="was destroyed")
    await page.presses("Keep as a branch", "Compared with")
    await page.presses("Approve", "wants to keep the copy", by=BEN, then=":herb:")
    await page.types("/turso rewind switch ledger")
    await page.types("/turso rewind ledger --to 5m ago")
    await page.presses("Approve", "wants to rewind", by=BEN, then="Compared with")
    await page.presses("Switch", "Compared with", by=DANA)
    await page.presses("Approve", "wants to switch", by=BEN, then="in place of")
    await page.types("/turso rewind discard ledger")
    await page.presses("Undo", "in place of", then="out of quarantine")


async def _overages(page: Page) -> None:
    page.subject("Overages")
    await page.types("/turso overages off")
    await page.types("/turso overages on", channel=ORDERS)
    await page.types("/turso overages on --dry-run")
    await page.types('/turso overages on --reason "the quota is nearly used up"')
    await page.presses("Approve", "wants to turn on overages", typed_name="acme", then="are on")
    await page.types("/turso overages off --reason enough")
    await page.presses("Withdraw", "wants to turn off overages", by=DANA)


async def _alerts(page: Page) -> None:
    page.subject("Alerts")
    keep_usage_unknown(page.world)
    for line in ("/turso alert list", "/turso alert off", "/turso alert on --quota 80,95 --spike 5x --to <@U0BEN>",
                 "/turso alert on --quota 120", "/turso alert on --spike 1", "/turso alert on --to everybody",
                 "/turso alert mute --for 1y", "/turso alert unmute"):  # fmt: skip
        await page.types(line)
    for kind in AlertKind:
        people = (DANA, BEN, REMY) if kind is AlertKind.TOKENS else ()
        more: dict[str, Any] = {"details": people} if people else {}
        alert = await made(page.world, kind, "orders", "users", **more)
        await page.step(f"An alert: {kind}", partial(raise_one, page.world, alert))
        if kind is AlertKind.SPIKE:
            await page.presses("Start incident", "times the usual", by=BEN)
            await page.types("/turso incident end", by=BEN)
        if kind is AlertKind.FORECAST:
            await page.types("/turso alert list")
            await page.presses("Mute 1 h", "will probably use up", by=DANA)
        how = AlertEnd.BELOW if kind in MEASURED else AlertEnd.OVER
        await page.step("The alert ends", partial(ended, page.world, alert, how))
        await page.types("/turso alert unmute")
    unknown = await made(page.world, AlertKind.SPIKE, "inventory")
    await page.step("A spike of a database that Turso then stops reporting", partial(raise_one, page.world, unknown))
    await page.step("Nothing is known for a day", partial(ended, page.world, unknown, AlertEnd.UNKNOWN))
    await page.types("/turso alert on", channel=ORDERS, by=DANA)
    await page.types("/turso alert off")
    page.world.turso.faults.clear()


async def _incident(page: Page) -> None:
    page.subject("An incident")
    await page.types("/turso incident status", by=REMY, channel=INCIDENT)
    await page.types("/turso incident start INC-42 --for 4h", by=DANA, channel=INCIDENT)
    await page.types("/turso incident start INC-42 --for 20h", by=REMY, channel=INCIDENT)
    await page.types("/turso incident start INC-42 --for 2h", by=REMY, channel=INCIDENT)
    await page.types("/turso triage users", by=REMY, channel=INCIDENT)
    await page.presses("Freeze writes 30 min", "users", by=REMY, channel=INCIDENT)
    await page.presses("Freeze writes", "Do you want to freeze", by=REMY, channel=INCIDENT)
    await page.types("/turso incident status", by=REMY, channel=INCIDENT)
    await page.types("/turso destroy crm", by=BEN, channel=INCIDENT)
    line = '/turso destroy shop --reason "it floods the group"'
    await page.types(line, by=BEN, channel=INCIDENT, then="used *break-glass access*")
    await page.presses("Review", "without approval", by=REMY, channel=INCIDENT, comment="Right.", verdict="yes")
    await page.types("/turso incident end", by=REMY, channel=INCIDENT)
    await page.types("/turso incident end", by=REMY, channel=INCIDENT)
    await page.types("/turso incident report", by=REMY, channel=INCIDENT)


async def _digests(page: Page) -> None:
    page.subject("Digests")
    await page.types("/turso digest off")
    await page.types("/turso digest on --weekly mon 09:00")
    await page.types("/turso digest now")
    await page.types("/turso digest off")


async def _away(page: Page) -> None:
    page.subject("While an approver is away")
    # Samples are dated in whole minutes. The digest below needs one that is later than the newest database.
    await page.world.pass_time(minutes=1)
    await page.types(f"/turso away --until 2d --to <@{REMY}>", by=ANA)
    await page.types("/turso token orders --reason report", then="report")
    await page.types("/turso whoami", by=ANA)
    await page.types(f"/turso away --until 1d --to <@{ANA}>", by=BEN)
    await page.types(f"/turso away --until 1d --to <@{DANA}>", by=BEN)
    await page.types(f"/turso away --until soon --to <@{REMY}>", by=BEN)
    await page.types("/turso away off", by=ANA)
    await page.types("/turso away off", by=ANA)


async def _mistakes(page: Page) -> None:
    page.subject("Mistakes and refusals")
    for line in MISTAKES:
        await page.types(line)
    await page.types("/turso ls", by=GIL, channel=ORDERS)
    await page.types("/turso show users", channel=ORDERS)
    await page.types("/turso destroy orders", channel=ORDERS)
    await page.types("/turso ls", channel=INCIDENT)
    await page.types("/turso ls", channel=GENERAL)


async def _forms(page: Page) -> None:
    page.subject("Forms and Home")
    for name in _commands_with_forms():
        await page.types(f"/turso {name}")
    for person in (ANA, DANA, GIL):
        await page.world.workspace.open_home(person)
        await page.world.wait_until_idle()
        view = await until(lambda p=person: page.world.workspace.home_of(p), what="a Home tab")  # type: ignore[misc]
        page.add(f"Home of {person}", rendered_view(view.source))


def _commands_with_forms() -> Iterator[str]:
    """Yield the names of the commands that open a form if only the name is typed."""
    for command in COMMANDS:
        if any(field.is_required() for field in command.args.model_fields.values()):
            yield command.name
