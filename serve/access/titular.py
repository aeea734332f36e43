"""The titular: a person whose token speaks for that person alone (LGPD art. 18 II; Lei 12.414 art. 5 II).

The claim ``titular`` is the consumer's id in Base A, ``titular_cpf``, which may be missing, the CPF. Such a
token reads this person, by id, and by CPF if it names one; it never lists, and its purpose is always ``titular``.
Issue one only to whom the identity provider has identified as that person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.cpf_number import normalize_cpf

TITULAR = "titular"
"""Claim, purpose, and the name under which the audit records a titular's own reading."""
TITULAR_CPF = "titular_cpf"
_CLIENT_ID = re.compile(r"[!-~]{1,36}")


@dataclass(frozen=True, slots=True)
class Titular:
    """The person that a token speaks for; ``cpf`` in eleven digits."""

    cliente_id: str
    cpf: str | None = None

    def __post_init__(self) -> None:
        """Refuse with ValueError what is neither an id nor a CPF."""
        if not _CLIENT_ID.fullmatch(self.cliente_id):
            raise ValueError("titular: not the id of a consumer")
        if self.cpf is not None and normalize_cpf(self.cpf) != self.cpf:
            raise ValueError("titular_cpf: not the eleven digits of a CPF")

    def is_client(self, client_id: str) -> bool:
        """Return whether an id is this person's."""
        return client_id == self.cliente_id

    def is_cpf(self, cpf: str) -> bool:
        """Return whether a CPF, with or without punctuation, is known to be this person's."""
        return self.cpf is not None and normalize_cpf(cpf) == self.cpf

    def to_claims(self) -> dict[str, str]:
        """Return the claims that name this person."""
        claims = {TITULAR: self.cliente_id}
        return claims if self.cpf is None else {**claims, TITULAR_CPF: self.cpf}


def read_titular(claims: Mapping[str, Any]) -> Titular | None:
    """Return the person that a token's claims name, None if they name nobody; ValueError if they do so wrongly.

    A claim that is there and empty or null is wrong: a mapping that failed must not open every person's data.
    """
    if TITULAR not in claims and TITULAR_CPF not in claims:
        return None
    client_id, cpf = claims.get(TITULAR), claims.get(TITULAR_CPF)
    if not isinstance(client_id, str) or not (isinstance(cpf, str) or TITULAR_CPF not in claims):
        raise ValueError("titular: not text")
    return Titular(client_id, cpf)
