"""A call to the Platform API: its token, the organization that it names, and the checks before its handler runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bot.sandbox.platform.bodies import TooLarge, read_body
from bot.sandbox.platform.calls import CUT_OFF
from bot.sandbox.platform.catalog import api_tokens, organizations
from bot.sandbox.platform.catalog.api_tokens import ApiToken
from bot.sandbox.platform.catalog.problems import Conflict, Invalid, Missing, Protected
from bot.sandbox.platform.faults import Effect, Fault
from bot.sandbox.platform.tokens import looks_like_jwt
from bot.sandbox.platform.turso import Turso

LONGEST_BODY = 2**20
_OWNER = ApiToken("", "owner", None, None, None, 0.0)


class ApiError(Exception):
    """An error response: status and text, in Turso's words."""

    def __init__(self, status: int, text: str, code: str | None = None) -> None:
        self.status, self.code = status, code
        super().__init__(text)

    def as_json(self) -> dict[str, str]:
        return {"error": str(self)} | ({"code": self.code} if self.code else {})


def answer(content: Any, status: int = 200) -> Response:
    """Return a JSON response, encoded fast enough for thousands of databases."""
    return Response(to_json(content), status, media_type="application/json")


def empty() -> Response:
    """Return the empty response that Turso sends if an operation returns nothing."""
    return Response(status_code=200)


@dataclass(frozen=True)
class Call:
    """One call to the Platform API, as its handler gets it."""

    turso: Turso
    request: Request
    token: ApiToken
    organization: str
    base: str

    def path(self, name: str) -> str:
        value = self.request.path_params[name]
        assert isinstance(value, str)
        return value

    def query(self, name: str) -> str | None:
        """Return a query parameter, or None if it is absent or empty."""
        return self.request.query_params.get(name) or None

    def number(self, name: str) -> int | None:
        """Return a query parameter as a positive number, or None if it is absent or empty. Raises ApiError."""
        given = self.query(name)
        if given is None:
            return None
        if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given) > 0):
            raise ApiError(400, f"invalid {name} parameter")
        return int(given)

    async def body(self) -> dict[str, Any]:
        """Return the JSON object in the body, whatever its content type. Without a body, return an empty object.

        Raises:
            ApiError: the body isn't a JSON object.
            TooLarge: the body is longer than `LONGEST_BODY`.
        """
        body = await read_body(self.request, LONGEST_BODY)
        if not body.strip():
            return {}
        try:
            content = from_json(body)
        except ValueError:
            raise ApiError(400, "invalid request body: not JSON") from None
        if not isinstance(content, dict):
            raise ApiError(400, "invalid request body: not an object")
        return content

    def fault(self, kind: Effect) -> Fault | None:
        """Return the fault of this kind that affects this call, and count it. None if there is none."""
        return self.turso.faults.effect(kind, self.request.method, self.request.url.path)

    def hostname(self, name: str) -> str:
        """Return the hostname of a database for responses: the platform's host and port, with the database's path."""
        default = self.organization == self.turso.organization
        return f"{self.base}/db/{name}" if default else f"{self.base}/db/{name}.{self.organization}"


Handler = Callable[[Call], Awaitable[Response]]


def guarded(handler: Handler, scope: str) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that checks the token and the organization, runs `handler`, and turns errors into responses.

    `scope` is what a token that is limited to a group must have: one of Turso's nine scopes, or `user`, which no such
    token has. The organization isn't checked for a call with the scope `user` whose path names no organization.
    """

    async def endpoint(request: Request) -> Response:
        turso: Turso = request.app.state.turso
        await turso.tick()
        try:
            return await handler(await _enter(request, turso, scope))
        except ApiError as error:
            return answer(error.as_json(), error.status)
        except Missing as error:
            return answer({"error": str(error)}, 404)
        except Conflict as error:
            return answer({"error": str(error)}, 409)
        except Protected as error:
            return answer({"error": str(error)}, 403)
        except Invalid as error:
            return answer({"error": str(error)}, 400)
        except TooLarge:
            return answer({"error": "request body is too large"}, 413)
        except ClientDisconnect:
            return Response(status_code=CUT_OFF)

    return endpoint


async def _enter(request: Request, turso: Turso, scope: str) -> Call:
    token = await _authenticate(request, turso)
    organization = request.path_params.get("organization", turso.organization)
    if scope != "user" or "organization" in request.path_params:
        await turso.read(organizations.find, organization)
        if token.organization not in (None, organization):
            raise ApiError(403, "token does not have access to this organization")
    if token.scopes is not None and scope not in token.scopes:
        raise ApiError(403, f"token does not have the scope {scope}")
    return Call(turso, request, token, organization, public_base(request))


def public_base(request: Request) -> str:
    """Return the platform's public address, without a scheme."""
    given: str | None = request.app.state.public_url
    if given:
        return given.split("://", 1)[-1].rstrip("/")
    host = request.headers.get("host", "127.0.0.1")
    name, colon, port = host.rpartition(":") if ":" in host else (host, "", "")
    # `localhost` can also be ::1, on which the platform doesn't listen by default.
    return f"127.0.0.1{colon}{port}" if name == "localhost" else host


async def _authenticate(request: Request, turso: Turso) -> ApiToken:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ApiError(401, "Authentication required")
    return await authenticate(turso, token.strip())


async def authenticate(turso: Turso, token: str) -> ApiToken:
    """Return the token with this text. Raises ApiError."""
    hashed = api_tokens.digest(token)
    if hashed == turso.api_token_hash:
        return _OWNER
    token_found = await turso.read(api_tokens.by_hash, hashed)
    if token_found is not None:
        return token_found
    raise ApiError(
        401, "could not parse jwt id" if looks_like_jwt(token) else "token contains an invalid number of segments"
    )
