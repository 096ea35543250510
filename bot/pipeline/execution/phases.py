"""What several steps need: the request, its command and context, facts that are read again, and updates of cards."""

from contextlib import suppress
from typing import Any

from bot.commands.base import ChangeCommand, ChangeContext, Context
from bot.core.requests.plan import Plan
from bot.core.requests.request import Request
from bot.core.requests.step_results import PhaseKind
from bot.errors import BotError
from bot.pipeline.environment import Environment
from bot.pipeline.outcomes.request_cards import show


async def request_of(env: Environment, request_id: str) -> Request:
    """Return the request of a workflow."""
    request = await env.store.requests.get(request_id)
    assert request is not None, "a workflow belongs to a request"
    return request


def command_of(env: Environment, request: Request) -> ChangeCommand[Any]:
    """Return the change command of a request."""
    command = env.by_name[request.command]
    assert isinstance(command, ChangeCommand), "a command that only reveals something has no workflow"
    return command


async def context_of(env: Environment, request: Request) -> ChangeContext:
    """Build the context of a request's command, for its requester."""
    return env.context(
        await env.requester_of(request),
        organization=request.organization,
        sent_at=request.sent_at,
    )


async def facts_again(ctx: Context, command: ChangeCommand[Any], kind: PhaseKind, plan: Plan) -> dict[str, Any]:
    """Read the facts about a change that aren't in its plan, such as a new database's `DbId`. Empty if there are none.

    Raises:
        BotError: Turso doesn't respond. Then the change isn't reported as done, because later steps need these facts.
    """
    if kind is not PhaseKind.EXECUTE or command.facts_again is None:
        return {}
    return dict(await command.facts_again(ctx, plan))


async def try_refresh_cards(env: Environment, request_id: str) -> None:
    """Update a request's cards. Ignores errors of Slack, Turso and the store, so that they don't stop the step."""
    with suppress(BotError):
        await show(env, request_id)
