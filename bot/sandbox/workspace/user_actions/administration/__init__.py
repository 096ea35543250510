"""An administrator's actions on channels, accounts, user groups, messages and the app."""

from bot.sandbox.workspace.user_actions.administration.app import AppAdmin
from bot.sandbox.workspace.user_actions.administration.channels import ChannelAdmin
from bot.sandbox.workspace.user_actions.administration.groups import GroupAdmin
from bot.sandbox.workspace.user_actions.administration.membership import MembershipAdmin
from bot.sandbox.workspace.user_actions.administration.messages import MessageAdmin
from bot.sandbox.workspace.user_actions.administration.people import PeopleAdmin


class Admin(ChannelAdmin, MembershipAdmin, PeopleAdmin, GroupAdmin, MessageAdmin, AppAdmin):
    """All of an administrator's actions, as one object: `workspace.admin`."""


__all__ = ["Admin"]
