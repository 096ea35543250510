"""A file that only one person may read comes with one note, however often sharing it must be tried again."""

from typing import Any

import pytest

from bot.commands import CATALOGUE
from bot.core.policy.load import load
from bot.core.reply import Reply
from bot.core.requests.request import State
from bot.errors import Unavailable
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.timers.due import fire
from tests.crash.ports import POLICY
from tests.pipeline.in_memory import DANA, Pipeline

WITH_INCIDENTS = (
    POLICY
    + """\
      - {allow: incident, confirm: none}
incidents: {to: dba, organization: acme, databases: ["*"], profile: incident}
profiles:
  incident:
    rules: [{allow: [incident, read], confirm: none}]
"""
)
ONLY_FOR_YOU = "only you can see this report"


class Files:
    """Records the channels in which files were shared. The first `fails` uploads fail."""

    def __init__(self, here: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shared: list[str] = []
        self.fails = 0
        send = here.slack.direct

        async def direct(user_id: str, reply: Reply) -> tuple[str, str] | None:
            await send(user_id, reply)
            return f"D{user_id}", "5.000001"

        async def upload(channel_id: str, *_: Any, **__: Any) -> None:
            if self.fails:
                self.fails -= 1
                raise Unavailable("Slack isn't responding.")
            self.shared.append(channel_id)

        monkeypatch.setattr(here.slack, "direct", direct)
        monkeypatch.setattr(here.slack, "upload", upload)


def notes(here: Pipeline) -> list[str]:
    return [who for who, text in here.slack.private if ONLY_FOR_YOU in text]


@pytest.mark.parametrize("fails", [0, 1, 3])
async def test_the_report_of_a_privately_ended_incident_comes_with_one_note(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    policy = load(WITH_INCIDENTS, CATALOGUE, default_organization="acme")
    monkeypatch.setattr(type(here.env.rules), "policy", policy)
    await here.execute(await here.ask("incident start INC-1"))
    files = Files(here, monkeypatch)
    files.fails = fails

    ended = await here.ask("incident end --private")
    assert await here.execute(ended) is State.SUCCEEDED
    await notify_outcome(here.env, ended.id)
    for _ in range(5):
        here.pass_time(hours=1)
        for timer in await here.env.store.timers.due(here.of.now()):
            await here.env.store.timers.replace(timer, await fire(here.env, timer))

    assert files.fails == 0
    assert files.shared == [f"D{DANA}"]
    assert notes(here) == [DANA]
