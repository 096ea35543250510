"""Error responses, and calls without a response, become errors that say what happened and contain no secret."""

import logging
import traceback
from typing import Any

import httpx
import pytest

from bot.errors import BotError, Unavailable
from bot.turso import errors
from bot.turso.client import TursoClient

from .conftest import client_of
from .organization import TOKEN, Organization, refuse


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        pytest.param(
            refuse(400, "Invalid expiration format"), errors.TursoRejected, "Invalid expiration format", id="400"
        ),
        pytest.param(refuse(401, "could not parse jwt id"), errors.TursoUnauthorized, "API token", id="401"),
        pytest.param(refuse(402, "no plan", code="x"), errors.PlanLacksFeature, "plan doesn't include", id="402"),
        pytest.param(refuse(403, "out of scope"), errors.TursoForbidden, "out of scope", id="403"),
        pytest.param(
            refuse(404, "could not find database with name orders: record not found"),
            errors.DatabaseNotFound,
            "no database `orders`",
            id="404 of a database",
        ),
        pytest.param(
            refuse(404, "organization not found"),
            errors.OrganizationNotFound,
            "organization",
            id="404 of the organization",
        ),
        pytest.param(
            httpx.Response(404), errors.OutcomeUnknown, "doesn't look like one from Turso", id="404 without a body"
        ),
        pytest.param(
            httpx.Response(404, json={"message": "no Route matched with those values"}),
            errors.OutcomeUnknown,
            "A proxy may have sent it",
            id="404 as JSON of a gateway",
        ),
        pytest.param(
            httpx.Response(404, json=["database not found"]),
            errors.OutcomeUnknown,
            "doesn't look like one from Turso",
            id="404 with a list",
        ),
        pytest.param(refuse(404, "Not Found"), errors.OutcomeUnknown, "A proxy", id="404 that names nothing"),
        pytest.param(
            refuse(404, "Not Found", path="/v1/organizations/acme/databases/orders/auth/rotate"),
            errors.OutcomeUnknown,
            "A proxy",
            id="404 with a path",
        ),
        pytest.param(
            httpx.Response(404, text="<html>"),
            errors.OutcomeUnknown,
            "A proxy may have sent it",
            id="404 with a web page",
        ),
        pytest.param(
            httpx.Response(404, text="404 page not found"),
            errors.OutcomeUnknown,
            "doesn't look like one from Turso",
            id="404 as text",
        ),
        pytest.param(refuse(404, "route not found"), errors.OutcomeUnknown, "A proxy", id="404 of the endpoint"),
        pytest.param(
            refuse(409, "conflict"), errors.TursoRejected, "conflict", id="409 to a change that creates nothing"
        ),
        pytest.param(refuse(429, "slow down"), errors.TursoRateLimited, "limiting", id="429"),
        pytest.param(refuse(408, "late"), errors.OutcomeUnknown, "408", id="408 to a change"),
        pytest.param(refuse(500, "oops"), errors.OutcomeUnknown, "500", id="500 to a change"),
        pytest.param(httpx.Response(502, text="bad gateway"), errors.OutcomeUnknown, "502", id="502 to a change"),
        pytest.param(httpx.Response(302, headers={"location": "/"}), errors.OutcomeUnknown, "302", id="a redirect"),
    ],
)
async def test_an_error_response_to_a_change_becomes_the_matching_error(
    turso: TursoClient, acme: Organization, answer: Any, kind: Any, sentence: str
) -> None:
    acme.next_answers = [answer]

    with pytest.raises(errors.TursoError) as caught:
        await turso.invalidate_tokens("orders")

    assert type(caught.value) is kind
    assert sentence in str(caught.value)
    assert caught.value.status == answer.status_code
    assert len(acme.requests) == 1, "a change is sent once, whatever the response"


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ConnectError("refused"), errors.NotSent),
        (httpx.ConnectTimeout("late"), errors.NotSent),
        (httpx.PoolTimeout("busy"), errors.NotSent),
        (httpx.ReadTimeout("late"), errors.OutcomeUnknown),
        (httpx.WriteTimeout("late"), errors.OutcomeUnknown),
        (httpx.ReadError("broken"), errors.OutcomeUnknown),
        (httpx.WriteError("broken"), errors.OutcomeUnknown),
        (httpx.RemoteProtocolError("nonsense"), errors.OutcomeUnknown),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_the_error_of_an_unanswered_change_says_whether_it_may_have_happened(
    turso: TursoClient, acme: Organization, failure: Any, kind: Any
) -> None:
    acme.next_answers = [failure]

    with pytest.raises(kind):
        await turso.destroy_database("orders")

    assert len(acme.requests) == 1


