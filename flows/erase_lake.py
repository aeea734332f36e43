"""One person out of the lake: snapshots with what they set aside, features and scores, and training samples.

An artifact of a published run is written anew without the person's rows; a run or training that was never finished
loses all it had, for it would be made again. The new form is laid aside before the old one is touched, so
that a kill at any moment leaves one of the two whole, and the next call goes on from there.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contracts.artifacts import ArtifactStore, Content
from contracts.cpf import plain_cpfs
from contracts.documents import reading_document, reading_parquet
from contracts.errors import DataIntegrityError
from contracts.tables import CLIENTE
from extract.partitions import bound_before
from extract.record_keys import key_texts

FOLDERS = {"snapshots": 2, "scores": 2, "training": 3}
"""Where rows of persons lie, and how many folders below each an artifact is."""

_LAID_ASIDE = "apagamentos"
_PLAN = "plano.json"


@dataclass(frozen=True, slots=True)
class Person:
    """Who is to be found: the consumer's id, and every CPF they were known under."""

    client_id: str
    cpfs: frozenset[str]

    @property
    def keys(self) -> frozenset[str]:
        """Return the keys under which a refused record would name the person."""
        return frozenset({self.client_id, *key_texts(pa.array([self.client_id, *sorted(self.cpfs)])).to_pylist()})


def find_cpfs(lake: ArtifactStore, client_id: str) -> frozenset[str]:
    """Return the CPFs under which the lake knows a consumer, refused records included."""
    found: set[str] = set()
    for path in artifact_paths(lake):
        try:
            for name in filter(_holds_clients, _names(lake, path)):
                table = lake.read_table(path, name, columns=["cpf", "id"])
                with reading_document(f"{path}/{name}"):
                    found.update(table.filter(pc.equal(table["id"], client_id))["cpf"].drop_null().to_pylist())
        except DataIntegrityError:
            continue  # what cannot be read is removed whole later
    return frozenset(found)


def erase_from_lake(lake: ArtifactStore, person: Person, published: Collection[str]) -> dict[str, int]:
    """Remove a person from every artifact and return rows by folder; those of ``published`` runs are kept."""
    _complete(lake)
    removed = dict.fromkeys(FOLDERS, 0)
    for path in list(artifact_paths(lake)):
        folder, owner = path.split("/")[:2]
        rows = count_rows(lake, path, person)
        if rows == 0:
            continue
        removed[folder] += max(rows, 0)
        if owner not in published:
            for name in FOLDERS:  # its other parts count on this one
                lake.delete(f"{name}/{owner}")
        elif rows < 0:
            lake.delete(path)
        else:
            _replace(lake, path, _without(lake, path, person))
    return removed


def count_in_lake(lake: ArtifactStore, person: Person) -> int:
    """Return how many rows of a person the lake still holds, an artifact that cannot be read counting as one."""
    return sum(abs(count_rows(lake, path, person)) for path in artifact_paths(lake))


def artifact_paths(lake: ArtifactStore) -> Iterator[str]:
    """Yield the paths of all artifacts, whole or not, in which persons may be."""
    for folder, depth in FOLDERS.items():
        yield from _below(lake, folder, depth)


def count_rows(lake: ArtifactStore, path: str, person: Person) -> int:
    """Return how many rows (or plan's bounds) of an artifact are of the person; -1 if it cannot be told."""
    try:
        if lake.read_manifest(path) is None:
            return -1
        return sum(_count(name, lake.read_bytes(path, name), person) for name in _names(lake, path))
    except DataIntegrityError:
        return -1


def _below(lake: ArtifactStore, path: str, depth: int) -> Iterator[str]:
    for name in lake.list(path):
        inner = f"{path}/{name}"
        if name == "mudancas":
            yield from _below(lake, inner, 2)
        elif depth > 1:
            yield from _below(lake, inner, depth - 1)
        else:
            yield inner


