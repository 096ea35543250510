"""Builds shell commands that connect to a database, for people to paste."""

import json
import shlex
from typing import Literal

Client = Literal["curl", "python"]
_ASK = "SELECT name FROM sqlite_schema WHERE type = 'table'"
_PYTHON = """import libsql
db = libsql.connect({url!r}, auth_token={token!r})
print(db.execute({sql!r}).fetchall())"""


def database_url(hostname: str, *, scheme: str | None = None) -> str:
    """Return the URL for clients, with a slash at the end. A host with a port is local and uses plain HTTP."""
    host = hostname.split("/", 1)[0]
    return f"{scheme or ('http' if ':' in host else 'https')}://{hostname.rstrip('/')}/"


def connect_command(hostname: str, token: str, *, client: Client = "curl", sql: str = _ASK) -> str:
    """Return a shell command that opens the database with the token and runs a query."""
    url = database_url(hostname)
    if client == "python":
        return f"python3 -c {shlex.quote(_PYTHON.format(url=url, token=token, sql=sql))}"
    pipeline = {"requests": [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]}
    return " ".join(
        [
            "curl -sS",
            shlex.quote(f"{url}v2/pipeline"),
            "-H",
            shlex.quote(f"Authorization: Bearer {token}"),
            "-d",
            shlex.quote(json.dumps(pipeline)),
        ]
    )
