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
_DETAILS = {404: "não há nada neste endereço", 405: "este endereço não aceita este método"}
_RETRY = {"Retry-After": str(RETRY_AFTER_SECONDS)}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, as a caller may know it; ``errors`` names the fields at fault, never their values."""

    status: int
    detail: str
    headers: Mapping[str, str] | None = None
    errors: list[dict[str, str]] | None = None


FAULT = Problem(500, "erro interno; informe o identificador desta requisição")
OVERDUE = Problem(503, "a resposta não ficou pronta a tempo; tente de novo", _RETRY)
UNAVAILABLE = Problem(503, "um dos bancos de dados ou o registro da auditoria não respondeu; tente de novo", _RETRY)
INVALID_DETAIL = "há parâmetros inválidos"


def problem_of(error: Exception) -> Problem:
    """Return what an exception tells a caller; a fault without a word of its text if it is none of the known ones."""
    if isinstance(error, HTTPException):
        is_ours = bool(error.detail) and error.detail != HTTPStatus(error.status_code).phrase
        detail = error.detail if is_ours else _DETAILS.get(error.status_code, "a requisição não pôde ser atendida")
        return Problem(error.status_code, detail, error.headers)
    if isinstance(error, RequestValidationError):
        errors = [
            {"campo": ".".join(str(part) for part in item["loc"]), "mensagem": text_of(item)} for item in error.errors()
        ]
        return Problem(422, INVALID_DETAIL, errors=errors)
    if isinstance(error, _UNAVAILABLE):
        return UNAVAILABLE
    return FAULT


def problem_content(problem: Problem, identifier: str) -> bytes:
    """Return the document of a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
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


def problem_response(
    request: Request,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> Response:
    """Return a Problem Details answer; ``errors`` names the fields at fault, never their values."""
    content = problem_content(Problem(status, detail, errors=errors), request_id(request))
    return Response(content, status, {**(headers or {}), "Cache-Control": "no-store"}, MEDIA_TYPE)


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
    problem = problem_of(error)
    return problem_response(request, problem.status, problem.detail, headers=problem.headers, errors=problem.errors)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        return await _on_known_error(request, error)
    allowed = {"Allow": ", ".join(_allowed_methods(request.app.routes, request.scope))}
    return problem_response(request, error.status_code, _DETAILS[error.status_code], headers=allowed)


def _allowed_methods(routes: Iterable[BaseRoute], scope: Scope) -> list[str]:
    methods: set[str] = set()
    for route in routes:
        if route.matches(scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
