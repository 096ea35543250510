"""While the signing secret is being replaced, the old and the new one are accepted, and no other."""

import asyncio
import time

import pytest
import structlog

from bot.sandbox.workspace.delivery.signing import signature
from bot.settings import BadSettings
from bot.slack.incoming.signing_secrets import PAUSE_SECONDS, SigningSecrets

OLD, NEW, OTHER = "0" * 32, "1" * 32, "2" * 32
TEXT = "command=%2Fturso&text=help"


class ChangingSettings:
    """Signing secrets in settings that a test can change, and a count of how many times they were read.

    If `secrets` is None, they can't be read.
    """

    def __init__(self, *secrets: str) -> None:
        self.secrets: list[str] | None = list(secrets)
        self.reads = 0

    def read(self) -> list[str]:
        self.reads += 1
        if self.secrets is None:
            raise BadSettings("SLACK_SIGNING_SECRET_FILE names `/run/secret`, which is empty.")
        return list(self.secrets)

    def verifier(self) -> SigningSecrets:
        """Return a verifier that starts with the current secrets, and reads them again with `read`."""
        assert self.secrets is not None
        return SigningSecrets(self.secrets, read=self.read)


async def fits(secrets: SigningSecrets, secret: str) -> bool:
    """Return True if a signature that was made with `secret` just now is accepted."""
    stamp = str(int(time.time()))
    return await secrets.is_valid(TEXT, stamp, signature(secret, stamp, TEXT.encode()))


async def test_both_secrets_are_accepted_and_no_other() -> None:
    secrets = SigningSecrets([NEW, OLD])

    assert [await fits(secrets, one) for one in (NEW, OLD, OTHER)] == [True, True, False]


async def test_an_empty_list_of_secrets_is_refused() -> None:
    with pytest.raises(ValueError, match="signing secret"):
        SigningSecrets([])


async def test_a_new_secret_is_accepted_with_the_first_request_that_it_signed() -> None:
    settings = ChangingSettings(OLD)
    secrets = settings.verifier()
    assert await fits(secrets, OLD)
    assert settings.reads == 0, "the settings aren't read while the current secret fits"

    settings.secrets = [NEW, OLD]

    assert [await fits(secrets, one) for one in (NEW, OLD, NEW)] == [True, True, True]


async def test_a_previous_secret_that_was_removed_is_refused_once_the_pause_is_over() -> None:
    settings = ChangingSettings(NEW, OLD)
    secrets = settings.verifier()
    assert await fits(secrets, OLD)

    settings.secrets = [NEW]
    await asyncio.sleep(PAUSE_SECONDS)

    assert not await fits(secrets, OLD)


async def test_waiting_requests_share_one_read() -> None:
    settings = ChangingSettings(OLD)
    secrets = settings.verifier()
    settings.secrets = [NEW, OLD]

    found = await asyncio.gather(*(fits(secrets, NEW) for _ in range(50)), *(fits(secrets, OTHER) for _ in range(50)))

    assert found == [True] * 50 + [False] * 50
    assert settings.reads == 1


async def test_wrongly_signed_requests_cause_few_reads_and_do_not_wait_for_them() -> None:
    settings = ChangingSettings(OLD)
    secrets = settings.verifier()
    began = time.monotonic()

    assert not any([await fits(secrets, OTHER) for _ in range(1_000)])

    seconds = time.monotonic() - began
    assert seconds < 1_000 * PAUSE_SECONDS / 10
    assert settings.reads <= 1 + seconds / PAUSE_SECONDS


async def test_an_empty_list_leaves_the_secrets_unchanged() -> None:
    settings = ChangingSettings(OLD)
    secrets = settings.verifier()
    settings.secrets = []

    assert [await fits(secrets, one) for one in (NEW, OLD)] == [False, True]


async def test_settings_that_cannot_be_read_leave_the_secrets_unchanged() -> None:
    settings = ChangingSettings(OLD)
    secrets = settings.verifier()
    settings.secrets = None

    with structlog.testing.capture_logs() as log:
        assert [await fits(secrets, one) for one in (OLD, NEW, OLD)] == [True, False, True]

    assert [one["event"] for one in log] == ["signing_secret.unreadable"]
