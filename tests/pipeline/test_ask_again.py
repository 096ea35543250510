"""`Ask again` makes the same request: bound to the same freeze, and wherever it is pressed."""

from dataclasses import replace
from functools import partial

import pytest

from bot.core.requests.request import Request, State
from bot.errors import Refused
from bot.pipeline.authorization import plan_drift
from bot.pipeline.dispatch.button_actions import CLICKS
from bot.pipeline.outcomes.request_cards import card_of
from bot.pipeline.requests import open_items
from tests.blocks.messages import buttons
from tests.crash.simulation import press
from tests.pipeline.in_memory import DANA, Pipeline


async def ask_again(here: Pipeline, request: Request, *, channel: str | None = None) -> Request:
    """Press the button on the card of a request that has ended, and return the new request."""
    card = await card_of(here.env, await here.now(request))
    button = next(one for name, one in buttons(card).items() if name in ("Ask again", "Try again"))
    pressed = press(here.of, DANA, button["action_id"], button["value"], f"again-{request.id}")
    pressed = replace(pressed, channel_id=pressed.channel_id if channel is None else channel)
    await CLICKS[button["action_id"]].run(here.env, pressed)
    found = await here.env.store.requests.find(states=list(State))
    return next(one for one in found if one.intent_id == pressed.id)


async def refused_at_start(here: Pipeline, request: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the request end as stale when it starts."""

    async def changed(*_: object, **__: object) -> str:
        return "Something has changed."

    with monkeypatch.context() as patched:
        patched.setattr("bot.pipeline.authorization.authorize.drift", changed)
        assert await here.execute(request) is State.STALE
    assert plan_drift.drift is not changed


async def test_the_thaw_of_one_freeze_stays_the_thaw_of_that_freeze(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    for options in ("--for 30m", "--reads"):
        assert await here.execute(await here.ask(f"db freeze orders {options}")) is State.SUCCEEDED
    held = await here.env.store.holds.find(organization="acme")
    by_time = next(one for one in held if one.due_at is not None)
    await open_items.thaw_hold(here.env, press(here.of, DANA, "hold.thaw", by_time.id, "k-thaw"))
    (first,) = await here.env.store.requests.find(states=[State.APPROVED], command="thaw")
    await refused_at_start(here, first, monkeypatch)

    again = await ask_again(here, first)

    assert again.plan.arguments == first.plan.arguments
    assert await here.execute(again) is State.SUCCEEDED
    assert here.turso.configurations["orders"]["block_reads"], "the other freeze stays"
    with pytest.raises(Refused, match="nothing to thaw"):
        await ask_again(here, first)


async def test_a_request_whose_card_has_no_such_button_is_not_made_again(here: Pipeline) -> None:
    first = await here.ask("db freeze orders")
    assert await here.execute(first) is State.SUCCEEDED

    with pytest.raises(Refused, match="You can't ask again here"):
        await CLICKS["request.again"].run(here.env, here.press(DANA, first, "request.again"))


@pytest.mark.parametrize("channel", ["", "D0DANA"], ids=["on Home", "in a direct message"])
async def test_it_works_outside_the_channel(here: Pipeline, monkeypatch: pytest.MonkeyPatch, channel: str) -> None:
    first = await here.ask("db freeze orders --for 30m --reason load")
    await refused_at_start(here, first, monkeypatch)

    again = await ask_again(here, first, channel=channel)

    assert (again.channel_id, again.line, again.reason) == (first.channel_id, first.line, "load")


async def test_it_is_not_for_another_organization(here: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await here.ask("db freeze orders --for 30m")
    await refused_at_start(here, first, monkeypatch)
    monkeypatch.setattr(type(here.env.rules.policy), "binding", lambda *_: _Other())

    with pytest.raises(Refused, match="another organization"):
        await ask_again(here, first)


class _Other:
    organization = "other"


async def test_a_line_that_is_no_longer_complete_opens_its_form(
    here: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = replace(await here.ask("db freeze orders"), state=State.STALE)
    shorter = partial(_loaded, replace(first, line="freeze"))
    monkeypatch.setattr("bot.pipeline.requests.request_buttons.request_of", shorter)

    pressed = press(here.of, DANA, "request.again", first.id, "k-form")
    assert await CLICKS["request.again"].run(here.env, pressed) in ("form_opened", "form_offered")


async def _loaded(request: Request, *_: object) -> Request:
    return request
