"""The routes of the Platform API, each with the scope that a token limited to a group needs for it."""

from starlette.routing import BaseRoute, Route

from bot.sandbox.platform.control import accounts, api_tokens, databases, groups, instances, rotations, tokens, usage
from bot.sandbox.platform.control.call import Handler, guarded

# Each route has a method, a path below the organization, a handler and a scope.
_IN_ORGANIZATION: list[tuple[str, str, Handler, str]] = [
    ("GET", "/databases", databases.every, "read"),
    ("POST", "/databases", databases.create, "db:create"),
    ("GET", "/databases/{name}", databases.get, "read"),
    ("DELETE", "/databases/{name}", databases.destroy, "db:delete"),
    ("POST", "/databases/{name}/auth/tokens", tokens.mint_for_database, "db:mint-token"),
    ("POST", "/databases/{name}/auth/rotate", rotations.rotate_database, "db:rotate-creds"),
    ("GET", "/databases/{name}/usage", usage.of_database, "read"),
    ("GET", "/databases/{name}/usage/queries", usage.queries, "read"),
    ("GET", "/databases/{name}/stats", usage.stats, "read"),
    ("GET", "/databases/{name}/configuration", databases.configuration, "read"),
    ("PATCH", "/databases/{name}/configuration", databases.configure, "db:configure"),
    ("GET", "/databases/{name}/instances", instances.every, "read"),
    ("POST", "/databases/{name}/instances", instances.create, "db:configure"),
    ("GET", "/databases/{name}/instances/{instance}", instances.get, "read"),
    ("DELETE", "/databases/{name}/instances/{instance}", instances.destroy, "db:configure"),
    ("GET", "/databases/{name}/instances/{instance}/wait", instances.wait, "read"),
    ("POST", "/databases/{name}/update", instances.done, "db:configure"),
    ("POST", "/databases/{name}/wakeup", instances.wake, "db:configure"),
    ("GET", "/groups", groups.every, "read"),
    ("POST", "/groups", groups.create, "user"),
    ("GET", "/groups/{group}", groups.get, "read"),
    ("DELETE", "/groups/{group}", groups.delete, "user"),
    ("GET", "/groups/{group}/configuration", groups.configuration, "read"),
    ("PATCH", "/groups/{group}/configuration", groups.configure, "group:configure"),
    ("POST", "/groups/{group}/auth/tokens", tokens.mint_for_group, "group:mint-token"),
    ("POST", "/groups/{group}/auth/rotate", rotations.rotate_group, "group:rotate-creds"),
    ("POST", "/groups/{group}/locations/{location}", groups.add_location, "group:configure"),
    ("DELETE", "/groups/{group}/locations/{location}", groups.remove_location, "group:configure"),
    ("GET", "/groups/{group}/locations/{location}/wait", groups.wait, "read"),
    ("POST", "/groups/{group}/unarchive", groups.unarchive, "group:configure"),
    ("GET", "/usage", usage.of_organization, "read"),
    ("GET", "/subscription", accounts.subscription, "read"),
    ("GET", "/plans", accounts.plans, "read"),
    ("GET", "/members", accounts.members, "read"),
    ("GET", "/invites", accounts.invites, "read"),
    ("GET", "/invoices", accounts.invoices, "read"),
    ("GET", "/audit-logs", accounts.audit_logs, "read"),
    ("GET", "/api-tokens", api_tokens.of_organization, "read"),
    ("DELETE", "/api-tokens/{token}", api_tokens.revoke_by_id, "user"),
]

# The routes of the account, with whole paths. A token that is limited to a group never has the scope `user`.
_OF_ACCOUNT: list[tuple[str, str, Handler, str]] = [
    ("GET", "/v1/auth/validate", api_tokens.validate, "read"),
    ("POST", "/v1/auth/invalidate", api_tokens.invalidate_sessions, "user"),
    ("GET", "/v1/auth/api-tokens", api_tokens.every, "user"),
    ("POST", "/v1/auth/api-tokens/{token}", api_tokens.mint, "user"),
    ("POST", "/v2/auth/api-tokens/{token}", api_tokens.mint_v2, "user"),
    ("DELETE", "/v1/auth/api-tokens/{token}", api_tokens.revoke, "user"),
    ("GET", "/v1/user", accounts.user, "read"),
    ("GET", "/v1/current-user", accounts.user, "read"),
    ("GET", "/v1/locations", accounts.all_locations, "read"),
    ("GET", "/v1/plans", accounts.plans, "read"),
    ("GET", "/v1/organizations", accounts.every, "read"),
    ("POST", "/v1/organizations", accounts.create, "user"),
    ("GET", "/v2/organizations", accounts.every, "read"),
    ("GET", "/v1/organizations/{organization}", accounts.get, "read"),
    ("PATCH", "/v1/organizations/{organization}", accounts.update, "user"),
    ("GET", "/v2/organizations/{organization}", accounts.get, "read"),
    ("GET", "/v2/organizations/{organization}/invites", accounts.invites, "read"),
    ("GET", "/v2/organizations/{organization}/locations", accounts.locations_by_provider, "read"),
]


def table() -> list[tuple[str, str, Handler, str]]:
    """Return all routes.

    Each route below an organization also exists without the organization in its path, for the personal account.
    """
    owned = [(method, f"/v1/organizations/{{organization}}{path}", h, s) for method, path, h, s in _IN_ORGANIZATION]
    personal = [(method, f"/v1{path}", handler, scope) for method, path, handler, scope in _IN_ORGANIZATION]
    return _OF_ACCOUNT + owned + personal


def routes() -> list[BaseRoute]:
    return [Route(path, guarded(handler, scope), methods=[method]) for method, path, handler, scope in table()]
