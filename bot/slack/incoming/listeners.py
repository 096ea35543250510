"""The listeners: each converts one kind of request, passes it to the request handler and acknowledges it."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, Final, Protocol, TypeVar

import structlog

from bot.blocks.forms import notice_view
from bot.core.concurrency.deadline import within
from bot.core.ports import Ack, Clock, Messenger, RequestHandler, address_of
from bot.core.reply import Reply
from bot.core.requests.incoming import Incoming
from bot.errors import BotError
from bot.slack.background_tasks import TaskKeeper
from bot.slack.incoming import payloads
from bot.slack.incoming._open_forms import keep_open
from bot.slack.incoming._payload_validation import Body
from bot.slack.incoming.bolt import Acknowledge, Handler, NotAcknowledged
from bot.slack.lookups.installation import Workspace
from bot.slack.outgoing.messages import EgressGuard
from bot.slack.outgoing.response_urls import ResponseUrls

ACK_WITHIN_SECONDS: Final = 2.2
"""How long an acknowledgement waits for the request handler. Slack waits 3 seconds.

After that, the person is told that it is taking longer, the work continues, and its reply is sent later.
"""
NOTE_WITHIN_SECONDS: Final = 2.7
"""If a press isn't recorded in time and Slack hasn't accepted a note about that by then, it isn't acknowledged."""
WAITS: Final = (
    "The bot's own database is slow, so I don't know yet whether this was saved. "
    "If you don't hear from me within five minutes, try again."
)
BROKEN: Final = "Something went wrong in Turso Ops. Give this reference to an admin."
LATE: Final = Ack(refusal=WAITS)
"""The answer to a form if the request handler has none in time."""
OPTIONS_WITHIN_SECONDS: Final = 2.5
ACTIONS: Final = ("block_actions", "interactive_message", "dialog_submission", "dialog_cancellation")
"""Payload types of interactive components. The bot uses only `block_actions`. The others are Slack's legacy types."""
SUGGESTIONS: Final = ("block_suggestion", "dialog_suggestion")

T = TypeVar("T")
log = structlog.get_logger(__name__)


class FactsCache(Protocol):
    """A cache of data from Slack, which an event can make outdated."""

    def forget(self, event: Mapping[str, Any]) -> None: ...


