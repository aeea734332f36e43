"""Hand-made models, with evidence, in a lake or on the way to it: what uses a model is tested without a training."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from contracts.artifacts import ArtifactStore
from contracts.canonical_json import canonical_json
from contracts.feature_terms import InputType, RiskDirection
from models.monitoring.reference_distribution import describe_distribution
from models.points.apply import raw_scores
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from models.registered_model import (
    CARD_FILE,
    DECISION_FILE,
    DESCRIPTION_FILE,
    HASH_DIGITS,
    METRICS_FILE,
    POINTS_FILE,
    REPORT_FILE,
    TRAINING_FILE,
    model_path,
)
from models.training.calibration import Calibration
from models.training.data import SampleCounts
from models.training.record import InputUse, TrainingRecord, library_versions
from models.training.selection import CANDIDATES, Selection
from models.training.takeover import Check, Decision
from models.validation.evidence import Evidence, gather_evidence
from models.validation.judged import JudgedRows
from tests.law_samples import everything_table

OBSERVED_UNTIL = date(2025, 6, 30)
ROWS = 400


def crossed_table(*, base: int = 640) -> PointsTable:
    """Return a term on every feature and a pair across two families: few points each, so that no score is clipped."""
    terms = tuple(
        replace(term, points=_few(len(term.points), number)) for number, term in enumerate(everything_table().terms)
    )
    axes = (
        Axis("bens_sobre_dividas", InputType.NUMBER, edges=(1.0, 50.0)),
        Axis("consultas_365_dias_qtd", InputType.NUMBER, edges=(0.5,)),
    )
    cells = axes[0].cells * axes[1].cells
    pair = Term("BEM05_CON04", axes, tuple(-90 + place for place in range(cells)), "juntos ajudam", "juntos pesam")
    return PointsTable("cruzado", 12, ScoreScale(), base, (*terms, pair))


def _few(cells: int, number: int) -> tuple[int, ...]:
    return tuple((7 * number + 5 * place) % 23 - 11 for place in range(cells))


def small_table(*, base: int = 600, feature: str = "renda_mensal_valor") -> PointsTable:
    """Return a table of two features and their pair; ``feature`` may name one that no model may read."""
    income = Axis(feature, InputType.NUMBER, RiskDirection.LESS_RISK, edges=(1_000.0, 5_000.0))
    state = Axis("uf", InputType.CATEGORY, groups=(("SP",), ("RJ", "MG")))
    pair = tuple(number % 5 for number in range(state.cells)) * income.cells
    return PointsTable(
        "pequeno",
        12,
        ScoreScale(),
        base,
        (
            Term("REN01", (income,), (-60, 0, 70, 0, -20), "renda boa", "renda baixa"),
            Term("PER02", (state,), (10, -15, 3, 0), "estado bom", "estado ruim"),
            Term("REN01_PER02", (income, state), pair, "juntos ajudam", "juntos pesam"),
        ),
    )


def make_evidence(points: PointsTable) -> tuple[Evidence, pa.Table]:
    """Return the evidence of a small table on drawn rows, and the rows."""
    rng = np.random.default_rng(5)
    columns = {points.features[0]: rng.gamma(2.0, 2_000.0, ROWS), "uf": rng.choice(["SP", "RJ", "BA"], ROWS)}
    table = pa.table(columns)
    raw = raw_scores(points, table)
    probability = points.scale.probability(raw).astype(np.float64)
    rows = JudgedRows(
        as_of=np.where(np.arange(ROWS) % 2, np.datetime64("2024-02-29"), np.datetime64("2024-03-31")),
        consumer=np.arange(ROWS) // 2,
        is_bad=rng.random(ROWS) < probability,
        raw_score=raw,
        probability=probability,
        groups={
            "sexo": pa.array(rng.choice(["F", "M"], ROWS)),
            "faixa_etaria": pa.array(rng.choice(["18-29", "60+"], ROWS)),
        },
    )
    evidence = gather_evidence(
        points,
        fit=rows,
        calibration=rows,
        out_of_time=rows,
        fit_table=table,
        out_of_time_table=table,
        challengers={"reforco_de_gradiente": np.clip(probability * 0.9, 1e-6, 1 - 1e-6)},
        proxies=(),
        seed=1,
    )
    return evidence, table


def make_trained(points: PointsTable | None = None, *, takes_over: bool = True) -> Any:
    """Return what a training hands over, made by hand."""
    from models.training.train import TrainedModel  # noqa: PLC0415 - the challengers take seconds to import

    points = points or small_table()
    evidence, table = make_evidence(points)
    counts = SampleCounts(date(2023, 12, 31), ROWS, 40, 3, 2, "a" * 64, "b" * 64)
    record = TrainingRecord(
        observed_until=OBSERVED_UNTIL,
        samples=(counts,),
        validation=(replace(counts, as_of=date(2024, 2, 29)), replace(counts, as_of=date(2024, 3, 31))),
        inputs=tuple(
            InputUse(term.features[0], term.code, "usada", 0.1, term.features[0].replace("_", " "))
            for term in points.terms[:2]
        ),
        horizon_months=12,
        min_debt_cents=10_000,
        seed=1,
        shares={"FIT": 0.7, "CALIBRATION": 0.15, "UNSEEN": 0.15},
        rows_by_use={"fit": ROWS, "calibration": ROWS, "out_of_time": ROWS},
        selection=Selection(CANDIDATES[0]),
        calibration=Calibration(0.0, 1.0, ROWS, 40),
        copies_looked_for=("sexo", "estado_civil"),
        libraries=library_versions(),
    )
    checks = (
        Check("ece", True, "Erro de calibração: dentro do limite."),
        Check("gini_amplitude", takes_over, "Gini mensal: " + ("dentro" if takes_over else "fora") + " do limite."),
    )
    return TrainedModel(
        points,
        evidence,
        record,
        Decision(takes_over, checks, None),
        describe_distribution(points, table, raw_scores(points, table)),
    )


def write_model(lake: ArtifactStore, points: PointsTable, *, evidence: Evidence | None = None) -> str:
    """Write a model's files as the registry does, whatever they say, and return its version."""
    version = f"{OBSERVED_UNTIL}-{points.sha256[:HASH_DIGITS]}"
    files = {
        POINTS_FILE: canonical_json(points.to_json()),
        METRICS_FILE: evidence.to_json() if evidence else {},
        TRAINING_FILE: {"observado_ate": OBSERVED_UNTIL.isoformat()},
        DECISION_FILE: Decision(True, (), None).to_json(),
        CARD_FILE: b"# cartao\n",
        DESCRIPTION_FILE: b"# descricao\n",
        REPORT_FILE: b"<html></html>",
    }
    lake.write(model_path(version), files, meta={"versao": version, "sha256": points.sha256})
    return version
