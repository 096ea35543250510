"""The certificates that every client of the bot trusts."""

import os
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import certifi

from bot.settings.values import BadSettings, describe_character, invisible_character

FILE: Final = "SSL_CERT_FILE"
FOLDER: Final = "SSL_CERT_DIR"
KEYS: Final = "SSLKEYLOGFILE"


def tls_context() -> ssl.SSLContext:
    """Return the TLS context that all clients share, because reading the certificates takes long."""
    return _shared_context(os.environ.get(FILE, ""), os.environ.get(FOLDER, ""))


def new_tls_context(file: str = "", folder: str = "") -> ssl.SSLContext:
    """Return a TLS context that trusts the certificates in `SSL_CERT_FILE` and `SSL_CERT_DIR`.

    OpenSSL reads these variables itself. If neither is set, the context trusts the machine's certificates and those of
    Mozilla, because a small container image has none.

    Args:
        file: the value of `SSL_CERT_FILE`.
        folder: the value of `SSL_CERT_DIR`.
    """
    context = ssl.create_default_context()
    if not file and not folder:
        context.load_verify_locations(certifi.where())
    return context


_shared_context: Final = cache(new_tls_context)


def check_certificates(environ: Mapping[str, str]) -> None:
    """Check `SSL_CERT_FILE`, `SSL_CERT_DIR` and `SSLKEYLOGFILE`, which OpenSSL and Python read. Raises BadSettings."""
    for name in (FILE, FOLDER, KEYS):
        if odd := invisible_character(environ.get(name, "")):
            raise BadSettings(f"{name} contains {describe_character(odd)}. Copy the value again.")
    if file := environ.get(FILE):
        _check_file(file)
    for folder in environ.get(FOLDER, "").split(os.pathsep):
        if folder and not Path(folder).is_dir():
            raise BadSettings(f"{FOLDER} names `{folder}`, which isn't a folder.")
    if keys := environ.get(KEYS):
        try:
            with Path(keys).open("ab"):
                pass
        except OSError as error:
            raise BadSettings(f"{KEYS} names `{keys}`, which can't be written ({error.strerror}).") from None


def _check_file(file: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(file)
    except ssl.SSLError:
        raise BadSettings(f"{FILE} names `{file}`, which has no certificate in PEM format.") from None
    except OSError as error:
        raise BadSettings(f"{FILE} names `{file}`, which can't be read ({error.strerror}).") from None
