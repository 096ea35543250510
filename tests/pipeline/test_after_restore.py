"""After a restore, the bot repeats nothing that people have undone, ended or withdrawn since the backup."""

import pytest

from bot.app.after_restore import StillRunning, after_restore, lines
from bot.app.workflow_steps import WorkSteps
from bot.core.records.timers import TimerKind
from bot.core.requests.request import State
from bot.errors import Refused
from bot.pipeline.approval import votes
from tests.pipeline.in_memory import ANA, Pipeline


async def test_open_requests_are_withdrawn_and_can_no_longer_be_approved(here: Pipeline) -> None:
    pending, approved = await here.ask("db rotate orders --reason leak"), await here.approved("db destroy users --now")
    before = here.changes()

    report = await after_restore(here.env, [])

    assert {one.id for one in report.withdrawn} == {pending.id, approved.id}
    with pytest.raises(Refused, match="Too late"):
        await votes.vote(here.env, here.press(ANA, pending))
    assert await here.execute(approved) is State.CANCELLED
    assert (await here.now(pending)).state is State.CANCELLED
    assert here.changes() == before
    assert (await here.events(pending))[-1] == "withdrawn/cancelled"
    assert [text for text in here.slack.public if "restored from a backup" in text]


async def test_a_countdown_that_was_undone_after_the_backup_destroys_nothing(here: Pipeline) -> None:
    request = await here.approved("db destroy orders")
    assert await here.execute(request) is State.QUARANTINED

    report = await after_restore(here.env, [])
    assert [one.id for one in report.stopped] == [request.id]
    await here.fire(TimerKind.FINISH, request.id)

    assert "orders" in here.turso.databases
    assert (await here.now(request)).state is State.QUARANTINED
    assert (await here.now(request)).due_at is None
    again = await after_restore(here.env, [])
    assert (again.withdrawn, again.stopped) == ([], [])


async def test_a_block_that_is_not_in_the_backup_is_listed(here: Pipeline) -> None:
    await here.execute(await here.ask("db freeze orders --for 30m"))
    here.turso.configurations["users"].update(block_reads=True, block_writes=True)

    report = await after_restore(here.env, [])

    assert [(one.database, one.reads, one.writes) for one in report.blocks.unexplained] == [("users", True, True)]
    (line,) = lines(report)
    assert "`/turso thaw users` to remove it" in line


async def test_a_request_that_was_sent_before_the_backup_is_not_withdrawn(here: Pipeline) -> None:
    request = await here.approved("db destroy orders --now")
    await WorkSteps(here.env).begin(request.id, "execute")
    assert await here.env.store.requests.mark_sent(request.id, "execute", here.of.now())

    report = await after_restore(here.env, [])

    assert [one.id for one in report.sent] == [request.id]
    assert (await here.now(request)).state is State.EXECUTING


async def test_nothing_is_done_while_a_process_runs(here: Pipeline) -> None:
    request = await here.ask("db rotate orders --reason leak")

    with pytest.raises(StillRunning, match=r"^Stop all of the bot's processes first\. Still running: host:1:abc\.$"):
        await after_restore(here.env, ["host:1:abc"])

    assert (await here.now(request)).state is State.PENDING
