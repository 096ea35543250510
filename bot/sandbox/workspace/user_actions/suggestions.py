"""Menus whose options the app returns for the text that a person types."""

from __future__ import annotations

from typing import Any

from bot.sandbox.workspace.blockkit import validate_options
from bot.sandbox.workspace.delivery import payloads
from bot.sandbox.workspace.delivery.courier import Courier
from bot.sandbox.workspace.delivery.parcel import interactive_parcel
from bot.sandbox.workspace.model import Json, Message, View
from bot.sandbox.workspace.records import CannotAct
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.user_actions import elements
from bot.sandbox.workspace.user_actions.answers import answer_of


class Suggestions:
    """Delivers `block_suggestion`, and remembers the returned options, so that people can choose among them."""

    def __init__(self, state: State, courier: Courier) -> None:
        self._state, self._courier = state, courier
        self._offered: dict[tuple[str, str], list[Json]] = {}

    def offered(self, person_id: str, action_id: str) -> list[Json]:
        return self._offered.get((person_id, action_id), [])

    async def suggest(self, person_id: str, place: Message | View, action_id: str, block_id: str | None,
                      text: str) -> list[Json]:  # fmt: skip
        """Ask the app for options for a typed text, and return its options or option groups.

        Returns `[]` if fewer characters were typed than the menu requires. If the app doesn't return valid options,
        returns `[]` and shows the person a notice.

        Raises:
            CannotAct: there is no such element, or it isn't an external select menu.
        """
        block, element = elements.find(place.blocks, action_id, block_id)
        if element.get("type") not in ("external_select", "multi_external_select"):
            raise CannotAct(f"{action_id} is not a menu that asks the app.")
        if len(text) < int(element.get("min_query_length", 3)):
            return []
        payload = self._payload(person_id, place, block, action_id, text)
        delivery = await self._courier.deliver(interactive_parcel(payload, person_id))
        answer = answer_of(delivery) if delivery.ok else {}
        if not delivery.ok or validate_options(answer):
            self._state.notice(person_id, "There was a problem loading the options.")
            return []
        found: list[Json] = answer.get("options") or answer.get("option_groups") or []
        self._offered[person_id, action_id] = _flat(answer)
        return found

    def _payload(self, person_id: str, place: Message | View, block: Json, action_id: str, text: str) -> Json:
        where = payloads.in_view(place) if isinstance(place, View) else payloads.in_message(self._state, place)
        asked: dict[str, Any] = {"action_id": action_id, "block_id": block.get("block_id"), "value": text}
        person = self._state.people[person_id]
        return payloads.interaction(self._state, "block_suggestion", person) | where | asked


def _flat(answer: Json) -> list[Json]:
    grouped = [option for group in answer.get("option_groups") or [] for option in group.get("options", [])]
    return [*(answer.get("options") or []), *grouped]
