"""Messages out: by `response_url` while it works, else as a message, else as a DM; secrets by a reveal alone."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

from bot.core.ports import Address
from bot.core.reply import Reply
from bot.errors import Unavailable
from bot.slack.calls import SlackCalls, SlackTrouble
from bot.slack.messages import REFUSED_BLOCKS, Body, EgressGuard, merged, variants
from bot.slack.pace import Pace
from bot.slack.response_urls import ResponseUrls
from bot.slack.updates import Updates
from bot.slack.views import Views

SPENT: Final = frozenset({"used_url", "expired_url", "http_404", "http_403", "http_410", "invalid_url", "no_service"})

log = structlog.get_logger(__name__)
Send = Callable[[Body], Awaitable[Any]]
Way = Callable[[], Coroutine[Any, Any, bool]]
"""True: delivered. False: this way is closed."""


class Delivery(Views):
    """Delivers the path's answers. What can never be delivered is logged; what may be later raises Unavailable."""

    def __init__(
        self, calls: SlackCalls, urls: ResponseUrls, *, secrets: tuple[str, ...] = (), pace: Pace | None = None
    ) -> None:
        super().__init__(calls, EgressGuard(secrets))
        self._urls = urls
        self._pace = pace or Pace()
        self._updates = Updates()

    async def answer(self, to: Address, reply: Reply, *, public: bool, replace: bool = False) -> None:
        """Answer a command or a click. Raises Unavailable when Slack is out of reach."""
        if not public or reply.private:
            return await self.whisper(to, reply, replace=replace)
        reply = self._guard.cleared(reply)
        in_place = replace and to.message_ts is not None and not to.is_ephemeral
        ways: list[Way] = [lambda: self._by_url(to, reply, "in_channel", replace=in_place)]
        if in_place:
            ways.append(lambda: self._in_place(to, reply))
        ways += [lambda: self._into_channel(to, reply), lambda: self._ephemeral(to, reply), lambda: self._dm(to, reply)]
        await self._first_that_works("answer", ways)
        if replace and to.is_ephemeral:
            await self._remove_ephemeral(to)
        return None

    async def whisper(self, to: Address, reply: Reply, *, replace: bool = False) -> None:
        """Tell one person alone. Raises Unavailable when Slack is out of reach."""
        reply = self._guard.cleared(reply)
        in_place = replace and to.is_ephemeral
        await self._first_that_works(
            "whisper",
            [
                lambda: self._by_url(to, reply, "ephemeral", replace=in_place),
                lambda: self._ephemeral(to, reply),
                lambda: self._dm(to, reply),
            ],
        )

    async def reveal(self, to: Address, reply: Reply) -> bool:
        """Show a secret to one person alone: ephemeral or not at all. False: not delivered."""
        if self._guard.holds_secret(reply.text):
            log.error("a reveal's notification text holds a secret: not sent")
            return False
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

    async def post(self, channel_id: str, reply: Reply, *, thread_ts: str | None = None) -> str | None:
        """Post to a channel; None: the bot cannot. Raises Unavailable."""
        try:
            return await self._post(channel_id, self._guard.cleared(reply), thread_ts)
        except SlackTrouble as trouble:
            _raise_if_transient(trouble)
            log.warning("could not post", channel=channel_id, why=trouble.code)
            return None

    async def update(self, channel_id: str, ts: str, reply: Reply) -> None:
        """Change a message of ours; of several changes at once only the last is sent. Raises Unavailable."""
        reply = self._guard.cleared(reply)

        async def send() -> None:
            await self._each(
                reply, lambda body: self._calls.call("chat.update", merged(body, channel=channel_id, ts=ts))
            )

        try:
            await self._updates.latest((channel_id, ts), send)
        except SlackTrouble as trouble:
            _raise_if_transient(trouble)
            log.info("could not change a message", channel=channel_id, why=trouble.code)

    async def direct(self, user_id: str, reply: Reply) -> None:
        """Send a notice to a person's DM with the bot. Raises Unavailable."""
        try:
            await self._post(user_id, self._guard.cleared(reply), None)
        except SlackTrouble as trouble:
            _raise_if_transient(trouble)
            log.warning("could not send a direct message", user=user_id, why=trouble.code)

    async def _first_that_works(self, what: str, ways: Sequence[Way]) -> None:
        """Try one way after the other. Raises Unavailable when the last failure may pass."""
        last: SlackTrouble | None = None
        for way in ways:
            try:
                if await way():
                    return
            except SlackTrouble as trouble:
                last = trouble
        log.warning("could not deliver", what=what, why=last.code if last else "no way is open")
        if last is not None:
            _raise_if_transient(last)

    async def _by_url(self, to: Address, reply: Reply, response_type: str, *, replace: bool) -> bool:
        """Answer by the `response_url`. False: there is none, or none any more."""
        thread_ts = None if replace else to.thread_ts
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
            self._pace.note(to.channel_id)
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
            return False  # nobody else is there: a message says the same, and stays
        thread_ts = to.thread_ts if to.thread_is_live else None  # Slack shows none in a thread without answers
        where = {"channel": to.channel_id, "user": to.user_id, "thread_ts": thread_ts}
        await self._each(reply, lambda body: self._calls.call("chat.postEphemeral", merged(body, **where)))
        return True

    async def _dm(self, to: Address, reply: Reply) -> bool:
        await self._post(to.user_id, reply, None)
        return True

    async def _post(self, channel_id: str, reply: Reply, thread_ts: str | None) -> str | None:
        async def send(body: Body) -> str | None:
            await self._pace.turn(channel_id)
            answer = await self._calls.call("chat.postMessage", merged(body, channel=channel_id, thread_ts=thread_ts))
            return answer.get("ts")

        found = await self._each(reply, send)
        return found if isinstance(found, str) else None

    async def _remove_ephemeral(self, to: Address) -> None:
        """The question that an ephemeral message asked is answered: take it away."""
        if url := self._urls.use(to.intent_id):
            try:
                await self._calls.respond(url, {"delete_original": True})
            except SlackTrouble as trouble:
                log.info("could not take an ephemeral message away", why=trouble.code)

    async def _each(self, reply: Reply, send: Send) -> Any:
        """Send the message; when Slack does not take its blocks, once more with older ones, then as text."""
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


def _raise_if_transient(trouble: SlackTrouble) -> None:
    if trouble.is_transient:
        raise Unavailable(f"Slack does not answer now ({trouble.code}); try again in a moment.") from None
