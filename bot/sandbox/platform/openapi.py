"""The platform's description of its API, at `/openapi.json`."""

import re
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.sandbox.platform.control.call import answer
from bot.sandbox.platform.control.routes import table

Json = dict[str, Any]


def routes() -> list[BaseRoute]:
    return [Route("/openapi.json", _describe, methods=["GET"])]


async def _describe(request: Request) -> Response:
    return answer(description())


@lru_cache(maxsize=1)
def description() -> Json:
    """Return the OpenAPI 3.1 description.

    The personal account's paths are left out, because they are those of an organization without its name.
    """
    paths: Json = {}
    for method, path, handler, scope in table():
        if path.startswith(
            ("/v1/organizations", "/v2/", "/v1/auth", "/v1/user", "/v1/current-user", "/v1/locations", "/v1/plans")
        ):
            paths.setdefault(path, {})[method.lower()] = _operation(method, path, handler.__doc__, scope)
    for path, (body, answered, media) in _DATA.items():
        paths[f"/db/{{name}}/{path}"] = {"post": _data_operation(path, body, answered, media)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Turso Platform API, local", "version": "1"},
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def _operation(method: str, path: str, summary: str | None, scope: str) -> Json:
    short = path.replace("/v1/organizations/{organization}", "") or "/"
    operation: Json = {
        "operationId": re.sub(r"\W+", "-", f"{method.lower()}{path}").strip("-"),
        "summary": (summary or "").split("\n")[0],
        "description": f"Needs the scope `{scope}`.",
        "parameters": [_parameter(name, "path") for name in re.findall(r"{(\w+)}", path)]
        + [_parameter(name, "query") for name in _QUERIES.get(f"{method} {short}", ())],
        "responses": {"200": _answer(f"{method} {short}"), "default": _error()},
    }
    if body := _BODIES.get(f"{method} {short}"):
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return operation


def _parameter(name: str, place: str) -> Json:
    schema: Json = {"type": "string", "minLength": 1, "maxLength": 80}
    return {"name": name, "in": place, "required": place == "path", "schema": schema | _KNOWN.get(name, {})}


def _answer(key: str) -> Json:
    if key in _EMPTY:
        return {"description": "Done; the body is empty."}
    return {"description": "Done.", "content": {"application/json": {"schema": _ANSWERS.get(key, {"type": "object"})}}}


def _error() -> Json:
    return {"description": "Refused.", "content": {"application/json": {"schema": _ref("Error")}}}


def _data_operation(path: str, body: Json, answered: Json, media: str) -> Json:
    return {
        "operationId": path.replace("/", "-"),
        "summary": "libSQL's protocol over HTTP",
        "parameters": [_parameter("name", "path")],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": "Ran.", "content": {media: {"schema": answered}}},
            "400": {
                "description": "Malformed.",
                "content": {"text/plain": {"schema": {"type": "string"}}, "application/json": {"schema": {}}},
            },
            "default": _error(),
        },
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: Json | None = None, **optional: Any) -> Json:
    return {
        "type": "object",
        "properties": (required or {}) | optional,
        "required": list(required or {}),
    }


def _list(of: Json) -> Json:
    return {"type": "array", "items": of}


