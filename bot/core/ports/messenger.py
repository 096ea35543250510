"""Messages out, and where they go."""

from dataclasses import dataclass
from typing import Protocol

from bot.core.reply import Reply, View
from bot.core.requests.incoming import Incoming, Kind


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes: the person, the conversation, and the incoming thing that it answers."""

    user_id: str
    channel_id: str
    thread_ts: str | None = None
    intent_id: str | None = None
    """By which delivery finds the `response_url` that it holds in memory, if this process still has it."""
    message_ts: str | None = None
    """The message whose button was pressed."""
    is_ephemeral: bool = False
    thread_is_live: bool = False
    """The thread is known to have answers. In any other one Slack shows no ephemeral message."""
    modal_id: str | None = None
    """A modal that this person has open, in which a secret may be shown."""


def address_of(incoming: Incoming) -> Address:
    """Return where the answer to something that came in goes; who pressed in Home is told in the DM beside it."""
    at_home = incoming.kind is Kind.ACTION and incoming.view_id is not None
    return Address(
        user_id=incoming.user_id,
        channel_id="" if at_home else incoming.channel_id,
        thread_ts=None if at_home else incoming.thread_ts,
        intent_id=incoming.id,
        message_ts=incoming.message_ts,
        is_ephemeral=incoming.is_ephemeral,
        thread_is_live=incoming.is_within_thread,
        modal_id=incoming.modal_id,
    )


class Messenger(Protocol):
    """Messages out. It waits for Slack's rate limits, keeps threads, and refuses whatever looks like a token."""

    async def answer(self, to: Address, reply: Reply, *, public: bool, replace: bool = False) -> None:
        """Answer a command or a click, by its `response_url` while that works, else by message, else by DM."""

    async def send_ephemeral(self, to: Address, reply: Reply, *, replace: bool = False) -> bool:
        """Tell one person alone: ephemeral, or by DM when that cannot be delivered. False: no way is open."""

    async def reveal(self, to: Address, reply: Reply) -> bool:
        """Show a secret to one person alone: in the modal they have open, else ephemerally. False: not delivered.

        It is the one way that a token may take.
        """

    async def post(
        self, channel_id: str, reply: Reply, *, thread_ts: str | None = None, broadcast: bool = False
    ) -> str:
        """Post to a channel and return the message's `ts`; where the thread takes no answers, to the channel itself.

        Args:
            broadcast: show an answer in a thread in its channel too.
        Returns:
            An empty text when Slack posted it and did not say the `ts`: then it can't be changed later.
        Raises:
            CannotPost: Slack will not take it there; the sentence says why.
            Unavailable: it may later.
        """

    async def update(self, channel_id: str, ts: str, reply: Reply) -> bool:
        """Change a message that we posted. False: it is gone, or can no longer be changed. Raises Unavailable."""

    async def direct(self, user_id: str, reply: Reply) -> None:
        """Send a notice to a person's DM with the bot. Raises CannotPost, Unavailable."""

    async def permalink(self, channel_id: str, ts: str) -> str | None:
        """Return a link to a message."""

    async def open_view(self, trigger_id: str, view: View) -> str | None:
        """Open a modal and return its id. Raises Unavailable.

        None: the trigger is too old. An empty text: it is open, but Slack did not say its id, so it can't be replaced.
        """

    async def update_view(self, view_id: str, view: View) -> None:
        """Replace what a modal shows."""

    async def publish_home(self, user_id: str, view: View) -> None:
        """Show a person's Home tab."""

    async def upload(self, channel_id: str, filename: str, content: str, *, title: str, thread_ts: str | None) -> None:
        """Share a text file in a channel."""