class Listeners:
    """Handles verified requests.

    If handling fails, the person gets a private message, and Slack still gets its acknowledgement. Only a press that
    isn't recorded is not acknowledged if the message can't be sent either. A menu whose options can't be read is empty.
    """

    def __init__(
        self,
        handler: RequestHandler,
        messenger: Messenger,
        *,
        clock: Clock,
        tasks: TaskKeeper,
        urls: ResponseUrls,
        workspace: Workspace,
        directory: FactsCache,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._handler = handler
        self._messenger = messenger
        self._clock = clock
        self._tasks = tasks
        self._urls = urls
        self._workspace = workspace
        self._directory = directory
        self._guard = EgressGuard(secrets)

        self._by_type: Mapping[str, Handler] = {
            **dict.fromkeys(ACTIONS, self.on_action),
            **dict.fromkeys(SUGGESTIONS, self.on_options),
            "view_submission": self.on_submission,
            "view_closed": self.on_closed,
            "shortcut": self.on_shortcut,
            "message_action": self.on_shortcut,
            "event_callback": self.on_event,
        }

    def handler_of(self, body: Body) -> Handler | None:
        """Return the method that handles this kind of request. None if there is none."""
        return self.on_command if "command" in body else self._by_type.get(body.get("type", ""))

    async def on_command(self, ack: Acknowledge, body: Body) -> None:
        """Handle a slash command."""
        incoming = payloads.command(body, self._clock.now())
        if incoming is not None and (told := await self._record(incoming, body)):
            # Tell the person in the acknowledgement itself, so that a crash can't prevent that.
            await ack(text=_with_reference(incoming, told), response_type="ephemeral")
        else:
            await ack()

    async def on_action(self, ack: Acknowledge, body: Body) -> None:
        """Handle a press of a button or a choice in a menu. Slack's legacy types are only acknowledged.

        The acknowledgement of a press can't contain text. So if the press isn't recorded, the person gets a note first.
        If that fails, raises NotAcknowledged, so that Slack shows that the press failed.
        """
        is_ours = body.get("type") == "block_actions"
        if not await self._accept(payloads.action(body, self._clock.now()) if is_ours else None, body):
            raise NotAcknowledged
        await ack()

    async def on_shortcut(self, ack: Acknowledge, body: Body) -> None:
        """Handle a global shortcut or a message shortcut."""
        await self._accept(payloads.shortcut(body, self._clock.now()), body)
        await ack()

    async def on_submission(self, ack: Acknowledge, body: Body) -> None:
        """Handle a submitted modal. The acknowledgement may contain errors or another view."""
        incoming = payloads.submission(body, self._clock.now())
        answer = await self._submitted(incoming, body["view"]) if incoming else None
        if answer and self._guard.contains_secret(answer):
            log.error("hid a part of an answer that looks like a secret")
            answer = self._guard.hidden(answer)
        await (ack(dict(answer)) if answer else ack())

    async def on_closed(self, ack: Acknowledge, body: Body) -> None:
        """Acknowledge that a modal was closed."""
        await ack()

    async def on_options(self, ack: Acknowledge, body: Body) -> None:
        """Return the options of a menu."""
        incoming = payloads.options_request(body, self._clock.now())
        typed = body.get("value")
        options = await self._suggested(incoming, typed if isinstance(typed, str) else "") if incoming else []
        await ack(options=options[:100])

    async def on_event(self, ack: Acknowledge, body: Body) -> None:
        """Handle a mention or an opened Home tab. Any other event only removes from the cache what it has changed."""
        event = body["event"]
        if event["type"] == "app_mention":
            known = self._workspace.known
            if mention := payloads.mention(body, self._clock.now(), known.bot_user_id if known else ""):
                await self._accept(mention, body)
        elif event["type"] == "app_home_opened" and event.get("tab", "home") == "home":
            if incoming := payloads.home(body, self._clock.now()):
                self._tasks.start(self._guarded(incoming, self._handler.home_opened(incoming)))
        else:
            self._forget_changed(event)
        await ack()

    async def _accept(self, incoming: Incoming | None, body: Body) -> bool:
        """Let the request handler store the intent while Slack waits. If it isn't stored, send a note.

        Returns False if a note is needed and wasn't sent in time. It may still be sent later.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + NOTE_WITHIN_SECONDS
        told = await self._record(incoming, body)
        if not told:
            return True
        assert incoming is not None, "only a person is told"
        is_sent: asyncio.Future[bool] = loop.create_future()
        self._tasks.start(self._send_note(incoming, told, is_sent))
        return await _result(is_sent, ends - loop.time(), otherwise=False)

    async def _record(self, incoming: Incoming | None, body: Body) -> str:
        """Let the request handler store the intent while Slack waits. The work runs in its own task.

        Returns:
            What to tell the person if the intent isn't stored or not yet stored. Otherwise an empty string.
        """
        if incoming is None:
            log.warning("received a payload without a person or channel", type=str(body.get("type", "command"))[:40])
            return ""
        self._urls.keep(incoming)
        recorded: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._tasks.start(self._guarded(incoming, self._run(incoming, recorded)))
        await asyncio.sleep(0)
        if recorded.done():  # the usual case: read commands have nothing to store
            return recorded.result()
        told = await _result(recorded, ACK_WITHIN_SECONDS, otherwise=WAITS)
        if told is WAITS:
            _log_late(incoming)
        return told

    async def _run(self, incoming: Incoming, recorded: asyncio.Future[str]) -> None:
        try:
            work = await self._handler.before_ack(incoming)
        except Exception as error:
            if recorded.done():  # the acknowledgement was already sent, so send a separate message
                raise
            _release(recorded, _log_failure(incoming, error))
            return
        finally:
            _release(recorded, "")
        if work is not None:
            await asyncio.sleep(0)  # let the ack be sent first
            await work()

    async def _submitted(self, incoming: Incoming, view: Body) -> Mapping[str, Any] | None:
        """Return the response to a submitted form. If there is none in time, the form stays open and says so.

        The work then continues in the background.
        """
        answered: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._tasks.start(self._guarded(incoming, self._run_submission(incoming, answered)))
        answer = await _result(answered, ACK_WITHIN_SECONDS, otherwise=LATE)
        if answer is LATE:
            _log_late(incoming)
        if answer.refusal:
            return keep_open(view, f"{answer.refusal} Reference {incoming.id}")
        return answer.response

    async def _run_submission(self, incoming: Incoming, answered: asyncio.Future[Ack]) -> None:
        answer = Ack()
        try:
            answer = await self._handler.submission(incoming)
        finally:
            in_time = not answered.done()
            _release(answered, answer)
        await asyncio.sleep(0)
        if answer.then is not None:
            if not in_time:
                self._tasks.start(self._show_recorded(incoming))
            await answer.then()
        elif not in_time and answer.refusal:
            raise BotError(answer.refusal)
        elif not in_time and answer.response is not None:
            raise BotError("Checking the form took too long, so nothing was changed. Submit it again.")

    async def _show_recorded(self, incoming: Incoming) -> None:
        """Replace a form that stayed open, so that it isn't submitted again. The person may have closed it already."""
        view = notice_view("Submitted", "Your form was saved. The outcome will follow.")
        try:
            await self._messenger.update_view(incoming.view_id or "", view)
        except Exception as error:
            log.warning("could not replace a form", reference=incoming.id, why=type(error).__name__)

    async def _suggested(self, incoming: Incoming, typed: str) -> list[dict[str, Any]]:
        try:
            return await within(OPTIONS_WITHIN_SECONDS, self._handler.options(incoming, typed))
        except Exception as error:
            log.warning("no menu options", reference=incoming.id, why=type(error).__name__)
            return []

    def _forget_changed(self, event: Mapping[str, Any]) -> None:
        try:
            self._directory.forget(event)
        except Exception:
            log.exception("an event did not update the cache", type=str(event.get("type"))[:40])

    async def _guarded(self, incoming: Incoming, work: Awaitable[None]) -> None:
        """Run the work. Log any exception, and send the person a sentence with the reference."""
        try:
            await work
        except Exception as error:
            await self._send_note(incoming, _log_failure(incoming, error))

    async def _send_note(self, incoming: Incoming, sentence: str, is_sent: asyncio.Future[bool] | None = None) -> None:
        """Send a private note, and set `is_sent`."""
        text, sent = _with_reference(incoming, sentence), False
        try:
            sent = await self._messenger.send_ephemeral(address_of(incoming), Reply(text=text, private=True))
        except Exception as error:
            log.warning("could not answer", reference=incoming.id, why=type(error).__name__)
        finally:
            if is_sent is not None:
                _release(is_sent, sent)


def _with_reference(incoming: Incoming, sentence: str) -> str:
    return f"{sentence} Reference `{incoming.id}`"


def _log_failure(incoming: Incoming, error: Exception) -> str:
    """Log an error, and return the sentence about it for the person. Any error but a BotError is a bug."""
    about = {"reference": incoming.id, "kind": incoming.kind, "user": incoming.user_id}
    if isinstance(error, BotError):
        log.warning("refused", **about, why=error.cause)
        return str(error)
    log.error("something went wrong", **about, exc_info=error)
    return BROKEN


def _log_late(incoming: Incoming) -> None:
    why = f"The store didn't respond within {ACK_WITHIN_SECONDS:g} seconds."
    log.warning("the ack did not wait for the store", reference=incoming.id, user=incoming.user_id, why=why)


async def _result(waiting: "asyncio.Future[T]", seconds: float, *, otherwise: T) -> T:
    """Return the result of a future. If it has none in time, set `otherwise` as its result and return that."""
    timer = asyncio.get_running_loop().call_later(seconds, _release, waiting, otherwise)
    try:
        return await waiting
    finally:
        timer.cancel()


def _release(waiting: "asyncio.Future[T]", result: T) -> None:
    if not waiting.done():
        waiting.set_result(result)
