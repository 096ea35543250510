"""If Slack doesn't return a user group that a rule needs, timers try again instead of taking that for a denial."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands import CATALOGUE
from bot.commands.digests._schedule import next_due
from bot.core.policy import load
from bot.core.records.branches import BranchState
from bot.core.records.timers import TimerKind
from bot.core.records.usage import Digest
from bot.core.requests.request import State
from bot.errors import Unavailable
from tests.crash.ports import POLICY
from tests.pipeline.in_memory import ANA, Pipeline
from tests.pipeline.test_alerts_of_unknown_databases import FixedRules
from tests.present import present

TO_GROUP = POLICY.replace("- {allow: read}", "- {allow: [read, digest], to: dba}").replace(
    "by: dba,", "by: dba, to: dba,"
)


@pytest.fixture
def to_group(here: Pipeline) -> Pipeline:
    """Return the pipeline with rules for a user group only."""
    here.env = replace(here.env, rules=FixedRules(load(TO_GROUP, CATALOGUE, default_organization="acme")))
    return here


async def test_a_branch_does_not_outlive_its_end_because_a_group_was_unknown_then(to_group: Pipeline) -> None:
    here = to_group
    await here.execute(await here.ask("db branch orders orders-fix --for 3d", ANA))
    (branch,) = await here.env.store.branches.find(organization="acme")
    await here.fire(TimerKind.BRANCH_END, branch.id)
    here.of.knows_groups = False

    with pytest.raises(Unavailable, match="user group"):
        await here.fire(TimerKind.BRANCH_END, branch.id)
    assert present(await here.env.store.branches.get(branch.id)).state is BranchState.ENDING
    assert await here.env.store.requests.find(states=list(State), command="destroy") == []

    here.of.knows_groups = True
    await here.fire(TimerKind.BRANCH_END, branch.id)

    assert present(await here.env.store.branches.get(branch.id)).state is BranchState.ENDED
    (request,) = await here.env.store.requests.find(states=list(State), command="destroy")
    assert request.plan.target is not None
    assert request.plan.target.name == "orders-fix"


async def test_digests_are_not_reported_as_paused_because_a_group_is_unknown(to_group: Pipeline) -> None:
    here = to_group
    digest = Digest("C0DBOPS", "acme", "daily", 0, "09:00", "UTC", ANA, here.of.now())
    digest = replace(digest, next_at=next_due(digest, here.of.now()))
    await here.env.store.digests.schedule(digest)
    here.of.knows_groups = False

    following = present(await here.fire(TimerKind.DIGEST, "C0DBOPS"))

    assert here.slack.public == []
    assert (following.failures, following.due_at - here.of.now()) == (1, timedelta(minutes=10))
    here.of.knows_groups = True
    await here.fire(TimerKind.DIGEST, "C0DBOPS")
    assert ["Turso digest" in text for text in here.slack.public] == [True]
