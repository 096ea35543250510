"""Who is on call: a service says so, and the policy maps people to Slack IDs. Without an answer, no one is on call."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from bot.core.oncall import Provider, Schedule
from bot.oncall import OnCallUnavailable, Schedules
from bot.oncall.calls import MOST_PAGES
from bot.sandbox.oncall.roster import ANA, BEN, ESCALATION, SCHEDULE, SECOND_SCHEDULE, Shift
from tests.oncall.conftest import ADAPTERS, NOON, TOKEN, Desk

STRANGER = "PNEW999"
WITH_PAGES = (Provider.PAGERDUTY, Provider.INCIDENT_IO)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(Provider.PAGERDUTY, "PDBA100"),
        Schedule(Provider.PAGERDUTY, "PDBA100", 2),
        Schedule(Provider.PAGERDUTY, "PESC100", 1, is_policy=True),
    ],
)
def test_a_schedule_can_be_read_from_its_key(schedule: Schedule) -> None:
    assert Schedule.of(schedule.key) == schedule


@pytest.mark.parametrize(
    ("schedule", "found"),
    [
        (Schedule(Provider.PAGERDUTY, SCHEDULE), {"U0ANA"}),
        (Schedule(Provider.PAGERDUTY, SECOND_SCHEDULE), {"U0BEN"}),
        (Schedule(Provider.PAGERDUTY, SCHEDULE, 1), {"U0ANA"}),
        (Schedule(Provider.PAGERDUTY, SCHEDULE, 2), set[str]()),
        (Schedule(Provider.PAGERDUTY, ESCALATION, is_policy=True), {"U0ANA", "U0BEN"}),
        (Schedule(Provider.PAGERDUTY, ESCALATION, 2, is_policy=True), {"U0BEN"}),
        (Schedule(Provider.PAGERDUTY, "PELSE00"), set[str]()),
        (Schedule(Provider.OPSGENIE, SCHEDULE), {"U0ANA"}),
        (Schedule(Provider.OPSGENIE, SECOND_SCHEDULE), {"U0BEN"}),
        (Schedule(Provider.OPSGENIE, "PELSE00"), set[str]()),
        (Schedule(Provider.INCIDENT_IO, SCHEDULE), {"U0ANA"}),
        (Schedule(Provider.INCIDENT_IO, SECOND_SCHEDULE), {"U0BEN"}),
        (Schedule(Provider.INCIDENT_IO, "PELSE00"), set[str]()),
    ],
    ids=lambda value: value.key if isinstance(value, Schedule) else None,
)
async def test_people_on_call_are_mapped_to_their_slack_ids(desk: Desk, schedule: Schedule, found: set[str]) -> None:
    assert await desk.schedules.members(schedule.key) == frozenset(found)


async def test_an_answer_is_cached_for_a_minute_unless_a_fresh_one_is_requested(desk: Desk, first: str) -> None:
    for _ in range(3):
        assert await desk.schedules.members(first) == frozenset({"U0ANA"})
    assert len(desk.roster.calls) == 1

    desk.roster.shifts = [Shift(BEN)]
    assert await desk.schedules.members(first) == frozenset({"U0ANA"})
    assert await desk.schedules.members(first, fresh=True) == frozenset({"U0BEN"})
    assert await desk.schedules.members(first) == frozenset({"U0BEN"})

    desk.roster.shifts = [Shift(ANA)]
    desk.clock[0] += 59
    assert await desk.schedules.members(first) == frozenset({"U0BEN"})
    desk.clock[0] += 2
    assert await desk.schedules.members(first) == frozenset({"U0ANA"})


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (500, "responded with status 500"),
        (429, "is rate-limiting requests"),
        (401, "refuses the API token"),
        (404, "has no such schedule"),
        (302, "status 302"),
    ],
)
async def test_while_a_service_fails_no_one_is_on_call_not_even_the_previous_person(
    desk: Desk, first: str, status: int, why: str
) -> None:
    assert await desk.schedules.members(first) == frozenset({"U0ANA"})
    desk.roster.status = status

    assert await desk.schedules.members(first, fresh=True) is None
    assert await desk.schedules.members(first) is None
    with pytest.raises(OnCallUnavailable, match=why) as caught:
        await desk.schedules.look_up(first, fresh=True)
    assert TOKEN not in str(caught.value)
    assert desk.seen[-1] == (Schedule.of(first).provider, status)


@pytest.mark.parametrize("provider", Provider)
async def test_an_answer_that_takes_more_than_two_seconds_is_not_waited_for(desk: Desk, provider: Provider) -> None:
    desk.roster.seconds = 30.0
    began = time.monotonic()

    with pytest.raises(OnCallUnavailable, match=f"{provider.label}: it didn't respond within 2 seconds"):
        await desk.schedules.look_up(Schedule(provider, SCHEDULE).key)

    assert time.monotonic() - began < 20


async def test_a_service_that_failed_is_called_again_after_a_pause_or_at_once_for_a_fresh_result(
    desk: Desk, first: str
) -> None:
    desk.roster.status = 503
    assert await desk.schedules.members(first) is None
    assert await desk.schedules.members(first) is None
    assert len(desk.roster.calls) == 1

    desk.roster.status = 0
    assert await desk.schedules.members(first, fresh=True) == frozenset({"U0ANA"})
    desk.roster.status = 503
    assert await desk.schedules.members(first, fresh=True) is None
    desk.roster.status = 0
    desk.clock[0] += 11
    assert await desk.schedules.members(first) == frozenset({"U0ANA"})


@pytest.mark.parametrize("provider", WITH_PAGES)
async def test_every_page_is_read(desk: Desk, provider: Provider) -> None:
    desk.roster.shifts = [Shift(f"P{number:04}") for number in range(250)]
    desk.slack_ids[provider] = {f"P{number:04}": f"U{number:04}" for number in range(250)}

    found = await desk.schedules.members(Schedule(provider, SCHEDULE).key)

    assert found is not None
    assert len(found) == 250
    assert len(desk.roster.calls) == 3


@pytest.mark.parametrize("last_page", ["empty", "unchanged", "end of the last entry"])
@pytest.mark.parametrize("people", [0, 1, 150])
async def test_a_last_page_with_a_cursor_ends_the_list_too(desk: Desk, last_page: Any, people: int) -> None:
    desk.roster.last_page = last_page
    desk.roster.shifts = [Shift(f"P{number:04}") for number in range(people)]
    desk.slack_ids[Provider.INCIDENT_IO] = {f"P{number:04}": f"U{number:04}" for number in range(people)}

    found = await desk.schedules.members(Schedule(Provider.INCIDENT_IO, SCHEDULE).key)

    assert found == frozenset(desk.slack_ids[Provider.INCIDENT_IO].values())
    assert len(desk.roster.calls) == max(1, -(-people // 100))


@pytest.mark.parametrize("after", [7, ["x"], {"at": "x"}, "2026-06-01T12:00:30"])
async def test_an_answer_with_a_cursor_of_an_unexpected_form_is_refused(
    monkeypatch: pytest.MonkeyPatch, after: Any
) -> None:
    async def page(*_: Any) -> Any:
        entry = {"user": {"id": ANA}, "start_at": "2026-01-01T00:00:00Z", "end_at": "2036-01-01T00:00:00Z"}
        return {"schedule_entries": {"final": [entry]}, "pagination_meta": {"after": after}}

    adapter = ADAPTERS[Provider.INCIDENT_IO]("http://127.0.0.1:1", SecretStr(TOKEN))
    monkeypatch.setattr(adapter.calls, "get", page)
    with pytest.raises(OnCallUnavailable, match="unexpected format"):
        await Schedules([adapter], dict).look_up(Schedule(Provider.INCIDENT_IO, SCHEDULE).key)


@pytest.mark.parametrize("provider", WITH_PAGES)
async def test_too_many_pages_count_as_no_answer(desk: Desk, provider: Provider) -> None:
    desk.roster.shifts = [Shift(f"P{number:05}") for number in range(MOST_PAGES * 100 + 1)]
    with pytest.raises(OnCallUnavailable, match="more than 20 pages"):
        await desk.schedules.look_up(Schedule(provider, SCHEDULE).key)


async def test_a_person_without_a_slack_id_is_left_out_and_logged(desk: Desk, first: str) -> None:
    desk.roster.shifts = [Shift(ANA), Shift(STRANGER)]

    with structlog.testing.capture_logs() as log:
        for _ in range(2):
            assert await desk.schedules.members(first, fresh=True) == frozenset({"U0ANA"})

    assert [line["user"] for line in log if line["event"] == "a person on call has no Slack ID in the policy"] == [
        STRANGER
    ]
    assert await desk.schedules.look_up(first) == (frozenset({"U0ANA"}), (STRANGER,))


async def test_the_current_mapping_applies_to_a_cached_answer_too(desk: Desk, first: str) -> None:
    assert await desk.schedules.members(first) == frozenset({"U0ANA"})
    desk.slack_ids[Schedule.of(first).provider] = {ANA: "U0REMY"}
    assert await desk.schedules.members(first) == frozenset({"U0REMY"})


async def test_the_error_for_a_service_without_a_token_names_the_setting(first: str) -> None:
    with pytest.raises(OnCallUnavailable, match=f"{Schedule.of(first).provider.name}_API_TOKEN isn't set"):
        await Schedules([], dict).look_up(first)


async def test_a_wrong_token_is_refused_and_not_shown(desk: Desk, first: str) -> None:
    provider = Schedule.of(first).provider
    adapter = ADAPTERS[provider](f"{desk.url}/{provider}", SecretStr("another-token-entirely"))
    async with adapter.calls:
        with pytest.raises(OnCallUnavailable, match="refuses the API token") as caught:
            await Schedules([adapter], dict).look_up(first)
    assert "another-token-entirely" not in repr(caught.value.__cause__) + repr(caught.value.__context__)


async def test_callers_at_the_same_time_share_a_call(desk: Desk, first: str) -> None:
    await asyncio.gather(*(desk.schedules.members(first) for _ in range(20)))
    assert len(desk.roster.calls) == 1


@pytest.mark.parametrize("provider", Provider)
async def test_each_service_works_again_after_an_error_and_each_status_is_recorded(
    desk: Desk, provider: Provider
) -> None:
    key = Schedule(provider, SCHEDULE).key
    desk.roster.status = 503
    assert await desk.schedules.members(key, fresh=True) is None
    desk.roster.status, desk.roster.shifts = 0, [Shift(BEN), Shift(STRANGER)]
    assert await desk.schedules.look_up(key, fresh=True) == (frozenset({"U0BEN"}), (STRANGER,))
    assert desk.seen == [(provider, 503), (provider, 200)]


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("shifts", "found"),
    [
        ([Shift(ANA, end=NOON), Shift(BEN, start=NOON)], {"U0BEN"}),
        ([Shift(ANA, end=NOON + SECOND), Shift(BEN, start=NOON + SECOND)], {"U0ANA"}),
        ([Shift(ANA, end=NOON - SECOND)], set[str]()),
        ([Shift(ANA), Shift(BEN, level=2)], {"U0ANA", "U0BEN"}),
        ([Shift("")], set[str]()),
    ],
    ids=["a change of shift now", "a change of shift soon", "between shifts", "two rotations", "a gap"],
)
async def test_only_current_entries_count(desk: Desk, shifts: list[Shift], found: set[str]) -> None:
    desk.roster.shifts = shifts
    assert await desk.schedules.members(Schedule(Provider.INCIDENT_IO, SCHEDULE).key) == frozenset(found)
