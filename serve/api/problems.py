"""Every error as RFC 9457 Problem Details; none repeats what the caller sent, for it may be personal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from contracts.errors import StoreUnavailableError
from serve.api.validation_texts import text_of

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


def problem_response(
    request: Request,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> Response:
    """Return a Problem Details answer; ``errors`` names the fields at fault, never their values."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{request_id(request)}",
    }
    if errors:
        body["erros"] = errors
    content = json.dumps(body, ensure_ascii=False).encode()
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
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    for unavailable in (
        StoreUnavailableError,
        sa.exc.OperationalError,
        sa.exc.InterfaceError,
        sa.exc.TimeoutError,
        PyMongoError,
        RedisError,
    ):
        app.add_exception_handler(unavailable, _on_unavailable)
    app.add_exception_handler(Exception, _on_fault)


async def _on_http_error(request: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    is_ours = bool(known.detail) and known.detail != HTTPStatus(known.status_code).phrase
    detail = known.detail if is_ours else _DETAILS.get(known.status_code, "a requisição não pôde ser atendida")
    return problem_response(request, known.status_code, detail, headers=known.headers)


_DETAILS = {404: "não há nada neste endereço", 405: "este endereço não aceita este método"}


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    invalid = cast("RequestValidationError", error)
    errors = [
        {"campo": ".".join(str(part) for part in item["loc"]), "mensagem": text_of(item)} for item in invalid.errors()
    ]
    return problem_response(request, 422, "há parâmetros inválidos", errors=errors)


async def _on_unavailable(request: Request, _error: Exception) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem_response(request, 503, "um dos bancos de dados não respondeu; tente de novo", headers=headers)


async def _on_fault(request: Request, _error: Exception) -> Response:
    return problem_response(request, 500, "erro interno; informe o identificador desta requisição")
