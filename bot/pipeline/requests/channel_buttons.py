"""Handle the buttons of a channel on Home: open a form for the channel, or show the person's permissions there."""

import re
from dataclasses import replace
from typing import Final

from bot.blocks import forms
from bot.blocks.home_view import rights_view
from bot.core.model import Action
from bot.core.requests.incoming import Incoming
from bot.errors import BadInput, Unavailable
from bot.pipeline.authorization.decision import require_allowed
from bot.pipeline.environment import Environment
from bot.pipeline.home.channel_rights import place_of
from bot.pipeline.requests.open_form import as_incomplete, open_form
from bot.pipeline.requests.places import require_in_channel

_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]{1,30}")


async def open_form_there(env: Environment, incoming: Incoming, command: str) -> str:
    """Open a command's form for the button's channel, in which the reply will appear."""
    here = await _in_its_channel(env, incoming)
    return await open_form(env, here, await env.subject(here), as_incomplete(env.grammar, command, ""))


async def show_rights(env: Environment, incoming: Incoming) -> str:
    """Show a modal with all permissions of the person in the button's channel."""
    here = await _in_its_channel(env, incoming)
    view = rights_view(place_of(env, await env.subject(here)), env.catalogue)
    if not incoming.trigger_id or await env.messenger.open_view(incoming.trigger_id, view) is None:
        raise Unavailable(forms.TOO_OLD)
    return "shown"


async def _in_its_channel(env: Environment, incoming: Incoming) -> Incoming:
    """Return the press as if it were made in the button's channel, of which the person must be a member."""
    require_allowed(env, await env.subject(incoming), Action(env.catalogue.home))
    if not _CHANNEL.fullmatch(incoming.value):
        raise BadInput("This button no longer works. Open Home again.")
    here = replace(incoming, channel_id=incoming.value)
    await require_in_channel(env, here)
    return here
