"""The proxy for an address. Every HTTP client of the bot uses this function, so that all use the same proxies."""

import ipaddress
import os
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from bot.settings.values import BadSettings

SCHEMES: Final = {"https": "https", "wss": "https", "http": "http", "ws": "http"}
"""Maps the scheme of an address to the scheme in the name of its proxy variable."""
PORTS: Final = {"https": 443, "http": 80}
VARIABLES: Final = tuple(
    spelled for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY") for spelled in (name.lower(), name)
)


def proxy_of(address: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Return the URL of the HTTP proxy for an address, or None if it is reached directly.

    `HTTPS_PROXY` is for https addresses, `HTTP_PROXY` for http ones, and `ALL_PROXY` for both. Lower-case names take
    precedence. `NO_PROXY` lists exceptions. This machine is always reached directly.

    Raises:
        BadSettings: the variable isn't the URL of an HTTP proxy. The message has its name, but not its value.
    """
    environ = os.environ if environ is None else environ
    parts = urlsplit(address)
    scheme = SCHEMES.get(parts.scheme.lower(), "")
    chosen = _chosen(scheme, environ)
    if not chosen or not parts.hostname or _is_this_machine(parts.hostname) or _is_excepted(parts, scheme, environ):
        return None
    return _checked(*chosen)


def _chosen(scheme: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the variable with the proxy for a scheme, and its value."""
    names = (f"{scheme}_proxy", "all_proxy") if scheme else ()
    spelled = (spelling for name in names for spelling in (name, name.upper()))
    return next(((name, value) for name in spelled if (value := environ.get(name, "").strip())), None)


def _checked(name: str, value: str) -> str:
    """Return a proxy's URL, with `http://` if it has no scheme. Raises BadSettings if the proxy can't be used."""
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadSettings(f"{name} isn't the URL of a proxy: its host or port can't be read.") from None
    scheme = parts.scheme.lower()
    if scheme.startswith("socks"):
        raise BadSettings(
            f"{name} names a SOCKS proxy, which isn't supported. Set HTTPS_PROXY to an HTTP proxy, or add the hosts "
            "of Slack and Turso to NO_PROXY."
        )
    if scheme not in ("http", "https") or not host or any(sign.isspace() or not sign.isprintable() for sign in url):
        raise BadSettings(f"{name} isn't the URL of an HTTP proxy, such as http://proxy.example.com:3128.")
    return url


def _is_this_machine(host: str) -> bool:
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    address = _ip(host)
    return address is not None and address.is_loopback


def _is_excepted(parts: SplitResult, scheme: str, environ: Mapping[str, str]) -> bool:
    listed = environ.get("no_proxy", "").strip() or environ.get("NO_PROXY", "").strip()
    entries = [entry for part in listed.split(",") for entry in part.split()]
    host = (parts.hostname or "").rstrip(".").lower()
    return any(_covers(entry.lower(), host, parts.port or PORTS[scheme]) for entry in entries)


def _covers(entry: str, host: str, port: int) -> bool:
    """Return True if an entry of `NO_PROXY` covers a host.

    An entry is a name (which covers its subdomains), an address, a network or `*`. It may have a port.
    """
    if entry == "*":
        return True
    entry = entry.partition("://")[2].partition("/")[0] if "://" in entry else entry
    address, name, wanted = _ip(host), entry, ""
    if entry.startswith("["):
        name, _, rest = entry[1:].partition("]")
        wanted = rest.removeprefix(":") if not rest.startswith("/") else ""
        name += rest if rest.startswith("/") else ""
    elif entry.count(":") == 1:
        name, _, wanted = entry.partition(":")
    if wanted and wanted != str(port):
        return False
    if address is not None:
        return _contains(name, address)
    name = name.lstrip("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _contains(network: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def check_proxies(addresses: Iterable[str], environ: Mapping[str, str] | None = None) -> None:
    """Check that the proxy of each address can be used. Raises BadSettings."""
    for address in addresses:
        proxy_of(address, environ)


def passwords(environ: Mapping[str, str] | None = None) -> list[str]:
    """Return the passwords of proxies, both as they are in the variables and decoded."""
    environ = os.environ if environ is None else environ
    found = []
    for value in (environ.get(name, "").strip() for name in VARIABLES):
        user, _, _ = (value if "://" in value else f"http://{value}").partition("://")[2].rpartition("@")
        password = user.partition(":")[2]
        found += [password, unquote(password)] if password else []
    return list(dict.fromkeys(found))
