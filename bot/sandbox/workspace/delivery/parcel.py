"""A parcel: a payload for the app, independent of the transport."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from bot.sandbox.workspace.model import Json

Form = Literal["slash_commands", "interactive", "events_api"]


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A payload for the app.

    `form` is its type in Socket Mode, and decides how it is encoded over HTTP. `kind` is the name that the inspector
    shows and that injected faults match.
    """

    form: Form
    kind: str
    payload: Json
    person_id: str | None = None

    def encoded(self) -> tuple[bytes, str]:
        """Return the body of the HTTP request, and its content type."""
        if self.form == "events_api":
            return json.dumps(self.payload, separators=(",", ":")).encode(), "application/json"
        fields = self.payload
        if self.form == "interactive":
            fields = {"payload": json.dumps(self.payload, separators=(",", ":"))}
        return urlencode(fields).encode(), "application/x-www-form-urlencoded"

    @property
    def accepts_response_payload(self) -> bool:
        return self.form != "events_api"


def command_parcel(payload: Json, person_id: str) -> Parcel:
    return Parcel(form="slash_commands", kind="slash_commands", payload=payload, person_id=person_id)


def interactive_parcel(payload: Json, person_id: str) -> Parcel:
    return Parcel(form="interactive", kind=str(payload["type"]), payload=payload, person_id=person_id)


def event_parcel(payload: Json, person_id: str | None) -> Parcel:
    kind = "event:" + str(payload.get("event", {}).get("type", payload["type"]))
    return Parcel(form="events_api", kind=kind, payload=payload, person_id=person_id)
