"""The receiver gets the whole log in order despite failures, and commands don't wait for it."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.audit_stream import receivers
from bot.app.audit_stream import sender as sending
from bot.app.audit_stream.received_copy import verify_copy
from bot.app.audit_stream.receivers import Batch, WebhookReceiver
from bot.app.audit_stream.sender import LEASE, Sender
from bot.core.audit_formats import Format
from bot.store.store import SqlStore
from tests.audit_stream.receiver import SECRET, Fault, Receiver, until
from tests.store.conftest import StoppedClock
from tests.store.samples import entry


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once after a failure, and send small batches."""
    monkeypatch.setattr(sending, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(sending, "AT_ONCE", 4)


def sender(store: SqlStore, clock: StoppedClock, receiver: Receiver, owner: str, form: Format = Format.JSON) -> Sender:
    return Sender(store, clock, WebhookReceiver(receiver.url, SECRET), "the stream", form, owner)


async def drained(sender: Sender, store: SqlStore) -> int:
    """Send batches until the sender has recorded every entry as received, and return the number of the last entry."""
    last, _ = await store.audit.head()
    for _ in range(200):
        await sender.once()
        if (await store.audit_streams.state(sender.stream)).seq == last:
            return last
    raise AssertionError(await store.audit_streams.state(sender.stream))


@pytest.mark.parametrize("form", Format)
async def test_a_receiver_that_fails_and_gives_wrong_answers_gets_the_whole_log(
    store: SqlStore, clock: StoppedClock, receiver: Receiver, tmp_path: Path, form: Format
) -> None:
    generator = random.Random(7)
    one = sender(store, clock, receiver, "one", form)
    for at in range(12):
        await store.audit.append(*(entry(reason=f"a reason,\u2028 {at}") for _ in range(generator.randint(1, 9))))
        receiver.faults = generator.choices([one for one in Fault if one is not Fault.DRIPS], k=4)
        await one.once()
    receiver.faults = []
    await drained(one, store)
    receiver.faults = [Fault.LIES]
    await store.audit.append(entry())
    lost = await drained(one, store)
    assert receiver.wanted == lost, "the receiver never kept the last entry"
    await store.audit.append(entry())
    last = await drained(one, store)
    await one.receiver.close()

    _, head = await store.audit.head()
    found = verify_copy(receiver.copy(tmp_path / "copy.jsonl"), head)
    assert (found.first, found.last, found.head) == (1, last, head)
    assert receiver.forged == 0


@pytest.mark.parametrize(
    "fault", [one for one in Fault if one not in (Fault.LIES, Fault.DRIPS)], ids=lambda fault: fault.name
)
async def test_only_a_batch_that_was_not_acknowledged_is_sent_again(
    store: SqlStore, clock: StoppedClock, receiver: Receiver, fault: Fault
) -> None:
    await store.audit.append(*(entry() for _ in range(6)))
    receiver.faults = [fault]
    one = sender(store, clock, receiver, "one")

    await one.once()
    state = await store.audit_streams.state(one.stream)
    await drained(one, store)
    await one.receiver.close()

    received = fault in (Fault.NONE, Fault.GARBLES)
    assert (state.seq, bool(state.fault)) == ((6, False) if received else (0, True))
    repeated = fault in (Fault.KEEPS_AND_REFUSES, Fault.KEEPS_AND_DIES)
    assert receiver.firsts == ([1, 1, 5] if repeated else [1, 5])


async def test_one_of_two_processes_sends_in_order_and_the_other_takes_over(
    store: SqlStore, other: SqlStore, clock: StoppedClock, receiver: Receiver
) -> None:
    one, two = sender(store, clock, receiver, "one"), sender(other, clock, receiver, "two")
    await store.audit.append(entry())
    await one.once()
    for _ in range(5):
        await store.audit.append(*(entry() for _ in range(7)))
        await asyncio.gather(one.once(), two.once())
        await drained(one, store)
    assert receiver.firsts == sorted(set(receiver.firsts)), "the batches came once and in order"

    await store.audit.append(entry())
    await two.once()
    assert receiver.wanted == 37, "the first process still has the lease"
    clock.pass_(LEASE)
    await two.once()
    assert receiver.wanted == 38
    await store.audit.append(entry())
    await two.release()
    await one.once()
    assert receiver.wanted == 39
    await one.receiver.close()
    await two.receiver.close()


async def test_a_process_that_lost_its_lease_while_sending_records_nothing(
    store: SqlStore, other: SqlStore, clock: StoppedClock, receiver: Receiver
) -> None:
    await store.audit.append(entry())
    receiver.open.clear()
    one = sender(store, clock, receiver, "one")
    sends = asyncio.create_task(one.once())
    await until(lambda: receiver.arrived == 1)
    clock.pass_(LEASE)
    assert await other.audit_streams.lease(one.stream, "two", now=clock.now(), until=clock.now() + LEASE) is not None, (
        "the second process has the lease now"
    )
    receiver.open.set()
    await sends
    assert receiver.wanted == 2, "the batch was received"
    assert (await store.audit_streams.state(one.stream)).seq == 0
    await one.receiver.close()


async def test_commands_do_not_wait_for_a_receiver_that_never_answers(
    store: SqlStore, clock: StoppedClock, receiver: Receiver
) -> None:
    await store.audit.append(entry())
    receiver.open.clear()
    one = sender(store, clock, receiver, "one")
    sends = asyncio.create_task(one.once())
    async with asyncio.timeout(20):
        for _ in range(20):
            await store.audit.append(entry())
    assert not sends.done()
    receiver.open.set()
    await sends
    assert receiver.wanted == 22
    await one.receiver.close()


async def test_a_receiver_that_always_requests_the_first_entry_gets_it_again_only_after_a_pause(
    store: SqlStore, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Greedy:
        """A receiver that always requests the first entry."""

        batches = 0

        async def send(self, batch: Batch, at: object) -> int | None:
            self.batches += 1
            return 1

        async def close(self) -> None:
            pass

    monkeypatch.setattr(sending, "FIRST_PAUSE", 60.0)
    await store.audit.append(entry())
    greedy = Greedy()
    one = Sender(store, clock, greedy, "the stream", Format.JSON, "one")
    for _ in range(5):
        await one.once()
    assert greedy.batches == 1


async def test_entries_are_sent_again_if_an_operator_requests_it(
    store: SqlStore, clock: StoppedClock, receiver: Receiver
) -> None:
    await store.audit.append(*(entry() for _ in range(6)))
    one = sender(store, clock, receiver, "one")
    assert not await store.audit_streams.rewind(one.stream, 0), "nothing was received"
    await drained(one, store)
    assert not await store.audit_streams.rewind(one.stream, 7)

    assert await store.audit_streams.rewind(one.stream, 2)
    await drained(one, store)

    assert receiver.firsts == [1, 5, 3]
    await one.receiver.close()


async def test_long_entries_are_sent_in_batches_of_bounded_length(
    store: SqlStore, clock: StoppedClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BATCH_CHARACTERS", 2_000)
    await store.audit.append(*(entry(reason="x" * 1_500) for _ in range(4)))
    one = sender(store, clock, receiver, "one")
    await drained(one, store)
    assert receiver.firsts == [1, 3]
    await one.receiver.close()


async def test_a_receiver_that_answers_byte_by_byte_times_out(
    store: SqlStore, clock: StoppedClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receivers, "LONGEST_SECONDS", 0.3)
    await store.audit.append(entry())
    receiver.faults = [Fault.DRIPS]
    one = sender(store, clock, receiver, "one")
    async with asyncio.timeout(20):
        await one.once()
    assert "in time" in (await store.audit_streams.state(one.stream)).fault
    await one.receiver.close()


def test_the_lease_lasts_longer_than_sending_a_batch_may_take() -> None:
    assert timedelta(seconds=2 * receivers.LONGEST_SECONDS) < LEASE
