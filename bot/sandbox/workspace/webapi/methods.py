"""The tables of Web API methods, and what each method needs: scopes, a rate limit, a token, and its context."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.sandbox.workspace.delivery.sockets import Sockets
from bot.sandbox.workspace.errors import SlackError
from bot.sandbox.workspace.installed import InstalledApp
from bot.sandbox.workspace.model import Json
from bot.sandbox.workspace.state import State
from bot.sandbox.workspace.tokens import TokenKind
from bot.sandbox.workspace.views import Views
from bot.sandbox.workspace.webapi.arguments import Args
from bot.sandbox.workspace.webapi.rates import Rates
from bot.sandbox.workspace.workspace import Workspace


@dataclass(frozen=True)
class Context:
    """What the function of every method gets: the workspace, the arguments of the call and the rate limits."""

    workspace: Workspace
    args: Args
    rates: Rates

    @property
    def state(self) -> State:
        return self.workspace.state

    @property
    def app(self) -> InstalledApp:
        return self.workspace.app

    @property
    def views(self) -> Views:
        return self.workspace.views

    @property
    def sockets(self) -> Sockets:
        return self.workspace.sockets

    def need(self, *scopes: str) -> None:
        """Check that the app has one of these scopes.

        Raises:
            SlackError: `missing_scope`.
        """
        if not any(self.app.has(scope) for scope in scopes):
            raise SlackError("missing_scope", needed=",".join(scopes), provided=",".join(self.app.scopes))

    def need_team(self) -> None:
        """Require the argument `team_id` if the app is installed for a Grid organization.

        Raises:
            SlackError: `missing_argument`.
        """
        if self.state.org_wide and not self.args.text("team_id"):
            raise SlackError("missing_argument")


Handler = Callable[[Context], Awaitable[Json]]


@dataclass(frozen=True)
class Method:
    name: str
    handler: Handler
    scopes: tuple[str, ...] = ()
    tier: int | None = None
    caller: TokenKind = "bot"


@dataclass
class Table:
    """The methods of one module, which the decorator `method` adds."""

    methods: dict[str, Method] = field(default_factory=dict)

    def method(self, name: str, *scopes: str, tier: int | None = None,
               caller: TokenKind = "bot") -> Callable[[Handler], Handler]:  # fmt: skip
        """Register the decorated function. Calls need one of `scopes`, or no scope if there are none."""

        def register(handler: Handler) -> Handler:
            self.methods[name] = Method(name, handler, scopes, tier, caller)
            return handler

        return register
