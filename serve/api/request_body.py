"""JSON bodies of direct routes: read up to a limit, checked against a model; what was sent is never repeated."""

from __future__ import annotations

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from serve.api.problem_error import ProblemError
from serve.api.problem_types import BODY_TOO_LARGE, INVALID_BODY_DETAIL, INVALID_FIELDS
from serve.api.validation_texts import text_of

MAX_BODY_BYTES = 64 * 1024
"""A thousand CPFs with punctuation and quotes take some 18 kB."""

M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request) -> bytes:
    """Return the body; a 413 as soon as it is longer than the limit."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise ProblemError(BODY_TOO_LARGE, f"o corpo passa de {MAX_BODY_BYTES} bytes")
    return body


def parse_body(model: type[M], body: bytes) -> tuple[M | None, list[dict[str, str]]]:
    """Return what a body says, or None and which parts of it are wrong: places and rules, never what was sent."""
    try:
        return model.model_validate_json(body), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        known = frozenset(model.model_fields)
        return None, [{"campo": _place(item["loc"], known), "mensagem": text_of(item)} for item in found]


def invalid_body(errors: list[dict[str, str]]) -> ProblemError:
    """Return the 422 of a body, by the parts of it that ``parse_body`` found wrong."""
    return ProblemError(INVALID_FIELDS, INVALID_BODY_DETAIL, errors=errors)


def _place(location: tuple[int | str, ...], known: frozenset[str]) -> str:
    """Return where an error is, by the model's own names: a name that the caller made up is not repeated."""
    parts = [str(part) for part in location if isinstance(part, int) or part in known]
    return ".".join(parts) or "corpo"
