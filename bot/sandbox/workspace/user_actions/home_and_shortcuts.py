"""Opening the app's tabs, and using its shortcuts."""

from __future__ import annotations

from bot.sandbox.workspace.delivery import payloads
from bot.sandbox.workspace.delivery.courier import Courier
from bot.sandbox.workspace.delivery.events import Events
from bot.sandbox.workspace.delivery.parcel import interactive_parcel
from bot.sandbox.workspace.model import Json, Message, Person
from bot.sandbox.workspace.records import Acted, CannotAct
from bot.sandbox.workspace.state import State


class HomeAndShortcuts:
    """Opens the app's tabs, and uses global and message shortcuts."""

    def __init__(self, state: State, courier: Courier, events: Events) -> None:
        self._state, self._courier, self._events = state, courier, events

    async def open_home(self, person_id: str, tab: str) -> Acted:
        """Send the app the event that a person opened one of its tabs."""
        person = self._active(person_id)
        if not self._state.app.home_tab and tab == "home":
            raise CannotAct("This app has no Home tab.")
        channel = self._state.direct_channel(person.id)
        event: Json = {"type": "app_home_opened", "user": person.id, "channel": channel.id, "tab": tab}
        if tab == "home" and (home := self._state.homes.get(person.id)):
            event["view"] = home.as_slack()
        return Acted(deliveries=await self._events.send(event, person_id=person.id))

    async def shortcut(self, person_id: str, callback_id: str) -> Acted:
        person = self._active(person_id)
        self._declared("global", callback_id)
        return await self._deliver(person, self._payload("shortcut", person, callback_id))

    async def message_shortcut(self, person_id: str, callback_id: str, message: Message) -> Acted:
        person = self._active(person_id)
        self._declared("message", callback_id)
        if message.is_ephemeral or not self._state.can_see(person_id, message.channel_id):
            raise CannotAct("This message has no such menu.")
        where = payloads.in_message(self._state, message)
        payload = self._payload("message_action", person, callback_id) | {
            "channel": where["channel"],
            "message": where["message"],
            "message_ts": message.ts,
            "response_url": payloads.response_url(self._state, person, message),
        }
        return await self._deliver(person, payload)

    def _payload(self, kind: str, person: Person, callback_id: str) -> Json:
        trigger = self._state.triggers.issue(person.id, self._state.time.now())
        shared = {"callback_id": callback_id, "trigger_id": trigger, "action_ts": self._state.stamp()}
        return payloads.interaction(self._state, kind, person) | shared

    async def _deliver(self, person: Person, payload: Json) -> Acted:
        delivery = await self._courier.deliver(interactive_parcel(payload, person.id))
        if delivery.ok:
            return Acted(deliveries=(delivery,))
        text = f"{self._state.app.name} did not respond."
        return Acted(deliveries=(delivery,), notice=self._state.notice(person.id, text))

    def _active(self, person_id: str) -> Person:
        person = self._state.people[person_id]
        if person.deleted:
            raise CannotAct(f"{person.real_name}'s account is deactivated.")
        return person

    def _declared(self, kind: str, callback_id: str) -> None:
        declared = ((each.type, each.callback_id) for each in self._state.app.shortcuts)
        if (kind, callback_id) not in declared:
            raise CannotAct(f"The app has no {kind} shortcut {callback_id}.")
