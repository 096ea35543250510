"""Makes a real `python -m bot` leak on purpose.

The `sitecustomize` that `leaking.py` writes calls `begin` with the environment variable `SABOTAGE`, which names what to
break.

`bug`: creating a token of the database `buggy` raises an error that quotes the token. `chatty`: `ls` replies with a
canary (a fake token) and logs it through structlog and `logging`, also in tracebacks. `no guard`, `no redactor`: remove
the egress guard or the log's redactor.
"""

import logging
import os
from typing import Any

import structlog

from bot.app.logs import Redactor
from bot.commands.databases import list as listing
from bot.commands.tokens import token
from bot.core.reply import Reply
from bot.slack.outgoing.messages import EgressGuard

CANARY = os.environ.get("SABOTAGE_CANARY", "")


def _fail_after_minting() -> None:
    mint = token.command.mint

    async def fails(ctx: Any, plan: Any) -> Any:
        secret = await mint(ctx, plan)
        if plan.target.name == "buggy":
            raise RuntimeError(f"a bug that quotes {secret.value}")
        return secret

    object.__setattr__(token.command, "mint", fails)


def _tell_everything() -> None:
    async def tells(ctx: Any, args: Any) -> Reply:
        structlog.get_logger("bot.canary").info("minted", token=CANARY, deep={"in": [{"a": CANARY}]})
        logging.getLogger("canary").error("minted %s", CANARY)
        try:
            raise ValueError(CANARY)
        except ValueError:
            structlog.get_logger("bot.canary").exception("failed")
            logging.getLogger("canary").exception("failed")
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"Here: {CANARY}"}}]
        return Reply(text=f"Here: {CANARY}", blocks=blocks)

    object.__setattr__(listing.command, "run", tells)


def begin(todo: str) -> None:
    """Break the things listed in `todo`, a comma-separated list."""
    if "bug" in todo:
        _fail_after_minting()
    if "chatty" in todo:
        _tell_everything()
    if "no guard" in todo:
        EgressGuard.contains_secret = lambda self, payload: False  # type: ignore[method-assign]
    if "no redactor" in todo:
        Redactor.finds = lambda self, text: False  # type: ignore[method-assign]
