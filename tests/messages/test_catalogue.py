"""The golden catalogue is one page with every sentence of the bot in Slack, as it is shown or as the source has it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.platform import turso
from bot.sandbox.platform.clock import Clock
from bot.sandbox.platform.control import databases
from bot.sandbox.platform.names import new_uuid
from tests.conftest import GOLDEN
from tests.messages.page import Page
from tests.messages.play import play
from tests.messages.sentences import Sentence, sentences
from tests.messages.states import states
from tests.scenarios.conftest import shorten_pauses_between_posts
from tests.world import World, running_sandbox

CATALOGUE = GOLDEN / "messages.md"
BEGINS_AT = datetime(2026, 11, 10, 11, 33, tzinfo=UTC)
"""The sandbox's time at the start of the script, on whatever day and at whatever time the test runs.

Digests compare days, and Turso's counters restart each month. All that the script's digest compares is in one month.
A sample is due at 11:58. The script first creates databases, and then moves the clock past that time.
"""
HEAD = """# Messages

Everything that Turso Ops says in Slack, for an editor to read in one sitting. `pytest tests/messages --update-golden`
writes this page. It begins with more than a week of conversations, as people saw them. Each step is followed by its
messages, each below its notification text. Then comes a card in each of its states, with the notices about it. At the
end are the sentences that the first parts don't show, as they are in the source: `{}` stands for a value.
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a separate sandbox that begins at `BEGINS_AT`, so that only messages of the script are on the page."""
    data: Path = tmp_path_factory.mktemp("world")
    begins = BEGINS_AT - datetime.now(UTC)

    class ShiftedClock(Clock):
        """The local Turso's clock. It shows the sandbox's time even before the seed adds databases and usage."""

        def __init__(self) -> None:
            self.offset = begins

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(turso, "Clock", ShiftedClock)
        async with running_sandbox(data, begins=begins) as found:
            # A new `DbId` would have the machine's time, so the database would seem to be created in the future.
            patched.setattr(databases, "new_uuid", lambda kind: new_uuid(kind, at=found.turso.clock.time()))
            shorten_pauses_between_posts(found)
            yield found


@pytest.mark.asyncio(loop_scope="module")
async def test_the_catalogue_shows_every_sentence(world: World, request: pytest.FixtureRequest) -> None:
    page = Page(world)
    await play(page)
    page.subject("A request in each of its states")
    for title, shown in states():
        page.add(title, shown)

    text = "\n".join([HEAD, *page.lines, *_the_rest("\n".join(page.lines))]) + "\n"

    if request.config.getoption("--update-golden"):
        CATALOGUE.write_text(text, "utf-8")
    assert text == CATALOGUE.read_text("utf-8"), "run pytest tests/messages --update-golden, and read the diff"


def _the_rest(shown: str) -> list[str]:
    """Return the sentences that aren't on the page, by file."""
    missing = [one for one in sentences() if not one.is_on(shown)]
    lines = ["\n## Sentences that the parts above don't show"]
    for path, found in groupby(missing, key=lambda one: one.path):
        lines += [f"\n### {path}\n", *dict.fromkeys(f"- {one.template.strip()}" for one in found)]
    return lines


def test_a_sentence_is_found_on_a_page_with_any_values() -> None:
    assert Sentence("a.py", 1, "`{}` is frozen until {}.").is_on("> `orders` is frozen until 1:43 AM.")
    assert not Sentence("a.py", 1, "`{}` is thawed.").is_on("> `orders` is frozen until 1:43 AM.")