def _names(lake: ArtifactStore, path: str) -> list[str]:
    manifest = lake.read_manifest(path)
    return [] if manifest is None else sorted(manifest.files)


def _holds_clients(name: str) -> bool:
    return name.removesuffix(".parquet").split("-")[-1] == CLIENTE.name


def _count(name: str, data: bytes, person: Person) -> int:
    if name == _PLAN:
        with reading_document(name):
            return sum(bound in person.cpfs for _, *bounds in json.loads(data)["faixas"] for bound in bounds)
    if not name.endswith(".parquet"):
        return 0
    with reading_parquet(name):
        return int(_rows_of(name, pq.read_table(io.BytesIO(data)), person).sum())


def _rows_of(name: str, table: pa.Table, person: Person) -> np.ndarray:
    """Return which rows are the person's: by CPF, by consumer id, or, among the refused, by the record's key."""
    client = pa.array([person.client_id])
    columns = {"cliente_id": client, "chave": pa.array(sorted(person.keys), pa.string())}
    columns |= {"id": client} if _holds_clients(name) else {}
    found = np.zeros(table.num_rows, dtype=bool)
    for column, values in columns.items():
        if column in table.column_names:
            found |= np.asarray(pc.is_in(table[column], value_set=values))
    if "cpf" in table.column_names:  # what was set aside is as the store has it, punctuation and all
        found |= np.asarray(pc.is_in(plain_cpfs(table["cpf"]), value_set=pa.array(sorted(person.cpfs), pa.string())))
    return found


def _without(lake: ArtifactStore, path: str, person: Person) -> dict[str, Content]:
    return {name: _cleared(name, lake.read_bytes(path, name), person) for name in _names(lake, path)}


def _cleared(name: str, data: bytes, person: Person) -> Content:
    if name == _PLAN:
        return _moved_bounds(json.loads(data), person)
    if not name.endswith(".parquet") or not _count(name, data, person):
        return data
    table = pq.read_table(io.BytesIO(data))
    found = _rows_of(name, table, person)
    if "chave" in table.column_names:
        blank = pc.if_else(pa.array(found), pa.scalar(None, pa.string()), table["chave"])
        return table.set_column(table.column_names.index("chave"), "chave", blank)
    return table.filter(pa.array(~found))


def _moved_bounds(plan: dict[str, Any], person: Person) -> Mapping[str, Any]:
    """Return a plan of the same ranges in which no bound is the person's CPF."""
    moved = {cpf: bound_before(cpf) for cpf in person.cpfs}
    return {**plan, "faixas": [[index, *(moved.get(b, b) for b in bounds)] for index, *bounds in plan["faixas"]]}


def _replace(lake: ArtifactStore, path: str, files: Mapping[str, Content]) -> None:
    manifest = lake.read_manifest(path)
    assert manifest is not None
    aside = f"{_LAID_ASIDE}/{path.replace('/', '~')}"
    lake.write(aside, files, meta={**manifest.meta, "caminho": path})
    _put_in_place(lake, aside)


def _put_in_place(lake: ArtifactStore, aside: str) -> None:
    """Write what was laid aside where it belongs, then drop it; doing it again changes nothing."""
    manifest = lake.verify(aside)
    meta = dict(manifest.meta)
    lake.write(meta.pop("caminho"), {name: lake.read_bytes(aside, name) for name in manifest.files}, meta=meta)
    lake.delete(aside)


def _complete(lake: ArtifactStore) -> None:
    """Finish what an erasure that was killed had laid aside; what it had not laid aside whole, it had not begun."""
    for name in lake.list(_LAID_ASIDE):
        aside = f"{_LAID_ASIDE}/{name}"
        try:
            is_whole = lake.read_manifest(aside) is not None
        except DataIntegrityError:
            is_whole = False
        if is_whole:
            _put_in_place(lake, aside)
        else:
            lake.delete(aside)
