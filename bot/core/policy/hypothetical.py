"""Made-up people, to ask a policy questions without asking Slack who is in its user groups."""

from collections.abc import Iterable

from bot.core.model import Channel, ChannelKind, Person, Subject
from bot.core.policy.rules import Policy

_CROWD = 20
"""So many unnamed others are supposed in each user group that every quorum can be reached."""


def suppose(
    policy: Policy, person: str, channel: str, *, member_of: Iterable[str] = (), incident: str | None = None,
    guest: bool = False, external: bool = False,
) -> Subject:  # fmt: skip
    """Return a subject whose user groups are `member_of`; each group also has others, and nobody twice."""
    own = frozenset(member_of)
    crowd = {group: frozenset(f"{group}#{number}" for number in range(_CROWD)) for group in policy.usergroups | own}
    groups = {group: others | ({person} if group in own else frozenset()) for group, others in crowd.items()}
    kind = ChannelKind.DM if channel.startswith("D") else ChannelKind.CHANNEL
    team = next(iter(sorted(policy.workspaces)), "")
    bound = policy.channels.get(channel)
    return Subject(
        Person(person, team, is_guest=guest, is_stranger=external),
        Channel(channel, kind, is_ext_shared=bound is not None and bound.externally_shared),
        groups,
        incident,
    )
