"""All that is known of one registered model: figures, the gate's checks, its terms, its history, its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contracts.artifacts import ArtifactStore
from flows.model_listing import IN_FORCE, ModelSummary, summarize_entry
from models.history import ModelEvent, promoted_version, read_history, retired_versions
from models.points.table import Term
from models.registry import REPORT_FILE, ModelEntry, RegisteredModel, current_model, load_model, model_path
from models.validation.evidence import Evidence, TermCounts
from models.validation.evidence_json import encode
from models.validation.figures import SetFigures

TERMS_SHOWN = 10
FIGURES = ("auc", "gini", "ks", "brier", "log_loss", "ece", "bad_rate", "mean_probability", "calibration_slope")
"""Figures of ``SetFigures`` that are shown; the report has all."""


@dataclass(frozen=True, slots=True)
class TermWeight:
    """How much a term moves scores: its range of points, and the mean of their size over the rows of the fit."""

    code: str
    features: tuple[str, ...]
    lowest: int
    highest: int
    mean_size: float


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """One model as ``escore models show`` tells of it; ``report`` is where its report lies, None if it has none."""

    summary: ModelSummary
    model: RegisteredModel
    evidence: Evidence
    terms: tuple[TermWeight, ...]
    events: tuple[ModelEvent, ...]
    report: str | None

    @property
    def sets(self) -> dict[str, SetFigures]:
        """Return the sets of rows that figures are of, by their names in ``metricas.json``."""
        found = {
            "fora_do_tempo": self.evidence.out_of_time,
            "fora_do_tempo_todos": self.evidence.out_of_time_all,
            "calibracao": self.evidence.calibration,
            "ajuste": self.evidence.fit,
        }
        return {name: figures for name, figures in found.items() if figures is not None}

    def to_json(self) -> dict[str, Any]:
        """Return it for a machine to read."""
        return {
            **self.summary.to_json(),
            "sha256": self.model.points.sha256,
            "medidas": {
                name: {figure: encode(getattr(figures, figure)) for figure in FIGURES}
                for name, figures in self.sets.items()
            },
            "decisao_completa": dict(self.model.decision),
            "termos": [
                {
                    "codigo": term.code,
                    "variaveis": list(term.features),
                    "menor": term.lowest,
                    "maior": term.highest,
                    "tamanho_medio": term.mean_size,
                }
                for term in self.terms
            ],
            "historico": [event.to_json() for event in self.events],
            "relatorio": self.report,
        }


def find_model(lake: ArtifactStore, version: str) -> RegisteredModel:
    """Return the model of a version, retired or not, or the one in force for ``vigente``."""
    return current_model(lake) if version == IN_FORCE else load_model(lake, version)


def gather_details(lake: ArtifactStore, version: str) -> ModelDetails:
    """Return all that is known of a model; as ``load_model`` if it cannot be read."""
    model = find_model(lake, version)
    history = read_history(lake)
    in_force, retired = model.version == promoted_version(history), model.version in retired_versions(history)
    evidence = Evidence.from_json(model.metrics)
    manifest, path = lake.read_manifest(model_path(model.version)), model_path(model.version)
    return ModelDetails(
        summary=summarize_entry(ModelEntry(model.version, in_force, retired, model)),
        model=model,
        evidence=evidence,
        terms=_weigh_terms(model.points.terms, evidence.terms),
        events=tuple(event for event in history if event.version == model.version),
        report=f"{lake.root}/{path}/{REPORT_FILE}" if manifest and REPORT_FILE in manifest.files else None,
    )


def _weigh_terms(terms: tuple[Term, ...], counts: tuple[TermCounts, ...]) -> tuple[TermWeight, ...]:
    """Return the terms that move scores most, first."""
    rows = {count.code: count.rows for count in counts}
    weighed = [
        TermWeight(
            term.code,
            term.features,
            min(term.points),
            max(term.points),
            _mean_size(term.points, rows.get(term.code, ())),
        )
        for term in terms
    ]
    return tuple(sorted(weighed, key=lambda term: (-term.mean_size, term.code))[:TERMS_SHOWN])


def _mean_size(points: tuple[int, ...], rows: tuple[int, ...]) -> float:
    total = sum(rows)
    return sum(abs(p) * n for p, n in zip(points, rows, strict=False)) / total if total else 0.0
