"""Deliver messages. Replies use the `response_url` while it works, and otherwise a message or a DM.

Only a reveal sends secrets.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import structlog

from bot.core.ports import Address
from bot.core.reply import Reply
from bot.errors import CannotPost, Unavailable
from bot.slack.outgoing._final_codes import NO_THREAD, REFUSED_BLOCKS, SPENT, sentence_of
from bot.slack.outgoing._retries import at_most_once
from bot.slack.outgoing._updates import Updates
from bot.slack.outgoing._views import Views, raise_if_transient, unavailable
from bot.slack.outgoing.answer_shapes import is_text
from bot.slack.outgoing.channel_pacing import ChannelPacing
from bot.slack.outgoing.messages import Body, EgressGuard, merged, variants
from bot.slack.outgoing.response_urls import ResponseUrls
from bot.slack.outgoing.web_api import SlackCalls, SlackTrouble

log = structlog.get_logger(__name__)
Send = Callable[[Body], Awaitable[Any]]
Way = Callable[[], Coroutine[Any, Any, bool]]
"""Tries one way to deliver a message. Returns True if it was delivered, and False if this way doesn't work."""


class Delivery(Views):
    """Delivers messages.

    Raises Unavailable if the same message may be delivered later, except in `reveal`. A permanent failure is a
    result of False, or raises CannotPost. `answer` only logs it.
    """

    def __init__(
        self, calls: SlackCalls, urls: ResponseUrls, *, secrets: tuple[str, ...] = (), pace: ChannelPacing | None = None
    ) -> None:
        super().__init__(calls, EgressGuard(secrets))
        self._urls = urls
        self.pace = pace or ChannelPacing()
        self._updates = Updates()

    async def answer(self, to: Address, reply: Reply, *, public: bool, replace: bool = False) -> None:
        """Reply to a command or a click. Raises Unavailable if no way works now, but one may later."""
        if not public or reply.private:
            await self.send_ephemeral(to, reply, replace=replace)
            return
        reply = self._guard.cleared(reply)
        in_place = replace and to.message_ts is not None and not to.is_ephemeral
        ways: list[Way] = [lambda: self._by_url(to, reply, "in_channel", replace=in_place)]
        if in_place:
            ways.append(lambda: self._in_place(to, reply))
        ways += [lambda: self._into_channel(to, reply), lambda: self._ephemeral(to, reply), lambda: self._dm(to, reply)]
        await self._first_that_works("answer", ways)
        if replace and to.is_ephemeral:
            await self._remove_ephemeral(to)
        return

    async def send_ephemeral(self, to: Address, reply: Reply, *, replace: bool = False) -> bool:
        """Send a message that only one person sees. Returns False if that isn't possible. Raises Unavailable."""
        reply = self._guard.cleared(reply)
        in_place = replace and to.is_ephemeral
        return await self._first_that_works(
            "ephemeral",
            [
                lambda: self._by_url(to, reply, "ephemeral", replace=in_place),
                lambda: self._ephemeral(to, reply),
                lambda: self._dm(to, reply),
            ],
        )

    async def reveal(self, to: Address, reply: Reply) -> bool:
        """Show a secret to one person, in a modal or an ephemeral message.

        Returns False if Slack didn't confirm it, or if it wasn't sent because the notification would contain it.
        """
        if self._guard.contains_secret(reply.text):
            log.error("a reveal was not sent, because its notification text contains a secret")
            return False
        if to.modal_id is not None:
            return await self.reveal_in_view(to.modal_id, reply)
        ways: list[Way] = [
            lambda: self._by_url(to, reply, "ephemeral", replace=to.is_ephemeral),
            lambda: self._ephemeral(to, reply),
        ]
        for way in ways:
            try:
                if await way():
                    return True
            except SlackTrouble as trouble:
                log.warning("a reveal was not delivered", way=trouble.method, why=trouble.code)
        return False

    async def post(
        self, channel_id: str, reply: Reply, *, thread_ts: str | None = None, broadcast: bool = False
    ) -> str:
        """Post to a thread or channel, and return the `ts`. Posts to the channel if the thread accepts no replies.

        Returns:
            The `ts`, or an empty string if Slack posted the message and didn't return it.
        Raises:
            CannotPost: Slack refused the message.
            Unavailable: it failed, and a later attempt may succeed. If `nothing_happened` is False, the message may
                have been posted.
        """
        try:
            return (await self._post(channel_id, self._guard.cleared(reply), thread_ts, broadcast=broadcast))[1]
        except SlackTrouble as trouble:
            raise _post_error(trouble) from None

    async def post_once(self, channel_id: str, reply: Reply) -> str:
        """Post to a channel like `post`, but never twice: a call that Slack may have carried out isn't repeated."""
        with at_most_once():
            return await self.post(channel_id, reply)

    async def update(self, channel_id: str, ts: str, reply: Reply) -> bool:
        """Update a message of the bot. If several updates are waiting, only the last one is sent.

        Returns:
            False if Slack refuses the update, for example because the message was deleted. True for an update that
            wasn't sent because a newer one was waiting.
        Raises:
            Unavailable: it failed, and a later attempt may succeed.
        """
        reply = self._guard.cleared(reply)

        async def send() -> None:
            await self._each(
                reply, lambda body: self._calls.call("chat.update", merged(body, channel=channel_id, ts=ts))
            )

        try:
            await self._updates.latest((channel_id, ts), send)
        except SlackTrouble as trouble:
            raise_if_transient(trouble)
            log.info("could not change a message", channel=channel_id, why=trouble.code)
            return False
        return True

    async def direct(self, user_id: str, reply: Reply) -> tuple[str, str] | None:
        """Send a notice to a person's DM with the bot, and return its channel and `ts`. Raises CannotPost, Unavailable.

        Returns None if Slack sent the notice and didn't return both.
        """
        try:
            channel_id, ts = await self._post(user_id, self._guard.cleared(reply), None)
        except SlackTrouble as trouble:
            raise _post_error(trouble) from None
        return (channel_id, ts) if channel_id and ts else None

    async def _first_that_works(self, what: str, ways: Sequence[Way]) -> bool:
        """Try each way in order until one works. Raises Unavailable if none works but one may work later."""
        failures: list[SlackTrouble] = []
        for way in ways:
            try:
                if await way():
                    return True
            except SlackTrouble as trouble:
                failures.append(trouble)
        for failure in failures:
            raise_if_transient(failure)
        log.warning("could not deliver", what=what, why=[failure.code for failure in failures])
        return False

    async def _by_url(self, to: Address, reply: Reply, response_type: str, *, replace: bool) -> bool:
        """Reply through the `response_url`. Returns False if there is none, or if Slack no longer accepts it."""
        in_thread = to.thread_ts if response_type == "in_channel" else _ephemeral_thread(to)
        thread_ts = None if replace else in_thread
        extra = {"response_type": response_type, "replace_original": replace, "thread_ts": thread_ts}

        async def send(body: Body) -> bool:
            url = self._urls.use(to.intent_id)
            if url is None:
                return False
            await self._calls.respond(url, merged(body, **extra))
            return True

        try:
            sent = bool(await self._each(reply, send))
        except SlackTrouble as trouble:
            if trouble.code in SPENT:
                self._urls.drop(to.intent_id)
                return False
            raise
        if sent and response_type == "in_channel":
            self.pace.note(to.channel_id)
        return sent

    async def _in_place(self, to: Address, reply: Reply) -> bool:
        arguments = {"channel": to.channel_id, "ts": to.message_ts}
        await self._each(reply, lambda body: self._calls.call("chat.update", merged(body, **arguments)))
        return True

    async def _into_channel(self, to: Address, reply: Reply) -> bool:
        if not to.channel_id:
            return False
        await self._post(to.channel_id, reply, to.thread_ts)
        return True

    async def _ephemeral(self, to: Address, reply: Reply) -> bool:
        if not to.channel_id or to.channel_id.startswith("D"):
            return False  # in a DM, a normal message is just as private
        thread_ts = _ephemeral_thread(to)
        where = {"channel": to.channel_id, "user": to.user_id}

        async def send(thread_ts: str | None) -> None:
            await self._each(
                reply,
                lambda body: self._calls.call("chat.postEphemeral", merged(body, **where, thread_ts=thread_ts)),
            )

        await _in_thread_or_channel(send, thread_ts)
        return True

    async def _dm(self, to: Address, reply: Reply) -> bool:
        await self._post(to.user_id, reply, None)
        return True

    async def _post(
        self, channel_id: str, reply: Reply, thread_ts: str | None, *, broadcast: bool = False
    ) -> tuple[str, str]:
        """Post a message, and return its conversation and its `ts`. Each is empty if Slack didn't return it."""

        async def send(thread_ts: str | None) -> tuple[str, str]:
            more: Body = {"channel": channel_id, "thread_ts": thread_ts}
            more |= {"reply_broadcast": True} if broadcast and thread_ts else {}

            async def call(body: Body) -> tuple[str, str]:
                await self.pace.turn(channel_id)
                answer = await self._calls.call("chat.postMessage", merged(body, **more))
                place, ts = answer.get("channel"), answer.get("ts")
                if not is_text(ts):
                    log.warning("slack.left_out", of="a message that was posted", field="ts")
                return place if isinstance(place, str) else "", ts if isinstance(ts, str) else ""

            address: tuple[str, str] = await self._each(reply, call)
            return address

        return await _in_thread_or_channel(send, thread_ts)

    async def _remove_ephemeral(self, to: Address) -> None:
        """Remove an ephemeral message after its buttons were used."""
        if url := self._urls.use(to.intent_id):
            try:
                await self._calls.respond(url, {"delete_original": True})
            except SlackTrouble as trouble:
                log.info("could not remove an ephemeral message", why=trouble.code)

    async def _each(self, reply: Reply, send: Send) -> Any:
        """Send the message. If Slack refuses its blocks, send it with older types of blocks, and then as text."""
        refused: SlackTrouble | None = None
        for body in variants(reply):
            try:
                return await send(body)
            except SlackTrouble as trouble:
                if trouble.code not in REFUSED_BLOCKS:
                    raise
                refused = trouble
                log.warning("Slack refused the blocks of a message", method=trouble.method, why=trouble.code)
        assert refused is not None
        raise refused


T = TypeVar("T")


def _ephemeral_thread(to: Address) -> str | None:
    """Return the thread for an ephemeral message.

    None if the thread has no replies, because Slack then wouldn't show it.
    """
    return to.thread_ts if to.thread_is_live else None


async def _in_thread_or_channel(send: Callable[[str | None], Awaitable[T]], thread_ts: str | None) -> T:
    """Send to a thread, or to its channel if the thread accepts no replies."""
    try:
        return await send(thread_ts)
    except SlackTrouble as trouble:
        if thread_ts is None or trouble.code not in NO_THREAD:
            raise
        log.info("a thread accepts no replies, so the channel gets the message", why=trouble.code)
        return await send(None)


def _post_error(trouble: SlackTrouble) -> CannotPost | Unavailable:
    """Return the error for a failed post: CannotPost if it is final, otherwise Unavailable."""
    if trouble.is_transient:
        return unavailable(trouble)
    log.warning("could not post", why=trouble.code)
    return CannotPost(sentence_of(trouble.code), trouble.code)
