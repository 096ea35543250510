"""Text that looks like a secret is found, and ordinary text is not mistaken for one."""

import json

import pytest

from bot.core.redaction.egress import is_recognizable, looks_secret, without_secrets

JWT = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJhIjoicnciLCJpYXQiOjE3OTM1MDAwMDB9.c2lnbmF0dXJlLWlzLWhlcmU"

DATABASES = (
    *("fluxapp-production", "linuxapp-staging-eu", "xapp-production", "maxapp-customers", "xoxb-dashboard1"),
    *("xapp-1-production-2026", "linuxapp-1-20261127-backup", "foxoxb-123456789012", "xoxe-1-refresh-tokens"),
)
"""Database names that contain the prefixes of tokens, but aren't secrets."""


@pytest.mark.parametrize(
    "text",
    [
        JWT,
        f'{{"token": "{JWT}"}}',
        JWT.rpartition(".")[0],
        f"libsql://orders-acme.turso.io?authToken={JWT}",
        "ZXlKaGJHY2lPaUpGWkVSVFFTSjkuZXlKaElqb2ljbmNpZlEuYzJsbg==",
        "xoxb-111111111111-222222222222-abcdefABCDEF",
        "xoxe.xoxb-1-MS0yLTEyMzQ1Njc4OTA",
        "xoxe-1-My0xLTEyMzQ1Njc4OTAxMjM",
        "xoxp-1111111111-2222222222-3333333333-0123456789abcdef",
        "xoxa-2-1111111111-2222222222-abcdef012345",
        "xapp-1-A0ABC-123456789-abcdef",
        "https://hooks.slack.com/commands/T0ACME/111/abcdef",
    ],
)
def test_a_secret_is_found(text: str) -> None:
    assert looks_secret(text)
    for around in ("before {} after", "a\n{}", "token={}", "/{}", "-{}"):
        assert looks_secret(around.format(text))
        assert looks_secret(json.dumps(around.format(text)))
        assert looks_secret(repr(around.format(text)))
    assert not looks_secret(without_secrets(text))


@pytest.mark.parametrize(
    "text",
    [
        "Your token for `orders` expires in 1 h. Fingerprint 0123456789abcdef.",
        "orders-acme.aws-us-east-1.turso.io",
        "https://acme.slack.com/archives/C0DBOPS/p1793500000000100",
        "eyJ is how they begin",
        "keyJacket.is.a.word",
        "0f9e8d7c-1234-4321-aaaa-bbbbccccdddd",
        "SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "",
        *DATABASES,
        "libsql://linuxapp-staging-eu-acme.turso.io",
        "eyjafjallajoekull.is.a.volcano",
    ],
)
def test_ordinary_text_is_not_a_secret(text: str) -> None:
    assert not looks_secret(text)
    assert without_secrets(text) == text


def test_the_secrets_of_this_process_are_found_by_value() -> None:
    known = ["my-api-token-value", "short"]
    assert looks_secret("it is my-api-token-value!", known)
    assert without_secrets("it is my-api-token-value!", known) == "it is [secret]!"
    assert not looks_secret("short words stay", known)


@pytest.mark.parametrize("word", ["analytics", "Analytics", "orders-2026", "ORDERS", "orders", "hunter2"])
def test_a_secret_that_could_be_a_word_is_not_searched_for(word: str) -> None:
    assert not is_recognizable(word)
    assert not looks_secret(f"the database {word} has 3 tables", [word])


@pytest.mark.parametrize(
    "secret", ["S3cret!9", "0f9e8d7c6b5a4f3e", "correct-horse-battery", ":analytics@", 'pass"w\\örd-0123', "a" * 16]
)
def test_every_other_secret_is_searched_for(secret: str) -> None:
    assert is_recognizable(secret)
    assert looks_secret(f"it is {secret}.", [secret])
