"""What the pipeline needs from higher layers: small protocols that `app` fills."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.core.facts import Facts, Question
from bot.core.model import Channel, Subject
from bot.core.reply import Reply, View
from bot.core.request import (
    ON_RECORD,
    AuditEntry,
    Backlog,
    Digest,
    Hold,
    Incident,
    Incoming,
    Kind,
    LedgerToken,
    LiveCard,
    Request,
    Review,
    State,
    Timer,
    TimerKind,
    TokenState,
    Untold,
    UsageSample,
    Vote,
)

Work = Callable[[], Awaitable[None]]
"""What is left to do once Slack has its ack."""


@dataclass(frozen=True, slots=True)
class Ack:
    """The answer to a submitted view."""

    response: dict[str, Any] | None = None
    """`response_action` with `errors` or `view`; None closes the view."""
    then: Work | None = None


class RequestHandler(Protocol):
    """The path, as the listeners see it. Nothing before the ack may wait for the network."""

    async def before_ack(self, incoming: Incoming) -> Work | None:
        """Parse, and commit the intent of whatever may change something.

        Returns the work for after the ack; None: a redelivery, there is nothing to do.
        """

    async def submission(self, incoming: Incoming) -> Ack:
        """Take a submitted view; it may answer with errors or another view at once."""

    async def options(self, incoming: Incoming, typed: str) -> list[dict[str, Any]]:
        """Offer at most 100 options for what is `typed` so far into an `external_select`."""

    async def home_opened(self, incoming: Incoming) -> None:
        """Show a person's Home tab."""


class Clock(Protocol):
    """The one source of time."""

    def now(self) -> datetime:
        """Return the time now, aware, in UTC."""


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


class Directory(Protocol):
    """Who is this human, and where do they stand?"""

    async def subject(self, incoming: Incoming, *, usergroups: frozenset[str], fresh: bool = False) -> Subject:
        """Look up the person, the channel and the user groups (cached a minute; `fresh`: asked again now).

        Raises:
            Unavailable: Slack did not say who they are; then nothing is allowed.
        """

    async def subject_of(self, user_id: str, channel_id: str, *, usergroups: frozenset[str]) -> Subject:
        """The same for somebody who is not here now: an requester whose request executes later."""

    async def look(self, question: Question) -> Facts:
        """Ask Slack now, all at the same time, for what an authorization needs; never raises.

        What Slack does not say is missing from the answer, and no longer kept as a fact.
        """

    async def channel(self, channel_id: str, *, fresh: bool = False) -> Channel:
        """Return a conversation as Slack describes it. Raises Unavailable."""

    async def channels_of(self, user_id: str) -> list[Channel]:
        """Ask now in which channels somebody is, as far as the bot may know of them. Raises Unavailable."""

    async def is_in(self, user_id: str, channel_id: str, *, fresh: bool = True) -> bool:
        """True when somebody is a member of a channel that they named without being seen there.

        `fresh=False`: what was true a moment ago will do, for showing what is decided again on pressing.
        """

    async def inside(self, channel_id: str) -> frozenset[str]:
        """Everybody in a channel, as of a minute ago; empty where the bot is not. Raises Unavailable."""


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
        """Open a modal and return its id; None: the trigger is too old. Raises Unavailable."""

    async def update_view(self, view_id: str, view: View) -> None:
        """Replace what a modal shows."""

    async def publish_home(self, user_id: str, view: View) -> None:
        """Show a person's Home tab."""

    async def upload(self, channel_id: str, filename: str, content: str, *, title: str, thread_ts: str | None) -> None:
        """Share a text file in a channel."""


@dataclass(frozen=True, slots=True)
class Closing:
    """A quarantine that ends with the move of another request, if it still waits then."""

    request_id: str
    outcome: str
    """One sentence for its people."""
    entry: AuditEntry


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens in the ledger that a rotation revoked: those of some databases that were minted before it."""

    database_ids: Sequence[str]
    to: TokenState
    """`REVOKED`: Turso has accepted it. `ENDED`: the database was seen to refuse them."""
    minted_before: datetime


@dataclass(frozen=True, slots=True)
class Transition:
    """What is committed in one transaction together with a change of a request's state."""

    to: State
    at: datetime
    changes: Mapping[str, Any]
    """Other fields of `Request` to set: `outcome`, `facts`, `due_at`, `expires_at`, `card_ts`."""
    entries: Sequence[AuditEntry] = ()
    """For the audit log. A move to an end (`ON_RECORD`) brings one at least."""
    timers: Sequence[Timer] = ()
    cancel: Sequence[TimerKind] = ()
    """Timers about this request that are no longer due."""
    enqueue: str | None = None
    """The phase whose workflow `<request>:<phase>` starts with this commit: `execute`, `finish`, `undo`."""
    holds: Sequence[Hold] = ()
    """Placed with this commit. While a quarantine of the object is open, another one makes the whole move fail."""
    release_holds: Sequence[str] = ()
    closes: Sequence[Closing] = ()
    """Quarantines that become stale, with their holds and timers, before the new holds are placed."""
    end_tokens_of: Sequence[str] = ()
    """`DbId`s that are gone: their tokens in the ledger end."""
    revokes: Sequence[Revocation] = ()
    reviews: Sequence[Review] = ()
    votes: Sequence[Vote] = ()
    is_told: bool = True
    """Its people are told of this end; False: it is a step on the way, of which they were told before."""
    only_unsent: bool = False
    """Not once anything of the request was handed to Turso. What it had prepared, such as its holds and the review that
    it would owe, goes with it."""

    def __post_init__(self) -> None:
        """Refuse an end that the audit log would not have.

        Raises:
            ValueError: a move to an end brings no audit entry.
        """
        if self.to in ON_RECORD and not self.entries:
            raise ValueError(f"a move to {self.to.value} brings no audit entry")


