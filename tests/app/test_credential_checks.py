"""Several requests in a row with refused signatures, in a short time, indicate a wrong signing secret."""

import pytest

from bot.app.credential_checks import REFUSED_WITHIN_SECONDS, SUSPICIOUS, Signatures, SignaturesRefused


class Now:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


async def test_a_few_refused_requests_in_a_row_indicate_a_wrong_secret() -> None:
    found = Signatures(Now())
    for _ in range(SUSPICIOUS - 1):
        found.refused()
    await found.check()

    found.refused()

    with pytest.raises(SignaturesRefused):
        await found.check()


async def test_one_accepted_request_shows_that_the_secret_is_right() -> None:
    found = Signatures(Now())
    for _ in range(SUSPICIOUS):
        found.refused()

    found.accepted()

    await found.check()
    for _ in range(SUSPICIOUS - 1):
        found.refused()
    await found.check()


async def test_old_refusals_do_not_count() -> None:
    found = Signatures(now := Now())
    for _ in range(SUSPICIOUS - 1):
        found.refused()
    now.at += REFUSED_WITHIN_SECONDS + 1
    found.refused()

    await found.check()
