"""The workspace with which the sandbox starts: its people, user groups and channels."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.workspace.model import Channel, Person, UserGroup
from bot.sandbox.workspace.workspace import Workspace

OTHER_TEAM = "T0OTHER"

ANA, BEN, DANA, REMY = "U0ANA", "U0BEN", "U0DANA", "U0REMY"
GIL, STELLA, ZED = "U0GIL", "U0STELLA", "U0ZED"
DBA, RESPOND, ORDERS_TEAM = "S0DBA", "S0RESPOND", "S0ORDERS"
DB_OPS, ORDERS, INCIDENT = "C0DBOPS", "C0ORDERS", "C0INCCHK"
GENERAL, SHARED = "C0GENERAL", "C0SHARED"


def seed(workspace: Workspace) -> None:
    """Add the people, groups and channels to an empty workspace."""
    for person in _people(workspace.state.team_id):
        workspace.people[person.id] = person
    workspace.people[workspace.app.bot_user_id] = _bot(workspace)
    for group in _groups():
        workspace.usergroups[group.id] = group
    for channel in _channels(workspace):
        workspace.channels[channel.id] = channel
    for person_id in (ANA, BEN, DANA, REMY, GIL):
        workspace.state.direct_channel(person_id)


def _people(team: str) -> list[Person]:
    def person(person_id: str, name: str, real_name: str, tz: str, title: str, about: str, **facts: bool) -> Person:
        home = OTHER_TEAM if facts.get("is_stranger") else team
        mail = f"{name}@{'partner' if facts.get('is_stranger') else 'acme'}.example"
        return Person(id=person_id, name=name, real_name=real_name, tz=tz, title=title, about=about, team_id=home,
                      email=mail, **facts)  # type: ignore[arg-type]  # fmt: skip

    return [
        person(ANA, "ana", "Ana Torres", "Europe/Madrid", "Database administrator",
               "Approves requests.", is_admin=True),
        person(BEN, "ben", "Ben Okafor", "Europe/London", "Database administrator",
               "Approves requests, and responds to incidents."),
        person(DANA, "dana", "Dana Kim", "America/New_York", "Developer", "Makes requests. Is on the orders team."),
        person(REMY, "remy", "Remy Laurent", "Asia/Tokyo", "Site reliability",
               "Responds to incidents, often by phone."),
        person(GIL, "gil", "Gil Novak", "Europe/Prague", "Contractor", "A guest: no access unless it is granted.",
               is_restricted=True),
        person(STELLA, "stella", "Stella Moreau", "Europe/Paris", "Partner engineer",
               "From another workspace: can press buttons in the shared channel, but can't run commands.",
               is_stranger=True),
        person(ZED, "zed", "Zed Abara", "Africa/Lagos", "Left the company", "Deactivated.", deleted=True),
    ]  # fmt: skip


def _bot(workspace: Workspace) -> Person:
    app = workspace.app
    name = app.bot_name.lower().replace(" ", "")
    return Person(id=app.bot_user_id, name=name, real_name=app.name, team_id=workspace.state.team_id, is_bot=True,
                  about="The app.")  # fmt: skip


def _groups() -> list[UserGroup]:
    return [
        UserGroup(id=DBA, handle="dba", name="Database administrators", users=[ANA, BEN]),
        UserGroup(id=RESPOND, handle="responders", name="Incident responders", users=[BEN, REMY]),
        UserGroup(id=ORDERS_TEAM, handle="orders", name="Orders team", users=[DANA]),
    ]


def _channels(workspace: Workspace) -> list[Channel]:
    now, bot = workspace.now(), workspace.app.bot_user_id
    long_ago = now - timedelta(days=400)
    return [
        Channel(id=DB_OPS, name="db-ops", created=long_ago, creator=ANA, members=[ANA, BEN, DANA, REMY, bot],
                purpose="Where the databases are run."),
        Channel(id=ORDERS, name="team-orders", created=long_ago, creator=DANA, members=[DANA, ANA, BEN, GIL, bot],
                is_private=True, purpose="The orders team and its databases."),
        Channel(id=INCIDENT, name="inc-checkout", created=now - timedelta(minutes=1), creator=REMY,
                members=[REMY, BEN, ANA, DANA, bot], purpose="Checkout is slow."),
        Channel(id=GENERAL, name="general", created=long_ago, creator=ANA, members=[ANA, BEN, DANA, REMY],
                is_general=True, purpose="Everybody; the bot is not here."),
        Channel(id=SHARED, name="ext-partner", created=long_ago, creator=ANA, members=[ANA, BEN, STELLA, bot],
                is_ext_shared=True, connected_team_ids=[OTHER_TEAM], purpose="Shared with a partner."),
    ]  # fmt: skip
