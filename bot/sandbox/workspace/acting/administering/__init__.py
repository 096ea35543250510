"""The actions of an administrator on channels, accounts, user groups, messages and the app."""

from bot.sandbox.workspace.acting.administering.app import AppAdmin
from bot.sandbox.workspace.acting.administering.channels import ChannelAdmin
from bot.sandbox.workspace.acting.administering.groups import GroupAdmin
from bot.sandbox.workspace.acting.administering.membership import MembershipAdmin
from bot.sandbox.workspace.acting.administering.messages import MessageAdmin
from bot.sandbox.workspace.acting.administering.people import PeopleAdmin


class Admin(ChannelAdmin, MembershipAdmin, PeopleAdmin, GroupAdmin, MessageAdmin, AppAdmin):
    """Everything that an administrator can change, as one object: `workspace.admin`."""


__all__ = ["Admin"]
