"""Judged rows made by hand: scores whose probabilities are true, consumers with several dates, groups to measure."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contracts.feature_terms import InputType, RiskDirection
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from models.validation.judged import JudgedRows

DAYS = np.array(["2024-05-31", "2024-06-30", "2024-07-31"], "datetime64[D]")
SCALE = ScoreScale()


def judge(rows: int, seed: int = 1, *, spread: float = 130.0, dates: int = 3, shift: float = 0.0) -> JudgedRows:
    """Return rows of ``rows // dates`` consumers; outcomes follow the probabilities, moved by ``shift`` log-odds."""
    rng = np.random.default_rng(seed)
    consumer = np.arange(rows) // dates
    level = rng.normal(560, spread, consumer[-1] + 1)[consumer]
    raw = np.rint(level + rng.normal(0, 30, rows)).astype(np.int32)
    p = SCALE.probability(raw).astype(np.float64)
    truth = 1 / (1 + (1 - p) / p * np.exp(-shift))
    groups = {
        "sexo": pa.array(rng.choice(["F", "M"], rows), mask=rng.random(rows) < 0.05),
        "faixa_etaria": pa.array(rng.choice(["18 a 24", "25 a 39", "60 ou mais"], rows, p=[0.5, 0.495, 0.005])),
    }
    return JudgedRows(DAYS[np.arange(rows) % dates], consumer, rng.random(rows) < truth, raw, p, groups)


def two_feature_points() -> PointsTable:
    """Return a table of an income, a state and their pair."""
    income = Axis("renda", InputType.NUMBER, RiskDirection.LESS_RISK, edges=(1_000.0, 5_000.0))
    state = Axis("uf", InputType.CATEGORY, groups=(("SP",), ("RJ", "MG")))
    pair = tuple(number % 3 for number in range(state.cells)) * income.cells
    return PointsTable(
        "duas variáveis",
        12,
        SCALE,
        580,
        (
            Term("REN", (income,), (-60, 0, 70, 0, -20), "renda boa", "renda baixa"),
            Term("UF", (state,), (10, -15, 3, 0), "estado bom", "estado ruim"),
            Term("REN_UF", (income, state), pair, "juntos ajudam", "juntos pesam"),
        ),
    )


def two_feature_rows(rows: int, seed: int = 1, *, richer: float = 1.0, no_state: float = 0.05) -> pa.Table:
    """Return incomes, ``richer`` times as high, and states, of which a share is missing."""
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "renda": richer * rng.gamma(2.0, 1_500.0, rows),
            "uf": pa.array(rng.choice(["SP", "RJ", "MG", "AC"], rows), mask=rng.random(rows) < no_state),
        }
    )
