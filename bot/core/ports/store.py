"""The store as the pipeline and commands see it: one protocol per subject, each with a read-only part.

Every method is one transaction. A compare-and-set that fails returns None or False and never raises.
"""

from typing import Protocol

from bot.core.ports.audit import Audit, ReadAudit
from bot.core.ports.holds import Holds, ReadHolds
from bot.core.ports.incidents import Incidents, ReadIncidents, ReadReviews, Reviews
from bot.core.ports.intents import Intents
from bot.core.ports.notices import Cards, LiveCards, Notices
from bot.core.ports.requests import ReadRequests, Requests
from bot.core.ports.timers import Timers
from bot.core.ports.tokens import ReadTokens, Tokens
from bot.core.ports.usage import Digests, ReadDigests, ReadSamples, Samples


class ReadStore(Protocol):
    """The read-only store, for commands that change nothing."""

    @property
    def requests(self) -> ReadRequests: ...
    @property
    def tokens(self) -> ReadTokens: ...
    @property
    def holds(self) -> ReadHolds: ...
    @property
    def audit(self) -> ReadAudit: ...
    @property
    def incidents(self) -> ReadIncidents: ...
    @property
    def reviews(self) -> ReadReviews: ...
    @property
    def digests(self) -> ReadDigests: ...
    @property
    def samples(self) -> ReadSamples: ...


class Store(Protocol):
    """The whole store."""

    @property
    def intents(self) -> Intents: ...
    @property
    def requests(self) -> Requests: ...
    @property
    def cards(self) -> Cards: ...
    @property
    def live_cards(self) -> LiveCards: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def holds(self) -> Holds: ...
    @property
    def timers(self) -> Timers: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def incidents(self) -> Incidents: ...
    @property
    def reviews(self) -> Reviews: ...
    @property
    def digests(self) -> Digests: ...
    @property
    def samples(self) -> Samples: ...

    async def trouble(self) -> str:
        """Return a sentence for operators about why no transaction can commit now. Empty if one can."""
