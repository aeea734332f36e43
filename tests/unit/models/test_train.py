"""Guards training: accuracy near the truth, calibration, directions, refusals, the same model every time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from contracts.errors import DataIntegrityError, TrainingRefusedError
from models.apply import apply_scorecard, contributions
from models.inputs import RiskDirection
from models.logistic import calibrate, fit_positive
from models.train import TrainingData, TrainingOptions, train_scorecard
from models.training_data import hash_table, is_in_share


def test_out_of_time_it_ranks_nearly_as_well_as_the_truth(trained, synthetic):
    sample, p = synthetic.sample(synthetic.dates[-1], 8_000)
    known = ~sample.features["sem_dados"].to_numpy()
    best = roc_auc_score(sample.labels["is_bad"].to_numpy()[known], p[known])
    assert trained.metrics.validation.auc > 0.97 * best


def test_it_is_calibrated_out_of_time_and_stable(trained):
    late = trained.metrics.validation
    assert abs(late.mean_probability - late.bad_rate) < 0.015
    assert late.ece < 0.02
    assert trained.metrics.psi_validation < 0.02


def test_a_population_like_ours_spreads_over_all_four_bands(trained):
    late = trained.metrics.validation
    assert all(band.rows > 0.01 * late.rows for band in late.bands)
    rates = [band.bad_rate for band in late.bands]
    assert rates == sorted(rates, reverse=True)


def test_terms_follow_their_directions_and_noise_stays_out(trained):
    terms = {term.feature: term for term in trained.scorecard.terms}
    assert (np.diff(terms["atraso"].points) <= 0).all()
    assert (np.diff(terms["renda"].points) >= 0).all()
    assert not {"ruido_0", "ruido_1"} & set(terms)
    outcomes = {use.name: use.outcome for use in trained.record.inputs}
    assert outcomes["ruido_0"] == "sem_informacao"
    assert outcomes["uf"] == "usada"


def test_points_are_relative_to_the_average_consumer(trained, synthetic):
    features = pa.concat_tables([synthetic.sample(day, 8_000)[0].features for day in synthetic.dates[:-1]])
    parts = contributions(trained.scorecard, features)
    means = [abs(np.nanmean(parts[t.code].to_numpy().astype(float))) for t in trained.scorecard.terms]
    assert max(means) < 3
    raw = apply_scorecard(trained.scorecard, features)["score_bruto"].to_numpy()
    assert abs(np.nanmean(raw) - trained.scorecard.base_points) < 5


def test_a_feature_against_its_declared_direction_earns_nothing(synthetic):
    inputs = [replace(f, direction=RiskDirection.LESS_RISK) if f.name == "atraso" else f for f in synthetic.inputs()]
    model = train_scorecard(synthetic.training(3_000), inputs)
    assert "atraso" not in {t.feature for t in model.scorecard.terms}


@pytest.mark.parametrize("name", ["sexo", "estado_civil", "cidade", "sexo_codigo"])
def test_a_forbidden_column_refuses_even_if_it_is_no_input(synthetic, name):
    data = synthetic.training(1_000)
    first = data.samples[0]
    planted = replace(first, features=first.features.append_column(name, pa.array(["x"] * 1_000)))
    with pytest.raises(TrainingRefusedError, match=name):
        train_scorecard(replace(data, samples=[planted, *data.samples[1:]]), synthetic.inputs())


def test_too_few_labels_are_refused_with_the_counts(synthetic):
    with pytest.raises(
        TrainingRefusedError, match=r"labelled rows .*at least 500 needed.*2023-09-30: \d+ rows, \d+ bad"
    ):
        train_scorecard(synthetic.training(150), synthetic.inputs())


def test_too_few_bads_are_refused(synthetic):
    data = synthetic.training(1_000)
    rare = [replace(s, labels=only_bad(s.labels, 10)) for s in [*data.samples, data.validation]]
    with pytest.raises(TrainingRefusedError, match=r"bad and \d+ good consumers, at least 100.*validation has \d+ bad"):
        train_scorecard(TrainingData(rare[:-1], rare[-1], data.observed_until), synthetic.inputs())


def only_bad(labels: pa.Table, count: int) -> pa.Table:
    return labels.set_column(2, labels.schema.field("is_bad"), pa.array(np.arange(labels.num_rows) < count))


def test_dates_out_of_order_and_young_labels_are_refused(synthetic):
    data = synthetic.training(600)
    with pytest.raises(TrainingRefusedError, match="before the validation date"):
        train_scorecard(replace(data, validation=data.samples[0]), synthetic.inputs())
    with pytest.raises(TrainingRefusedError, match="before the validation date"):
        train_scorecard(replace(data, samples=[]), synthetic.inputs())
    with pytest.raises(TrainingRefusedError, match="2025-06-29"):
        train_scorecard(replace(data, observed_until=date(2025, 6, 28)), synthetic.inputs())


def test_pure_noise_is_refused(synthetic):
    noise = [f for f in synthetic.inputs() if f.name.startswith("ruido")]
    with pytest.raises(TrainingRefusedError, match="no input tells good from bad"):
        train_scorecard(synthetic.training(4_000), noise)


def test_rows_without_data_or_label_are_left_out_and_counted(trained, synthetic):
    data = synthetic.training(2_000)
    first = data.samples[0]
    shorter = replace(first, labels=first.labels.slice(100))
    model = train_scorecard(replace(data, samples=[shorter, *data.samples[1:]]), synthetic.inputs())
    counts = model.record.samples[0]
    assert counts.rows + counts.without_data + counts.unlabelled == 2_000
    assert counts.without_data == first.features["sem_dados"].to_numpy().sum()
    assert 90 < counts.unlabelled <= 100


def test_a_consumer_twice_or_a_column_missing_is_an_error(synthetic):
    data = synthetic.training(600)
    first = data.samples[0]
    twice = replace(first, features=pa.concat_tables([first.features, first.features.slice(0, 1)]))
    with pytest.raises(DataIntegrityError, match="more than once"):
        train_scorecard(replace(data, samples=[twice]), synthetic.inputs())
    with pytest.raises(DataIntegrityError, match="columns missing: ruido_2"):
        train_scorecard(data, synthetic.inputs(noise=3))


def test_the_same_data_in_another_order_and_chunks_make_the_same_model(trained, synthetic):
    data = synthetic.training(8_000)

    def shuffled(sample):
        order = np.random.default_rng(3).permutation(8_000)
        return replace(sample, labels=sample.labels.take(order))

    again = TrainingData([shuffled(s) for s in data.samples], shuffled(data.validation), data.observed_until)
    model = train_scorecard(again, synthetic.inputs(), options=TrainingOptions(name="teste"))
    assert model.scorecard.sha256 == trained.scorecard.sha256


def test_the_number_of_threads_changes_nothing(trained):
    script = (
        "import importlib.util, sys; s = importlib.util.spec_from_file_location('c', sys.argv[1]); "
        "c = importlib.util.module_from_spec(s); s.loader.exec_module(c); from models.train import *; "
        "o = TrainingOptions(name='teste'); m = train_scorecard(c.make_training(8_000), c.make_inputs(), options=o); "
        "print(m.scorecard.sha256)"
    )
    conftest = __file__.replace("test_train.py", "conftest.py")
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_THREAD_LIMIT"), "1")
    environment = {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", script, conftest], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == trained.scorecard.sha256


def test_a_wrong_sign_is_dropped_and_the_rest_fitted_again():
    rng = np.random.default_rng(2)
    signal = rng.normal(size=4_000)
    design = np.column_stack([signal, signal + rng.normal(size=4_000), -signal + rng.normal(size=4_000)])
    is_bad = rng.random(4_000) < 1 / (1 + np.exp(signal - 0.3 * design[:, 2]))
    fit = fit_positive(design, is_bad)
    assert (fit.coefficients >= 0).all()
    assert fit.coefficients[0] > 0.7
    assert fit.coefficients[2] == 0


@pytest.mark.parametrize(("slope", "shift"), [(0.8, 0.3), (1.2, -0.5)])
def test_calibration_recovers_slope_and_level(slope, shift):
    rng = np.random.default_rng(4)
    log_odds = rng.normal(1.5, 1.2, 60_000)
    found = calibrate(log_odds, rng.random(60_000) > 1 / (1 + np.exp(-(slope * log_odds + shift))))
    assert found.slope == pytest.approx(slope, abs=0.04)
    assert found.intercept == pytest.approx(shift, abs=0.06)


def test_thin_calibration_sets_only_the_level():
    found = calibrate(np.zeros(100), np.arange(100) < 20)
    assert found.slope == 1.0
    assert 1 / (1 + np.exp(found.intercept)) == pytest.approx(0.2)


def test_a_consumer_is_always_on_the_same_side_of_the_split():
    cpfs = pa.chunked_array([[f"{i:011d}" for i in range(20_000)]])
    chosen = is_in_share(cpfs, 0.25, 1)
    assert abs(chosen.mean() - 0.25) < 0.02
    np.testing.assert_array_equal(chosen[::-1], is_in_share(pa.chunked_array([cpfs.combine_chunks()[::-1]]), 0.25, 1))
    assert (chosen != is_in_share(cpfs, 0.25, 2)).any()


def test_the_data_hash_sees_every_value_and_no_layout():
    table = pa.table({"cpf": ["1", None, "23"], "x": pa.array([1.0, None, 2.0])})
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert hash_table(pieces) == hash_table(table)
    assert hash_table(table.set_column(0, "cpf", [["12", None, "3"]])) != hash_table(table)
    assert hash_table(table.set_column(0, "cpf", [["1", "", "23"]])) != hash_table(table)
    assert hash_table(table.set_column(1, "x", [[1.0, 0.0, 2.0]])) != hash_table(table)
