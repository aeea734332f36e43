"""Entries of many ranges gathered before they are written, so that a command fills a bucket with several rows.

A bucket's rows come from all CPF ranges. A command a row costs Redis four times what a command a bucket does, so
the rows of many ranges are sorted into buckets together; the number gathered bounds the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from serve.published.person_hash import PersonHash
from serve.publishing.record_encoding import Entries, encode_records, entries_by_client, entries_by_cpf

GROUP_ROWS = 500_000
"""Consumers written together: some 40 MB of entries."""


class EntryGroup:
    """The entries of some consumers, by consumer id and by CPF."""

    def __init__(self) -> None:
        self.rows = 0
        self._by_client: list[Entries] = []
        self._by_cpf: dict[int, list[Entries]] = {}

    @property
    def is_full(self) -> bool:
        """Whether it holds as many consumers as should be written together."""
        return self.rows >= GROUP_ROWS

    def add(self, scores: pa.Table, codes: Sequence[str], hashes: PersonHash) -> None:
        """Encode a table of SCORES_SCHEMA; DataIntegrityError if a row does not fit the layout."""
        records = encode_records(scores, codes)
        self._by_client.append(entries_by_client(scores, records, hashes))
        for part in entries_by_cpf(scores, records, hashes):
            self._by_cpf.setdefault(part.values.shape[1], []).append(part)
        self.rows += len(scores)

    def by_client(self) -> Iterator[Entries]:
        """Yield the entries by consumer id."""
        if self._by_client:
            yield _joined(self._by_client)

    def by_cpf(self) -> Iterator[Entries]:
        """Yield the entries by CPF, one part for each width of value."""
        for parts in self._by_cpf.values():
            yield _joined(parts)


def _joined(parts: Sequence[Entries]) -> Entries:
    return Entries(
        np.concatenate([part.places for part in parts]),
        np.concatenate([part.fields for part in parts]),
        np.concatenate([part.values for part in parts]),
    )
