"""Every error as RFC 9457 Problem Details; none repeats what the caller sent, for it may be personal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope, Send

from contracts.errors import StoreUnavailableError
from serve.api import problem_types as kinds
from serve.api.problem_error import ProblemError, ProblemType
from serve.api.validation_texts import text_of
from serve.sources.redis_link import RedisReplyError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
"""When a caller of a store that is down should try again; connections are tried anew on every request."""

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "identificador da requisição"},
        "erros": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"campo": {"type": "string"}, "mensagem": {"type": "string"}},
            },
        },
    },
}


_UNAVAILABLE = (
    StoreUnavailableError,
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.TimeoutError,
    RedisReplyError,
)
_FRAMEWORKS = {404: kinds.NO_SUCH_ADDRESS, 405: kinds.METHOD_NOT_ALLOWED}
"""What the framework's own exceptions mean."""
_RETRY = {"Retry-After": str(RETRY_AFTER_SECONDS)}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, as a caller may know it; ``errors`` names the fields at fault, never their values."""

    kind: ProblemType
    detail: str | None = None
    """What is said instead of the kind's usual detail."""
    headers: Mapping[str, str] | None = None
    errors: list[dict[str, str]] | None = None

    @property
    def status(self) -> int:
        """Return the status that it is answered with."""
        return self.kind.status


FAULT = Problem(kinds.INTERNAL)
OVERDUE = Problem(kinds.OVERDUE, headers=_RETRY)
UNAVAILABLE = Problem(kinds.UNAVAILABLE, headers=_RETRY)


def problem_of(error: Exception) -> Problem:
    """Return what an exception tells a caller; a fault without a word of its text if it is none of the known ones."""
    if isinstance(error, ProblemError):
        return Problem(error.kind, error.detail, error.headers, error.errors)
    if isinstance(error, HTTPException):
        return Problem(_FRAMEWORKS.get(error.status_code, kinds.MALFORMED_REQUEST), headers=error.headers)
    if isinstance(error, RequestValidationError):
        errors = [
            {"campo": ".".join(str(part) for part in item["loc"]), "mensagem": text_of(item)} for item in error.errors()
        ]
        return Problem(kinds.INVALID_FIELDS, errors=errors)
    if isinstance(error, _UNAVAILABLE):
        return UNAVAILABLE
    return FAULT


def problem_content(problem: Problem, identifier: str) -> bytes:
    """Return the document of a problem."""
    body: dict[str, Any] = {
        "type": problem.kind.uri,
        "title": problem.kind.title,
        "status": problem.status,
        "detail": problem.detail or problem.kind.detail,
        "instance": f"urn:uuid:{identifier}",
    }
    if problem.errors:
        body["erros"] = problem.errors
    return json.dumps(body, ensure_ascii=False).encode()


async def send_problem(send: Send, problem: Problem, identifier: str) -> None:
    """Answer an ASGI request with a problem."""
    content = problem_content(problem, identifier)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in (problem.headers or {}).items()]
    headers += [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def problem_response(request: Request, problem: Problem) -> Response:
    """Return a Problem Details answer."""
    headers = {**(problem.headers or {}), "Cache-Control": "no-store"}
    return Response(problem_content(problem, request_id(request)), problem.status, headers, MEDIA_TYPE)


def request_id(request: Request) -> str:
    """Return the identifier under which the request is logged and audited."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of an endpoint's error answers."""
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}
        for status in statuses
    }


def install_problems(app: FastAPI) -> None:
    """Answer every error of the application with Problem Details."""
    for kind in (RequestValidationError, *_UNAVAILABLE):
        app.add_exception_handler(kind, _on_known_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_known_error)


async def _on_known_error(request: Request, error: Exception) -> Response:
    return problem_response(request, problem_of(error))


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return await _on_known_error(request, error)
    allowed = {"Allow": ", ".join(_allowed_methods(request.app.routes, request.scope))}
    return problem_response(request, Problem(kinds.METHOD_NOT_ALLOWED, headers=allowed))


def _allowed_methods(routes: Iterable[BaseRoute], scope: Scope) -> list[str]:
    methods: set[str] = set()
    for route in routes:
        if route.matches(scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
