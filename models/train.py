"""Training: dated features and labels in, a compiled scorecard with its evidence out.

Bins and coefficients are learnt on the training dates from three quarters of the consumers; the other quarter
calibrates; a later date, seen in no choice, validates. Training refuses rather than guess: forbidden inputs and
encoded copies of them, labels too few, a validation date that is not later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import TrainingRefusedError
from models.apply import apply_scorecard
from models.binning import Bins, bin_category, bin_number
from models.compilation import centred_evidence, compile_scorecard
from models.copies import refuse_copies
from models.inputs import InputFeature, InputType, RiskDirection, check_inputs
from models.label import matures_on
from models.logistic import Calibration, LogisticFit, calibrate, fit_positive
from models.scaling import ScoreScale
from models.scorecard import Scorecard
from models.training_data import (
    DatedSample,
    Flags,
    LabelledRows,
    TrainingData,
    align_sample,
    input_column,
    is_in_share,
)
from models.training_record import InputUse, ModelMetrics, TrainingRecord, library_versions, measure_model

__all__ = [
    "DatedSample",
    "InputFeature",
    "InputType",
    "RiskDirection",
    "TrainedModel",
    "TrainingData",
    "TrainingOptions",
    "train_scorecard",
]

MIN_ROWS = 500
"""Fewest labelled rows to train on: below it a bin of 50 rows is a tenth of the data."""

MIN_OUTCOMES = 100
"""Fewest different consumers with a bad, and with a good, outcome to train on: ten an input of a small scorecard
(Peduzzi et al., 1996). One consumer who is bad as of three dates is still one."""

MIN_VALIDATION_OUTCOMES = 20
"""Fewest bad, and fewest good, rows to validate on: below it an AUC says nothing."""

CALIBRATION_SHARE = 0.25
"""Share of the consumers kept from the fit, to calibrate on and to measure unseen consumers by."""

MIN_INFORMATION = 0.002
"""Least variance of a feature's weight of evidence: a tenth of the 0.02 that is read as useless (Siddiqi, 2006)."""


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What a training is told: names, the labels' definition, the scale and the seed of the consumer split."""

    name: str = "escore-scorecard"
    horizon_months: int = 12
    min_debt_cents: int = 10_000
    scale: ScoreScale = field(default_factory=ScoreScale)
    seed: int = 1


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A scorecard, its figures, and the record of what it was made from."""

    scorecard: Scorecard
    metrics: ModelMetrics
    record: TrainingRecord


def train_scorecard(
    data: TrainingData, inputs: Sequence[InputFeature], *, options: TrainingOptions | None = None
) -> TrainedModel:
    """Return the scorecard trained on ``data.samples`` and measured on ``data.validation``.

    TrainingRefusedError, with the counts, where no honest model can be made; the same data, inputs, options and
    versions give the same scorecard, byte for byte, on any number of threads.
    """
    options = options or TrainingOptions()
    check_inputs(inputs)
    _refuse_dates(data, options.horizon_months)
    training = [align_sample(sample, inputs) for sample in data.samples]
    validation = align_sample(data.validation, inputs)
    _refuse_thin(training, validation)
    rows = pa.concat_tables([part.features for part in training])
    is_bad = np.concatenate([part.is_bad for part in training])
    looked_for = () if data.protected is None else refuse_copies(rows, inputs, data.protected)
    held_out = is_in_share(rows["cpf"], CALIBRATION_SHARE, options.seed)
    scorecard, calibration, uses = _fit_scorecard(rows, is_bad, held_out, inputs=inputs, options=options)
    metrics = measure_model(
        scorecard,
        (rows, is_bad, held_out),
        (
            validation.features,
            validation.is_bad,
            is_in_share(validation.features["cpf"], CALIBRATION_SHARE, options.seed),
        ),
    )
    record = TrainingRecord(
        observed_until=data.observed_until,
        samples=tuple(part.counts for part in training),
        validation=validation.counts,
        inputs=uses,
        horizon_months=options.horizon_months,
        min_debt_cents=options.min_debt_cents,
        seed=options.seed,
        calibration_share=CALIBRATION_SHARE,
        calibration_intercept=calibration.intercept,
        calibration_slope=calibration.slope,
        copies_looked_for=looked_for,
        libraries=library_versions(),
    )
    return TrainedModel(scorecard, metrics, record)


def _refuse_dates(data: TrainingData, horizon_months: int) -> None:
    dates = [sample.as_of for sample in data.samples]
    if not dates or len(set(dates)) != len(dates) or max(dates) >= data.validation.as_of:
        raise TrainingRefusedError(
            f"training needs distinct dates, all before the validation date {data.validation.as_of}: "
            f"got {', '.join(map(str, dates)) or 'none'}"
        )
    known_from = matures_on(data.validation.as_of, horizon_months)
    if data.observed_until < known_from:
        raise TrainingRefusedError(
            f"labels as of {data.validation.as_of} can be computed from {known_from} on; "
            f"the data ends on {data.observed_until}"
        )


def _refuse_thin(training: Sequence[LabelledRows], validation: LabelledRows) -> None:
    """Raise TrainingRefusedError, with all the counts, where there are too few outcomes to learn or to measure."""
    rows = sum(p.counts.rows for p in training)
    bads = _consumers([p.features["cpf"].filter(pa.array(p.is_bad)) for p in training])
    goods = _consumers([p.features["cpf"].filter(pa.array(~p.is_bad)) for p in training])
    late = validation.counts
    problems = []
    if rows < MIN_ROWS:
        problems.append(f"{rows} labelled rows with data, at least {MIN_ROWS} needed")
    if min(bads, goods) < MIN_OUTCOMES:
        problems.append(f"{bads} bad and {goods} good consumers, at least {MIN_OUTCOMES} of each needed")
    if min(late.bads, late.rows - late.bads) < MIN_VALIDATION_OUTCOMES:
        problems.append(
            f"validation has {late.bads} bad and {late.rows - late.bads} good, "
            f"at least {MIN_VALIDATION_OUTCOMES} of each needed"
        )
    if problems:
        each = "; ".join(f"{c.as_of}: {c.rows} rows, {c.bads} bad" for c in [*(p.counts for p in training), late])
        raise TrainingRefusedError(f"too few matured labels: {'; '.join(problems)} ({each})")


def _consumers(cpfs: Sequence[pa.ChunkedArray]) -> int:
    chunks = [chunk for column in cpfs for chunk in column.chunks]
    different: int = pc.count_distinct(pa.chunked_array(chunks, pa.string())).as_py()
    return different


def _fit_scorecard(
    rows: pa.Table, is_bad: Flags, held_out: Flags, *, inputs: Sequence[InputFeature], options: TrainingOptions
) -> tuple[Scorecard, Calibration, tuple[InputUse, ...]]:
    """Return the calibrated scorecard, the calibration, and what became of every input."""
    fitted = ~held_out
    all_bins = [(feature, _bin(rows, feature, is_bad, fitted)) for feature in inputs]
    binned = [(f, bins) for f, bins in all_bins if len(bins.woe) > 2 and bins.information_value >= MIN_INFORMATION]
    if not binned:
        raise TrainingRefusedError("no input tells good from bad: no model was trained")
    fit = fit_positive(_design([bins for _, bins in binned], int(fitted.sum())), is_bad[fitted])

    def compiled(fitted_terms: LogisticFit) -> Scorecard:
        return compile_scorecard(
            binned, fitted_terms, name=options.name, horizon_months=options.horizon_months, scale=options.scale
        )

    part = rows.filter(pa.array(held_out))
    uncalibrated = apply_scorecard(compiled(fit), part)["score_bruto"].to_numpy()
    calibration = calibrate(options.scale.log_odds_of(uncalibrated), is_bad[held_out])
    scorecard = compiled(calibration.correct(fit))
    return scorecard, calibration, _uses(scorecard, all_bins, {f.name for f, _ in binned})


def _bin(rows: pa.Table, feature: InputFeature, is_bad: Flags, fitted: Flags) -> Bins:
    column = input_column(rows, feature).filter(pa.array(fitted))
    if feature.dtype is InputType.CATEGORY:
        return bin_category(column, is_bad[fitted])
    return bin_number(column.to_numpy(zero_copy_only=False), is_bad[fitted], feature.direction)


def _design(all_bins: Sequence[Bins], rows: int) -> npt.NDArray[np.float64]:
    """Return the centred weight of evidence of every row, one column a bin set, columns contiguous."""
    design = np.empty((rows, len(all_bins)), order="F")
    for index, bins in enumerate(all_bins):
        design[:, index] = centred_evidence(bins)[bins.codes]
    return design


def _uses(
    scorecard: Scorecard, all_bins: Sequence[tuple[InputFeature, Bins]], informative: set[str]
) -> tuple[InputUse, ...]:
    used = {term.feature for term in scorecard.terms}
    uses = []
    for feature, bins in all_bins:
        outcome = "usada" if feature.name in used else "sem_informacao"
        if feature.name in informative - used:
            outcome = "redundante_ou_contra_o_sentido"
        share_missing = float(bins.rows[-1] / bins.rows.sum())
        uses.append(InputUse(feature.name, feature.code, outcome, bins.information_value, share_missing))
    return tuple(uses)
