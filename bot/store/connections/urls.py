"""Parse and check `DATABASE_URL`, and build the URLs that the drivers need."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url

from bot.errors import BotError
from bot.settings import BadSettings
from bot.store.connections.sqlite import DRIVER, register_driver

SETTING: Final = "DATABASE_URL"
DIRECT_SETTING: Final = "DATABASE_DIRECT_URL"
SQLITE = ("sqlite", "sqlite3", "sqlite+aiosqlite", "sqlite+pysqlite")
POSTGRESQL = (
    "postgres",
    "postgresql",
    "postgresql+psycopg",
    "postgresql+psycopg2",
    "postgresql+psycopg_async",
    "postgresql+asyncpg",
)
READ_ONLY: Final = "mode"
"""The option in SQLite's URIs that opens a file for reading only: https://www.sqlite.org/uri.html"""
ENCODING: Final = "client_encoding"
"""The option of libpq that the bot sets itself, because the environment or the server may set another encoding."""
SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
LARGEST_PORT: Final = 65_535
BAD_PORT: Final = f"has a port that isn't a number from 1 to {LARGEST_PORT}."
TWO_SLASHES: Final = (
    "has two slashes before the path of the SQLite file. Write three for a relative path "
    "(`sqlite:///./data/turso-ops.db`), and four for an absolute one."
)
PORT_OF_HOST: Final = re.compile(r"^(?:[^/:]+|\[.*\]):([^:]*)$")
SEVERAL_HOSTS: Final = re.compile(r"^(?P<head>[a-z0-9+]+://(?:[^/?#]*@)?)(?P<hosts>[^/?#@]+,[^/?#@]+)(?P<tail>/.*)?$")
"""A URL with several hosts, for libpq. SQLAlchemy can't parse it: `postgresql://me@one:5432,two:5432/name`."""
PARTS: Final = re.compile(r"^(?P<scheme>[\w+]+)://(?:[^:/]*(?::[^@]*)?@)?(?P<rest>[^?]*)(?:\?(?P<options>.*))?")
"""A URL as SQLAlchemy divides it: scheme, user and password, host and database, options."""


class BadDatabaseUrl(BotError, BadSettings):
    """Raised if `DATABASE_URL` or `DATABASE_DIRECT_URL` can't be used for the store. The message never has the URL."""


@dataclass(frozen=True, slots=True)
class Place:
    """The address of a database. Its URL is normalized."""

    url: URL
    """The URL for SQLAlchemy: `sqlite+turso_ops://…` with an absolute path, or `postgresql+psycopg://…`.

    With `to_read`, a SQLite URL may contain a `file:` URI instead of the path.
    """
    file: Path | None
    """The SQLite file. None for PostgreSQL."""
    setting: str = SETTING
    """The name of the setting with the URL, for messages."""

    @property
    def for_dbos(self) -> str:
        """Return the URL for DBOS. Contains the password, so it must not be logged."""
        return self.url.render_as_string(hide_password=False)

    @property
    def address(self) -> str:
        """Return the file's path, or the host and the database without user and password, for messages."""
        return str(self.file) if self.file else f"postgresql://{self.url.host or ''}/{self.url.database or ''}"

    @property
    def for_psycopg(self) -> dict[str, Any]:
        """Return the arguments for `psycopg.connect`. Contains the password, so they must not be logged."""
        _, arguments = self.url.get_dialect()().create_connect_args(self.url)
        return dict(arguments)

    @property
    def to_read(self) -> "Place":
        """Return this place for a process that only reads.

        If the process can't write to a SQLite file or its folder, the file is opened read-only.
        """
        if self.file is None or all(os.access(path, os.W_OK) for path in (self.file, self.file.parent)):
            return self
        # `immutable` needs no lock files, but ignores a write-ahead log, whose changes aren't in the file yet.
        has_log = Path(f"{self.file}-wal").exists()
        options = {READ_ONLY: "ro", "uri": "true"} | ({} if has_log else {"immutable": "1"})
        return replace(self, url=URL.create(DRIVER, database=f"file:{quote(str(self.file))}", query=options))

    @property
    def is_read_only(self) -> bool:
        """Return True for a SQLite file that is opened for reading only."""
        return self.file is not None and READ_ONLY in self.url.query

    def beside(self, name: str) -> Path:
        """Return the path of a file next to a SQLite database, such as a lock."""
        if self.file is None:
            raise ValueError("only a SQLite database has files beside it")
        return self.file.with_name(f"{self.file.name}.{name}")


@dataclass(frozen=True, slots=True)
class Places:
    """Two addresses of one database: one for requests, perhaps through a pooler, and one for sessions that last."""

    requests: Place
    direct: Place
    """The address for executor locks, durable work and migrations."""

    @property
    def is_pooled(self) -> bool:
        """Return True if requests may go through a transaction pooler, which is the case if there is a direct URL."""
        return self.requests is not self.direct


def places_of(database_url: str, direct_url: str | None) -> Places:
    """Parse `DATABASE_URL` and `DATABASE_DIRECT_URL`.

    Raises:
        BadDatabaseUrl: one of the URLs can't be used, or there is a direct URL for SQLite.
    """
    place = place_of(database_url)
    if not direct_url:
        return Places(place, place)
    direct = place_of(direct_url, setting=DIRECT_SETTING)
    if place.file or direct.file:
        raise BadDatabaseUrl(f"{DIRECT_SETTING} is for PostgreSQL behind a pooler. Remove it for a SQLite store.")
    return Places(place, direct)


