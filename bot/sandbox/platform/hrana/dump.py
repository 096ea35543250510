"""A database as SQL text, for `.dump` in a shell."""

import io
from contextlib import closing

import apsw

from bot.sandbox.platform.hrana.errors import blocked
from bot.sandbox.platform.hrana.stream import Stream


def dump(stream: Stream) -> str:
    """Return a consistent copy of the database as SQL. Raises StatementError if reads are blocked."""
    from apsw.shell import Shell

    rights = stream.served.rights(read_only=True)
    if rights.no_reads:
        raise blocked(rights.no_reads)
    text = io.StringIO()
    # The shell takes a write lock while it dumps. With a copy, it doesn't block the database's writers.
    with closing(apsw.Connection(":memory:")) as copy:
        with stream.session.unguarded() as connection, copy.backup("main", connection, "main") as backup:
            backup.step()
        Shell(stdout=text, db=copy).process_command(".dump")  # type: ignore[no-untyped-call]
    return text.getvalue()
