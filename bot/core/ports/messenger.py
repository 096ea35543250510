"""The protocol for sending messages, and the addresses of replies."""

from dataclasses import dataclass
from typing import Protocol

from bot.core.reply import Reply, View
from bot.core.requests.incoming import Incoming, Kind


@dataclass(frozen=True, slots=True)
class Address:
    """Where a reply goes: the person, the conversation, and the message to which it replies."""

    user_id: str
    channel_id: str
    thread_ts: str | None = None
    intent_id: str | None = None
    """The key of the `response_url`, which only the process that received the intent has, in memory."""
    message_ts: str | None = None
    """The message with the clicked button."""
    is_ephemeral: bool = False
    thread_is_live: bool = False
    """True if the thread is known to have replies. In threads without replies, Slack shows no ephemeral messages."""
    modal_id: str | None = None
    """A modal that this person has open and that may show a secret."""


def address_of(incoming: Incoming) -> Address:
    """Return where to reply to an incoming command, click or form. For a click on Home, the person's DM."""
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
    """Sends messages. Respects Slack's rate limits, replies in threads, and hides text that looks like a token."""

    async def answer(self, to: Address, reply: Reply, *, public: bool, replace: bool = False) -> None:
        """Reply to a command or a click: through its `response_url`, or else by message, or else by DM.

        Only the person sees the reply if `public` is False or the reply is private. A reply that Slack refuses in every
        way is only logged.

        Raises:
            Unavailable: Slack didn't respond, or failed. A later attempt may succeed.
        """

    async def send_ephemeral(self, to: Address, reply: Reply, *, replace: bool = False) -> bool:
        """Send a message to one person: ephemeral, or else by DM. Returns False if neither works.

        Raises:
            Unavailable: Slack didn't respond, or failed. A later attempt may succeed.
        """

    async def reveal(self, to: Address, reply: Reply) -> bool:
        """Show a secret to one person. Returns False if Slack didn't confirm it. No other method may send a token.

        Uses the open modal of the address. Only if there is none, sends an ephemeral message.
        """

    async def post(
        self, channel_id: str, reply: Reply, *, thread_ts: str | None = None, broadcast: bool = False
    ) -> str:
        """Post to a thread or a channel. If the thread accepts no replies, post to the channel.

        Args:
            broadcast: also show a thread reply in the channel.
        Returns:
            The message's `ts`. An empty string if Slack posted the message but didn't return its `ts`: then it can't be
            updated later.
        Raises:
            CannotPost: Slack refuses the message. The error says why.
            Unavailable: Slack didn't respond, or failed. A later attempt may succeed.
        """

    async def post_once(self, channel_id: str, reply: Reply) -> str:
        """Post to a channel like `post`, but at most once: if no response arrives, the call isn't repeated.

        The other methods repeat such a call, so a message may appear twice.
        """

    async def update(self, channel_id: str, ts: str, reply: Reply) -> bool:
        """Update one of the bot's messages. If several updates of it are waiting, only the last one is sent.

        Returns False if it no longer exists or can't be changed. Raises Unavailable.
        """

    async def direct(self, user_id: str, reply: Reply) -> tuple[str, str] | None:
        """Send a notice to a person's DM with the bot. Raises CannotPost, Unavailable.

        Returns:
            The conversation's ID and the message's `ts`. None if Slack didn't return them. Then the message can't be
            updated later.
        """

    async def permalink(self, channel_id: str, ts: str) -> str | None:
        """Return a link to a message, or None if Slack doesn't return one."""

    async def open_view(self, trigger_id: str, view: View) -> str | None:
        """Open a modal and return its ID. Raises Unavailable.

        None means that Slack refused, usually because the trigger is too old. An empty string means that the modal is
        open but can't be replaced later.
        """

    async def update_view(self, view_id: str, view: View) -> None:
        """Replace the content of a modal. Does nothing if Slack refuses, as for a closed modal. Raises Unavailable."""

    async def publish_home(self, user_id: str, view: View) -> None:
        """Publish a person's Home tab. Does nothing if Slack refuses. Raises Unavailable."""

    async def upload(self, channel_id: str, filename: str, content: str, *, title: str, thread_ts: str | None) -> None:
        """Share a text file in a thread or a channel.

        Raises:
            BotError: Slack refused it.
            Unavailable: Slack didn't respond, or failed.
        """
