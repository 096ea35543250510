"""Who is on call is asked of the service, mapped by the policy, kept for a minute, and nobody without an answer."""

import asyncio
import time

import httpx
import jsonschema
import pytest
import structlog
from pydantic import SecretStr

from bot.core.oncall import Provider, Schedule
from bot.oncall import OnCallUnavailable, Schedules
from bot.oncall.calls import MOST_PAGES
from bot.oncall.pagerduty import PagerDuty
from bot.sandbox.oncall.roster import ANA, BEN, ESCALATION, SCHEDULE, SECOND_SCHEDULE, Shift
from tests.oncall.conftest import TOKEN, Desk

FIRST = Schedule(Provider.PAGERDUTY, SCHEDULE).key
STRANGER = "PNEW999"


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(Provider.PAGERDUTY, "PDBA100"),
        Schedule(Provider.PAGERDUTY, "PDBA100", 2),
        Schedule(Provider.PAGERDUTY, "PESC100", 1, is_policy=True),
    ],
)
def test_a_key_is_read_as_it_was_written(schedule: Schedule) -> None:
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
    ],
    ids=lambda value: value.key if isinstance(value, Schedule) else None,
)
async def test_the_people_on_call_have_their_slack_ids(desk: Desk, schedule: Schedule, found: set[str]) -> None:
    assert await desk.schedules.members(schedule.key) == frozenset(found)


async def test_an_answer_is_kept_for_a_minute_and_asked_for_again_when_it_counts(desk: Desk) -> None:
    for _ in range(3):
        assert await desk.schedules.members(FIRST) == frozenset({"U0ANA"})
    assert len(desk.roster.calls) == 1

    desk.roster.shifts = [Shift(BEN)]
    assert await desk.schedules.members(FIRST) == frozenset({"U0ANA"})
    assert await desk.schedules.members(FIRST, fresh=True) == frozenset({"U0BEN"})
    assert await desk.schedules.members(FIRST) == frozenset({"U0BEN"})

    desk.roster.shifts = [Shift(ANA)]
    desk.clock[0] += 61
    assert await desk.schedules.members(FIRST) == frozenset({"U0ANA"})


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (500, "answered with status 500"),
        (429, "limits the rate"),
        (401, "refuses the API token"),
        (404, "has no such schedule"),
        (302, "status 302"),
    ],
)
async def test_without_an_answer_nobody_is_on_call_not_even_who_was(desk: Desk, status: int, why: str) -> None:
    assert await desk.schedules.members(FIRST) == frozenset({"U0ANA"})
    desk.roster.status = status

    assert await desk.schedules.members(FIRST, fresh=True) is None
    assert await desk.schedules.members(FIRST) is None
    with pytest.raises(OnCallUnavailable, match=why) as caught:
        await desk.schedules.look_up(FIRST, fresh=True)
    assert TOKEN not in str(caught.value)
    assert desk.seen[-1] == ("pagerduty", status)


@pytest.mark.parametrize("provider", Provider)
async def test_a_slow_answer_is_none_after_two_seconds(desk: Desk, provider: Provider) -> None:
    desk.roster.seconds = 30.0
    began = time.monotonic()

    with pytest.raises(OnCallUnavailable, match=f"{provider.label}: it didn't answer within 2 seconds"):
        await desk.schedules.look_up(Schedule(provider, SCHEDULE).key)

    assert time.monotonic() - began < 20


async def test_a_service_without_an_answer_is_asked_again_later_but_at_once_when_it_counts(desk: Desk) -> None:
    desk.roster.status = 503
    assert await desk.schedules.members(FIRST) is None
    assert await desk.schedules.members(FIRST) is None
    assert len(desk.roster.calls) == 1

    desk.roster.status = 0
    assert await desk.schedules.members(FIRST, fresh=True) == frozenset({"U0ANA"})
    desk.roster.status = 503
    assert await desk.schedules.members(FIRST, fresh=True) is None
    desk.roster.status = 0
    desk.clock[0] += 11
    assert await desk.schedules.members(FIRST) == frozenset({"U0ANA"})


async def test_every_page_is_read(desk: Desk) -> None:
    desk.roster.shifts = [Shift(f"P{number:04}") for number in range(250)]
    desk.slack_ids[Provider.PAGERDUTY] = {f"P{number:04}": f"U{number:04}" for number in range(250)}

    found = await desk.schedules.members(FIRST)

    assert found is not None
    assert len(found) == 250
    assert len(desk.roster.calls) == 3


async def test_more_pages_than_anybody_needs_are_no_answer(desk: Desk) -> None:
    desk.roster.shifts = [Shift(f"P{number:05}") for number in range(MOST_PAGES * 100 + 1)]
    with pytest.raises(OnCallUnavailable, match="more than 20 pages"):
        await desk.schedules.look_up(FIRST)


