"""The receiver gets the whole audit log, even if the sending process is killed and started again.

`doctor` shows the progress. Unusable settings are refused.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.app.audit_stream.received_copy import verify_copy
from bot.settings import BadSettings, load_settings
from tests.audit_stream.receiver import SECRET, Fault, Receiver, until
from tests.process import Process, local_servers
from tests.security.gathering import command
from tests.world import DANA, DB_OPS

NEEDED = {"SLACK_BOT_TOKEN": "xoxb-1", "TURSO_API_TOKEN": "turso-1", "TURSO_ORGANIZATION": "acme"}


def let_the_lease_end(data: Path) -> None:
    """End the lease of a killed process, which would last for up to another minute."""
    with closing(sqlite3.connect(data / "turso-ops.db")) as store, store:
        assert store.execute("UPDATE log_streams SET owned_until = '2020-01-01 00:00:00.000000'").rowcount == 1


async def test_no_entry_is_lost_when_a_process_is_killed(tmp_path: Path, receiver: Receiver) -> None:
    receiver.faults = [Fault.KEEPS_AND_DIES]
    async with local_servers(tmp_path) as (world, keys):
        extra = {"AUDIT_STREAM": receiver.url, "AUDIT_STREAM_SECRET": SECRET}
        process = Process(world, keys, extra=extra)
        await process.start()
        dana = world.person(DANA)
        await dana.types("/turso list", DB_OPS)
        await until(lambda: receiver.wanted > 1)
        receiver.open.clear()
        await dana.types("/turso show orders", DB_OPS)
        await process.kill()
        let_the_lease_end(tmp_path)
        receiver.open.set()
        await process.start()
        await dana.types("/turso usage", DB_OPS)
        await until(lambda: any('"usage"' in line for line in receiver.lines), within=90)
        assert "audit stream: The audit stream has sent entry" in (await command(process, "doctor"))[1]
        log = process.log.read_text()
        await process.stop()
    found = verify_copy(receiver.copy(tmp_path / "copy.jsonl"))
    assert (found.first, found.last) == (1, receiver.wanted - 1)
    assert SECRET not in log
    assert receiver.url not in log


REFUSED = {
    "a URL with another scheme": (
        {"AUDIT_STREAM": "ftp://example.com"},
        "AUDIT_STREAM is malformed: must be an https://",
    ),
    "a relative file": ({"AUDIT_STREAM": "file:audit.jsonl"}, "AUDIT_STREAM is malformed"),
    "no secret": ({"AUDIT_STREAM": "https://example.com"}, "AUDIT_STREAM_SECRET isn't set"),
    "a short secret": ({"AUDIT_STREAM_SECRET": "short"}, "AUDIT_STREAM_SECRET is malformed: must have at least 24"),
    "not Base64": ({"AUDIT_STREAM_SECRET": "whsec_!!!!!!!!!!!!!!!!!!!!!!!!"}, "must be Base64 after `whsec_`"),
    "an unknown format": ({"AUDIT_STREAM_FORMAT": "cef"}, "AUDIT_STREAM_FORMAT is malformed"),
}
"""For each kind of error: the variable with its value, and a part of the error message."""


@pytest.mark.parametrize("case", REFUSED)
def test_the_error_about_an_unusable_setting_names_the_variable_but_not_its_value(case: str) -> None:
    given, sentence = REFUSED[case]
    with pytest.raises(BadSettings) as refused:
        load_settings(NEEDED | given)
    assert sentence in str(refused.value)
    assert not [value for value in given.values() if value in str(refused.value)]


def test_a_file_and_standard_output_need_no_secret() -> None:
    for address in ("stdout", "file:/var/log/audit.jsonl"):
        assert not load_settings(NEEDED | {"AUDIT_STREAM": address}).streams_to_url
