"""From a points table and the rows of its training to the evidence on it and the description of its rows."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.extraction import TableCounts
from models.monitoring.reference_distribution import ReferenceDistribution, describe_distribution
from models.points.apply import raw_scores
from models.points.table import PointsTable
from models.training.data import TrainingData
from models.training.rows import SplitRows, judge_rows
from models.validation.evaluate import Floats
from models.validation.evidence import Evidence, gather_evidence
from models.validation.proxies import ProxyFinding


def judge_model(  # noqa: PLR0913 - each has its own part in the evidence
    points: PointsTable,
    rows: SplitRows,
    data: TrainingData,
    *,
    challengers: Mapping[str, Floats],
    proxies: tuple[ProxyFinding, ...],
    seed: int,
) -> Evidence:
    """Return the evidence: of the fit, of the calibration, and at later dates of unseen consumers and of everybody.

    ``challengers`` hold a probability of default for each of ``rows.strict``.
    """
    return gather_evidence(
        points,
        fit=judge_rows(points, rows.fit, data),
        calibration=judge_rows(points, rows.calibration, data),
        out_of_time=judge_rows(points, rows.strict, data),
        out_of_time_all=judge_rows(points, rows.later, data),
        fit_table=rows.fit.features,
        out_of_time_table=rows.strict.features,
        challengers=challengers,
        proxies=proxies,
        seed=seed,
    )


def describe_rows(points: PointsTable, rows: SplitRows, counts: Mapping[str, TableCounts]) -> ReferenceDistribution:
    """Return the description of all the rows at the training dates, whatever their use."""
    parts = (rows.fit.features, rows.calibration.features, rows.unseen.features)
    described = (describe_distribution(points, part, raw_scores(points, part)) for part in parts)
    return sum(described, ReferenceDistribution(counts=dict(counts)))
