"""Evidence: all that is known of how good, steady, fair and dear a model is, each figure with its interval.

Enters what a points table said of consumers and what became of them; leaves what the model card, the report and the
gate read, and what is kept beside the model for good (``metricas.json``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from contracts.documents import reading_document
from contracts.errors import DataIntegrityError
from models.points.table import PointsTable
from models.validation.evaluate import Floats
from models.validation.evidence_json import decode, encode
from models.validation.fairness import AttributeFairness, measure_fairness
from models.validation.figures import SetFigures, measure_set
from models.validation.intervals import CONFIDENCE, REPLICATES, Interval, Resampling
from models.validation.judged import JudgedRows
from models.validation.price import ChallengerFigures, measure_challengers
from models.validation.proxies import ProxyFinding
from models.validation.stability import StabilityFigures, measure_stability
from models.validation.term_counts import count_cells

FORMAT = 1
"""Version of the document's form; a reader refuses any other."""


@dataclass(frozen=True, slots=True)
class TermCounts:
    """Rows of the fit, and bad ones among them, in each cell of a term, in the order of ``Term.points``."""

    code: str
    rows: tuple[int, ...]
    bads: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All figures of one model; intervals hold with ``confidence``, from ``replicates`` replicates of ``seed``.

    ``fit`` and ``calibration`` are the rows that the model was made from. ``out_of_time`` are later dates of consumers
    who had no part in it, the strict figure; ``out_of_time_all`` later dates of everybody. Stability is from the fit to
    ``out_of_time``; fairness and challengers are judged on ``out_of_time``.
    """

    seed: int
    replicates: int
    confidence: float
    fit: SetFigures
    calibration: SetFigures
    out_of_time: SetFigures
    out_of_time_all: SetFigures | None
    stability: tuple[StabilityFigures, ...]
    fairness: tuple[AttributeFairness, ...]
    challengers: tuple[ChallengerFigures, ...]
    proxies: tuple[ProxyFinding, ...]
    terms: tuple[TermCounts, ...]

    @property
    def price_of_transparency(self) -> Interval | None:
        """Return the model's AUC minus the best challenger's, out of time; below 0 transparency costs that much."""
        return self.challengers[0].auc_difference if self.challengers else None

    @property
    def score_stability(self) -> StabilityFigures:
        """Return the stability index of the score."""
        return next(figures for figures in self.stability if figures.name == "score")

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``metricas.json``."""
        return {"formato": FORMAT, **encode(self)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Evidence:
        """Return the evidence that ``to_json`` wrote; DataIntegrityError if it is of another form."""
        with reading_document("evidence"):
            if body["formato"] != FORMAT:
                raise DataIntegrityError(f"evidence: format {body['formato']!r:.20} where {FORMAT} was expected")
            return decode(cls, {name: value for name, value in body.items() if name != "formato"})


def gather_evidence(  # noqa: PLR0913 - each set of rows has its own part in the evidence
    points: PointsTable,
    *,
    fit: JudgedRows,
    calibration: JudgedRows,
    out_of_time: JudgedRows,
    fit_table: pa.Table,
    out_of_time_table: pa.Table,
    challengers: Mapping[str, Floats],
    proxies: tuple[ProxyFinding, ...],
    seed: int,
    out_of_time_all: JudgedRows | None = None,
) -> Evidence:
    """Return the evidence on a points table.

    Parameters
    ----------
    points
        The model that scored all the rows.
    fit, calibration, out_of_time, out_of_time_all
        Judged rows, as ``Evidence`` has them; fairness is measured by the groups of ``out_of_time``.
    fit_table, out_of_time_table
        The features of ``fit`` and ``out_of_time``, in the order of their rows.
    challengers
        Each one's probability of default of every row of ``out_of_time``.
    proxies
        What the training found of inputs that tell of protected attributes.
    seed
        Of the bootstrap: the same rows and seed give the same document.
    """
    for name, rows, table in (("fit", fit, fit_table), ("out of time", out_of_time, out_of_time_table)):
        if len(rows) != table.num_rows:
            raise DataIntegrityError(f"evidence: {name}: {len(rows)} judged rows and {table.num_rows} of features")
    later = Resampling(out_of_time.consumer, seed=seed)
    return Evidence(
        seed=seed,
        replicates=REPLICATES,
        confidence=CONFIDENCE,
        fit=measure_set(fit, seed=seed),
        calibration=measure_set(calibration, seed=seed),
        out_of_time=measure_set(out_of_time, seed=seed, resampling=later),
        out_of_time_all=None if out_of_time_all is None else measure_set(out_of_time_all, seed=seed),
        stability=measure_stability(points, (fit, fit_table), (out_of_time, out_of_time_table), seed=seed),
        fairness=measure_fairness(out_of_time, later),
        challengers=measure_challengers(out_of_time, challengers, later),
        proxies=proxies,
        terms=tuple(
            TermCounts(code, tuple(counts.rows.tolist()), tuple(counts.bads.tolist()))
            for code, counts in count_cells(points, fit_table, fit.is_bad).items()
        ),
    )
