"""The sandbox's on-call services respond in the formats that the vendors of the real services publish."""

from typing import Any

import jsonschema
import pytest

from tests.http import local_client
from tests.oncall.conftest import TOKEN, Desk

ENTRY = {
    "type": "object",
    "required": ["start_at", "end_at"],
    "properties": {
        "start_at": {"type": "string"},
        "end_at": {"type": "string"},
        "entry_id": {"type": "string"},
        "fingerprint": {"type": "string"},
        "rotation_id": {"type": "string"},
        "layer_id": {"type": "string"},
        "user": {
            "type": "object",
            "required": ["id", "name", "role"],
            "properties": {one: {"type": "string"} for one in ("id", "name", "role", "email", "slack_user_id")},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
USER: dict[str, Any] = {"type": "object", "required": ["id", "type"], "properties": {"id": {"type": "string"}}}
FORMATS = {
    # Required properties and types of the vendors' OpenAPI files: PagerDuty/api-schema (`Oncall`, `Pagination`),
    # opsgenie/opsgenie-oas (`GetOnCallResponse`, `OnCall`, `Participant`), and the source of the client in
    # incident-io/terraform-provider-incident (`SchedulesListScheduleEntriesResultV2`, `ScheduleEntryV2`).
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
                                **USER["properties"],
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
    "/incident_io/v2/schedule_entries?schedule_id=PLEAD20&entry_window_start=2026-06-01T12:00:00Z"
    "&entry_window_end=2026-06-01T12:01:00Z": {
        "type": "object",
        "required": ["schedule_entries"],
        "properties": {
            "schedule_entries": {
                "type": "object",
                "required": ["final", "overrides", "scheduled"],
                "properties": {
                    "final": {"type": "array", "minItems": 1, "items": ENTRY},
                    "overrides": {"type": "array", "items": ENTRY},
                    "scheduled": {"type": "array", "items": ENTRY},
                },
                "additionalProperties": False,
            },
            "pagination_meta": {
                "type": "object",
                "required": ["after", "after_url"],
                "properties": {"after": {"type": "string"}, "after_url": {"type": "string"}},
            },
        },
        "additionalProperties": False,
    },
}


@pytest.mark.parametrize("path", FORMATS)
async def test_a_service_of_the_sandbox_answers_in_the_format_that_the_vendor_publishes(desk: Desk, path: str) -> None:
    schemes = {"pagerduty": "Token token=", "opsgenie": "GenieKey ", "incident_io": "Bearer "}
    async with local_client(headers={"Authorization": f"{schemes[path.split('/')[1]]}{TOKEN}"}) as http:
        answer = await http.get(f"{desk.url}{path}")
    jsonschema.validate(answer.json(), FORMATS[path])
