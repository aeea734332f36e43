"""Guards the price of transparency: paired, signed, the best challenger first."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.errors import DataIntegrityError
from models.validation.intervals import Resampling
from models.validation.price import measure_challengers
from tests.evidence_samples import judge


def test_a_better_challenger_costs_and_a_worse_one_does_not():
    rows = judge(3_000)
    resampling = Resampling(rows.consumer, seed=1)
    noise = np.random.default_rng(1).normal(size=len(rows))
    found = measure_challengers(
        rows,
        {
            "pior": np.clip(rows.probability * np.exp(0.8 * noise), 1e-6, 0.999),
            "igual": rows.probability,
            "vidente": np.clip(rows.probability * np.exp(0.5 * (rows.is_bad - 0.2)), 1e-6, 0.999),
        },
        resampling,
    )
    assert [one.name for one in found] == ["vidente", "igual", "pior"]
    better, same, worse = found
    assert better.auc_difference.high < 0 < better.brier_difference.low
    assert (same.auc_difference.low, same.auc_difference.high) == (0, 0)
    assert worse.brier_difference.high < 0 < worse.auc_difference.low
    assert better.auc_difference.high - better.auc_difference.low < better.auc.high - better.auc.low


def test_a_challenger_of_other_rows_is_refused():
    rows = judge(90)
    with pytest.raises(DataIntegrityError, match="curto"):
        measure_challengers(rows, {"curto": np.full(89, 0.5)}, Resampling(rows.consumer, seed=1))