async def test_a_code_that_repeats_the_api_token_is_kept_without_it(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [refuse(403, "no", code=f"bad:{TOKEN}")]

    with pytest.raises(errors.TursoForbidden) as caught:
        await turso.groups()

    assert caught.value.code == "bad:…"


async def test_code_and_message_are_kept_separately(turso: TursoClient, acme: Organization) -> None:
    acme.next_answers = [refuse(403, "not in your plan", code="feature_not_available_for_starter_plan")]

    with pytest.raises(errors.TursoForbidden) as caught:
        await turso.groups()

    assert (caught.value.code, caught.value.message) == ("feature_not_available_for_starter_plan", "not in your plan")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"message": "Not Found"}),
        httpx.Response(404, json={"detail": "Not Found"}),
        refuse(404, {"code": 404, "status": "Not Found"}),
        refuse(404, "Not Found", statusCode=404, message="Route GET:/v1/organizations/acme/databases/orders not found"),
    ],
    ids=["message", "detail", "an object", "reason phrase"],
)
async def test_a_gateways_404_to_a_read_does_not_mean_a_missing_database_and_is_not_retried(
    turso: TursoClient, acme: Organization, answer: httpx.Response
) -> None:
    acme.next_answers = [answer]

    with pytest.raises(errors.TursoError) as caught:
        await turso.database("orders")

    assert not isinstance(caught.value, errors.DatabaseNotFound)
    assert len(acme.requests) == 1


@pytest.mark.parametrize("error", [{"why": ["a", 1]}, ["a"], 7, None, "", "x" * 5000, "two\n lines\x00"])
async def test_an_error_field_with_any_json_value_becomes_one_short_sentence(
    turso: TursoClient, acme: Organization, error: Any
) -> None:
    acme.next_answers = [refuse(400, error)]

    with pytest.raises(errors.TursoRejected) as caught:
        await turso.groups()

    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


async def test_the_error_about_a_missing_group_names_it(turso: TursoClient) -> None:
    with pytest.raises(errors.GroupNotFound, match="no group `eu`") as caught:
        await turso.group("eu")

    assert caught.value.name == "eu"


def test_every_error_can_be_shown_to_people() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]

    assert all(issubclass(kind, BotError) for kind in kinds)
    assert {kind.__name__ for kind in kinds if issubclass(kind, Unavailable)} >= {
        "TursoUnavailable",
        "TursoRateLimited",
    }


@pytest.mark.parametrize("trouble", ["echo", "network", "redirect"])
async def test_no_exception_repr_or_log_contains_the_api_token(caplog: pytest.LogCaptureFixture, trouble: str) -> None:
    jwt = "eyJhbGciOiJFZERTQSJ9.eyJhIjoicncifQ.AAAABBBBCCCC"

    def handle(request: httpx.Request) -> httpx.Response:
        if trouble == "network":
            raise httpx.ReadError(f"while sending {request.headers}", request=request)
        if trouble == "redirect":
            return httpx.Response(307, headers={"location": f"https://evil.example/?{TOKEN}"})
        return refuse(400, f"the token {TOKEN} or {jwt} is bad")

    caplog.set_level(logging.DEBUG)
    async with client_of(handle) as http:
        client = TursoClient(http, http, "acme")
        for call in (
            client.databases(),
            client.destroy_database("x"),
            client.mint_token("x", expiration="1h", read_only=True),
        ):
            with pytest.raises(errors.TursoError) as caught:
                await call
            seen = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__) + repr(client)
            assert TOKEN not in seen
            assert jwt not in seen
            assert caught.value.__context__ is None, "even a suppressed context must not contain the request"

    assert TOKEN not in caplog.text