async def test_a_person_without_a_slack_id_is_left_out_and_named_to_the_operator(desk: Desk) -> None:
    desk.roster.shifts = [Shift(ANA), Shift(STRANGER)]

    with structlog.testing.capture_logs() as log:
        for _ in range(2):
            assert await desk.schedules.members(FIRST, fresh=True) == frozenset({"U0ANA"})

    assert [line["user"] for line in log if line["event"] == "a person on call has no Slack ID in the policy"] == [
        STRANGER
    ]
    assert await desk.schedules.look_up(FIRST) == (frozenset({"U0ANA"}), (STRANGER,))


async def test_the_mapping_of_now_counts_also_for_a_kept_answer(desk: Desk) -> None:
    assert await desk.schedules.members(FIRST) == frozenset({"U0ANA"})
    desk.slack_ids[Provider.PAGERDUTY] = {ANA: "U0REMY"}
    assert await desk.schedules.members(FIRST) == frozenset({"U0REMY"})


async def test_a_service_without_a_token_has_nobody_on_call() -> None:
    with pytest.raises(OnCallUnavailable, match="PAGERDUTY_API_TOKEN isn't set"):
        await Schedules([], dict).look_up(FIRST)


async def test_a_wrong_token_is_refused_and_not_shown(desk: Desk) -> None:
    adapter = PagerDuty(f"{desk.url}/pagerduty", SecretStr("another-token-entirely"))
    async with adapter.calls:
        with pytest.raises(OnCallUnavailable, match="refuses the API token") as caught:
            await Schedules([adapter], dict).look_up(FIRST)
    assert "another-token-entirely" not in repr(caught.value.__cause__) + repr(caught.value.__context__)


async def test_callers_at_the_same_time_share_a_call(desk: Desk) -> None:
    await asyncio.gather(*(desk.schedules.members(FIRST) for _ in range(20)))
    assert len(desk.roster.calls) == 1


@pytest.mark.parametrize("provider", Provider)
async def test_each_service_is_closed_while_it_refuses(desk: Desk, provider: Provider) -> None:
    key = Schedule(provider, SCHEDULE).key
    desk.roster.status = 503
    assert await desk.schedules.members(key, fresh=True) is None
    desk.roster.status, desk.roster.shifts = 0, [Shift(BEN), Shift(STRANGER)]
    assert await desk.schedules.look_up(key, fresh=True) == (frozenset({"U0BEN"}), (STRANGER,))
    assert desk.seen == [(provider, 503), (provider, 200)]


USER = {"type": "object", "required": ["id", "type"], "properties": {"id": {"type": "string"}}}
FACTS = {
    # Required properties and types of the vendors' OpenAPI files: PagerDuty/api-schema (`Oncall`, `Pagination`), and
    # opsgenie/opsgenie-oas (`GetOnCallResponse`, `OnCall`, `Participant`).
    "/pagerduty/oncalls?schedule_ids[]=PLEAD20": {
        "type": "object",
        "required": ["oncalls"],
        "properties": {
            "oncalls": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {
                        "user": USER,
                        "schedule": USER,
                        "escalation_policy": USER,
                        "escalation_level": {"type": "integer"},
                        "start": {"type": "string"},
                        "end": {"type": "string"},
                    },
                    "additionalProperties": False,
                },
            },
            "limit": {"type": "integer"},
            "offset": {"type": "integer"},
            "more": {"type": "boolean"},
            "total": {"type": ["integer", "null"]},
        },
        "additionalProperties": False,
    },
    "/opsgenie/v2/schedules/PLEAD20/on-calls": {
        "type": "object",
        "required": ["data"],
        "properties": {
            "took": {"type": "number"},
            "requestId": {"type": "string"},
            "data": {
                "type": "object",
                "properties": {
                    "_parent": {"type": "object"},
                    "onCallParticipants": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            **USER,
                            "properties": {
                                "onCallParticipants": {"type": "array", "items": USER},
                                "name": {"type": "string"},
                            },
                        },
                    },
                },
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
    },
}


@pytest.mark.parametrize("path", FACTS)
async def test_the_stand_in_answers_in_the_form_that_the_vendor_publishes(desk: Desk, path: str) -> None:
    scheme = "GenieKey " if "opsgenie" in path else "Token token="
    async with httpx.AsyncClient(headers={"Authorization": f"{scheme}{TOKEN}"}) as http:
        answer = await http.get(f"{desk.url}{path}")
    jsonschema.validate(answer.json(), FACTS[path])