class Store(Protocol):
    """The store. Every method is one transaction; a lost compare-and-set returns None or False, never raises."""

    # What came in, and must not be lost.
    async def record_intent(self, incoming: Incoming, *, actionable: bool = True) -> bool:
        """Commit an intent before Slack's ack. False: it was recorded before (a redelivery)."""

    async def intent(self, intent_id: str) -> Incoming | None:
        """One that was recorded: a form's button or command, and where it was pressed or typed."""

    async def close_intent(self, intent_id: str) -> None:
        """It led to a request or to an answer."""

    async def open_intents(self, *, before: datetime) -> list[Incoming]:
        """Those that a crash left without either."""

    # Requests.
    async def open_request(self, request: Request, move: Transition, *, unless_owing: bool = False) -> Request:
        """Insert a request with what `move` brings and close its intent, in one commit.

        `unless_owing`: not while its requester owes a review; then it raises ReviewOwed, and nothing is inserted.

        Returns the pending request of the same plan and requester when there is one already; then nothing is inserted.
        """

    async def request(self, request_id: str) -> Request | None:
        """One request with its votes."""

    async def requests(
        self,
        *,
        states: Sequence[State],
        channel_id: str | None = None,
        requester: str | None = None,
        command: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[Request]:
        """Return all that match, newest first; `since`: those that have changed since then; `limit`: at most so many.

        What is in no list without a limit is nowhere: of a list with one, that may not be concluded.
        """

    async def move(self, request_id: str, *, expect: Sequence[State], move: Transition) -> Request | None:
        """Compare-and-set the state. None: it was in none of the expected states, and nothing was written.

        Also None: the move places a quarantine of an object that has an open one.
        """

    async def vote(self, vote: Vote, *, entry: AuditEntry) -> Request | None:
        """Add a vote to a pending request, once for each person (a second one replaces nothing). None: not pending."""

    async def mark_reminded(self, request_id: str, at: datetime, *, before: datetime, entry: AuditEntry) -> bool:
        """Note that the approvers of a pending request are reminded now. False: they were since `before`, or it waits
        no longer; then nothing is written."""

    async def mark_sent(self, request_id: str, phase: str, at: datetime) -> bool:
        """Set the phase's `sent_at` by compare-and-set, while the request is EXECUTING.

        False: never send. It was set before, or the request was denied, withdrawn or has expired meanwhile.
        """

    async def was_sent(self, request_id: str, phase: str) -> bool:
        """True once `mark_sent` has marked this phase."""

    async def set_card(self, request_id: str, channel_id: str, ts: str) -> None:
        """Remember where a copy of a request's card stands; `cards` returns all."""

    async def cards(self, request_id: str) -> list[tuple[str, str]]:
        """(channel_id, ts) of every copy."""

    async def drop_card(self, request_id: str, channel_id: str, ts: str) -> None:
        """Forget a copy that is gone."""

    # Who was told how something ended.
    async def untold(self, subject: str) -> list[Untold]:
        """Ends of a request or review that the people concerned are still to be told of."""

    async def was_told(self, subject: str, event: str, person: str = "") -> bool:
        """True when that end was told; `person`: to this one."""

    async def set_told(self, subject: str, event: str, *, how: str, person: str = "") -> None:
        """Record that an end was told, to everybody concerned or to one person, and how.

        `nobody` leaves it untold, and is not tried again.
        """

    async def told_nobody(self, *, since: datetime, before: datetime) -> list[Untold]:
        """Ends since a moment that nobody was told of: no way was open, or it is owed since before another moment."""

    async def told_plainly(self, *, since: datetime) -> list[Untold]:
        """Ends since a moment whose cards could not be drawn."""

    # Messages that show how a database is.
    async def set_live_card(self, card: LiveCard) -> None:
        """Remember one; the newest of a database in a channel replaces the one before."""

    async def live_cards(self, organization: str, databases: Sequence[str]) -> list[LiveCard]:
        """Those of some databases."""

    async def drop_live_card(self, card: LiveCard) -> None:
        """Forget one that is gone."""

    # Tokens.
    async def add_token(self, token: LedgerToken) -> None: ...
    async def settle_token(self, token_id: str, state: TokenState, *, fingerprint: str = "") -> None: ...
    async def tokens(
        self,
        *,
        organization: str,
        database_ids: Sequence[str] | None = None,
        holder: str | None = None,
        live_at: datetime | None = None,
        limit: int | None = None,
    ) -> list[LedgerToken]:
        """Return all that match, newest first; `live_at`: only those that may work then."""

    # Holds.
    async def holds(
        self,
        *,
        organization: str | None = None,
        database: str | None = None,
        database_id: str | None = None,
        newest: int | None = None,
        released_since: datetime | None = None,
    ) -> list[Hold]:
        """Those that are not released, oldest first; `newest`: so many, newest first.

        Args:
            released_since: those instead that were released since then.
        """

    async def hold(self, hold_id: str) -> Hold | None: ...
    async def release_hold(
        self, hold_id: str, at: datetime, *, entries: Sequence[AuditEntry] = (), keeps_timer: bool = False
    ) -> bool:
        """Release a hold and drop its timer. False: it was released before.

        `keeps_timer`: for the timer that fires, which stays until its operation is told.
        """

    # Timers.
    async def due(self, now: datetime, *, limit: int = 100) -> list[Timer]: ...
    async def backlog(self, before: datetime) -> Backlog:
        """Count the timers that were due before a moment and have not fired, and those that fail."""

    async def set_timer(self, timer: Timer) -> None:
        """One for each kind and subject: a second one moves the first."""

    async def turn_timer(self, fired: Timer, following: Timer | None) -> None:
        """Replace a timer by the following one, or drop it; not if it was moved meanwhile."""

    # Audit.
    async def audit(self, *entries: AuditEntry) -> None:
        """Append to the chain, by group commit."""

    async def audit_page(
        self,
        *,
        before_seq: int | None,
        limit: int,
        databases: Sequence[str] | None = None,
        channel_id: str | None = None,
        user_id: str | None = None,
        since: datetime | None = None,
    ) -> list[tuple[int, AuditEntry]]:
        """Newest first. `databases`: exact names; None: any."""

    def audit_chain(self) -> AsyncIterator[tuple[int, str, str, str]]:
        """(seq, previous hash, hash, canonical entry) from the first to the last, in constant memory."""

    async def audit_index_fault(self) -> str | None:
        """Return where what is derived from the entries says something else than they do; None: nowhere."""

    async def audit_head(self) -> tuple[int, str]:
        """The last seq and hash; (0, '') when empty."""

    # Incidents, reviews, digests, samples.
    async def start_incident(self, incident: Incident, timer: Timer, entry: AuditEntry) -> Incident | None:
        """None: one runs in that channel already."""

    async def incident_in(self, channel_id: str) -> Incident | None:
        """The one that runs there now."""

    async def last_incident_in(self, channel_id: str) -> Incident | None:
        """The one that was started there last, running or ended."""

    async def incident(self, incident_id: str) -> Incident | None: ...
    async def incidents(self, *, newest: int | None = None) -> list[Incident]:
        """All that run, oldest first; `newest`: so many, newest first."""

    async def end_incident(
        self, incident_id: str, by: str, at: datetime, entry: AuditEntry, *, keeps_timer: bool = False
    ) -> bool:
        """False: it had ended before. `keeps_timer`: for the timer that fires, which stays until the end is told."""

    async def extend_incident(self, incident_id: str, until: datetime, entry: AuditEntry) -> bool:
        """Move its end, with its timer. False: it has ended."""

    async def set_timeline(self, incident_id: str, ts: str) -> None: ...
    async def reviews(
        self,
        *,
        owed: bool = True,
        actor: str | None = None,
        request_ids: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> list[Review]: ...
    async def review(self, review_id: str) -> Review | None: ...
    async def settle_review(
        self, review_id: str, by: str, justified: bool, comment: str, at: datetime, entry: AuditEntry
    ) -> bool: ...
    async def set_digest(self, digest: Digest) -> None:
        """Set it with its timer."""

    async def mark_digest(self, channel_id: str, period: str, *, was: str, next_at: datetime | None = None) -> bool:
        """Compare-and-set the period last posted. False: it was dropped, set anew or marked meanwhile."""

    async def drop_digest(self, channel_id: str) -> bool:
        """Drop it with its timer. False: there was none."""

    async def digest(self, channel_id: str) -> Digest | None: ...
    async def add_samples(self, samples: Sequence[UsageSample]) -> None:
        """One for each database and day: a later one of the same day replaces it."""

    async def samples(
        self, *, organization: str, since: str, until: str, databases: Sequence[str] | None = None
    ) -> list[UsageSample]: ...
    async def first_sample_day(self, *, organization: str) -> str | None:
        """The `day` of an organization's oldest sample; None: there is none."""

    async def writable(self) -> bool:
        """True when a transaction commits now."""
