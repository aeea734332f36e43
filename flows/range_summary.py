"""What a range's tables say in numbers: counts, extremes and consistency checks, summed over a run.

A summary holds no person's data. It is kept in the manifest of the range's artifact, so that a resumed run
adds up without computing anything again, and gates judge the whole run in memory that does not grow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from math import isinf
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.documents import reading_document
from contracts.extraction import TableCounts
from contracts.score_scale import BAND_UPPER_SCORES, SCORE_MAX, SCORE_MIN, Status
from models.monitoring.reference_distribution import ReferenceDistribution

HISTOGRAM_STEP = 20
HISTOGRAM_BINS = (SCORE_MAX - SCORE_MIN) // HISTOGRAM_STEP + 1

WIDEST_SCORES = 1 << 20
"""Unclipped scores up to which there is a place for each, while probabilities are compared with them."""

_BANDS = pa.array([band.value for band, _ in BAND_UPPER_SCORES])
_BAND_UPPERS = np.array([upper for _, upper in BAND_UPPER_SCORES])


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """One feature over some consumers: rows, missing, not finite, and the extremes of the rest."""

    rows: int = 0
    missing: int = 0
    not_finite: int = 0
    minimum: float | None = None
    maximum: float | None = None

    def __add__(self, other: ColumnSummary) -> ColumnSummary:
        """Return the summary of both sets of consumers."""
        return ColumnSummary(
            self.rows + other.rows,
            self.missing + other.missing,
            self.not_finite + other.not_finite,
            _extreme(min, self.minimum, other.minimum),
            _extreme(max, self.maximum, other.maximum),
        )


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """The scores of some consumers: how many, how spread, and how many break a promise of the score."""

    scored: int = 0
    insufficient: int = 0
    histogram: tuple[int, ...] = (0,) * HISTOGRAM_BINS
    bands: Mapping[str, int] = field(default_factory=dict)
    score_sum: int = 0
    probability_sum: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    probability_minimum: float | None = None
    probability_maximum: float | None = None
    broken: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: ScoreSummary) -> ScoreSummary:
        """Return the summary of both sets of consumers."""
        return ScoreSummary(
            self.scored + other.scored,
            self.insufficient + other.insufficient,
            tuple(a + b for a, b in zip(self.histogram, other.histogram, strict=True)),
            _add_counts(self.bands, other.bands),
            self.score_sum + other.score_sum,
            self.probability_sum + other.probability_sum,
            _extreme(min, self.minimum, other.minimum),
            _extreme(max, self.maximum, other.maximum),
            _extreme(min, self.probability_minimum, other.probability_minimum),
            _extreme(max, self.probability_maximum, other.probability_maximum),
            _add_counts(self.broken, other.broken),
        )


@dataclass(frozen=True, slots=True)
class RangeSummary:
    """A range, or a whole run: counts by table, features, scores, seconds by step, and rows by the model's cells."""

    ranges: int = 0
    counts: Mapping[str, TableCounts] = field(default_factory=dict)
    columns: Mapping[str, ColumnSummary] = field(default_factory=dict)
    scores: ScoreSummary = field(default_factory=ScoreSummary)
    seconds: Mapping[str, float] = field(default_factory=dict)
    distribution: ReferenceDistribution = field(default_factory=ReferenceDistribution)

    def __add__(self, other: RangeSummary) -> RangeSummary:
        """Return the summary of both."""
        return RangeSummary(
            self.ranges + other.ranges,
            _merge(self.counts, other.counts),
            _merge(self.columns, other.columns),
            self.scores + other.scores,
            _merge(self.seconds, other.seconds),
            self.distribution + other.distribution,
        )

    @property
    def extracted_clients(self) -> int:
        """Return the consumers known at the reference date: all that were read, less the later ones."""
        clients = self.counts.get("cliente", TableCounts())
        return clients.read - sum(clients.ignored.values())

    @property
    def rejected_clients(self) -> int:
        """Return the consumers that were refused."""
        return sum(self.counts.get("cliente", TableCounts()).rejected.values())

    @property
    def unaccounted_clients(self) -> int:
        """Return extracted - (scored + insufficient + rejected): zero, or the run may not publish."""
        published = self.scores.scored + self.scores.insufficient
        return self.extracted_clients - published - self.rejected_clients

    def numbers(self) -> Iterator[object]:
        """Yield every figure that is added up over ranges, but the counts of tables and cells."""
        yield self.ranges
        yield from self.seconds.values()
        parts: list[ColumnSummary | ScoreSummary] = [*self.columns.values(), self.scores]
        for part in parts:
            for value in _fields_of(part).values():
                yield from value.values() if isinstance(value, Mapping) else _listed(value)

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a manifest holds it."""
        return {
            "faixas": self.ranges,
            "contagens": {name: counts.to_json() for name, counts in self.counts.items()},
            "variaveis": {name: _fields_of(column) for name, column in self.columns.items()},
            "pontuacao": _fields_of(self.scores),
            "segundos": dict(self.seconds),
            "distribuicao": self.distribution.to_json(),
        }

    @classmethod
    def from_json(cls, body: Any) -> RangeSummary:
        """Return the summary that ``to_json`` wrote; DataIntegrityError if it is of another form."""
        with reading_document("summary of a range"):
            scores = dict(body["pontuacao"])
            scores["histogram"] = tuple(scores["histogram"])
            scores["bands"] = {band.value: scores["bands"].get(band.value, 0) for band, _ in BAND_UPPER_SCORES}
            found = cls(
                body["faixas"],
                {name: TableCounts.from_json(counts) for name, counts in body["contagens"].items()},
                {name: ColumnSummary(**column) for name, column in body["variaveis"].items()},
                ScoreSummary(**scores),
                dict(body["segundos"]),
                ReferenceDistribution.from_json(body["distribuicao"]),
            )
            if not set(map(type, found.numbers())) <= {int, float, type(None)}:
                raise TypeError("a figure is not a number")
            return found + cls()


def summarize_features(table: pa.Table) -> dict[str, ColumnSummary]:
    """Return a summary of every feature column (all but cpf, cliente_id and sem_dados)."""
    names = [name for name in table.column_names if name not in {"cpf", "cliente_id", "sem_dados"}]
    return {name: _summarize_column(table[name]) for name in names}


def summarize_scores(scores: pa.Table, recomputed: npt.NDArray[np.integer[Any]]) -> ScoreSummary:
    """Return a summary of scores and of how many rows break each promise of the score (docs/explanation/the-score.md).

    ``scores`` has SCORES_SCHEMA; ``recomputed`` is base points plus all terms' points of each row, added up apart
    from the scoring that is judged, and any integer where there is no score.
    """
    is_scored = pc.equal(scores["status"], Status.OK.value).to_numpy()
    kept, total = scores.select(["score", "score_bruto", "probabilidade", "faixa"]), recomputed
    if not is_scored.all():
        kept, total = kept.filter(pa.array(is_scored)), recomputed[is_scored]
    score = np.asarray(kept["score"], dtype=np.int64)
    raw = np.asarray(kept["score_bruto"], dtype=np.int64)
    probability = np.asarray(kept["probabilidade"], dtype=np.float64)
    bands = pc.fill_null(pc.index_in(kept["faixa"], value_set=_BANDS), -1).to_numpy()
    return ScoreSummary(
        scored=len(score),
        insufficient=scores.num_rows - len(score),
        histogram=tuple(
            np.bincount((score - SCORE_MIN) // HISTOGRAM_STEP, minlength=HISTOGRAM_BINS)[:HISTOGRAM_BINS].tolist()
        ),
        bands=dict(
            zip(_BANDS.to_pylist(), np.bincount(bands + 1, minlength=len(_BANDS) + 1)[1:].tolist(), strict=True)
        ),
        score_sum=int(score.sum()),
        probability_sum=float(probability.sum()),
        minimum=_least(score),
        maximum=_greatest(score),
        probability_minimum=_least(probability),
        probability_maximum=_greatest(probability),
        broken={
            "soma_das_contribuicoes": int(np.count_nonzero(total != raw)),
            "recorte_da_escala": int(np.count_nonzero(np.clip(raw, SCORE_MIN, SCORE_MAX) != score)),
            "faixa": int(np.count_nonzero(bands != np.searchsorted(_BAND_UPPERS, score))),
            "probabilidade_fora_de_0_1": int(np.count_nonzero(~((probability > 0) & (probability < 1)))),
            "monotonia": _monotone_violations(raw, probability),
            "sem_dados_com_score": _scored_without_status(scores),
        },
    )


def _monotone_violations(raw: npt.NDArray[np.int64], probability: npt.NDArray[np.float64]) -> int:
    """Count neighbours, by unclipped score, whose probability of default rises with the score."""
    if not len(raw):
        return 0
    places = raw - raw.min()
    if places.max() < WIDEST_SCORES:
        of_score = np.full(places.max() + 1, np.nan)
        of_score[places] = probability
        if np.array_equal(of_score[places], probability):  # one probability a score, as it should be: no need to sort
            of_score = of_score[~np.isnan(of_score)]
            return int(np.count_nonzero(np.diff(of_score) > 0))
    order = np.lexsort((-probability, raw))
    return int(np.count_nonzero(np.diff(probability[order]) > 0))


def _scored_without_status(scores: pa.Table) -> int:
    has_no_data = pc.equal(scores["status"], Status.INSUFFICIENT_DATA.value)
    scored = pc.sum(pc.and_(has_no_data, pc.is_valid(scores["score"]))).as_py()
    return int(scored or 0)


def _summarize_column(column: pa.ChunkedArray) -> ColumnSummary:
    if not pa.types.is_floating(column.type):
        return ColumnSummary(rows=len(column), missing=column.null_count)
    values = column.to_numpy()  # NaN where missing
    not_a_number = int(np.count_nonzero(np.isnan(values))) - column.null_count
    least, greatest = (float(of.reduce(values, initial=np.nan)) for of in (np.fmin, np.fmax))
    if not not_a_number and not isinf(least) and not isinf(greatest):
        known = len(column) > column.null_count
        return ColumnSummary(len(column), column.null_count, 0, *((least, greatest) if known else (None, None)))
    finite = values[np.isfinite(values)]
    not_finite = len(column) - column.null_count - len(finite)
    return ColumnSummary(len(column), column.null_count, not_finite, _least(finite), _greatest(finite))


def _least(values: np.ndarray) -> float | None:
    return float(values.min()) if len(values) else None


def _greatest(values: np.ndarray) -> float | None:
    return float(values.max()) if len(values) else None


def _fields_of(summary: ColumnSummary | ScoreSummary) -> dict[str, Any]:
    """Return what a summary holds, by name."""
    return {one.name: getattr(summary, one.name) for one in fields(summary)}


def _listed(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _extreme(choose: Any, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return right if left is None else left
    extreme: float = choose(left, right)
    return extreme


def _add_counts(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {name: left.get(name, 0) + right.get(name, 0) for name in {**left, **right}}


def _merge(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(left)
    for name, value in right.items():
        merged[name] = merged[name] + value if name in merged else value
    return merged
