"""Who calls, with which scopes, for which purpose: the values that a token's claims become."""

from __future__ import annotations

import re
from dataclasses import dataclass

from contracts.cpf_number import normalize_cpf
from serve.access.titular import TITULAR, Titular

SCOPES = {
    "clientes:ler": "cadastro e dívidas dos consumidores (Sistema A)",
    "score-data:ler": "renda, bens e endereço de um consumidor (Sistema B)",
    "score-data:invalidar": "descarte da cópia em cache de renda, bens e endereço de um consumidor (Sistema B)",
    "score:ler": "score de um consumidor (Sistema B)",
    "historico:ler": "scores de um consumidor ao longo das execuções (Sistema B)",
    "eventos:ler": "últimos eventos de um CPF (Sistema C)",
    "acessos:ler": "quem consultou os dados de um consumidor nos últimos seis meses",
    "revisoes:pedir": "pedidos de revisão do score de um consumidor, e o que se fez deles",
}
MAX_PURPOSE_LENGTH = 80
MAX_SUBJECT_LENGTH = 128
_PURPOSE = re.compile(r"^[^\W\d][^\W\d \-]*(?:[ \-][^\W\d]+)*$")
_ELEVEN_DIGITS = re.compile(r"(?<!\d)(?=((?:\d[\W_]{0,3}){10}\d)(?!\d))")
"""Overlapping ones too, with up to three characters that are neither digit nor letter between two digits."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a token speaks for: the consulente, its scopes, its purpose if the token fixes one, the titular if it is one.

    A titular's ``subject`` is ``titular``: what the identity provider calls the person never gets further than this.
    """

    subject: str
    scopes: frozenset[str]
    finalidade: str | None
    titular: Titular | None = None


def is_purpose(text: str) -> bool:
    """Return whether a purpose is words of letters: no digit, hence no document number, ever reaches the audit.

    >>> is_purpose("concessao_de_credito"), is_purpose("concessão de crédito"), is_purpose("cpf 52998224725")
    (True, True, False)
    >>> is_purpose("⁵²⁹")
    False
    """
    return (
        len(text) <= MAX_PURPOSE_LENGTH
        and bool(_PURPOSE.fullmatch(text))
        and not any(character.isnumeric() for character in text)
    )


def is_subject(text: str) -> bool:
    """Return whether a text can name a consulente: up to 128 printable characters, none of them a CPF's digits.

    Names go to the audit as they are, so a name that holds a valid CPF, however punctuated, is refused; a CNPJ or any
    other longer number is not. ``titular`` names titulars alone.

    >>> is_subject("banco-do-sul"), is_subject("cnpj 11.222.333/0001-81"), is_subject("maria 529.982.247-25")
    (True, True, False)
    """
    if not 0 < len(text) <= MAX_SUBJECT_LENGTH or not text.isprintable() or text != text.strip():
        return False
    if text.casefold() == TITULAR or any(character.isnumeric() and not character.isascii() for character in text):
        return False
    return not any(normalize_cpf(re.sub(r"\D", "", number)) for number in _ELEVEN_DIGITS.findall(text))
