"""Modals and Home tabs: each person's stack of views, and how a view changes."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

from bot.sandbox.workspace.blockkit import validate_view
from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.ids import new_id, new_secret
from bot.sandbox.workspace.model import Json, View
from bot.sandbox.workspace.passes import Trigger
from bot.sandbox.workspace.posting import with_block_ids
from bot.sandbox.workspace.records import Change, ChangeKind
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.user_actions import elements

_VIEW_BYTES = 250_000


class Views:
    """Opens, pushes, updates and closes views. Refusals are `SlackError`s with Slack's codes."""

    def __init__(self, state: State) -> None:
        self._state = state

    def open(self, trigger: Trigger, source: Any) -> View:
        """Open a modal, for `views.open`. It replaces the person's open stack.

        If the trigger comes from a modal and the stack isn't empty, push the new modal onto the stack instead.
        """
        checked = self._checked(source, "modal")
        if self._state.stacks[trigger.person_id] and trigger.from_view_id is not None:
            return self.push(trigger, source)
        self.close_stack(trigger.person_id)
        return self._add(trigger.person_id, checked)

    def push(self, trigger: Trigger, source: Any) -> View:
        """Push a modal onto the person's stack, for `views.push`. The trigger must come from a modal."""
        if trigger.from_view_id is None or not self._state.stacks[trigger.person_id]:
            raise SlackError("invalid_trigger_id")
        return self.put_on_top(trigger.person_id, source)

    def put_on_top(self, person_id: str, source: Any) -> View:
        """Push a modal onto the person's stack, for `views.push` and the `response_action` `push`."""
        checked = self._checked(source, "modal")
        if len(self._state.stacks[person_id]) >= self._state.limits.views_in_stack:
            raise SlackError("push_limit_reached")
        return self._add(person_id, checked)

    def update(self, source: Any, *, view_id: str | None, external_id: str | None, expected: str | None) -> View:
        """Update a view by one of its IDs, for `views.update`. `expected` is the `hash` that the app sent, if any."""
        view = self._find(view_id, external_id)
        if view is None:
            raise SlackError("not_found")
        if expected and expected != view.hash:
            raise SlackError("hash_conflict")
        return self.change(view, source)

    def change(self, view: View, source: Any) -> View:
        """Replace a view's content. Elements with the same type, block ID and action ID keep their values."""
        checked = self._checked(source, view.type, of=view)
        values = elements.values_of(checked["blocks"], view.values)
        changed = replace(view, source=checked, hash=self._hash(), values=values, errors={}, trouble=None)
        return self._state.replace_view(changed)

    def publish(self, person_id: str, source: Any, *, expected: str | None) -> View:
        """Set the Home tab of a person, for `views.publish`. `expected` is the `hash` that the app sent, if any."""
        known = self._state.homes.get(person_id)
        if expected and (known is None or expected != known.hash):
            raise SlackError("hash_conflict")
        checked = self._checked(source, "home", of=known)
        view = self._new_view(person_id, checked)
        if known is not None:
            values = elements.values_of(checked["blocks"], known.values)
            view = replace(view, id=known.id, root_view_id=known.id, values=values)
        self._state.homes[person_id] = view
        self._publish("home", view)
        return view

    # -- closing

    def close(self, view: View) -> View:
        stack = self._state.stacks[view.person_id]
        stack[:] = [each for each in stack if each.id != view.id]
        self._publish("view_closed", view)
        return view

    def close_stack(self, person_id: str) -> list[View]:
        """Close the whole stack, starting with the top view."""
        return [self.close(view) for view in reversed(list(self._state.stacks[person_id]))]

    # -- details

    def _checked(self, source: Any, kind: str, *, of: View | None = None) -> Json:
        """Check a view from the app, and return it as it will be stored. `of` is the view that it replaces, if any.

        Raises:
            SlackError: `view_too_large`, `invalid_arguments` with JSON pointers, `duplicate_external_id`.
        """
        if not isinstance(source, dict):
            raise _invalid("must provide an object", "/view")
        if len(json.dumps(source, ensure_ascii=False).encode()) > _VIEW_BYTES:
            raise SlackError("view_too_large")
        if source.get("type") != kind:
            raise _invalid(f"must be of type: {kind}", "/view/type")
        if problems := validate_view(source):
            messages = [str(problem.under("/view")) for problem in problems]
            raise SlackError("invalid_arguments", response_metadata={"messages": messages})
        self._refuse_taken(source.get("external_id"), of)
        return {**copy.deepcopy(source), "blocks": with_block_ids(source["blocks"])}

    def _refuse_taken(self, external_id: object, of: View | None) -> None:
        holder = self._find(None, str(external_id)) if external_id else None
        if holder is not None and (of is None or holder.id != of.id):
            raise SlackError("duplicate_external_id")

    def _find(self, view_id: str | None, external_id: str | None) -> View | None:
        if view_id:
            return self._state.find_view(view_id)
        views = [*(view for stack in self._state.stacks.values() for view in stack), *self._state.homes.values()]
        return next((view for view in views if external_id and view.external_id == external_id), None)

    def _add(self, person_id: str, source: Json) -> View:
        stack = self._state.stacks[person_id]
        view = self._new_view(person_id, source)
        if stack:
            view = replace(view, root_view_id=stack[0].id, previous_view_id=stack[-1].id)
        stack.append(view)
        self._publish("view_opened", view)
        return view

    def _new_view(self, person_id: str, source: Json) -> View:
        view_id = new_id("V")
        return View(
            id=view_id, person_id=person_id, source=source, hash=self._hash(), root_view_id=view_id,
            values=elements.values_of(source["blocks"], {}), team_id=self._state.team_id,
            app_id=self._state.app.app_id, bot_id=self._state.app.bot_id,
        )  # fmt: skip

    def _hash(self) -> str:
        return f"{self._state.stamp().split('.')[0]}.{new_secret()[:8]}"

    def _publish(self, kind: ChangeKind, view: View) -> None:
        self._state.changes.publish(Change(kind=kind, person_id=view.person_id, view=view))


def _invalid(message: str, pointer: str) -> SlackError:
    return SlackError(
        "invalid_arguments", response_metadata={"messages": [f"[ERROR] {message} [json-pointer:{pointer}]"]}
    )
