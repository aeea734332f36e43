"""Parameters that several endpoints take, and the refusal of those that none takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Request
from starlette.exceptions import HTTPException

CPF_TEXT = r"^\d{3}\.?\d{3}\.?\d{3}-?\d{2}$"
ClientId = Annotated[str, Path(pattern=r"^[!-~]{1,36}$", description="identificador do consumidor na Base A")]
CpfInPath = Annotated[str, Path(pattern=CPF_TEXT, description="CPF, com ou sem pontuação")]
_CPF = re.compile(CPF_TEXT, re.ASCII)


def cpf_digits(text: str) -> str | None:
    """Return the eleven digits of a CPF with or without punctuation; None if it is not written as one.

    >>> cpf_digits("529.982.247-25"), cpf_digits("529")
    ('52998224725', None)
    """
    return re.sub(r"\D", "", text) if _CPF.match(text) else None


def only_parameters(*names: str) -> Callable[[Request], None]:
    """Return a dependency that answers 400 to any other query parameter, or to one given twice."""
    allowed = set(names)

    def check(request: Request) -> None:
        given = [name for name, _ in request.query_params.multi_items()]
        if set(given) - allowed:
            known = f"os conhecidos são: {', '.join(names)}" if names else "este endereço não aceita nenhum"
            raise HTTPException(400, f"há parâmetro desconhecido; {known}")
        if len(given) != len(set(given)):
            raise HTTPException(400, "há parâmetro repetido")

    return check
