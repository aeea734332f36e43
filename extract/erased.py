"""Persons who were erased at their request: whatever the stores still hold of them is dropped as it is read.

Their records are counted under the rule ``titular_apagado`` and go nowhere else: not to the lake, not to the
refused, not to training. Who they are is known by keyed hashes alone (LGPD art. 18 VI), some of them under earlier
keys than the current one: those whose persons are met here are told, with the hash under the current key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.cpf import plain_cpfs
from contracts.rules import rule
from contracts.tables import CLIENTE, DIVIDA, PESSOA
from extract.records import Flags, Records

ERASED_RULE = rule("titular_apagado")
_CLIENT_COLUMNS = {CLIENTE.name: "id", DIVIDA.name: "cliente_id", PESSOA.name: "cliente_id"}


@dataclass(frozen=True, slots=True)
class EarlierHashes:
    """How a CPF and a consumer's id were hashed under an earlier key."""

    of_cpf: Callable[[str], str]
    of_client: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Erased:
    """The hashes of erased persons, and how a CPF and a consumer's id are hashed.

    ``renamed`` gathers the hashes under earlier keys that were met, each with the same person's under the current one.
    """

    hashes: frozenset[str]
    of_cpf: Callable[[str], str]
    of_client: Callable[[str], str]
    earlier: tuple[EarlierHashes, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict, compare=False)

    def is_cpf(self, cpf: str) -> bool:
        """Return whether a CPF is an erased person's."""
        name = self.of_cpf(cpf)
        found = self.earlier and self._is_known_earlier(name, [each.of_cpf(cpf) for each in self.earlier])
        return bool(found) or name in self.hashes

    def are_clients(self, client_ids: pa.Array) -> bool:
        """Return whether all of some consumer ids are erased persons'."""
        return len(self._erased_clients([client_ids])) == len(client_ids)

    def find(self, records: Mapping[str, Records]) -> dict[str, Flags]:
        """Return which records of each table are of an erased person, by CPF (however written) or by consumer id.

        Each CPF and id is hashed once for all tables of a range, which hold the same persons.
        """
        cpfs = self._erased_cpfs([found.columns["cpf"].values for found in records.values()])
        ids = {
            name: records[name].columns[column].values for name, column in _CLIENT_COLUMNS.items() if name in records
        }
        clients = self._erased_clients(list(ids.values()))
        flags = {name: _is_in(found.columns["cpf"].values, cpfs) for name, found in records.items()}
        return flags | {name: flags[name] | _is_in(column, clients) for name, column in ids.items()}

    def _erased_cpfs(self, columns: list[pa.Array]) -> pa.Array:
        written = _distinct(columns)
        texts = zip(written.to_pylist(), plain_cpfs(written).to_pylist(), strict=True)
        return pa.array([text for text, plain in texts if self.is_cpf(plain)], pa.string())

    def _erased_clients(self, columns: list[pa.Array]) -> pa.Array:
        listed = _distinct(columns).to_pylist()
        return pa.array([text for text in listed if self._is_client(text)], pa.string())

    def _is_client(self, client_id: str) -> bool:
        name = self.of_client(client_id)
        found = self.earlier and self._is_known_earlier(name, [each.of_client(client_id) for each in self.earlier])
        return bool(found) or name in self.hashes

    def _is_known_earlier(self, name: str, earlier: Iterable[str]) -> bool:
        found = [old for old in earlier if old in self.hashes]
        self.renamed.update(dict.fromkeys(found, name))
        return bool(found)


def _distinct(columns: list[pa.Array]) -> pa.Array:
    return pc.unique(pa.chunked_array(columns, pa.string())).drop_null()


def _is_in(column: pa.Array, values: pa.Array) -> Flags:
    return np.asarray(pc.is_in(column, value_set=values)) if len(values) else np.zeros(len(column), dtype=bool)
