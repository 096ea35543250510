"""Variants of the bot with parts removed, so that each budget measures only what it names."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

from bot.app.compose import Bot, running, secrets_of
from bot.app.logs import set_up_logs
from bot.app.serving import _tune_garbage_collection as tune_garbage_collection
from bot.app.serving import http_app
from bot.commands.base import Command, Context, ReadCommand
from bot.core.parsing.grammar import Grammar
from bot.core.ports import Address, Messenger, Work, address_of
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming
from bot.settings import load_settings
from bot.slack.incoming.request_guard import AsgiApp, Receive, Scope, Send

REPLY = Reply(text="Done.", private=True)


class Silent:
    """A messenger that sends nothing."""

    async def answer(self, to: Address, reply: Reply, *, public: bool, replace: bool = False) -> None:
        """Do nothing."""

    async def send_ephemeral(self, to: Address, reply: Reply, *, replace: bool = False) -> None:
        """Do nothing."""


async def _nothing_to_read(ctx: Context, args: Any) -> Reply:
    return REPLY


def remove_delivery(bot: Bot, more: Sequence[Command] = ()) -> None:
    """Remove the delivery of replies, and the calls of `db list` to Turso. Add `more` commands.

    The guard, Bolt, parsing, decision, acknowledgement and audit remain.
    """
    commands = [
        replace(one, run=_nothing_to_read) if isinstance(one, ReadCommand) and one.name == "list" else one
        for one in bot.env.commands
    ]
    commands += more
    bot.path.env = replace(bot.env, messenger=cast(Messenger, Silent()), commands=commands, grammar=Grammar(commands))


def say_two_things(bot: Bot) -> None:
    """Answer every command with an ephemeral message and one to the channel, and nothing else."""

    async def before_ack(incoming: Incoming) -> Work | None:
        async def tell() -> None:
            await bot.env.messenger.send_ephemeral(address_of(incoming), Reply(text="One message.", private=True))
            await bot.env.messenger.post(incoming.channel_id, Reply(text="Another message."))

        return tell

    bot.path.before_ack = before_ack  # type: ignore[method-assign]


@asynccontextmanager
async def started(change: Callable[[Bot], None], *, executes: bool = True) -> AsyncIterator[AsgiApp]:
    """Run the bot with the settings of the environment, and yield it after `change` was applied."""
    settings = load_settings(dict(os.environ))
    set_up_logs(settings.log_level, settings.log_format, secrets_of(settings))
    async with running(settings, executes=executes) as bot:
        change(bot)
        tune_garbage_collection()
        yield http_app(bot)


def _served(change: Callable[[Bot], None]) -> AsgiApp:
    """Return an ASGI app that starts the bot with its server."""
    inner: list[AsgiApp] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return await inner[0](scope, receive, send)
        await receive()
        async with started(change) as bot:
            inner.append(bot)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return None

    return app


def make_quiet() -> AsgiApp:
    """Return the subject of budgets 1, 2, 11 and 18: the bot without calls to Turso and delivery."""
    return _served(remove_delivery)


def make_messages() -> AsgiApp:
    """Return the subject of budget 6: a bot that answers every command with two messages."""
    return _served(say_two_things)
