"""Protocols through which the pipeline and higher layers use each other. `app` connects the implementations."""

from bot.core.ports.clock import Clock
from bot.core.ports.directory import Directory
from bot.core.ports.messenger import Address, Messenger, address_of
from bot.core.ports.oncall import OnCallSchedules
from bot.core.ports.request_handler import Ack, RequestHandler, Work
from bot.core.ports.store import ReadStore, Store

__all__ = [
    "Ack",
    "Address",
    "Clock",
    "Directory",
    "Messenger",
    "OnCallSchedules",
    "ReadStore",
    "RequestHandler",
    "Store",
    "Work",
    "address_of",
]
