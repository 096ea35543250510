"""Handle a command line after its acknowledgement: reply, open a form, or open a request."""

from bot.commands.base import Command, ReadCommand
from bot.commands.follow_up import FollowUp
from bot.core.model import Subject
from bot.core.parsing.parse_results import Incomplete, Parsed
from bot.core.requests.incoming import Incoming, Kind
from bot.errors import BotError
from bot.pipeline.environment import Environment
from bot.pipeline.requests import answer_read
from bot.pipeline.requests.open_form import open_form
from bot.pipeline.requests.places import require_in_channel
from bot.pipeline.requests.plan_change import plan_change

ReadLine = Parsed[Command] | Incomplete[Command] | BotError
"""The result of parsing a command line, or the error that says why it can't be parsed."""


async def ask(env: Environment, incoming: Incoming, read: ReadLine) -> str:
    """Handle a parsed command line, or raise the error that says why it can't be parsed.

    Returns:
        The outcome in one word, for the log and the metrics.
    Raises:
        BotError: the line can't be carried out, or a reply to it can't be sent. The message is for the requester.
    """
    if isinstance(read, BotError):
        raise read
    if incoming.kind in (Kind.SUBMISSION, Kind.ACTION):
        reads = isinstance(read, Parsed) and not read.spec.changes
        await require_in_channel(env, incoming, fresh=incoming.kind is Kind.SUBMISSION or not reads)
    subject = await env.subject(incoming)
    if isinstance(read, Incomplete):
        return await open_form(env, incoming, subject, read)
    return await continue_request(env, incoming, subject, read)


def line_of_press(env: Environment, incoming: Incoming, line: str) -> Parsed[Command]:
    """Return the line of a button, or of its form, which asks for what the rule requires, such as a reason."""
    read = env.grammar.parse(incoming.text or line)
    assert isinstance(read, Parsed), "the line is complete"
    return read


async def continue_request(
    env: Environment,
    incoming: Incoming,
    subject: Subject,
    read: Parsed[Command],
    *,
    follow_up: FollowUp | None = None,
) -> str:
    """Reply to a complete line, or open a request for it.

    Args:
        follow_up: what the pressed button is about. A plan about anything else is refused.
    """
    command = read.spec
    if isinstance(command, ReadCommand):
        return await answer_read.answer(env, incoming, subject, read, command)
    return await plan_change(env, incoming, subject, read, command, follow_up)
