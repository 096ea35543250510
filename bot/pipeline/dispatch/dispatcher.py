"""The dispatcher: passes each command, click and form to its handler, and resumes those that a crash interrupted."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog

from bot.blocks import forms
from bot.blocks.text import utc
from bot.core.concurrency.deadline import within
from bot.core.parsing.parse_results import Incomplete, Parsed
from bot.core.ports import Ack, Work
from bot.core.ports.intents import RECORD_SECONDS
from bot.core.requests.incoming import Incoming, Kind
from bot.core.requests.request import State
from bot.errors import BadInput, BotError, NotRecorded, Refused, Unavailable
from bot.pipeline.approval import press_limit, presses
from bot.pipeline.approval.press_limit import PressLimit
from bot.pipeline.dispatch import button_actions, modal_submissions, pasted_secrets
from bot.pipeline.dispatch.done_before import done_before
from bot.pipeline.dispatch.refusal_entries import record_refusal
from bot.pipeline.dispatch.refusal_hints import hint_for
from bot.pipeline.environment import Environment
from bot.pipeline.home.open_homes import OpenHomes
from bot.pipeline.outcomes.notifications import notify_outcome
from bot.pipeline.replies import error_reply, private_note, send_or_log
from bot.pipeline.requests import channel_buttons, command_lines, open_form

log = structlog.get_logger(__name__)

CUT_OFF = "Turso Ops is restarting. Try again in a moment."
MOVED_BY_PRESS = (State.READY, State.DENIED, State.CANCELLED)
"""States that Approve, Deny, Withdraw and Cancel set without a workflow.

