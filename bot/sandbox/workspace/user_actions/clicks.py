"""Pressing buttons and choosing in menus, in messages, modals and Home."""

from __future__ import annotations

from typing import Any

from bot.sandbox.workspace.delivery import payloads
from bot.sandbox.workspace.delivery.courier import Courier
from bot.sandbox.workspace.delivery.parcel import interactive_parcel
from bot.sandbox.workspace.model import Json, Message, Person, View
from bot.sandbox.workspace.records import Acted, CannotAct
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.user_actions import elements
from bot.sandbox.workspace.user_actions.suggestions import Suggestions

TROUBLE = "This app took too long to respond. Try again?"


class Clicks:
    """Delivers `block_actions`. As in Slack, two presses of a button are two deliveries, however quick they are."""

    def __init__(self, state: State, courier: Courier, suggestions: Suggestions) -> None:
        self._state, self._courier, self._suggestions = state, courier, suggestions

    async def in_message(self, person_id: str, message: Message, action_id: str, block_id: str | None,
                         selected: Any) -> Acted:  # fmt: skip
        """Press an element in a message, in the version that the person saw."""
        person = self._person(person_id)
        if message.is_ephemeral and message.only_for != person_id:
            raise CannotAct("This message is only visible to someone else.")
        if not self._state.can_see(person_id, message.channel_id):
            raise CannotAct(f"{person.real_name} does not see this conversation.")
        attachment, blocks = elements.part_with(message, action_id)
        block, element = elements.find(blocks, action_id, block_id)
        _check_visible(element, person)
        known = self._state.inputs.get((person_id, message.ts), {})
        values = elements.values_of(blocks, known, channel_id=message.channel_id)
        choice = elements.chosen(element, selected, self._suggestions.offered(person_id, action_id))
        values = _with(values, block, element, choice)
        self._state.inputs[person_id, message.ts] = values
        if not _is_sent(block, element):
            return Acted()
        where = payloads.in_message(self._state, message, attachment=attachment)
        payload = self._actions(person, block, element, choice) | where
        payload |= {"state": {"values": values}, "response_url": payloads.response_url(self._state, person, message)}
        return await self._deliver(payload, person)

    async def in_view(self, person_id: str, view: View, action_id: str, block_id: str | None, selected: Any) -> Acted:
        """Press an element in a modal or in Home."""
        person = self._person(person_id)
        if view.person_id != person_id:
            raise CannotAct("This view belongs to someone else.")
        block, element = elements.find(view.blocks, action_id, block_id)
        _check_visible(element, person)
        choice = elements.chosen(element, selected, self._suggestions.offered(person_id, action_id))
        values = _with(elements.values_of(view.blocks, view.values), block, element, choice)
        view = self._state.set_values(view, values)
        if not _is_sent(block, element):
            return Acted()
        from_view = view.id if view.type == "modal" else None
        payload = self._actions(person, block, element, choice, from_view_id=from_view) | payloads.in_view(view)
        return await self._deliver(payload, person)

    def _person(self, person_id: str) -> Person:
        person = self._state.people[person_id]
        if person.deleted:
            raise CannotAct(f"{person.real_name}'s account is deactivated.")
        return person

    def _actions(self, person: Person, block: Json, element: Json, choice: Json, *,
                 from_view_id: str | None = None) -> Json:  # fmt: skip
        known = ("type", "action_id", "text", "style", "confirm", "placeholder", "accessibility_label")
        shown = {key: element[key] for key in known if key in element}
        initial = {key: value for key, value in element.items() if key.startswith("initial_")}
        action = {**shown, **initial, "block_id": block.get("block_id"), **choice, "action_ts": self._state.stamp()}
        trigger = self._state.triggers.issue(person.id, self._state.time.now(), from_view_id=from_view_id)
        return payloads.interaction(self._state, "block_actions", person) | {"trigger_id": trigger, "actions": [action]}

    async def _deliver(self, payload: Json, person: Person) -> Acted:
        delivery = await self._courier.deliver(interactive_parcel(payload, person.id))
        if delivery.ok:
            return Acted(deliveries=(delivery,))
        channel_id = payload.get("container", {}).get("channel_id")
        return Acted(deliveries=(delivery,), notice=self._state.notice(person.id, TROUBLE, channel_id))


def _check_visible(element: Json, person: Person) -> None:
    """Raise CannotAct if the element has `visible_to_user_ids` without this person."""
    if person.id not in element.get("visible_to_user_ids", [person.id]):
        raise CannotAct(f"{person.real_name} does not see this button.")


def _with(values: Json, block: Json, element: Json, choice: Json) -> Json:
    """Return `state.values` after this choice."""
    if not elements.has_state(element):
        return values
    block_id, action_id = str(block.get("block_id")), str(element["action_id"])
    return values | {block_id: values.get(block_id, {}) | {action_id: {"type": element["type"], **choice}}}


def _is_sent(block: Json, element: Json) -> bool:
    """Return whether the app is notified of a choice. In an input block, this needs `dispatch_action` or a button."""
    return block.get("type") != "input" or bool(block.get("dispatch_action")) or element.get("type") == "button"
