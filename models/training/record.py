"""What a model was made from, kept beside it as ``treino.json``: dates, counts, hashes, choices, versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

from models.label import matures_on
from models.training.calibration import Calibration
from models.training.data import SampleCounts
from models.training.selection import Selection

LIBRARIES = ("interpret-core", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
"""Libraries whose version may change a fit."""


@dataclass(frozen=True, slots=True)
class InputUse:
    """What became of one input: ``usada`` by a term or ``nao_usada``; its share of missing values in training.

    ``label`` is what it is called in a sentence.
    """

    name: str
    code: str
    outcome: str
    missing_share: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """Dates, counts, data hashes, inputs, choices, options and library versions of one training.

    ``shares`` are those of the consumers by part (fit, calibration, unseen), and ``rows_by_use`` counts
    the rows that fitted, calibrated and judged. ``copies_looked_for`` names the
    attributes of which no input may be an encoded copy; empty if none was at hand.
    """

    observed_until: date
    samples: tuple[SampleCounts, ...]
    validation: tuple[SampleCounts, ...]
    inputs: tuple[InputUse, ...]
    horizon_months: int
    min_debt_cents: int
    seed: int
    shares: Mapping[str, float]
    rows_by_use: Mapping[str, int]
    selection: Selection
    calibration: Calibration
    copies_looked_for: tuple[str, ...]
    libraries: Mapping[str, str]

    @property
    def labels_known_at_validation(self) -> bool:
        """Return whether every training label had matured by the first validation date (no shared horizon)."""
        first = min(counts.as_of for counts in self.validation)
        return all(matures_on(s.as_of, self.horizon_months) <= first for s in self.samples)

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``treino.json``."""
        return {
            "observado_ate": self.observed_until.isoformat(),
            "amostras": [counts.to_json() for counts in self.samples],
            "validacao": [counts.to_json() for counts in self.validation],
            "rotulos_de_treino_maduros_na_validacao": self.labels_known_at_validation,
            "variaveis": [asdict(use) for use in self.inputs],
            "horizonte_meses": self.horizon_months,
            "divida_minima_centavos": self.min_debt_cents,
            "semente": self.seed,
            "parcelas_de_consumidores": dict(self.shares),
            "linhas_por_uso": dict(self.rows_by_use),
            "selecao": self.selection.to_json(),
            "calibracao": self.calibration.to_json(),
            "copias_procuradas_de": list(self.copies_looked_for),
            "bibliotecas": dict(self.libraries),
        }


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that may change a fit."""
    return {name: version(name) for name in LIBRARIES}