If such a press is resumed after a crash, the cards are updated.
"""
TAKEN_UP_WITHIN: Final = timedelta(minutes=15)
"""The maximum age of an intent that is still carried out. After that, people no longer expect it to be."""


class Dispatcher:
    """Handles what people do in Slack: commands, mentions, shortcuts, buttons, modals, menus and Home."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.homes = OpenHomes(env)
        self.presses = PressLimit()

    async def before_ack(self, incoming: Incoming) -> Work | None:
        """Parse a line or press, and store an intent for a mention and for what may change something.

        Calls neither Slack nor Turso.

        Returns:
            The work to do after the acknowledgement. None for a redelivery, whose intent is already stored.
        """
        if why := pasted_secrets.objection(self.env, incoming):
            return self._unstored(incoming, "not_read", partial(pasted_secrets.refuse, self.env, incoming, why))
        if incoming.kind in (Kind.COMMAND, Kind.MENTION):
            return await self._line(incoming, incoming.text)
        if incoming.kind is Kind.SHORTCUT:
            return self._unstored(incoming, "shortcut", partial(open_form.open_chooser, self.env, incoming))
        if presses.carries_line(incoming.action_id):
            return await self._line(incoming, incoming.value)
        if command := presses.form_of(incoming.action_id):
            return self._unstored(incoming, "form", partial(open_form.open_form_of, self.env, incoming, command))
        if command := presses.channel_form_of(incoming.action_id):
            there = partial(channel_buttons.open_form_there, self.env, incoming, command)
            return self._unstored(incoming, "form", there)
        if presses.turns_home(incoming.action_id):
            return partial(self._guarded, incoming, "home", partial(self.homes.publish, incoming, incoming.value))
        click = button_actions.CLICKS.get(incoming.action_id)
        if click is None:
            return self._unstored(incoming, "unknown", partial(button_actions.unknown, self.env, incoming))
        if self.presses.is_over(incoming):
            return self._unstored(incoming, incoming.action_id, press_limit.refuse)
        run = partial(click.run, self.env, incoming)
        if not click.changes:
            return self._unstored(incoming, incoming.action_id, run)
        if not await self.env.store.intents.record(incoming):
            return None
        return partial(self._guarded, incoming, incoming.action_id, run)

    def _unstored(self, incoming: Incoming, name: str, work: Callable[[], Awaitable[str | None]]) -> Work:
        """Return work whose intent isn't stored, so that the person is told to try again if the process stops."""
        return partial(self._guarded, incoming, name, work, recorded=False)

    async def submission(self, incoming: Incoming) -> Ack:
        """Check a submitted modal, and return errors, a refusal, or the work to do after the acknowledgement.

        If there is work, the intent is stored before the acknowledgement.
        """
        if errors := pasted_secrets.errors_of(self.env, incoming):
            return Ack({"response_action": "errors", "errors": errors})
        until = time.monotonic() + RECORD_SECONDS
        try:
            checked = await self._checked(incoming)
            if checked.errors:
                return Ack({"response_action": "errors", "errors": dict(checked.errors)})
            here, left = checked.at or incoming, until - time.monotonic()
            if checked.work is None:
                return Ack()
            if not await self.env.store.intents.record(here, within=left):
                return await modal_submissions.answer_repeated(self.env, here)
        except Unavailable as error:
            log.warning("not recorded", reference=incoming.id, user=incoming.user_id, why=error.cause)
            return Ack(refusal=str(error))
        except BotError as error:
            return Ack({"response_action": "update", "view": forms.notice_view("Not submitted", str(error))})
        return Ack(then=partial(self._guarded, here, incoming.action_id, checked.work))

    async def _checked(self, incoming: Incoming) -> modal_submissions.Checked:
        """Check a submitted form, with a time limit. Checking only reads, so nothing has changed if it is exceeded."""
        try:
            return await within(RECORD_SECONDS, modal_submissions.check(self.env, incoming))
        except TimeoutError:
            raise NotRecorded.after(RECORD_SECONDS) from None

    async def options(self, incoming: Incoming, typed: str) -> list[dict[str, Any]]:
        """Suggest databases for which this person may use the form in its channel. Returns none after a BotError."""
        try:
            return await modal_submissions.database_options(self.env, incoming, typed)
        except BotError as error:
            log.info("no menu options", why=str(error), reference=incoming.id)
            return []

    async def home_opened(self, incoming: Incoming) -> None:
        """Publish a person's Home tab."""
        await self._guarded(incoming, "home", partial(self.homes.publish, incoming))

    async def resume(self, incoming: Incoming) -> None:
        """Handle an intent again that a crash has left open. Its `response_url` may have expired.

        An intent that is too old isn't carried out. After a failure, the person is notified, if that is possible, and
        the intent is closed.

        Raises:
            StoreUnavailable: the store didn't respond. Any other error is a bug.
        """
        if self._is_too_old(incoming):
            await self._refuse_too_old(incoming)
        elif incoming.kind in (Kind.COMMAND, Kind.MENTION) or presses.carries_line(incoming.action_id):
            read = self._read(_line_of(incoming))
            await self._guarded(incoming, "resumed", partial(command_lines.ask, self.env, incoming, read))
        elif incoming.kind is Kind.SUBMISSION:
            here, work = await self._work_of_form(incoming)
            await self._guarded(here, "resumed", work)
            await self._refresh_outcome(incoming)
        else:
            click = button_actions.CLICKS.get(incoming.action_id)
            run = click.run if click else button_actions.unknown
            await self._guarded(incoming, "resumed", partial(run, self.env, incoming))
            await self._refresh_outcome(incoming)

    def _is_too_old(self, incoming: Incoming) -> bool:
        """Return True if an intent is too old to be carried out, because the bot was down or Slack was late."""
        return self.env.clock.now() - incoming.at > TAKEN_UP_WITHIN

    async def _refuse_too_old(self, incoming: Incoming) -> None:
        """Refuse an intent that is too old. If it had changed a request before a crash, the refusal says so."""
        here, name, again = incoming, "resumed", "Run it again if you still want it."
        if incoming.kind is Kind.SUBMISSION:
            here, _ = await self._work_of_form(incoming)
        elif incoming.action_id in button_actions.CLICKS:
            again = "Press again if you still want it."
        elif isinstance(read := self._read(_line_of(incoming)), Parsed):
            name = read.spec.name
        missed = f"I was offline when you sent this at {utc(incoming.at)}"
        done = await done_before(self.env, incoming)
        why = Refused(f"{missed}, so nothing {'more ' if done else ''}was done. {done or again}")
        await self._guarded(here, name, partial(_fail, why))
        await self._refresh_outcome(incoming)

    async def _work_of_form(self, incoming: Incoming) -> tuple[Incoming, Callable[[], Awaitable[str | None]]]:
        """Return a form with the channel for its replies, and its work. Errors are raised only when the work runs."""
        try:
            checked = await modal_submissions.check(self.env, incoming)
        except Exception as error:
            return incoming, partial(_fail, error)
        here = checked.at or incoming
        if checked.errors:
            first = next(iter(checked.errors.values()))
            return here, partial(_fail, BadInput(f"Your form couldn't be processed, and nothing was changed. {first}"))
        return here, checked.work or _nothing

    async def _refresh_outcome(self, incoming: Incoming) -> None:
        """Notify people and update the cards, in case a crash prevented that after a request's transition."""
        try:
            request = await self.env.store.requests.get(incoming.value) if incoming.value else None
            if request is not None and request.state in MOVED_BY_PRESS and await self.env.store.cards.of(request.id):
                await notify_outcome(self.env, request.id)
        except Exception:  # the person already has a reply, and the next change updates the cards
            log.exception("cards were not updated", reference=incoming.id)

    async def _line(self, incoming: Incoming, text: str) -> Work | None:
        read = self._read(text)
        changes = isinstance(read, Parsed) and read.spec.changes
        if (changes or incoming.kind is Kind.MENTION) and not await self.env.store.intents.record(incoming):
            return None
        if self._is_too_old(incoming):
            return partial(self._refuse_too_old, incoming)
        name = read.spec.name if isinstance(read, Parsed | Incomplete) else "unreadable"
        return partial(
            self._guarded, incoming, name, partial(command_lines.ask, self.env, incoming, read), recorded=changes
        )

    def _read(self, text: str) -> command_lines.ReadLine:
        try:
            return self.env.grammar.parse(text)
        except BotError as error:
            return error

    async def _guarded(
        self, incoming: Incoming, name: str, work: Callable[[], Awaitable[str | None]], *, recorded: bool = True
    ) -> None:
        """Run the work after the acknowledgement, in a span that continues the trace of its request."""
        follows = await self._trace_of(incoming)
        with self.env.traces.span(name, follows=follows, reference=incoming.id):
            await self._answered(incoming, name, work, recorded=recorded)

    async def _trace_of(self, incoming: Incoming) -> str:
        if not self.env.traces.is_on or incoming.kind not in (Kind.ACTION, Kind.SUBMISSION):
            return ""
        try:
            request = await self.env.store.requests.get(incoming.value) if incoming.value else None
        except Unavailable:  # the work itself reports this
            return ""
        return request.trace if request else ""

    async def _answered(
        self, incoming: Incoming, name: str, work: Callable[[], Awaitable[str | None]], *, recorded: bool
    ) -> None:
        """Run the work after the acknowledgement.

        If it fails, the cause is logged before the reply is sent, because the reply may fail, too.
        """
        started = time.perf_counter()
        # The work runs in its own task, so these bindings end with it.
        structlog.contextvars.bind_contextvars(reference=incoming.id, user=incoming.user_id, command=name)
        try:
            outcome = await work() or "answered"
        except BotError as error:
            self._note(incoming, name, "refused", started, error)
            try:
                await record_refusal(self.env, incoming, name, error)
            finally:
                hint = await hint_for(self.env, error, incoming.user_id)
                await send_or_log(self.env, incoming, error_reply(error, incoming.id, hint))
                await button_actions.redraw_if_ended(self.env, incoming)
        except asyncio.CancelledError:  # the process is stopping. A stored intent is resumed later
            if not recorded and incoming.kind is not Kind.MENTION:
                await send_or_log(self.env, incoming, private_note(CUT_OFF))
            raise
        except Exception as error:
            log.exception("a command failed because of a bug")
            self._note(incoming, name, "broken", started, error)
            await send_or_log(self.env, incoming, error_reply(None, incoming.id))
        else:
            self._note(incoming, name, outcome, started)
        if recorded or incoming.kind is Kind.MENTION:
            await self._close(incoming)
        if incoming.kind is Kind.ACTION and incoming.view_id:
            self.homes.pressed(incoming.user_id)

    async def _close(self, incoming: Incoming) -> None:
        """Close an intent that was handled. If that fails, it is handled again later, which changes nothing twice."""
        try:
            await self.env.store.intents.close(incoming.id)
        except Unavailable as error:  # the person already has a reply
            log.warning("intent.not_closed", why=error.cause)

    def _note(
        self, incoming: Incoming, name: str, outcome: str, started: float, error: Exception | None = None
    ) -> None:
        """Count and log the result, as a warning if the cause is a bug or an outage."""
        seconds = time.perf_counter() - started
        self.env.observer.command(name, outcome, seconds)
        cause = error.cause if isinstance(error, BotError) else type(error).__name__
        why = {"why": cause} if error else {}
        is_fault = error is not None and (isinstance(error, Unavailable) or not isinstance(error, BotError))
        write = log.warning if is_fault else log.info
        write("answered", outcome=outcome, channel=incoming.channel_id, ms=round(seconds * 1000, 1), **why)


def _line_of(incoming: Incoming) -> str:
    return incoming.value if presses.carries_line(incoming.action_id) else incoming.text


async def _fail(error: Exception) -> str:
    raise error


async def _nothing() -> str:
    return "answered"
