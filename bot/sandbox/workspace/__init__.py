"""A local Slack: Web API, signed requests and Socket Mode."""

from bot.sandbox.workspace.app import create_workspace_app, running, serving
from bot.sandbox.workspace.guard import LoopbackOnly
from bot.sandbox.workspace.model import Channel, Message, Person, UserGroup, View
from bot.sandbox.workspace.records import Acted, Call, CannotAct, Change, Delivery, Notice
from bot.sandbox.workspace.seed import seed
from bot.sandbox.workspace.workspace import Workspace

__all__ = [
    "Acted",
    "Call",
    "CannotAct",
    "Change",
    "Channel",
    "Delivery",
    "LoopbackOnly",
    "Message",
    "Notice",
    "Person",
    "UserGroup",
    "View",
    "Workspace",
    "create_workspace_app",
    "running",
    "seed",
    "serving",
]