_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer"}
_SWITCH: Json = {"type": ["boolean", "null"]}
_BOOL: Json = {"type": "boolean"}
_NAME: Json = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$"}
# Examples of valid parameters, most of which name existing objects, so that fuzz tests don't only get errors.
_KNOWN: dict[str, Json] = {
    "organization": {"examples": ["acme"]},
    "name": {"examples": ["orders"]},
    "group": {"examples": ["default"]},
    "limit": {"examples": ["10"]},
}
_QUERIES: dict[str, tuple[str, ...]] = {
    "GET /databases": ("group", "parent", "schema", "limit", "cursor"),
    "POST /databases/{name}/auth/tokens": ("expiration", "authorization"),
    "POST /groups/{group}/auth/tokens": ("expiration", "authorization"),
    "GET /databases/{name}/usage": ("from", "to"),
    "GET /databases/{name}/usage/queries": ("from",),
    "GET /audit-logs": ("page", "page_size"),
}
_EMPTY = {
    "POST /databases/{name}/auth/rotate",
    "POST /groups/{group}/auth/rotate",
    "POST /databases/{name}/update",
    "POST /databases/{name}/wakeup",
    "GET /databases/{name}/instances/{instance}/wait",
    "GET /groups/{group}/locations/{location}/wait",
}
_USAGE = _object({"rows_read": _NUMBER, "rows_written": _NUMBER, "storage_bytes": _NUMBER, "bytes_synced": _NUMBER})
_CONFIGURATION: Json = {
    "size_limit": {"type": ["string", "null"]},
    "block_reads": _SWITCH,
    "block_writes": _SWITCH,
    "delete_protection": _SWITCH,
    "allow_attach": _SWITCH,
    "allowed_ips": {"type": ["array", "null"], "items": _TEXT},
    "allowed_aws_vpc_ids": {"type": ["array", "null"], "items": _TEXT},
}
_PROTECTION = _object(delete_protection=_SWITCH)
_TOKEN_BODY = _object(permissions=_object(read_attach=_object(databases=_list(_TEXT))))
_BODIES: dict[str, Json] = {
    "POST /databases": _object(
        {"name": _NAME},
        group=_TEXT,
        size_limit=_TEXT,
        seed=_object({"type": _TEXT}, name=_TEXT, value=_TEXT, timestamp=_TEXT),
    ),
    "PATCH /databases/{name}/configuration": _object(**_CONFIGURATION),
    "POST /databases/{name}/auth/tokens": _TOKEN_BODY,
    "POST /groups/{group}/auth/tokens": _TOKEN_BODY,
    "POST /databases/{name}/instances": _object({"location": _TEXT}),
    "POST /groups": _object({"name": _NAME, "location": _TEXT}),
    "PATCH /groups/{group}/configuration": _PROTECTION,
    "PATCH /": _object(overages=_BOOL),
    "POST /v1/organizations": _object({"name": _TEXT}),
    "POST /v1/auth/api-tokens/{token}": _object(organization=_TEXT, group=_TEXT, scopes=_list(_TEXT)),
    "POST /v2/auth/api-tokens/{token}": _object(organization=_TEXT, group=_TEXT, scopes=_list(_TEXT)),
}
_ANSWERS: dict[str, Json] = {
    "GET /databases": _object({"databases": _list(_ref("Database"))}, pagination=_object({"next": {}})),
    "GET /databases/{name}": _object({"database": _ref("Database")}),
    "POST /databases": _object({"database": _object({"DbId": _TEXT, "Hostname": _TEXT, "Name": _TEXT})}),
    "DELETE /databases/{name}": _object({"database": _TEXT}),
    "POST /databases/{name}/auth/tokens": _object({"jwt": _TEXT}),
    "POST /groups/{group}/auth/tokens": _object({"jwt": _TEXT}),
    "GET /databases/{name}/usage": _object({"database": _ref("DatabaseUsage")}),
    "GET /databases/{name}/usage/queries": _list(_ref("Query")),
    "GET /databases/{name}/stats": _object({"top_queries": {"type": ["array", "null"], "items": _ref("Query")}}),
    "GET /databases/{name}/configuration": _ref("Configuration"),
    "PATCH /databases/{name}/configuration": _ref("Configuration"),
    "GET /databases/{name}/instances": _object({"instances": _list(_ref("Instance"))}),
    "GET /groups": _object({"groups": _list(_ref("Group"))}),
    "GET /groups/{group}": _object({"group": _ref("Group")}),
    "POST /groups": _object({"group": _ref("Group")}),
    "DELETE /groups/{group}": _object({"group": _ref("Group")}),
    "POST /groups/{group}/unarchive": _object({"group": _ref("Group")}),
    "GET /": _object({"organization": _ref("Organization")}),
    "PATCH /": _object({"organization": _ref("Organization")}),
    "GET /plans": _object({"plans": _list(_ref("Plan"))}),
    "GET /subscription": _object(
        {"subscription": _object({"name": _TEXT, "plan": _TEXT, "timeline": _TEXT, "overages": _BOOL})}
    ),
    "GET /usage": _object(
        {"organization": _object({"uuid": _TEXT, "usage": _USAGE, "databases": _list(_ref("DatabaseUsage"))})}
    ),
}
_SCHEMAS: dict[str, Json] = {
    "Error": _object({"error": {}}, message=_TEXT, code=_TEXT),
    "Database": _object(
        {
            "Name": _TEXT,
            "DbId": _TEXT,
            "Hostname": _TEXT,
            "group": _TEXT,
            "primaryRegion": _TEXT,
            "regions": _list(_TEXT),
            "type": {"const": "logical"},
            "block_reads": _BOOL,
            "block_writes": _BOOL,
            "delete_protection": _BOOL,
            "archived": _BOOL,
            "sleeping": _BOOL,
            "parent": {"type": ["object", "null"], "properties": {"id": _TEXT, "name": _TEXT, "branched_at": _TEXT}},
        },
        encryption_cipher=_TEXT,
    ),
    "Configuration": _object(
        {"size_limit": _TEXT, "block_reads": _BOOL, "block_writes": _BOOL, "delete_protection": _BOOL}
    ),
    "Instance": _object({"uuid": _TEXT, "name": _TEXT, "type": _TEXT, "region": _TEXT, "hostname": _TEXT}),
    "Group": _object(
        {
            "name": _TEXT,
            "uuid": _TEXT,
            "locations": _list(_TEXT),
            "primary": _TEXT,
            "delete_protection": _BOOL,
            "archived": _BOOL,
        }
    ),
    "Organization": _object(
        {
            "name": _TEXT,
            "slug": _TEXT,
            "overages": _BOOL,
            "blocked_reads": _BOOL,
            "blocked_writes": _BOOL,
            "plan_id": _TEXT,
        }
    ),
    "Plan": _object({"name": _TEXT, "price": _TEXT, "prices": _list(_object()), "quotas": _object()}),
    "Usage": _USAGE,
    "DatabaseUsage": _object(
        {"uuid": _TEXT, "instances": _list(_object({"uuid": _TEXT, "usage": _USAGE})), "usage": _USAGE}, total=_USAGE
    ),
    "Query": _object({"query": _TEXT, "rows_read": _NUMBER, "rows_written": _NUMBER}),
    "Value": {
        "oneOf": [
            _object({"type": {"const": "null"}}),
            _object({"type": {"const": "integer"}, "value": {"type": "string", "pattern": "^-?[0-9]{1,18}$"}}),
            _object({"type": {"const": "float"}, "value": {"type": "number"}}),
            _object({"type": {"const": "text"}, "value": _TEXT}),
            _object({"type": {"const": "blob"}, "base64": {"type": "string", "pattern": "^([A-Za-z0-9+/]{4})*$"}}),
        ]
    },
    "Statement": _object(
        {"sql": _TEXT},
        args=_list(_ref("Value")),
        named_args=_list(_object({"name": _TEXT, "value": _ref("Value")})),
        want_rows=_BOOL,
    ),
    "Batch": _object({"steps": _list(_object({"stmt": _ref("Statement")}))}),
    "StreamRequest": {
        "oneOf": [
            _object({"type": {"const": "execute"}, "stmt": _ref("Statement")}),
            _object({"type": {"const": "batch"}, "batch": _ref("Batch")}),
            _object({"type": {"const": "sequence"}, "sql": _TEXT}),
            _object({"type": {"const": "describe"}, "sql": _TEXT}),
            _object({"type": {"enum": ["close"]}}),
        ]
    },
}
_PIPELINE = _object({"requests": _list(_ref("StreamRequest"))}, baton={"type": ["string", "null"]})
_RESULTS = _object({"baton": {"type": ["string", "null"]}, "base_url": {"type": "null"}, "results": _list(_object())})
_DATA: dict[str, tuple[Json, Json, str]] = {
    "v2/pipeline": (_PIPELINE, _RESULTS, "application/json"),
    "v3/pipeline": (_PIPELINE, _RESULTS, "application/json"),
    "v3/cursor": (_object({"batch": _ref("Batch")}), _TEXT, "text/plain"),
}
