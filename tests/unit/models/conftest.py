"""Synthetic consumers whose true probability of default is known, as feature and label tables."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from contracts.feature_terms import InputType, RiskDirection
from models.inputs import InputFeature
from models.label import LABELS_SCHEMA
from models.training.data import DatedSample, TrainingData
from models.training.selection import Candidate

if TYPE_CHECKING:
    from models.training.train import TrainedModel

STATES = np.array(["SP", "RJ", "MG", "BA", "AC"])
STATE_EFFECT = np.array([0.0, -0.1, 0.1, -0.4, -0.8])
OBSERVED_UNTIL = date(2025, 6, 30)
DATES = (date(2023, 9, 30), date(2023, 12, 31))
LATER = (date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31))
ONE_CANDIDATE = (Candidate(pairs=2, max_bins=16),)


def number(name: str, direction: RiskDirection) -> InputFeature:
    raises, lowers = f"{name} aumenta o score", f"{name} reduz o score"
    return InputFeature(name, name.upper(), InputType.NUMBER, direction, raises, lowers, f"o nome de {name}")


def make_inputs(noise: int = 2) -> tuple[InputFeature, ...]:
    return (
        number("atraso", RiskDirection.MORE_RISK),
        number("renda", RiskDirection.LESS_RISK),
        number("idade", RiskDirection.FREE),
        InputFeature("uf", "UF", InputType.CATEGORY, RiskDirection.FREE, "estado aumenta", "estado reduz"),
        *(number(f"ruido_{i}", RiskDirection.MORE_RISK) for i in range(noise)),
    )


def make_sample(as_of: date, rows: int, *, noise: int = 2, seed: int = 1) -> tuple[DatedSample, np.ndarray]:
    """Return a sample and its true probabilities; the same consumers at every date."""
    rng = np.random.default_rng((seed, as_of.toordinal()))
    late = np.where(rng.random(rows) < 0.6, 0.0, rng.gamma(1.5, 40, rows).round())
    income = np.exp(rng.normal(7.8, 0.7, rows)).round(2)
    age = rng.integers(18, 90, rows).astype(np.float64)
    state = rng.integers(0, len(STATES), rows)
    hidden = rng.random(rows) < 0.15
    log_odds = (
        2.6 - 0.9 * np.log1p(late) / 2 + 0.8 * (np.log(income) - 7.8) + 0.6 * np.sin(age / 12) + STATE_EFFECT[state]
    )
    log_odds -= 0.3 * hidden
    p = 1 / (1 + np.exp(log_odds))
    cpf = pa.array(np.char.zfill((np.arange(rows) * 97).astype("U11"), 11))
    without_data = rng.random(rows) < 0.02
    columns = {
        "cpf": cpf,
        "cliente_id": pa.array(np.char.add("c", np.arange(rows).astype("U8"))),
        "sem_dados": pa.array(without_data),
        "atraso": pa.array(late),
        "renda": pa.array(income, mask=hidden),
        "idade": pa.array(age),
        "uf": pa.array(STATES[state], mask=rng.random(rows) < 0.05),
    }
    for i in range(noise):
        columns[f"ruido_{i}"] = pa.array(rng.normal(size=rows))
    labels = pa.table([cpf, columns["cliente_id"], pa.array(rng.random(rows) < p)], schema=LABELS_SCHEMA)
    return DatedSample(as_of, pa.table(columns), labels), p


def make_protected(rows: int) -> pa.Table:
    """Return a sex and a marital status that nothing depends on."""
    rng = np.random.default_rng(9)
    cpf = pa.array(np.char.zfill((np.arange(rows) * 97).astype("U11"), 11))
    status = np.array(["solteiro", "casado", "viuvo"])[rng.integers(0, 3, rows)]
    return pa.table({"cpf": cpf, "sexo": np.array(["F", "M"])[rng.integers(0, 2, rows)], "estado_civil": status})


def make_training(rows: int, *, noise: int = 2, seed: int = 1) -> TrainingData:
    samples, later = ([make_sample(day, rows, noise=noise, seed=seed)[0] for day in days] for days in (DATES, LATER))
    return TrainingData(samples, later, OBSERVED_UNTIL, make_protected(rows), "idade")


@pytest.fixture(scope="session")
def synthetic() -> SimpleNamespace:
    """Return the makers of synthetic data; test modules cannot import this file."""
    return SimpleNamespace(
        number=number,
        inputs=make_inputs,
        sample=make_sample,
        training=make_training,
        protected=make_protected,
        dates=DATES,
        later=LATER,
        until=OBSERVED_UNTIL,
        one_candidate=ONE_CANDIDATE,
    )


@pytest.fixture(scope="session")
def trained() -> TrainedModel:
    from models.training.train import TrainingOptions, train_scorecard  # noqa: PLC0415 - slow to import, for those who need it

    options = TrainingOptions(name="teste", candidates=ONE_CANDIDATE)
    return train_scorecard(make_training(8_000), make_inputs(), options=options)
