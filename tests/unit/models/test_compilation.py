"""Guards the step from evidence to integer points: centred, rounded, merged, the mean score kept."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import TrainingRefusedError
from models.apply import apply_scorecard
from models.binning import Bins
from models.compilation import compile_scorecard
from models.inputs import InputFeature, InputType, RiskDirection
from models.logistic import Calibration, LogisticFit, calibrate
from models.scaling import ScoreScale
from models.train import CALIBRATION_SHARE
from models.training_data import is_in_share

SCALE = ScoreScale(600, 1.0, 100 * float(np.log(2)))
"""One unit of log-odds is 100 points."""

NUMBER = InputFeature("x", "X", InputType.NUMBER, RiskDirection.FREE, "sobe", "desce")
CATEGORY = InputFeature("uf", "UF", InputType.CATEGORY, RiskDirection.FREE, "sobe", "desce")


def bins(woe: list[float], rows: list[float], edges=(), groups=()) -> Bins:
    return Bins(tuple(edges), tuple(groups), np.array([], np.int16), np.array(woe), np.array(rows))


def compiled(binned, coefficients: list[float], intercept: float = 0.5):
    fit = LogisticFit(intercept, np.array(coefficients))
    return compile_scorecard(binned, fit, name="c", horizon_months=12, scale=SCALE)


def test_points_are_centred_and_neighbours_of_equal_points_are_one_bin():
    made = bins([-0.51, 0.1, 0.1001, 0.4, 0.0, 0.2], [100, 100, 100, 100, 0, 0], edges=[1.0, 2.0, 3.0])
    term = compiled([(NUMBER, made)], [1.0]).terms[0]
    assert term.points == (-53, 8, 38)
    assert term.edges == (1.0, 3.0)
    assert term.missing_points == 18
    assert term.other_points == 0
    assert (term.text_raises, term.text_lowers) == ("sobe", "desce")


def test_groups_of_equal_points_are_one_and_other_keeps_its_own():
    made = bins([0.3, -0.3, 0.3001, 0.1, 0.0], [50, 100, 50, 0, 0], groups=[("B",), ("C",), ("A",)])
    term = compiled([(CATEGORY, made)], [1.0]).terms[0]
    assert term.groups == (("C",), ("A", "B"))
    assert term.points == (-30, 30)
    assert (term.other_points, term.missing_points) == (10, 0)


def test_the_base_takes_up_what_rounding_moves_so_that_the_mean_score_is_kept():
    skewed = bins([0.1045, -0.0348333, 0.0, 0.0], [100, 300, 0, 0], edges=[1.0])  # 10.45 and -3.48 points, exactly
    features = [InputFeature(f"x{i}", f"X{i}", InputType.NUMBER, RiskDirection.FREE, "", "") for i in range(40)]
    card = compiled([(feature, skewed) for feature in features], [1.0] * 40)
    assert {term.points for term in card.terms} == {(10, -3)}
    mean_points = 40 * (10 * 100 - 3 * 300) / 400
    assert mean_points == 10  # forty roundings in the same direction
    assert card.base_points + mean_points == 650


def test_a_model_without_points_is_refused():
    with pytest.raises(TrainingRefusedError, match="no input tells good from bad"):
        compiled([(NUMBER, bins([0.1, -0.1, 0, 0], [10, 10, 0, 0], edges=[1.0]))], [0.0])


def test_calibration_corrects_every_part_of_a_fit():
    fit = Calibration(0.2, 0.5).correct(LogisticFit(1.0, np.array([2.0, 0.0])))
    assert fit.intercept == pytest.approx(0.7)
    np.testing.assert_array_equal(fit.coefficients, [1.0, 0.0])


def test_a_trained_model_needs_no_further_calibration_on_its_calibration_part(trained, synthetic):
    samples = [synthetic.sample(day, 8_000)[0] for day in synthetic.dates[:-1]]
    table = pa.concat_tables([s.features for s in samples])
    is_bad = np.concatenate([s.labels["is_bad"].to_numpy() for s in samples])
    used = is_in_share(table["cpf"], CALIBRATION_SHARE, 1) & ~table["sem_dados"].to_numpy()
    raw = apply_scorecard(trained.scorecard, table)["score_bruto"].to_numpy()[used]
    left = calibrate(trained.scorecard.scale.log_odds_of(raw), is_bad[used])
    assert abs(trained.record.calibration_slope - 1) > 0.01  # else this test could not fail
    assert left.slope == pytest.approx(1, abs=0.005)
    assert left.intercept == pytest.approx(0, abs=0.01)
