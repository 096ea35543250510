"""Invented subjects, to evaluate a policy without looking up user groups in Slack."""

from collections.abc import Iterable

from bot.core.model import Channel, ChannelKind, Person, Subject
from bot.core.policy.rules import Policy

_CROWD = 20
"""How many other members each user group is assumed to have, so that every quorum can be reached."""


def hypothetical_subject(
    policy: Policy, person: str, channel: str, *, member_of: Iterable[str] = (), incident: str | None = None,
    guest: bool = False, external: bool = False,
) -> Subject:  # fmt: skip
    """Return a subject in the user groups `member_of`. Every group also has other, distinct members."""
    own = frozenset(member_of)
    crowd = {group: frozenset(f"{group}#{number}" for number in range(_CROWD)) for group in policy.groups | own}
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