def place_of(database_url: str, *, setting: str = SETTING) -> Place:
    """Parse a `DATABASE_URL` or `DATABASE_DIRECT_URL`. Doesn't access the disk.

    Args:
        setting: the name of the setting, for messages.
    Raises:
        BadDatabaseUrl: the URL is for neither SQLite nor PostgreSQL, has parts that can't be used, or is for SQLite
            without a file.
    """
    if database_url.startswith("postgres:"):
        database_url = database_url.replace("postgres:", "postgresql:", 1)
    if not (parts := PARTS.match(database_url)):
        raise BadDatabaseUrl(f"{setting} isn't a URL, such as `sqlite:///./data/turso-ops.db`.")
    if parts["scheme"] in POSTGRESQL:
        _check_password(parts, setting)
        url = _parsed(database_url, f"{setting} {BAD_PORT}")
        return Place(_checked(url.set(drivername="postgresql+psycopg"), setting), None, setting)
    if parts["scheme"] not in SQLITE:
        raise BadDatabaseUrl(f"{setting} must begin with `sqlite:///` or `postgresql://`.")
    url = _parsed(database_url, f"{setting} {TWO_SLASHES}")
    if url.host or url.username or url.password or url.port:
        raise BadDatabaseUrl(f"{setting} {TWO_SLASHES}")
    if not url.database or url.database.startswith((":memory:", "file:")):
        raise BadDatabaseUrl(f"{setting} must name a SQLite file, because a store in memory doesn't survive a crash.")
    if url.query:
        raise BadDatabaseUrl(f"{setting} has options, which a SQLite store doesn't take. Remove the part after `?`.")
    file = Path(url.database).absolute()
    register_driver()
    return Place(URL.create(DRIVER, database=str(file)), file, setting)


def _parsed(database_url: str, bad_port: str) -> URL:
    """Return the parts of a URL. Raises BadDatabaseUrl with the sentence `bad_port` if its port isn't a number."""
    try:
        return make_url(_with_hosts_as_options(database_url))
    except ValueError:  # its text has the port, which may be a part of a password
        raise BadDatabaseUrl(bad_port) from None


def _check_password(parts: re.Match[str], setting: str) -> None:
    """Raise BadDatabaseUrl if the password has a character that ends it too early, such as `@`, `/` or `?`.

    Then an `@` is in the host, the database or the options. After a database, an option's value may contain an `@`.
    """
    options, rest = parts["options"] or "", parts["rest"]
    names = options if "/" not in rest else "&".join(option.partition("=")[0] for option in options.split("&"))
    if "@" in rest or "@" in names:
        raise BadDatabaseUrl(
            f"{setting} has a special character in its password. Percent-encode it: `@` is `%40`, `/` is `%2F`, `?` is "
            "`%3F`."
        )


def _with_hosts_as_options(database_url: str) -> str:
    """Return a URL with several hosts in the form that SQLAlchemy accepts: `?host=one:5432&host=two:5432`."""
    if not (found := SEVERAL_HOSTS.match(database_url)):
        return database_url
    tail = found["tail"] or "/"
    options = "&".join(f"host={host}" for host in found["hosts"].split(","))
    return f"{found['head']}{tail}{'&' if '?' in tail else '?'}{options}"


def _checked(url: URL, setting: str) -> URL:
    """Return a PostgreSQL URL with UTF-8 as its encoding. Raises BadDatabaseUrl for parts that the driver can't use."""
    if not all(_is_port(port) for port in _ports_of(url)):
        raise BadDatabaseUrl(f"{setting} {BAD_PORT}")
    if not url.database:
        raise BadDatabaseUrl(f"{setting} names no database. Add it after the host: `postgresql://…/turso_ops`.")
    known = _known_options()
    for option in url.query:
        if option not in known:
            raise BadDatabaseUrl(
                f"{setting} has an option that PostgreSQL's driver doesn't know: `{_name(option)}`. {_advice(option)}"
            )
    if (mode := url.query.get("sslmode")) is not None and mode not in SSL_MODES:
        raise BadDatabaseUrl(f"{setting} has an unknown `sslmode`. Use one of {', '.join(SSL_MODES)}.")
    return url.update_query_dict({ENCODING: "utf8"})


_ADVICE: Final[Mapping[str, str]] = {
    "ssl": "Write `sslmode=require`.",
    "client_encoding": "Remove it: the bot uses UTF-8.",
    "pgbouncer": f"Remove it, and set {DIRECT_SETTING} to an address without the pooler.",
}


def _ports_of(url: URL) -> list[str]:
    """Return every port of a URL: of its host, and of the hosts and ports among its options."""
    hosts, ports = url.normalized_query.get("host", ()), url.normalized_query.get("port", ())
    listed = [port for one in ports for port in one.split(",") if port]
    return [
        *([str(url.port)] if url.port is not None else []),
        *listed,
        *(found[1] for host in hosts if (found := PORT_OF_HOST.search(host))),
    ]


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= LARGEST_PORT


def _advice(option: str) -> str:
    return _ADVICE.get(option.lower(), "Remove it, or correct its name.")


def _name(option: str) -> str:
    """Return an option's name for a message. Text that can't be a name may be a part of a password, so it is hidden."""
    return option if re.fullmatch(r"[A-Za-z_]{1,30}", option) else "…"


def _known_options() -> frozenset[str]:
    from psycopg.pq import Conninfo  # imported here because it takes 0.1 s and SQLite doesn't need it

    return frozenset(option.keyword.decode() for option in Conninfo.get_defaults()) - {
        "user",
        "password",
        "dbname",
        ENCODING,
    }
