"""The search for secrets finds them in every encoding. Otherwise, finding none would prove nothing."""

import base64
import gzip
import json
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.security.canaries import canary_token
from tests.security.gathering import files_of, sqlite_tables
from tests.security.searching import Secret, found, place

TOKEN = canary_token()
SECRET = Secret("token", TOKEN)

ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "unchanged": lambda raw: raw,
    "base64": base64.b64encode,
    "base64, not from its beginning": lambda raw: base64.b64encode(b'{"jwt":"' + raw + b'"}'),
    "urlsafe base64, not from its beginning": lambda raw: base64.urlsafe_b64encode(b"\xff\xfe" + raw),
    "base64 twice": lambda raw: base64.b64encode(base64.b64encode(b"?" + raw)),
    "hex": lambda raw: raw.hex().encode(),
    "a pickle": pickle.dumps,
    "a pickled exception in base64": lambda raw: base64.b64encode(pickle.dumps(ValueError(raw.decode()))),
    "gzip in base64": lambda raw: base64.b64encode(gzip.compress(raw)),
    "a URL": lambda raw: quote("Bearer " + raw.decode() + "&x=1", safe="").encode(),
    "JSON in JSON": lambda raw: json.dumps({"a": json.dumps({"b": raw.decode()})}).encode(),
    "UTF-16": lambda raw: raw.decode().encode("utf-16-le"),
    "only its end": lambda raw: raw[-30:],
    "cut in two": lambda raw: raw[: len(raw) // 2] + b"\x00\x01" + raw[len(raw) // 2 :],
}


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_a_secret_is_found_in_every_encoding(encoding: Callable[[bytes], bytes]) -> None:
    written = b"2026-11-24 something " + encoding(TOKEN.encode()) + b" else"

    in_text = found([SECRET], [place("here", written)])
    # Pickles and compressed data are recognized only at the beginning of a cell.
    in_a_cell = found([SECRET], [place("here", encoding(TOKEN.encode()))])

    assert in_text | in_a_cell == {("token", "here")}


def test_another_token_is_not_found() -> None:
    other = canary_token()

    assert not found([SECRET], [place("here", other, base64.b64encode(other.encode()), other[:60] + "…")])


@pytest.mark.parametrize("deleted", [False, True], ids=["in a row", "in a row that was deleted"])
def test_a_secret_is_found_in_the_files_of_a_database(tmp_path: Path, deleted: bool) -> None:
    database = sqlite3.connect(tmp_path / "some.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE kept (id INTEGER PRIMARY KEY, what BLOB)")
    padding = "-" * 3900  # lets the secret span two pages of the file
    database.execute("INSERT INTO kept VALUES (1, ?)", (padding + TOKEN + "-" * 3000,))
    database.commit()
    if deleted:
        database.execute("DELETE FROM kept")
    database.commit()

    hits = {where for _, where in found([SECRET], files_of(tmp_path))}

    assert any(where.startswith("some.db") for where in hits)
    assert bool(found([SECRET], sqlite_tables(tmp_path / "some.db"))) is not deleted
    database.close()
