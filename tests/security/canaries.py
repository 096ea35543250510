"""The secrets of a test: those in the settings, those that Slack and Turso created, and look-alikes (canaries)."""

import json
import secrets as random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from bot.sandbox.platform import tokens as minting
from bot.sandbox.platform.control import tokens as minted_at
from bot.sandbox.running import Keys
from bot.sandbox.workspace.delivery.sockets import Sockets
from tests.security.searching import Secret
from tests.world import World


def canary_token() -> str:
    """Return a database token in Turso's format, signed with a key that exists nowhere else."""
    claims = {"id": random.token_hex(16)}
    return minting.mint(minting.Key.fresh(), claims, now=1_800_000_000, lifetime=timedelta(hours=1), access="read-only")


def quoting(canary: str, keys: Keys) -> str:
    """Return an error body that repeats a token and the credential of the request."""
    return json.dumps({"error": f"invalid {canary}; Authorization: Bearer {keys.turso_token}", "jwt_": canary})


@contextmanager
def minted() -> Iterator[list[str]]:
    """Record every database token that the local Turso signs, even those that are never delivered."""
    noted: list[str] = []
    sign = minting.mint

    def note(*args: Any, **options: Any) -> str:
        noted.append(sign(*args, **options))
        return noted[-1]

    with patch.object(minted_at, "mint", note):
        yield noted


@contextmanager
def ticketed() -> Iterator[list[str]]:
    """Record every ticket that the local Slack issues for a Socket Mode connection."""
    noted: list[str] = []
    make = Sockets.ticket

    def note(self: Sockets, **options: Any) -> str:
        noted.append(make(self, **options))
        return noted[-1]

    with patch.object(Sockets, "ticket", note):
        yield noted


def secrets_of_keys(keys: Keys) -> list[Secret]:
    """Return the secrets in the process's settings."""
    return [
        Secret("TURSO_API_TOKEN", keys.turso_token),
        Secret("the token of the on-call service", keys.on_call_token),
        Secret("SLACK_BOT_TOKEN", keys.bot_token),
        Secret("SLACK_APP_TOKEN", keys.app_token),
        Secret("SLACK_SIGNING_SECRET", keys.signing_secret),
    ]


def secrets_of_slack(world: World) -> list[Secret]:
    """Return the secrets that Slack created: the secret parts of every `response_url`, and every `trigger_id`."""
    state = world.workspace.state
    hooks = [Secret("a response_url", path.rpartition("/")[2]) for path in state.hooks._issued]
    return hooks + [Secret("a trigger_id", trigger) for trigger in state.triggers._issued]
