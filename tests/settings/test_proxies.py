"""The proxy for an address depends on its scheme, and on the proxy variables and exceptions in the environment."""

from collections.abc import Callable, Mapping

import pytest

from bot.settings import BadSettings, load_settings
from bot.settings.proxies import passwords, proxy_of
from tests.settings.test_values import GIVEN, refusal

PROXY = "http://proxy.example.com:3128"
SLACK, SOCKET, TURSO, LOCAL = (
    "https://slack.com/api/", "wss://wss-primary.slack.com/link", "https://api.turso.tech", "http://turso.internal:8080",
)  # fmt: skip


@pytest.mark.parametrize("spelled", [str.upper, str.lower], ids=["upper", "lower"])
@pytest.mark.parametrize(
    ("variable", "through"),
    [
        ("HTTPS_PROXY", {SLACK, SOCKET, TURSO}),
        ("HTTP_PROXY", {LOCAL}),
        ("ALL_PROXY", {SLACK, SOCKET, TURSO, LOCAL}),
    ],
)
def test_a_variable_applies_to_its_scheme_for_every_client(
    variable: str, through: set[str], spelled: Callable[[str], str]
) -> None:
    given = {spelled(variable): PROXY}

    assert {one for one in (SLACK, SOCKET, TURSO, LOCAL) if proxy_of(one, given) == PROXY} == through


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, PROXY),
        ({"HTTPS_PROXY": PROXY, "all_proxy": "socks5://other"}, PROXY),
        ({"HTTPS_PROXY": " ", "ALL_PROXY": PROXY}, PROXY),
        ({"HTTPS_PROXY": "proxy.example.com:3128"}, PROXY),
        ({"HTTPS_PROXY": "https://u:p%40ss@proxy.example.com"}, "https://u:p%40ss@proxy.example.com"),
        ({}, None),
    ],
    ids=["lower case wins", "the scheme's own wins", "blank is not set", "without a scheme", "with a password", "none"],
)
def test_the_most_specific_variable_is_chosen(given: Mapping[str, str], chosen: str | None) -> None:
    assert proxy_of(TURSO, given) == chosen


@pytest.mark.parametrize("spelled", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("entries", "direct"),
    [
        ("*", True),
        ("turso.tech", True),
        (".turso.tech", True),
        ("*.turso.tech", True),
        ("API.Turso.Tech", True),
        ("api.turso.tech:443", True),
        ("https://api.turso.tech/", True),
        ("slack.com, turso.tech", True),
        ("slack.com turso.tech", True),
        ("api.turso.tech:8443", False),
        ("urso.tech", False),
        ("turso.tech.example.com", False),
        ("fd00::/8,[::1],10.0.0.0/8,,:,[,/", False),
    ],
)
def test_exceptions_are_read_as_curl_reads_them(entries: str, spelled: str, direct: bool) -> None:
    assert (proxy_of(TURSO, {"HTTPS_PROXY": PROXY, spelled: entries}) is None) is direct


@pytest.mark.parametrize(
    ("address", "entries", "direct"),
    [
        ("https://[fd00::12]:8080/", "fd00::/8", True),
        ("https://[fd00::12]:8080/", "[fd00::12]", True),
        ("https://[fd00::12]:8080/", "[fd00::12]:8080", True),
        ("https://[fd00::12]:8080/", "[fd00::12]:443", False),
        ("https://[2001:db8::1]/", "fd00::/8", False),
        ("https://10.1.2.3/", "10.0.0.0/8", True),
        ("https://10.1.2.3/", "10.1.2.3", True),
        ("https://10.1.2.3/", "2.3", False),
        ("https://11.1.2.3/", "10.0.0.0/8", False),
    ],
)
def test_addresses_and_networks_are_exceptions_too(address: str, entries: str, direct: bool) -> None:
    assert (proxy_of(address, {"HTTPS_PROXY": PROXY, "NO_PROXY": entries}) is None) is direct


@pytest.mark.parametrize(
    "address", ["http://localhost:8080", "http://127.0.0.1:9", "https://127.1.2.3", "http://[::1]:8080", "http://x.localhost"]
)  # fmt: skip
def test_addresses_of_this_machine_use_no_proxy(address: str) -> None:
    assert proxy_of(address, {"ALL_PROXY": PROXY, "HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY}) is None


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        "socks5://proxy:1080", "socks5h://u:canary@proxy", "socks4://proxy", "ftp://proxy", "http://", "://",
        "http://proxy:port", "http://proxy:99999", "http://[::1", "http://pro xy", "canary\u200b",
    ],
)  # fmt: skip
def test_the_error_names_the_variable_of_a_proxy_that_cannot_be_used(variable: str, value: str) -> None:
    sentence = refusal(**{variable: value})

    assert sentence.startswith(f"{variable} ")
    assert ("SOCKS" in sentence) is value.startswith("socks")


def test_an_unusable_proxy_that_is_never_used_is_not_an_error() -> None:
    load_settings(GIVEN | {"ALL_PROXY": "socks5://proxy", "HTTPS_PROXY": PROXY})
    load_settings(GIVEN | {"ALL_PROXY": "socks5://proxy", "NO_PROXY": "slack.com,turso.tech,turso.io"})
    load_settings(GIVEN | {"HTTP_PROXY": "socks5://proxy"})
    with pytest.raises(BadSettings):
        load_settings(GIVEN | {"ALL_PROXY": "socks5://proxy", "NO_PROXY": "slack.com,turso.tech"})


def test_the_passwords_of_proxies_are_secrets() -> None:
    given = {"https_proxy": "http://u:p%40ss@proxy", "ALL_PROXY": "u:word@proxy:3128", "HTTP_PROXY": "http://proxy"}

    assert passwords(given) == ["p%40ss", "p@ss", "word"]
