"""`@Turso Ops …` in a message or a thread: the same commands as `/turso`, answered once, in the thread."""

import pytest

from bot.sandbox.workspace.delivery.parcel import event_parcel
from bot.sandbox.workspace.model import Message
from tests.scenarios import forging
from tests.security import stage
from tests.world import ANA, DANA, DB_OPS, GENERAL, GIL, ORDERS, World, buttons, until, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def says(world: World, text: str, *, by: str = DANA, channel: str = DB_OPS, thread: str | None = None) -> Message:
    """Write a message that begins with a mention of the bot, and return the message."""
    acted = await world.workspace.say(by, channel, f"<@{world.workspace.app.bot_user_id}> {text}", thread_ts=thread)
    assert acted.message is not None
    return acted.message


async def reply_to(world: World, message: Message, *, by: str = DANA) -> Message:
    """Wait for the bot's answer in the thread of a message, or for one that only its author sees, and return it."""
    top = message.thread_ts or message.ts

    def found() -> Message | None:
        seen = [
            one for one in world.workspace.history(message.channel_id, by) if one.ts > message.ts and one.user_id != by
        ]
        return next((one for one in seen if one.thread_ts == top or one.only_for == by), None)

    answer: Message = await until(found, what="an answer in the thread")
    return answer


async def test_a_mention_is_answered_in_its_thread(world: World) -> None:
    message = await says(world, "usage")

    answer = await reply_to(world, message)

    assert "rows read" in words(answer).lower()
    assert not answer.only_for


async def test_a_mention_in_a_thread_stays_in_that_thread(world: World) -> None:
    top = await world.workspace.say(DANA, DB_OPS, "the shop is slow")
    assert top.message is not None

    message = await says(world, "ls", thread=top.message.ts)
    answer = await reply_to(world, message)

    assert answer.thread_ts == top.message.ts


async def test_help_and_errors_are_shown_only_to_the_author(world: World) -> None:
    helped = await reply_to(world, await says(world, "help"))
    wrong = await reply_to(world, await says(world, "shwo orders"))

    assert helped.only_for == DANA
    assert wrong.only_for == DANA
    assert "show" in words(wrong)


async def test_a_mention_without_a_command_lists_what_the_person_may_do_here(world: World) -> None:
    answer = await reply_to(world, await says(world, ""))

    assert answer.only_for == DANA
    assert "*Allowed*" in words(answer)


async def test_a_missing_argument_is_answered_with_a_button_that_opens_the_form(world: World) -> None:
    answer = await reply_to(world, await says(world, "token --read-only"))
    assert answer.only_for == DANA

    await world.person(DANA).presses("Open the form", answer)
    view = await world.person(DANA).modal("Database")

    assert view.callback_id == "form.token"
    checked = [box["element"].get("initial_options") for box in view.blocks if box.get("block_id") == "flags"]
    assert "--read-only" in str(checked), "the form contains the typed arguments"
    await world.workspace.close_view(DANA, view.id)


async def test_a_form_opened_from_a_mention_is_answered_in_its_thread(world: World) -> None:
    message = await says(world, "show")
    await world.person(DANA).presses("Open the form", await reply_to(world, message))
    view = await world.person(DANA).modal("Database")
    await world.workspace.suggest(DANA, view_id=view.id, action_id="form.database", text="orders")

    await world.workspace.submit_view(DANA, view.id, {"arg.name": "orders"})

    seen = world.person(DANA).sees
    shown = await until(lambda: next((one for one in seen() if one.thread_ts == message.ts), None), what="orders")
    assert "orders" in words(shown)


async def test_a_private_answer_in_an_existing_thread_is_posted_there(world: World) -> None:
    top = await says(world, "ls")
    await reply_to(world, top)

    message = await says(world, "help", thread=top.ts)
    answer = await reply_to(world, message)

    assert (answer.only_for, answer.thread_ts) == (DANA, top.ts)


async def test_a_token_is_answered_with_a_button_that_shows_it_only_to_its_requester(world: World) -> None:
    message = await says(world, "token orders --read-only --expiration 1h")

    offer = await reply_to(world, message)
    assert offer.only_for == DANA
    assert "eyJ" not in words(offer)
    assert not world.changes("POST", "/databases/orders/auth/tokens")
    await world.person(DANA).presses("Reveal", offer)

    answer = await until(
        lambda: next((one for one in world.person(DANA).sees() if "eyJ" in words(one)), None), what="the token"
    )
    assert answer.only_for == DANA
    assert "eyJ" not in answer.text
    assert not any("eyJ" in words(one) for one in world.person(ANA).sees())


