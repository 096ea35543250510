"""Names that look like secrets, secrets that look like ordinary words, and texts that are too long."""

import pytest
import pytest_asyncio

from bot.app.compose import secrets_of, unrecognizable
from bot.settings import load_settings
from bot.slack.outgoing.messages import EgressGuard
from tests.scenarios import forging
from tests.security import stage
from tests.world import ANA, DANA, DB_OPS, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
NAME = "fluxapp-production"
SETTINGS = {
    "SLACK_BOT_TOKEN": "xoxb-0123456789-0123456789-abcdef",
    "SLACK_SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
    "TURSO_API_TOKEN": "analytics",
    "TURSO_ORGANIZATION": "acme",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def made(world: World) -> None:
    """Create a database whose name contains `xapp-`, with which some of Slack's tokens begin."""
    await world.create_databases(NAME)


@pytest.mark.parametrize(
    "line",
    ["ls", "show {}", "usage --top 50", "triage {}", "tokens {}", "freeze {} --dry-run", "audit", "audit --db {}"],
)
async def test_a_name_that_looks_like_a_token_is_shown(world: World, line: str) -> None:
    if line.startswith("audit"):
        await world.person(DANA).types(f"/turso show {NAME}")
    shown = words(await world.person(DANA).types(f"/turso {line.format(NAME)}"))

    assert NAME in shown
    assert "[hidden]" not in shown


async def test_a_card_with_a_database_name_that_looks_like_a_token_keeps_its_buttons(world: World) -> None:
    card = await world.person(DANA).types("/turso rotate alpha", holding="alpha")

    assert NAME in words(card)
    assert {"Approve", "Deny"} <= set(buttons(card))
    await world.person(ANA).presses("Deny", card)


async def test_a_secret_that_is_an_ordinary_word_hides_nothing_and_is_reported() -> None:
    settings = load_settings(SETTINGS)

    assert unrecognizable(settings) == ["TURSO_API_TOKEN"]
    guard = EgressGuard(secrets_of(settings))
    assert not guard.contains_secret("the database analytics")
    assert guard.contains_secret("0123456789abcdef0123456789abcdef")


@pytest.mark.parametrize("piece", ["eyJ", "x", "<@U0BOT|", "xoxe-1-"])
async def test_a_mention_that_is_too_long_is_refused(world: World, piece: str) -> None:
    before = len(forging.private_messages(world, DANA))
    await world.workspace.deliver(stage.mention(world, piece * (40_000 // len(piece))))

    message = await until(lambda: forging.private_messages(world, DANA)[before:])
    assert "characters. The maximum is 2,000" in words(message[-1])


async def test_a_line_and_a_buttons_value_that_are_too_long_are_refused(world: World) -> None:
    long = await world.person(DANA).types(f"/turso db freeze alpha --reason {'eyJ' * 1000}")
    assert "characters. The maximum is 2,000" in words(long)

    before = len(forging.private_messages(world, DANA))
    await forging.forge_click(world, DANA, "run.1", "show " + "a" * 3000, channel=DB_OPS)
    message = await until(lambda: forging.private_messages(world, DANA)[before:])
    assert "characters. The maximum is 2,000" in words(message[-1])


async def test_a_form_value_that_is_too_long_is_refused_with_an_error_at_its_field(world: World) -> None:
    delivery = await forging.forge_submission(world, DANA, "form.freeze", "i-none", {"reason": "eyJ" * 1000})

    assert "The maximum is 2,000" in delivery.answer
    assert "reason" in delivery.answer
