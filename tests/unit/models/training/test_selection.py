"""Guards the nested selection: consumers stay together, the simplest of equals is taken, a real gain is not missed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from models.training.selection import FOLDS, SELECTION_ROWS, Candidate, select_candidate

SIMPLE, MIDDLE, RICH = Candidate(0, 32), Candidate(8, 32), Candidate(8, 64)


@pytest.fixture
def rows():
    """Return three dates of 2,000 consumers, with the log-odds that made each outcome, and the outcomes."""
    rng = np.random.default_rng(1)
    truth = np.tile(rng.normal(-1, 1, 2_000), 3)
    table = pa.table({"cpf": [f"{i:011d}" for i in range(2_000)] * 3, "log_odds": truth})
    return table, rng.random(6_000) < 1 / (1 + np.exp(-truth))


class NoisyTruth:
    """A fit by hand: the log-odds that made the outcomes, with each candidate's own error added."""

    def __init__(self, errors):
        self.errors = errors
        self.seen = []

    def __call__(self, candidate, rows, is_bad):
        assert rows.num_rows == len(is_bad)
        self.seen.append((candidate, set(rows["cpf"].to_pylist())))
        rng = np.random.default_rng(len(self.seen))
        error = self.errors[candidate]
        return lambda judged: judged["log_odds"].to_numpy() + rng.normal(0, error, judged.num_rows)


def test_a_clear_gain_is_taken(rows):
    found = select_candidate(*rows, NoisyTruth({SIMPLE: 2.0, MIDDLE: 0.0}), seed=1, candidates=[SIMPLE, MIDDLE])
    assert found.chosen == MIDDLE
    simple = found.figures[0]
    assert simple.gap > 5 * simple.gap_error > 0
    assert simple.log_loss == pytest.approx(found.figures[1].log_loss + simple.gap)


def test_of_equals_the_simplest_is_taken_whatever_the_order(rows):
    grid = [RICH, SIMPLE, MIDDLE]
    found = select_candidate(*rows, NoisyTruth(dict.fromkeys(grid, 0.01)), seed=1, candidates=grid)
    assert found.chosen == SIMPLE
    assert [figure.candidate for figure in found.figures] == grid


def test_nobody_is_judged_by_a_fit_that_has_seen_them(rows):
    table, is_bad = rows
    fit = NoisyTruth({SIMPLE: 0.1, MIDDLE: 0.1})
    found = select_candidate(table, is_bad, fit, seed=1, candidates=[SIMPLE, MIDDLE])
    everybody = set(table["cpf"].to_pylist())
    left_out = [everybody - seen for candidate, seen in fit.seen if candidate == SIMPLE]
    assert len(left_out) == FOLDS
    assert set.union(*left_out) == everybody
    assert sum(map(len, left_out)) == len(everybody)
    assert found.consumers == len(everybody)


def test_many_rows_are_thinned_by_consumer():
    consumers = SELECTION_ROWS
    table = pa.table({"cpf": [f"{i:011d}" for i in range(consumers)] * 2, "log_odds": np.zeros(2 * consumers)})
    fit = NoisyTruth({SIMPLE: 0.1, MIDDLE: 0.1})
    is_bad = np.arange(2 * consumers) % 2 == 0
    found = select_candidate(table, is_bad, fit, seed=1, candidates=[SIMPLE, MIDDLE])
    assert found.rows == pytest.approx(SELECTION_ROWS, rel=0.05)
    assert found.rows == 2 * found.consumers


def test_one_candidate_needs_no_fit(rows):
    fit = NoisyTruth({})
    assert select_candidate(*rows, fit, seed=1, candidates=[MIDDLE]).chosen == MIDDLE
    assert not fit.seen


def test_the_record_holds_every_figure(rows):
    found = select_candidate(*rows, NoisyTruth({SIMPLE: 1.0, MIDDLE: 0.1}), seed=1, candidates=[SIMPLE, MIDDLE])
    body = found.to_json()
    assert body["escolhido"] == {"pairs": 8, "max_bins": 32}
    assert [item["pairs"] for item in body["candidatos"]] == [0, 8]
    assert body["candidatos"][1]["distancia"] == 0.0
