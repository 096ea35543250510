"""Submitting and closing modals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.sandbox.workspace.delivery import payloads
from bot.sandbox.workspace.delivery.courier import Courier
from bot.sandbox.workspace.delivery.parcel import interactive_parcel
from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.model import Json, View
from bot.sandbox.workspace.records import Acted, CannotAct, Delivery
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.user_actions import form_input
from bot.sandbox.workspace.user_actions.answers import answer_of
from bot.sandbox.workspace.user_actions.clicks import TROUBLE
from bot.sandbox.workspace.user_actions.suggestions import Suggestions
from bot.sandbox.workspace.views import Views


class Modals:
    """Presses the submit and close buttons of modals."""

    def __init__(self, state: State, courier: Courier, views: Views, suggestions: Suggestions) -> None:
        self._state, self._courier, self._views, self._suggestions = state, courier, views, suggestions

    async def submit(self, person_id: str, view_id: str, values: Json) -> Acted:
        """Press the submit button.

        If the client's own checks find errors, they are returned and nothing is delivered.
        """
        view = self._open_view(person_id, view_id)
        filled = form_input.filled(view, values, lambda action: self._suggestions.offered(person_id, action))
        view = self._state.set_values(view, filled)
        if errors := form_input.refusals(view):
            self._state.replace_view(replace(view, errors=errors))
            return Acted(errors=errors)
        payload = self._payload("view_submission", view) | {"response_urls": self._response_urls(view)}
        payload["trigger_id"] = self._state.triggers.issue(person_id, self._state.time.now(), from_view_id=view.id)
        delivery = await self._courier.deliver(interactive_parcel(payload, person_id))
        if not delivery.ok:
            return self._in_trouble(view, delivery)
        return self._obey(view, delivery)

    async def close(self, person_id: str, view_id: str, *, whole_stack: bool = False) -> Acted:
        """Press the close button, or the cross with `whole_stack`.

        The close button closes one view, or the whole stack if the view has `clear_on_close`.
        """
        view = self._open_view(person_id, view_id)
        whole_stack = whole_stack or bool(view.source.get("clear_on_close"))
        closed = self._views.close_stack(person_id) if whole_stack else [self._views.close(view)]
        deliveries = []
        for each in closed:
            if each.source.get("notify_on_close"):
                payload = self._payload("view_closed", each) | {"is_cleared": whole_stack}
                payload["view"]["state"] = {"values": {}}
                deliveries.append(await self._courier.deliver(interactive_parcel(payload, person_id)))
        return Acted(deliveries=tuple(deliveries))

    def _open_view(self, person_id: str, view_id: str) -> View:
        for view in self._state.stacks[person_id]:
            if view.id == view_id:
                return view
        raise CannotAct("This modal is no longer open.")

    def _payload(self, kind: str, view: View) -> Json:
        person = self._state.people[view.person_id]
        return payloads.interaction(self._state, kind, person) | {"view": view.as_slack()}

    def _response_urls(self, view: View) -> list[Json]:
        """Return a `response_url` for each select with `response_url_enabled` in which a conversation was chosen."""
        urls = []
        for block_id, action_id, channel_id in form_input.response_channels(view):
            hook = self._state.hooks.issue(
                "actions", self._state.team_id, view.person_id, channel_id, self._state.time.now()
            )
            url = f"{self._state.origin}/{hook.path}"
            urls.append({"block_id": block_id, "action_id": action_id, "channel_id": channel_id, "response_url": url})
        return urls

    # -- the app's answer

    def _obey(self, view: View, delivery: Delivery) -> Acted:
        answer = answer_of(delivery)
        try:
            errors = self._apply(self._current(view), answer)
        except SlackError:
            return self._in_trouble(view, delivery)
        return Acted(deliveries=(delivery,), errors=errors)

    def _apply(self, view: View, answer: Json) -> dict[str, str]:
        """Do what `response_action` says, or close the view without one. Returns the errors to show."""
        action = answer.get("response_action")
        if action is None:
            self._views.close(view)
        elif action == "clear":
            self._views.close_stack(view.person_id)
        elif action == "update":
            self._views.change(view, answer.get("view"))
        elif action == "push":
            self._views.put_on_top(view.person_id, answer.get("view"))
        elif action == "errors":
            return self._show(view, answer.get("errors"))
        else:
            raise SlackError("invalid_response_action")
        return {}

    def _show(self, view: View, errors: Any) -> dict[str, str]:
        """Show errors at the inputs of a modal, and return them.

        Raises:
            SlackError: there are none, or one doesn't belong to an input block. The person then gets a general error.
        """
        inputs = {str(block.get("block_id")) for block in view.blocks if block.get("type") == "input"}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            raise SlackError("invalid_errors")
        shown = {str(key): str(text) for key, text in errors.items()}
        self._state.replace_view(replace(view, errors=shown, trouble=None))
        return shown

    def _current(self, view: View) -> View:
        """Return the current version of a view, which the app may have updated before it responded."""
        return next((each for each in self._state.stacks[view.person_id] if each.id == view.id), view)

    def _in_trouble(self, view: View, delivery: Delivery) -> Acted:
        self._state.replace_view(replace(self._current(view), trouble=TROUBLE, errors={}))
        return Acted(deliveries=(delivery,), notice=self._state.notice(view.person_id, TROUBLE))
