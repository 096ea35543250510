"""Tokens and keys are only in the message that may contain them: not in logs, files, tables, pages or calls."""

from pathlib import Path

from tests.security.leaking import have_conversation, kill_before_the_message, watched
from tests.security.searching import found
from tests.world import DANA


async def test_no_secret_is_in_a_wrong_place_with_sqlite_and_a_crash(tmp_path: Path) -> None:
    async with watched(tmp_path) as here:
        await have_conversation(here)
        await kill_before_the_message(here, tmp_path / "clock")

        places = await here.everything("")

    assert len(here.tokens) >= 9
    assert not found(here.secrets, places)


async def test_the_same_search_finds_leaks_without_the_guards(tmp_path: Path) -> None:
    async with watched(tmp_path, sabotage="bug, chatty, no guard, no redactor") as here:
        dana = here.world.person(DANA)
        await dana.types("/turso ls")
        await dana.types("/turso token buggy --read-only")

        hits = found(here.secrets, await here.everything(""))

    assert hits == {
        ("a token of a chatty command", "Slack response_url"),
        ("a token of a chatty command", "the log"),
        ("minted token 0", "the log"),
    }
