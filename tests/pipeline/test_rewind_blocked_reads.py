"""A rewind of a database whose reads are blocked: the copy is made, and the card says why nothing was compared."""

from bot.core.requests.request import State
from bot.pipeline.outcomes.request_cards import card_of
from tests.blocks.messages import words
from tests.pipeline.in_memory import Pipeline
from tests.pipeline.rewinds import copies, switched


async def test_a_database_in_quarantine_is_not_read_for_the_comparison(here: Pipeline) -> None:
    replaced = await switched(here)
    assert "`orders` stays blocked until someone presses *Undo*" in words(await card_of(here.env, replaced))
    here.turso.databases["orders"]["block_reads"] = True  # the in-memory Turso shows it only in the configuration
    here.of.sent.clear()

    request = await here.approved("db rewind orders --to 08:40")
    assert await here.execute(request) is State.SUCCEEDED, (await here.now(request)).outcome

    card = words(await card_of(here.env, await here.now(request)))
    assert "`orders` wasn't compared, because its reads are blocked." in card
    assert not [one for one in here.changes() if "/orders/auth/tokens" in one]
    assert len(copies(here)) == 1
