"""What looks like a secret is seen; what people write is not mistaken for one."""

import pytest

from bot.core.egress import looks_secret, without_secrets

JWT = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJhIjoicnciLCJpYXQiOjE3OTM1MDAwMDB9.c2lnbmF0dXJlLWlzLWhlcmU"


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
        "xapp-1-A0ABC-123456789-abcdef",
        "https://hooks.slack.com/commands/T0ACME/111/abcdef",
    ],
)
def test_a_secret_is_seen(text: str) -> None:
    assert looks_secret(text)
    assert looks_secret(f"before {text} after")
    assert not looks_secret(without_secrets(text))


@pytest.mark.parametrize(
    "text",
    [
        "Your token for `orders` lives 1 h; fingerprint 0123456789abcdef.",
        "orders-acme.aws-us-east-1.turso.io",
        "https://acme.slack.com/archives/C0DBOPS/p1793500000000100",
        "eyJ is how they begin",
        "keyJacket.is.a.word",
        "0f9e8d7c-1234-4321-aaaa-bbbbccccdddd",
        "SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "",
    ],
)
def test_ordinary_text_is_not_a_secret(text: str) -> None:
    assert not looks_secret(text)
    assert without_secrets(text) == text


def test_the_secrets_of_this_process_are_known_by_value() -> None:
    known = ["my-api-token-value", "short"]
    assert looks_secret("it is my-api-token-value!", known)
    assert without_secrets("it is my-api-token-value!", known) == "it is [secret]!"
    assert not looks_secret("short words stay", known)
