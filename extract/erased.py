"""Persons who were erased at their request: whatever the stores still hold of them is dropped as it is read.

Their records are counted under the rule ``titular_apagado`` and go nowhere else: not to the lake, not to the
refused, not to training. Who they are is known by keyed hashes alone (LGPD art. 18 VI).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from contracts.rules import rule
from contracts.tables import CLIENTE, DIVIDA, PESSOA
from extract.records import Flags, Records

ERASED_RULE = rule("titular_apagado")
_CLIENT_COLUMNS = {CLIENTE.name: "id", DIVIDA.name: "cliente_id", PESSOA.name: "cliente_id"}


@dataclass(frozen=True, slots=True)
class Erased:
    """The hashes of erased persons, and how a CPF and a consumer's id are hashed."""

    hashes: frozenset[str]
    of_cpf: Callable[[str], str]
    of_client: Callable[[str], str]

    def is_cpf(self, cpf: str) -> bool:
        """Return whether a CPF is an erased person's."""
        return self.of_cpf(cpf) in self.hashes

    def find(self, records: Records) -> Flags:
        """Return which records are of an erased person, by CPF or by consumer id."""
        found = self._matches(records.columns["cpf"].values, self.of_cpf)
        if records.table.name in _CLIENT_COLUMNS:
            found |= self._matches(records.columns[_CLIENT_COLUMNS[records.table.name]].values, self.of_client)
        return found

    def _matches(self, column: pa.Array, hashed: Callable[[str], str]) -> Flags:
        encoded = column.dictionary_encode()
        listed = [text is not None and hashed(text) in self.hashes for text in encoded.dictionary.to_pylist()]
        if not any(listed):
            return np.zeros(len(column), dtype=bool)
        places = np.asarray(encoded.indices.fill_null(len(listed)))
        found: Flags = np.asarray([*listed, False], dtype=bool)[places]
        return found
