"""Guards the estimator's accuracy with default settings on real credit data, beside LightGBM in the same folds."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import pytest

from benchmarks.public_credit import TUNED, cross_validate, read_german, read_uci, with_categories
from models import Scorecard

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
NEEDS_DATA = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=f"the real data of {SHARED_DATA} are not here")

LEAST_AUC = {"german": 0.780, "uci": 0.783}
MOST_AUC_BELOW_LIGHTGBM = 0.004
MOST_BRIER_OVER_LIGHTGBM = 1.02


def judge(name, frame, y):
    frame = with_categories(frame)
    ranking, square, _ = cross_validate(Scorecard, frame, y)
    peers = [
        cross_validate(lambda given=given: lightgbm.LGBMClassifier(verbose=-1, n_jobs=2, **given), frame, y)
        for given in ({}, TUNED)
    ]
    assert ranking >= LEAST_AUC[name]
    assert ranking >= max(peer[0] for peer in peers) - MOST_AUC_BELOW_LIGHTGBM
    assert square <= MOST_BRIER_OVER_LIGHTGBM * min(peer[1] for peer in peers)


@pytest.mark.shared_data
@NEEDS_DATA
def test_german_credit_a_thousand_rows_of_categories():
    judge("german", *read_german(SHARED_DATA))


@pytest.mark.long
@pytest.mark.shared_data
@NEEDS_DATA
def test_uci_cards_thirty_thousand_rows_with_interactions():
    judge("uci", *read_uci(SHARED_DATA))
