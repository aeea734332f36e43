"""What is wrong with a request, told in Portuguese by the kind of error and its limits, never by what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

NOT_A_CPF = "cpf_malformado"
NOT_A_DAY = "dia_malformado"
NOT_AN_INTEGER = "inteiro_malformado"

_NUMBER = "não é um número inteiro, só em algarismos"
_TEXTS = {
    NOT_A_CPF: "não são os onze dígitos de um CPF",
    NOT_A_DAY: "não é uma data que existe, no formato AAAA-MM-DD",
    NOT_AN_INTEGER: _NUMBER,
    "missing": "falta este campo",
    "extra_forbidden": "este campo não é conhecido",
    "json_invalid": "não é JSON válido",
    "json_type": "não é JSON válido",
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_parsing_size": _NUMBER,
    "int_from_float": _NUMBER,
    "greater_than": "é preciso que seja maior que {gt}",
    "greater_than_equal": "o menor valor aceito é {ge}",
    "less_than": "é preciso que seja menor que {lt}",
    "less_than_equal": "o maior valor aceito é {le}",
    "string_type": "não é um texto",
    "string_unicode": "não é um texto em UTF-8",
    "string_pattern_mismatch": "não tem a forma esperada",
    "string_too_short": "é curto demais: o menor número de caracteres aceito é {min_length}",
    "string_too_long": "é longo demais: o maior número de caracteres aceito é {max_length}",
    "list_type": "não é uma lista",
    "too_short": "tem itens de menos: o menor número aceito é {min_length}",
    "too_long": "tem itens demais: o maior número aceito é {max_length}",
    "model_type": "não é um objeto com os campos documentados",
    "model_attributes_type": "não é um objeto com os campos documentados",
    "dict_type": "não é um objeto com os campos documentados",
}
_LIMITS = ("gt", "ge", "lt", "le", "min_length", "max_length")
_UNKNOWN = "o valor não é aceito"


def malformed(kind: str) -> PydanticCustomError:
    """Return the error that a validator of ours raises; ``text_of`` tells it."""
    return PydanticCustomError(kind, "malformed")


def text_of(error: Mapping[str, Any]) -> str:
    """Return the Portuguese text of one of pydantic's error details; a general one for a kind not listed.

    >>> text_of({"type": "less_than_equal", "ctx": {"le": 100}}), text_of({"type": "bytes_type"})
    ('o maior valor aceito é 100', 'o valor não é aceito')
    """
    given = error.get("ctx") or {}
    limits = {name: given[name] for name in _LIMITS if name in given}
    return _TEXTS.get(error["type"], _UNKNOWN).format(**limits)