async def test_the_card_of_a_request_in_a_thread_is_posted_and_decided_there(world: World) -> None:
    await world.create_databases("thread-db")
    message = await says(world, "rotate thread-db --reason leak")

    card = await reply_to(world, message)
    assert {"Approve", "Deny", "Withdraw"} <= set(buttons(card))
    await world.person(ANA).presses("Approve", card)
    await world.person(ANA).submits({"typed_name": "thread-db"})
    done = await world.wait_for_content(card, holding="Old tokens no longer work")

    assert done.thread_ts == message.ts


@pytest.mark.parametrize("line", ["db create twice --reason launch", "ls"], ids=["a change", "a reading"])
async def test_a_redelivered_mention_is_handled_once(world: World, line: str) -> None:
    fault = world.workspace.faults.add("duplicate", "event:app_mention", times=1)
    message = await says(world, line)
    await reply_to(world, message)
    await world.wait_until_idle()
    world.workspace.faults.remove(fault)

    seen = [one for one in world.person(DANA).sees() if one.thread_ts == message.ts and one.user_id != DANA]
    assert len(seen) == 1, [words(one)[:100] for one in seen]


async def test_the_same_event_delivered_again_after_its_answer_does_nothing(world: World) -> None:
    message = await says(world, "db create again-made")
    await reply_to(world, message)
    await world.wait_until_idle()
    event = next(one for one in reversed(world.workspace.deliveries) if one.kind == "event:app_mention")
    before = len(world.changes("POST", "/organizations/acme/databases"))
    assert before
    answers = len(world.person(DANA).sees())

    again = await world.workspace.deliver(event_parcel(event.payload, DANA))
    await world.wait_until_idle()

    assert again.status == 200
    assert len(world.changes("POST", "/organizations/acme/databases")) == before
    assert len(world.person(DANA).sees()) == answers


@pytest.mark.parametrize(("minutes", "is_done"), [(14, True), (16, False), (240, False)])
async def test_a_mention_that_arrives_more_than_15_minutes_late_is_not_carried_out(
    world: World, minutes: int, is_done: bool
) -> None:
    """Slack redelivers an event for hours, so a late delivery may be the first one that reaches the bot."""
    name = f"late-{minutes}"
    message = await says(world, "whoami")
    await reply_to(world, message)
    sent = next(one for one in reversed(world.workspace.deliveries) if one.kind == "event:app_mention").payload
    event = sent["event"] | {"text": sent["event"]["text"].replace("whoami", f"db create {name} --reason launch")}
    old = sent | {"event_id": f"Ev0LATE{minutes}", "event_time": sent["event_time"] - minutes * 60, "event": event}
    before = {one.ts for one in forging.private_messages(world, DANA)}
    made = len(world.changes("POST", "/organizations/acme/databases"))

    delivery = await world.workspace.deliver(event_parcel(old, DANA))
    await world.wait_until_idle()

    assert delivery.status == 200
    assert bool(len(world.changes("POST", "/organizations/acme/databases")) - made) is is_done
    refused = [
        one
        for one in forging.private_messages(world, DANA)
        if one.ts not in before and "nothing was done" in words(one)
    ]
    assert len(refused) == (not is_done)


async def test_the_bot_gets_no_mentions_in_a_channel_that_it_is_not_in(world: World) -> None:
    before = len(world.workspace.calls)

    acted = await world.workspace.say(DANA, GENERAL, f"<@{world.workspace.app.bot_user_id}> ls")

    assert not acted.deliveries
    assert len(world.workspace.calls) == before


async def test_a_guest_who_mentions_the_bot_is_refused_in_private(world: World) -> None:
    message = await says(world, "ls", by=GIL, channel=ORDERS)

    answer = await reply_to(world, message, by=GIL)

    assert answer.only_for == GIL
    assert "Guests have no access by default" in words(answer)


@pytest.mark.parametrize("by", [{"user": None}, {"bot_id": "B0OTHER"}], ids=["the bot itself", "another bot"])
async def test_a_mention_by_a_bot_is_ignored(world: World, by: dict[str, str | None]) -> None:
    sender = {one: value or world.workspace.app.bot_user_id for one, value in by.items()}
    created = len(world.changes("POST", "/organizations/acme/databases"))
    before = len(world.workspace.calls)

    delivery = await world.workspace.deliver(stage.mention(world, "db create by-a-bot", **sender))
    await world.wait_until_idle()

    assert delivery.status == 200
    assert [one.method for one in world.workspace.calls[before:]] == []
    assert len(world.changes("POST", "/organizations/acme/databases")) == created
