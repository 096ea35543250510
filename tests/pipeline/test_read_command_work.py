"""A read command is decided once, in one context. It is decided again only if something has changed meanwhile."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from bot.core.model import Channel
from bot.core.policy import decide
from bot.core.reply import Reply
from bot.errors import Refused, Unavailable
from bot.pipeline.environment import Environment
from bot.pipeline.requests import command_lines
from tests.crash.ports import ALLOWS, FORBIDS
from tests.crash.simulation import command
from tests.pipeline.in_memory import ZOE, Pipeline

_keys = count(1)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the pipeline's decisions, by command, and the contexts that it builds."""
    done: Counter[str] = Counter()
    builds = Environment.context

    def counted_decide(policy: Any, subject: Any, action: Any) -> Any:
        done[f"decide {action.command}"] += 1
        return decide(policy, subject, action)

    def counted_context(self: Environment, *args: Any, **kwargs: Any) -> Any:
        done["context"] += 1
        return builds(self, *args, **kwargs)

    monkeypatch.setattr("bot.pipeline.authorization.decision.decide", counted_decide)
    monkeypatch.setattr(Environment, "context", counted_context)
    return done


async def reads(
    here: Pipeline,
    line: str,
    *,
    meanwhile: Callable[[Channel], Channel] = lambda channel: channel,
    run: Callable[..., Any] | None = None,
) -> str:
    """Type a read command.

    Args:
        meanwhile: called with the channel while the command runs. Returns the channel as it is by then.
        run: replaces the `run` of the command.
    """

    class Directory(type(here.env.directory)):  # type: ignore[misc]
        async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
            return meanwhile(await super().channel(channel_id, fresh=fresh))

    env = replace(here.env, directory=Directory(here.of))
    incoming = command(here.of, ZOE, line, f"read-{next(_keys)}")
    read: Any = env.grammar.parse(line)
    read = replace(read, spec=replace(read.spec, run=run or read.spec.run))
    return await command_lines.ask(env, incoming, read)


@pytest.mark.parametrize("line", ["ls", "ls --private", "show orders", "audit"])
async def test_a_read_command_is_decided_once_in_one_context(here: Pipeline, work: Counter[str], line: str) -> None:
    await reads(here, line)

    assert sorted(work.values()) == [1, 1], work


async def test_a_line_is_decided_again_if_its_channel_was_shared_meanwhile(here: Pipeline, work: Counter[str]) -> None:
    with pytest.raises(Refused, match="shared with another organization"):
        await reads(here, "ls", meanwhile=lambda channel: replace(channel, is_ext_shared=True))

    assert work["decide list"] == 2


async def test_a_line_is_decided_again_if_the_policy_changed_meanwhile(here: Pipeline, work: Counter[str]) -> None:
    def forbid(channel: Channel) -> Channel:
        assert here.env.rules.policy is ALLOWS
        here.of.is_forbidden = True
        assert here.env.rules.policy is FORBIDS
        return channel

    await reads(here, "ls", meanwhile=forbid)

    assert work["decide list"] == 2


async def test_only_a_public_answer_needs_the_channel_to_be_looked_up_again(here: Pipeline) -> None:
    async def answer_privately(ctx: Any, args: Any) -> Reply:
        return Reply(text="Only you see this.", private=True)

    def silent(channel: Channel) -> Channel:
        raise Unavailable("I couldn't look up this channel in Slack.")

    assert await reads(here, "ls", meanwhile=silent, run=answer_privately) == "answered"
    with pytest.raises(Unavailable):
        await reads(here, "ls", meanwhile=silent)
