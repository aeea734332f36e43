"""What rows look like to a model: rows a cell of every feature, rows a raw score, and what was refused on the way.

One description is kept with the model, of the rows that it was trained on; every range of a run makes another of
the rows that it scores. Descriptions of the same model add up, so that a country is described in the memory of a
few thousand integers. They hold counts only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.documents import reading_document
from contracts.errors import DataIntegrityError
from contracts.extraction import TableCounts
from models.monitoring.cell_counts import CellCounter
from models.points.look_up import look_up
from models.points.table import PointsTable

DISTRIBUTION_FILE = "distribuicao.json"
FORMAT = 1

MAX_ROWS = 1 << 53
"""Beyond all consumers of all nights; sums of so many stay exact."""

MAX_SCORE = 1 << 31
"""Beyond every raw score that a points table can give."""

BATCH_ROWS = 32_768
"""Rows counted at a time, so that codes stay in the processor's cache."""

_MODEL = re.compile(r"([0-9a-f]{64})?")


@dataclass(frozen=True, slots=True)
class ReferenceDistribution:
    """Counts of some rows, by the cells and scores of one model; without arguments, of no row of no model.

    Attributes
    ----------
    model
        SHA-256 of the points table by which rows were counted; empty if nothing was.
    rows
        Number of rows.
    cells
        Rows in each cell of each feature's axis (``cell_counts.feature_axes``), "missing" last; each sums to ``rows``.
    scores
        Rows at each raw score, as is before clipping; sums to ``rows``.
    counts
        What the extraction that the rows come from read, used and refused, by table; empty if not known.
    """

    model: str = ""
    rows: int = 0
    cells: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    scores: Mapping[int, int] = field(default_factory=dict)
    counts: Mapping[str, TableCounts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.rows <= MAX_ROWS or any(abs(score) > MAX_SCORE for score in self.scores):
            raise DataIntegrityError("distribution: more rows, or scores further apart, than there can be")
        counted = [*self.cells.values(), tuple(self.scores.values())]
        wrong = sum(sum(counts) != self.rows or min(counts, default=0) < 0 for counts in counted)
        if wrong:
            raise DataIntegrityError(
                f"distribution: {wrong} of the counts of {len(self.cells)} features and of the scores are not of "
                f"its {self.rows} rows"
            )

    def __add__(self, other: ReferenceDistribution) -> ReferenceDistribution:
        """Return the description of both sets of rows; DataIntegrityError if they were counted by two models."""
        if not (self.model and other.model):
            known = self if self.model else other
            return ReferenceDistribution(
                known.model, known.rows, known.cells, known.scores, _add_tables(self.counts, other.counts)
            )
        if not self.is_comparable(other):
            raise DataIntegrityError("distribution: counts by the cells of two models do not add up")
        return ReferenceDistribution(
            self.model,
            self.rows + other.rows,
            {name: tuple(map(int.__add__, cells, other.cells[name])) for name, cells in self.cells.items()},
            dict(sorted((Counter(self.scores) + Counter(other.scores)).items())),
            _add_tables(self.counts, other.counts),
        )

    def is_comparable(self, other: ReferenceDistribution) -> bool:
        """Return whether both were counted by the same model, in the same cells."""
        sizes, others = ({name: len(cells) for name, cells in d.cells.items()} for d in (self, other))
        return self.model == other.model and sizes == others

    def missing_share(self, feature: str) -> float | None:
        """Return the share of rows where a feature is missing, or None without rows."""
        return self.cells[feature][-1] / self.rows if self.rows else None

    def to_json(self) -> dict[str, Any]:
        """Return the description as ``distribuicao.json`` and the manifests of ranges hold it."""
        return {
            "formato": FORMAT,
            "modelo": self.model,
            "linhas": self.rows,
            "variaveis": {name: list(cells) for name, cells in self.cells.items()},
            "pontuacao": {str(score): rows for score, rows in self.scores.items()},
            "contagens": {name: counts.to_json() for name, counts in self.counts.items()},
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> ReferenceDistribution:
        """Return the description that ``to_json`` wrote; DataIntegrityError if it is of another form."""
        with reading_document("distribution"):
            if body["formato"] != FORMAT:
                raise DataIntegrityError(f"distribution: format {body['formato']!r:.20} where {FORMAT} was expected")
            if not _MODEL.fullmatch(body["modelo"]):
                raise ValueError("no checksum of a model")
            return cls(
                body["modelo"],
                int(body["linhas"]),
                {str(name): tuple(map(int, cells)) for name, cells in body["variaveis"].items()},
                {int(score): int(rows) for score, rows in sorted(body["pontuacao"].items(), key=_score_of)},
                {name: TableCounts.from_json(counts) for name, counts in body["contagens"].items()},
            )


def describe_distribution(
    points: PointsTable,
    table: pa.Table,
    raw: npt.NDArray[np.integer[Any]],
    *,
    counts: Mapping[str, TableCounts] | None = None,
) -> ReferenceDistribution:
    """Return the description of the rows that have a score.

    Parameters
    ----------
    points
        The model whose cells are counted.
    table
        The model's features, one row a consumer; rows where a column ``sem_dados`` is true are left out.
    raw
        Unclipped score of each row of ``table``; of one that is left out any integer will do.
    counts
        What the extraction behind ``table`` read and refused, by table, if it is to be compared later.
    """
    if len(raw) != table.num_rows:
        raise DataIntegrityError(f"distribution: {len(raw)} scores for {table.num_rows} rows")
    counter, found = CellCounter(points), look_up(points)
    has_score = np.ones(len(raw), np.bool_)
    if "sem_dados" in table.column_names:
        has_score = ~table["sem_dados"].to_numpy()
    start = 0
    for batch in table.select(points.features).to_batches(max_chunksize=BATCH_ROWS) if points.features else ():
        counter.add(found.source_codes(batch), has_score[start : start + batch.num_rows])
        start += batch.num_rows
    return counted_distribution(points, counter, raw[has_score], counts=counts)


def counted_distribution(
    points: PointsTable,
    counter: CellCounter,
    raw: npt.NDArray[np.integer[Any]],
    *,
    counts: Mapping[str, TableCounts] | None = None,
) -> ReferenceDistribution:
    """Return the description of rows whose cells were counted as they were scored; ``raw`` has their unclipped scores.

    DataIntegrityError if ``counter`` and ``raw`` are not of the same number of rows.
    """
    return ReferenceDistribution(points.sha256, len(raw), counter.cells(), _count_scores(raw), dict(counts or {}))


def _count_scores(raw: npt.NDArray[np.integer[Any]]) -> dict[int, int]:
    if not len(raw):
        return {}
    lowest = int(raw.min())
    rows = np.bincount(raw - lowest)
    return {lowest + int(step): int(rows[step]) for step in np.flatnonzero(rows)}


def _add_tables(left: Mapping[str, TableCounts], right: Mapping[str, TableCounts]) -> dict[str, TableCounts]:
    none = TableCounts()
    return {name: left.get(name, none) + right.get(name, none) for name in {**left, **right}}


def _score_of(item: tuple[str, object]) -> int:
    return int(item[0])
