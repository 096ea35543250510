"""The page's administration panel: what it shows, and what each button does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.workspace.model import Channel, Person, UserGroup
from bot.sandbox.workspace.seed import OTHER_TEAM
from bot.sandbox.workspace.user_actions.administration import Admin
from bot.sandbox.workspace.workspace import Workspace

POSTING = {
    "everybody": "Everyone can post",
    "admins": "Only administrators can post",
    "threads": "Replies in threads only",
    "no_threads": "No replies in threads",
}


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """A press of a button: the ID of the channel, person or group, who pressed it, and the value chosen next to it."""

    subject: str
    by: str
    value: str


Operation = Callable[[Admin, ButtonPress], Awaitable[Any]]

OPERATIONS: dict[str, dict[str, Operation]] = {
    "channel": {
        "archive": lambda admin, press: admin.archive(press.subject, press.by),
        "unarchive": lambda admin, press: admin.unarchive(press.subject, press.by),
        "remove_app": lambda admin, press: admin.remove_app(press.subject),
        "invite_app": lambda admin, press: admin.invite_app(press.subject),
        "offer": lambda admin, press: admin.share(press.subject, OTHER_TEAM, pending=True),
        "share": lambda admin, press: admin.share(press.subject, OTHER_TEAM),
        "unshare": lambda admin, press: admin.unshare(press.subject, OTHER_TEAM),
        "add": lambda admin, press: admin.join(press.value, press.subject),
        "remove": lambda admin, press: admin.leave(press.value, press.subject),
        "delete": lambda admin, press: admin.delete_channel(press.subject),
        "posting": lambda admin, press: _restrict(admin, press),
    },
    "person": {
        "deactivate": lambda admin, press: admin.deactivate(press.subject),
        "reactivate": lambda admin, press: admin.reactivate(press.subject),
        "guest": lambda admin, press: admin.make_guest(press.subject),
        "single": lambda admin, press: admin.make_guest(press.subject, single_channel=True),
        "member": lambda admin, press: admin.make_full_member(press.subject),
        "rename": lambda admin, press: admin.rename_person(press.subject, press.value.strip()),
    },
    "group": {
        "add": lambda admin, press: admin.add_to_group(press.subject, press.value),
        "remove": lambda admin, press: admin.remove_from_group(press.subject, press.value),
        "disable": lambda admin, press: admin.disable_group(press.subject),
        "enable": lambda admin, press: admin.enable_group(press.subject),
    },
}
_WITH_PERSON = {"add", "remove"}


class Administration:
    """The administration panel of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def do(self, kind: str, name: str, press: ButtonPress) -> None:
        """Run the operation of the pressed button.

        Raises:
            LookupError: there is no such button, channel, person or group.
            ValueError: a form value is invalid.
        """
        operation = OPERATIONS[kind][name]
        if press.subject not in self._subjects(kind):
            raise LookupError(press.subject)
        if name in _WITH_PERSON and press.value not in self._workspace.people:
            raise ValueError("There is no person with this ID.")
        if name == "rename" and not press.value.strip():
            raise ValueError("Enter a name.")
        await operation(self._workspace.admin, press)

    def facts(self) -> dict[str, Any]:
        """Return the data for the whole panel."""
        return {
            "channels": [each for each in self._workspace.channels.values() if not each.is_im],
            "accounts": self._people(),
            "groups": list(self._workspace.usergroups.values()),
            **self.helpers(),
        }

    def helpers(self) -> dict[str, Any]:
        """Return the data that every row's template needs, besides the row's subject."""
        app, people = self._workspace.app, self._workspace.people
        return {
            "app_id": app.bot_user_id,
            "app_name": app.name,
            "posting": POSTING,
            "names": {each.id: each.real_name or each.name for each in people.values()},
            "everybody": self._people(),
        }

    def row(self, kind: str, subject: str) -> dict[str, Any] | None:
        """Return the data for the row of one channel, person or group. None if it no longer exists."""
        found = self._subjects(kind).get(subject)
        return None if found is None else {kind: found, **self.helpers()}

    def _subjects(self, kind: str) -> dict[str, Channel] | dict[str, Person] | dict[str, UserGroup]:
        workspace = self._workspace
        if kind == "channel":
            return {each.id: each for each in workspace.channels.values() if not each.is_im}
        if kind == "person":
            return {each.id: each for each in self._people()}
        return workspace.usergroups

    def _people(self) -> list[Person]:
        return [each for each in self._workspace.people.values() if not each.is_bot]


async def _restrict(admin: Admin, press: ButtonPress) -> None:
    if press.value not in POSTING:
        raise ValueError("There is no such setting.")
    admin.restrict_posting(press.subject, press.value)  # type: ignore[arg-type]  # checked above
