"""The clients of organizations use the token variables that the current policy names."""

from dataclasses import replace

import pytest

from bot.app.turso_clients import TursoClients
from bot.commands import CATALOGUE
from bot.core.policy import load
from bot.errors import BotError
from bot.settings import load_settings

ENVIRONMENT = {
    "SLACK_BOT_TOKEN": "xoxb-1-2-3",
    "SLACK_SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
    "TURSO_API_TOKEN": "first-token",
    "TURSO_ORGANIZATION": "acme",
    "TURSO_OTHER_TOKEN": "second-token",
}
POLICY = load(
    "version: 1\nchannels: {}\norganizations: {acme: {token: env:TURSO_API_TOKEN}}",
    CATALOGUE,
    default_organization="acme",
)


def token_of(turso_clients: TursoClients) -> str:
    return str(turso_clients.turso("acme")._reader.headers["authorization"])


async def test_another_token_variable_in_the_policy_is_used_at_once() -> None:
    async with TursoClients(load_settings(ENVIRONMENT), lambda *_: None) as turso_clients:
        await turso_clients.follow(POLICY)
        before = turso_clients.turso("acme")
        await turso_clients.follow(POLICY)
        assert turso_clients.turso("acme") is before

        await turso_clients.follow(replace(POLICY, organizations={"acme": "TURSO_OTHER_TOKEN"}))
        assert token_of(turso_clients) == "Bearer second-token"

        await turso_clients.follow(replace(POLICY, organizations={"acme": "TURSO_MISSING_TOKEN"}))
        with pytest.raises(BotError, match="TURSO_MISSING_TOKEN"):
            turso_clients.turso("acme")

        await turso_clients.follow(POLICY)
        assert token_of(turso_clients) == "Bearer first-token"
