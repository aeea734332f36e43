"""Parameters that several endpoints take, and the refusal of those that none takes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import AfterValidator, BeforeValidator, Field

from contracts.letter_folding import PARTING, REMOVED
from serve.api.problem_error import ProblemError
from serve.api.problem_types import UNKNOWN_PARAMETER
from serve.api.validation_texts import NOT_A_CPF, NOT_A_DAY, NOT_AN_INTEGER, malformed

_CPF = re.compile(r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}-?[0-9]{2}")
_CLIENT_ID = re.compile(r"[!-~]{1,36}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


def cpf_digits(text: str) -> str:
    """Return the eleven digits of a CPF with or without punctuation; pydantic's error if it is not written as one.

    >>> cpf_digits("529.982.247-25")
    '52998224725'
    """
    if not _CPF.fullmatch(text):
        raise malformed(NOT_A_CPF)
    return text.replace(".", "").replace("-", "")


def _day(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    if not _DAY.fullmatch(text):
        raise malformed(NOT_A_DAY)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise malformed(NOT_A_DAY) from None


def _integer(text: Any) -> Any:
    if isinstance(text, str) and not _INTEGER.fullmatch(text):
        raise malformed(NOT_AN_INTEGER)
    return text


_CONTROLS = r"\x00-\x1f\x7f"
_NO_WORD = "".join(f"\\u{ord(character):04x}" for character in PARTING + REMOVED)
PlainText = Annotated[str | None, Field(pattern=f"^[^{_CONTROLS}]{{1,200}}$")]
"""A text to search by, of any characters but controls."""
NameText = Annotated[
    str | None, Field(max_length=200, pattern=f"^[^{_CONTROLS}]*[^{_CONTROLS}{_NO_WORD}][^{_CONTROLS}]*$")
]
"""The same with at least one character that belongs to a word."""
CPF_PATTERN = {"pattern": f"^{_CPF.pattern}$"}
CpfText = Annotated[str, AfterValidator(cpf_digits), Field(json_schema_extra=CPF_PATTERN)]
"""A CPF with or without punctuation, given on as its eleven digits; anything else is a 422."""
Day = Annotated[date, BeforeValidator(_day)]
"""A day as YYYY-MM-DD and in no other form: pydantic alone takes numbers for instants since 1970."""
IN_DIGITS = BeforeValidator(_integer)
"""The rule of an integer, to be named after its limits: limits that follow it are lost from the API's document."""
Integer = Annotated[int, IN_DIGITS]
"""An integer in ASCII digits: pydantic alone takes ``1.0`` and `` 1 `` too."""
CpfInPath = Annotated[
    str,
    Path(description="CPF, com ou sem pontuação", json_schema_extra=CPF_PATTERN),
    AfterValidator(cpf_digits),
]
CLIENT_ID_PATTERN = r"^[!-~]{1,36}$"
BAD_CLIENT_ID = {"type": "string_pattern_mismatch", "loc": ("path", "cliente_id")}
"""What a direct route answers a path with that names nobody."""
ClientId = Annotated[str, Path(pattern=CLIENT_ID_PATTERN, description="identificador do consumidor na Base A")]


def is_client_id(text: str) -> bool:
    """Return whether a text can be a consumer's id.

    >>> is_client_id("c-1"), is_client_id("c 1"), is_client_id("")
    (True, False, False)
    """
    return bool(_CLIENT_ID.fullmatch(text))


def only_parameters(*names: str) -> Callable[[Request], Awaitable[None]]:
    """Return a dependency that answers 400 to any other query parameter, or to one given twice."""
    allowed = set(names)

    async def check(request: Request) -> None:
        given = [name for name, _ in request.query_params.multi_items()]
        if set(given) - allowed:
            known = f"os conhecidos são: {', '.join(names)}" if names else "este endereço não aceita nenhum"
            raise ProblemError(UNKNOWN_PARAMETER, f"há parâmetro desconhecido; {known}")
        if len(given) != len(set(given)):
            raise ProblemError(UNKNOWN_PARAMETER, "há parâmetro repetido")

    return check
