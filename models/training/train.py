"""Training: dated features and labels in, a compiled model with its evidence and the gate's decision out.

The scorecard's hyper-parameters and terms are learnt from the fit consumers at the training dates, its calibration
from others at those dates; a third part of the consumers, at later dates, judges, and had no say in anything.
A gradient boosting and a logistic regression are trained on the same rows to compare with. Training refuses rather
than guess: forbidden inputs and encoded copies of them, labels too few, noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from contracts.feature_terms import InputType, RiskDirection
from models.inputs import InputFeature, check_inputs
from models.monitoring.reference_distribution import ReferenceDistribution
from models.points.scaling import ScoreScale
from models.points.table import PointsTable
from models.training.calibration import Calibration, fit_calibration
from models.training.challengers import CHALLENGERS
from models.training.champion import Champion, ranking_of
from models.training.copies import refuse_copies
from models.training.data import PART_SHARES, DatedSample, TrainingData, is_known
from models.training.incumbent import Incumbent, compare_with_incumbent
from models.training.judgement import describe_rows, judge_model
from models.training.record import InputUse, TrainingRecord, library_versions
from models.training.refusals import refuse_dates, refuse_noise, refuse_thin
from models.training.rows import Floats, SplitRows, TrainingRows, split_rows
from models.training.selection import CANDIDATES, Candidate, select_candidate
from models.training.takeover import Decision, decide_takeover
from models.validation.evidence import Evidence
from models.validation.proxies import ProxyFinding, find_proxies

__all__ = [
    "DatedSample",
    "Incumbent",
    "InputFeature",
    "InputType",
    "RiskDirection",
    "TrainedModel",
    "TrainingData",
    "TrainingOptions",
    "train_scorecard",
]


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What a training is told: names, the labels' definition, the scale, the seed, the grid, the processes."""

    name: str = "escore-scorecard"
    horizon_months: int = 12
    min_debt_cents: int = 10_000
    scale: ScoreScale = field(default_factory=ScoreScale)
    seed: int = 1
    candidates: tuple[Candidate, ...] = CANDIDATES
    jobs: int | None = None


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A points table, the evidence on it, what it was made from, whether it may take over, and its rows in counts."""

    points: PointsTable
    evidence: Evidence
    record: TrainingRecord
    decision: Decision
    distribution: ReferenceDistribution


def train_scorecard(
    data: TrainingData,
    inputs: Sequence[InputFeature],
    *,
    options: TrainingOptions | None = None,
    incumbent: Incumbent | None = None,
    report: Callable[[str], None] | None = None,
) -> TrainedModel:
    """Return the model trained on ``data.samples`` and judged on ``data.validation``.

    Parameters
    ----------
    data, inputs
        Dated samples, and the inputs with their directions.
    options
        Names, scale, seed and grid.
    incumbent
        The model in force, if any, that the new one must be no worse than to take over.
    report
        Called with the name of each step as it begins.

    Raises
    ------
    TrainingRefusedError
        No honest or lawful model can be made, with the counts. The same data, inputs, options and versions give the
        same points table, byte for byte, on any number of threads.
    """
    options = options or TrainingOptions()
    report = report or _say_nothing
    check_inputs(inputs)
    refuse_dates(data, options.horizon_months)
    report("align the samples")
    rows = split_rows(data, inputs, seed=options.seed)
    refuse_thin(rows)
    report("look for copies and proxies")
    looked_for, proxies = _look_for_copies(rows.fit, inputs, data.protected, seed=options.seed)
    champion = Champion(tuple(inputs), options.seed, options.jobs)
    report("select hyper-parameters")
    selection = select_candidate(
        rows.fit.features, rows.fit.is_bad, champion.try_out, seed=options.seed, candidates=options.candidates
    )
    report("fit the scorecard")
    points, calibration = _fit_points(champion, selection.chosen, rows, options)
    challengers = _challenge(rows, inputs, seed=options.seed, report=report)
    report("gather evidence")
    evidence = judge_model(points, rows, data, challengers=challengers, proxies=proxies, seed=options.seed)
    report("decide whether it takes over")
    comparison = None if incumbent is None else compare_with_incumbent(incumbent, points, rows, seed=options.seed)
    decision = decide_takeover(evidence, points, inputs, comparison=comparison, copies_looked_for=looked_for)
    record = TrainingRecord(
        observed_until=data.observed_until,
        samples=rows.fit.counts,
        validation=rows.later.counts,
        inputs=tuple(_use(feature, points, rows.fit.features[feature.name]) for feature in inputs),
        horizon_months=options.horizon_months,
        min_debt_cents=options.min_debt_cents,
        seed=options.seed,
        shares={part.title: share for part, share in PART_SHARES.items()},
        rows_by_use=rows.counts_by_use,
        selection=selection,
        calibration=calibration,
        copies_looked_for=looked_for,
        libraries=library_versions(),
    )
    return TrainedModel(points, evidence, record, decision, describe_rows(points, rows, data.table_counts))


def _look_for_copies(
    fit: TrainingRows, inputs: Sequence[InputFeature], protected: pa.Table | None, *, seed: int
) -> tuple[tuple[str, ...], tuple[ProxyFinding, ...]]:
    """Return the attributes that were looked for and what the inputs tell of them; a copy of one is refused."""
    if protected is None:
        return (), ()
    looked_for = refuse_copies(fit.features, inputs, protected)
    known = [feature for feature in inputs if is_known(fit.features, feature)]
    return looked_for, find_proxies(fit.features, known, protected, seed=seed)


def _fit_points(
    champion: Champion, candidate: Candidate, rows: SplitRows, options: TrainingOptions
) -> tuple[PointsTable, Calibration]:
    """Return the points table fitted on one part of the consumers and calibrated on another, and the calibration."""
    model = champion.fit(candidate, rows.fit.features, rows.fit.is_bad)
    log_odds = model.log_odds(rows.calibration.features)
    refuse_noise(ranking_of(log_odds, rows.calibration, seed=options.seed))
    calibration = fit_calibration(log_odds, rows.calibration.is_bad, fitted_rows=len(rows.fit.is_bad))
    points = champion.compile(
        model.calibrated(calibration.intercept, calibration.slope),
        scale=options.scale,
        name=options.name,
        horizon_months=options.horizon_months,
    )
    return points, calibration


def _challenge(
    rows: SplitRows, inputs: Sequence[InputFeature], *, seed: int, report: Callable[[str], None]
) -> dict[str, Floats]:
    """Return each challenger's calibrated probability of default of the strict rows."""
    found = {}
    for name, fit in CHALLENGERS.items():
        report(f"challenger: {name}")
        log_odds = fit(rows.fit.features, rows.fit.is_bad, inputs, seed=seed)
        calibration = fit_calibration(
            log_odds(rows.calibration.features), rows.calibration.is_bad, fitted_rows=len(rows.fit.is_bad)
        )
        found[name] = calibration.probability(log_odds(rows.strict.features))
    return found


def _say_nothing(step: str) -> None:
    """Report no step: nobody is listening."""


def _use(feature: InputFeature, points: PointsTable, column: pa.ChunkedArray) -> InputUse:
    missing = column.null_count
    if pa.types.is_floating(column.type):
        missing = int(np.isnan(column.to_numpy()).sum())
    outcome = "usada" if feature.name in points.features else "nao_usada"
    return InputUse(feature.name, feature.code, outcome, missing / len(column), feature.label)
