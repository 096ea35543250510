"""Of the participants in Opsgenie's answer, only those who are on call now count, and not those of later levels."""

from typing import Any

import pytest
from pydantic import SecretStr

from bot.core.oncall import Provider, Schedule
from bot.oncall.opsgenie import Opsgenie

SCHEDULE = Schedule(Provider.OPSGENIE, "S1")


def user(id_: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": f"{id_}@example.com", "type": "user", **more}


def nested(kind: str, *participants: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": kind, "name": kind, "type": kind, "onCallParticipants": [*participants], **more}


async def people(monkeypatch: pytest.MonkeyPatch, *participants: Any) -> frozenset[str]:
    """Return who is on call if Opsgenie answers with these participants."""
    adapter = Opsgenie("https://opsgenie.example.com/", SecretStr("key"))

    async def answer(path: str, query: Any) -> Any:
        return {"data": {"onCallParticipants": [*participants]}}

    monkeypatch.setattr(adapter.calls, "get", answer)
    return await adapter.people(SCHEDULE)


async def test_people_whom_an_escalation_notifies_later_are_not_on_call_now(monkeypatch: pytest.MonkeyPatch) -> None:
    escalation = nested(
        "escalation",
        nested("schedule", user("now"), escalationTime=0, notifyType="default"),
        nested("schedule", user("next"), escalationTime=5, notifyType="next"),
        user("later", escalationTime=5, notifyType="default"),
        nested("team", user("anybody"), user("everybody"), escalationTime=10, notifyType="all"),
    )

    assert await people(monkeypatch, user("first"), escalation) == {"first", "now"}


@pytest.mark.parametrize("shift", ["next", "previous"])
async def test_people_of_another_shift_are_not_on_call_now(monkeypatch: pytest.MonkeyPatch, shift: str) -> None:
    escalation = nested("escalation", nested("schedule", user("other"), escalationTime=0, notifyType=shift))

    assert await people(monkeypatch, escalation) == frozenset()


@pytest.mark.parametrize("minutes", ["5", -1, 2.5, [0]])
async def test_an_escalation_time_that_cannot_be_read_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, minutes: Any
) -> None:
    with pytest.raises(ValueError, match="number of minutes"):
        await people(monkeypatch, nested("escalation", user("now", escalationTime=minutes)))
