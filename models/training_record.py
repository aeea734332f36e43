"""What is kept beside a model: its figures (``metricas.json``) and what it was made from (``treino.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.apply import apply_scorecard
from models.evaluate import Metrics, evaluate_scores, population_stability
from models.label import matures_on
from models.scorecard import Scorecard
from models.training_data import SampleCounts

LIBRARIES = ("numpy", "pyarrow", "scikit-learn", "scipy", "threadpoolctl")
"""Libraries whose version may change a fit."""

Flags: TypeAlias = npt.NDArray[np.bool_]
Measured: TypeAlias = tuple[pa.Table, Flags, Flags]
"""Feature rows, which are bad, and which belong to consumers kept from the fit."""


@dataclass(frozen=True, slots=True)
class ModelMetrics:
    """Figures on the rows of the fit, on the training dates' other consumers, and out of time."""

    training: Metrics
    calibration: Metrics
    validation: Metrics
    validation_unseen_consumers: Metrics
    psi_validation: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``metricas.json``."""
        return {
            "treino": self.training.to_json(),
            "calibracao": self.calibration.to_json(),
            "validacao": self.validation.to_json(),
            "validacao_consumidores_novos": self.validation_unseen_consumers.to_json(),
            "psi_validacao": self.psi_validation,
        }


@dataclass(frozen=True, slots=True)
class InputUse:
    """What became of one input: used, without information, or dropped; its information and missing share."""

    name: str
    code: str
    outcome: str
    information_value: float
    missing_share: float


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """Dates, counts, data hashes, inputs, options and library versions of one training.

    ``copies_looked_for`` names the attributes of which no input may be an encoded copy; empty if none was at hand.
    """

    observed_until: date
    samples: tuple[SampleCounts, ...]
    validation: SampleCounts
    inputs: tuple[InputUse, ...]
    horizon_months: int
    min_debt_cents: int
    seed: int
    calibration_share: float
    calibration_intercept: float
    calibration_slope: float
    copies_looked_for: tuple[str, ...]
    libraries: Mapping[str, str]

    @property
    def labels_known_at_validation(self) -> bool:
        """Return whether every training label had matured by the validation date (no shared horizon)."""
        return all(matures_on(s.as_of, self.horizon_months) <= self.validation.as_of for s in self.samples)

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``treino.json``."""
        return {
            "observado_ate": self.observed_until.isoformat(),
            "amostras": [_counts_json(counts) for counts in self.samples],
            "validacao": _counts_json(self.validation),
            "rotulos_de_treino_maduros_na_validacao": self.labels_known_at_validation,
            "variaveis": [asdict(use) for use in self.inputs],
            "horizonte_meses": self.horizon_months,
            "divida_minima_centavos": self.min_debt_cents,
            "semente": self.seed,
            "parcela_de_calibracao": self.calibration_share,
            "calibracao": {"intercepto": self.calibration_intercept, "inclinacao": self.calibration_slope},
            "copias_procuradas_de": list(self.copies_looked_for),
            "bibliotecas": dict(self.libraries),
        }


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that may change a fit."""
    return {name: version(name) for name in LIBRARIES}


def measure_model(scorecard: Scorecard, training: Measured, validation: Measured) -> ModelMetrics:
    """Return the figures of a scorecard as it will be applied: from its integer scores, not from the fit."""
    rows, is_bad, held_out = training
    scores = apply_scorecard(scorecard, rows)
    late_rows, late_bad, late_unseen = validation
    late_scores = apply_scorecard(scorecard, late_rows)
    return ModelMetrics(
        training=_measure(scores, is_bad, ~held_out),
        calibration=_measure(scores, is_bad, held_out),
        validation=_measure(late_scores, late_bad, np.ones(len(late_bad), bool)),
        validation_unseen_consumers=_measure(late_scores, late_bad, late_unseen),
        psi_validation=population_stability(scores["score_bruto"].to_numpy(), late_scores["score_bruto"].to_numpy()),
    )


def _measure(scores: pa.Table, is_bad: Flags, chosen: Flags) -> Metrics:
    raw, probability = scores["score_bruto"].to_numpy(), scores["probabilidade"].to_numpy()
    return evaluate_scores(is_bad[chosen], raw[chosen], probability[chosen])


def _counts_json(counts: SampleCounts) -> dict[str, Any]:
    return {
        "data_referencia": counts.as_of.isoformat(),
        "linhas": counts.rows,
        "inadimplentes": counts.bads,
        "sem_dados": counts.without_data,
        "sem_rotulo": counts.unlabelled,
        "sha256_variaveis": counts.features_sha256,
        "sha256_rotulos": counts.labels_sha256,
    }
