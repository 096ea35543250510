"""The page's administration panel: its contents, and the operation of each button."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.workspace.acting.administering import Admin
from bot.sandbox.workspace.model import Channel, Person, UserGroup
from bot.sandbox.workspace.seed import OTHER_TEAM
from bot.sandbox.workspace.workspace import Workspace

POSTING = {
    "everybody": "Everybody may post",
    "admins": "Only administrators may post",
    "threads": "Replies in threads only",
    "no_threads": "No replies in threads",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A pressed button: its channel, person or group, who pressed it, and the values beside it."""

    subject: str
    by: str
    value: str


Operation = Callable[[Admin, Asked], Awaitable[Any]]

OPERATIONS: dict[str, dict[str, Operation]] = {
    "channel": {
        "archive": lambda admin, asked: admin.archive(asked.subject, asked.by),
        "unarchive": lambda admin, asked: admin.unarchive(asked.subject, asked.by),
        "remove_app": lambda admin, asked: admin.remove_app(asked.subject),
        "invite_app": lambda admin, asked: admin.invite_app(asked.subject),
        "offer": lambda admin, asked: admin.share(asked.subject, OTHER_TEAM, pending=True),
        "share": lambda admin, asked: admin.share(asked.subject, OTHER_TEAM),
        "unshare": lambda admin, asked: admin.unshare(asked.subject, OTHER_TEAM),
        "add": lambda admin, asked: admin.join(asked.value, asked.subject),
        "remove": lambda admin, asked: admin.leave(asked.value, asked.subject),
        "delete": lambda admin, asked: admin.delete_channel(asked.subject),
        "posting": lambda admin, asked: _restrict(admin, asked),
    },
    "person": {
        "deactivate": lambda admin, asked: admin.deactivate(asked.subject),
        "reactivate": lambda admin, asked: admin.reactivate(asked.subject),
        "guest": lambda admin, asked: admin.make_guest(asked.subject),
        "single": lambda admin, asked: admin.make_guest(asked.subject, single_channel=True),
        "member": lambda admin, asked: admin.make_full_member(asked.subject),
        "rename": lambda admin, asked: admin.rename_person(asked.subject, asked.value.strip()),
    },
    "group": {
        "add": lambda admin, asked: admin.add_to_group(asked.subject, asked.value),
        "remove": lambda admin, asked: admin.remove_from_group(asked.subject, asked.value),
        "disable": lambda admin, asked: admin.disable_group(asked.subject),
        "enable": lambda admin, asked: admin.enable_group(asked.subject),
    },
}
_WITH_PERSON = {"add", "remove"}


class Administration:
    """The panel of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def do(self, kind: str, name: str, asked: Asked) -> None:
        """Run a button's operation.

        Raises:
            LookupError: there is no such button, channel, person or group.
            ValueError: the values beside it are invalid.
        """
        operation = OPERATIONS[kind][name]
        if asked.subject not in self._subjects(kind):
            raise LookupError(asked.subject)
        if name in _WITH_PERSON and asked.value not in self._workspace.people:
            raise ValueError("There is nobody with this id.")
        if name == "rename" and not asked.value.strip():
            raise ValueError("A name is needed.")
        await operation(self._workspace.admin, asked)

    def facts(self) -> dict[str, Any]:
        """Return everything that the panel shows."""
        return {
            "channels": [each for each in self._workspace.channels.values() if not each.is_im],
            "accounts": self._people(),
            "groups": list(self._workspace.usergroups.values()),
            **self.helpers(),
        }

    def helpers(self) -> dict[str, Any]:
        """Return what the template of a single row needs."""
        app, people = self._workspace.app, self._workspace.people
        return {
            "app_id": app.bot_user_id,
            "app_name": app.name,
            "posting": POSTING,
            "names": {each.id: each.real_name or each.name for each in people.values()},
            "everybody": self._people(),
        }

    def row(self, kind: str, subject: str) -> dict[str, Any] | None:
        """Return what the row of one channel, person or group shows now. None if it is gone."""
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


async def _restrict(admin: Admin, asked: Asked) -> None:
    if asked.value not in POSTING:
        raise ValueError("There is no such setting.")
    admin.restrict_posting(asked.subject, asked.value)  # type: ignore[arg-type]  # checked above
