"""A person's permissions in a channel, for Home."""

from bot.blocks.home_view import Place
from bot.core.model import Subject
from bot.core.policy import rights_of
from bot.pipeline.environment import Environment


def place_of(env: Environment, subject: Subject) -> Place:
    """Return a person's permissions in their channel."""
    commands = [one for one in env.commands if not (one.hidden or one.open_to_all)]
    unknown = tuple(sorted(group for group, members in subject.groups.items() if members is None))
    databases = env.rules.policy.scope(subject).databases
    return Place(subject.channel.id, rights_of(env.rules.policy, subject, commands), databases, unknown)
