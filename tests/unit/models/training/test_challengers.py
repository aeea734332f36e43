"""Guards the challengers: honest opponents that learn what is there, on dirty columns too, the same each time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from contracts.feature_terms import InputType, RiskDirection
from models.inputs import InputFeature
from models.training.challengers import BOOSTING, CHALLENGERS, LOGISTIC, learn_matrix

ROWS = 4_000


def as_input(name, kind=InputType.NUMBER):
    return InputFeature(name, name.upper(), kind, RiskDirection.FREE, "", "")


INPUTS = (as_input("a"), as_input("b"), as_input("vazia"), as_input("uf", InputType.CATEGORY))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, ROWS))
    state = rng.integers(0, 3, ROWS)
    log_odds = 1.5 * a * b + 0.8 * a + np.array([-1.0, 0.0, 1.0])[state] - 0.5
    a[:40] = np.inf
    table = pa.table(
        {
            "cpf": [f"{i:011d}" for i in range(ROWS)],
            "a": pa.array(a),
            "b": pa.array(b, mask=rng.random(ROWS) < 0.1),
            "vazia": pa.nulls(ROWS, pa.float64()),
            "uf": pa.array(np.array(["SP", "RJ", "AC"])[state], mask=rng.random(ROWS) < 0.1),
        }
    )
    return table, rng.random(ROWS) < 1 / (1 + np.exp(-log_odds))


@pytest.fixture(scope="module")
def fitted(data):
    table, is_bad = data
    return {name: fit(table.slice(0, 3_000), is_bad[:3_000], INPUTS, seed=1) for name, fit in CHALLENGERS.items()}


def test_the_boosting_finds_what_no_sum_of_columns_can(fitted, data):
    table, is_bad = data
    late, outcome = table.slice(3_000), is_bad[3_000:]
    ranked = {name: roc_auc_score(outcome, log_odds(late)) for name, log_odds in fitted.items()}
    assert ranked[LOGISTIC] > 0.68
    assert ranked[BOOSTING] > ranked[LOGISTIC] + 0.05


@pytest.mark.parametrize("name", sorted(CHALLENGERS))
def test_they_speak_in_log_odds_of_bad(fitted, data, name):
    table, is_bad = data
    p = 1 / (1 + np.exp(-fitted[name](table.slice(3_000))))
    assert p.mean() == pytest.approx(is_bad[3_000:].mean(), abs=0.05)


@pytest.mark.parametrize("name", sorted(CHALLENGERS))
def test_values_never_seen_are_no_error(fitted, data, name):
    odd = data[0].slice(0, 3).set_column(4, "uf", pa.array(["??", None, "SP"]))
    odd = odd.set_column(1, "a", pa.array([None, -np.inf, 1e300]))
    assert np.isfinite(fitted[name](odd)).all()
    assert len(fitted[name](odd.slice(0, 0))) == 0


def test_the_same_rows_make_the_same_challenger(fitted, data):
    table, is_bad = data
    again = CHALLENGERS[LOGISTIC](table.slice(0, 3_000), is_bad[:3_000], INPUTS, seed=1)
    np.testing.assert_array_equal(again(table), fitted[LOGISTIC](table))


def test_a_category_becomes_the_rank_of_its_value(data):
    matrix = learn_matrix(pa.table({"uf": ["b", "a", "b", None, "c", "c", "c"]}), [as_input("uf", InputType.CATEGORY)])
    built = matrix.build(pa.table({"uf": ["c", "b", "a", "z", None]}))[:, 0]
    np.testing.assert_array_equal(built, [0, 1, 2, np.nan, np.nan])
