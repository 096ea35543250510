"""The golden catalogue is one page with every sentence of the bot, as it is shown or as it is in the source."""

from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import GOLDEN
from tests.messages.page import Page
from tests.messages.play import play
from tests.messages.sentences import Sentence, sentences
from tests.messages.states import states
from tests.scenarios.conftest import shorten_pauses_between_posts
from tests.world import World, running_sandbox

CATALOGUE = GOLDEN / "messages.md"
HEAD = """# Messages

Everything that Turso Ops says, for an editor to read in one sitting. `pytest tests/messages --update-golden` writes
this page. It begins with a few days of #db-ops, as the people there saw them. Each step is followed by its messages,
each below its notification text. Then comes a card in each of its states, with the notices about it. At the end are
the sentences that the first parts don't show, as they are in the source: `{}` stands for a value.
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Run a separate sandbox, so that only messages of the script are on the page."""
    data: Path = tmp_path_factory.mktemp("world")
    async with running_sandbox(data) as found:
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
