"""Which CPFs are one consumer's, and theirs alone: what may be erased by CPF, and kept out from then on.

A CPF is the consumer's if Base A, any run's scores or the lake give it to their id. One that Base A gives to another
consumer by now (it was corrected, or typed wrong before) is the other's: nothing is found by it. A text that names
nobody (too short, too long, one digit eleven times) finds nothing either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pyarrow as pa
import sqlalchemy as sa

from contracts.artifacts import ArtifactStore
from contracts.cpf import plain_cpfs
from contracts.cpf_number import CPF_LENGTH
from contracts.settings import Settings
from flows.databases import reached_engine
from flows.erase_lake import find_cpfs
from serve.publishing import erasure

_OWN = sa.text("select cpf from cliente where id = :id and cpf is not null")
_OTHERS = sa.text("select cpf from cliente where id <> :id and cpf in :cpfs").bindparams(
    sa.bindparam("cpfs", expanding=True)
)


@contextmanager
def base_a_of(settings: Settings) -> Iterator[sa.Connection | None]:
    """Yield a connection to Base A; None where there is none to ask. StoreUnavailableError if it does not answer."""
    if settings.base_a_url is None:
        yield None
        return
    with reached_engine(settings, "base_a_url") as engine, engine.connect() as connection:
        yield connection


def cpfs_known(results: sa.Engine, lake: ArtifactStore, base_a: sa.Connection | None, client_id: str) -> frozenset[str]:
    """Return every text that stands as a consumer's CPF in any place, without punctuation."""
    found = erasure.cpfs_published(results, client_id) | find_cpfs(lake, client_id)
    if base_a is not None:
        found |= frozenset(map(str, base_a.scalars(_OWN, {"id": client_id})))
    return frozenset(plain_cpfs(pa.array(sorted(found), pa.string())).to_pylist())


def names_a_person(cpf: str) -> bool:
    """Return whether a text can name one person: eleven digits, not all the same.

    >>> names_a_person("52998224725"), names_a_person("00000000000"), names_a_person("abc")
    (True, False, False)
    """
    return len(cpf) == CPF_LENGTH and cpf.isascii() and cpf.isdecimal() and len(set(cpf)) > 1


def cpfs_of_others(
    results: sa.Engine, base_a: sa.Connection | None, client_id: str, cpfs: Collection[str]
) -> frozenset[str]:
    """Return which CPFs another consumer has now: by Base A, or by the run in force where there is no Base A."""
    if not cpfs:
        return frozenset()
    if base_a is None:
        return erasure.cpfs_of_others(results, client_id, cpfs)
    return frozenset(map(str, base_a.scalars(_OTHERS, {"id": client_id, "cpfs": sorted(cpfs)})))
