"""Guards training: accuracy near the truth, calibration, directions, refusals, honest splits, always the same model."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from contracts.errors import DataIntegrityError, TrainingRefusedError
from contracts.feature_terms import RiskDirection
from models.points.apply import apply_points, contributions, raw_scores
from models.training.champion import Champion
from models.training.data import PART_SHARES, ConsumerPart, consumer_parts, hash_table
from models.training.incumbent import compare_with_incumbent
from models.training.rows import gather_rows, split_rows
from models.training.selection import Candidate
from models.training.train import Incumbent, TrainingOptions, train_scorecard

SMALL = 1_500


@pytest.fixture(scope="module")
def small(synthetic):
    """Return a small training's data, inputs and options: one candidate, one process."""
    options = TrainingOptions(name="teste", candidates=synthetic.one_candidate, jobs=1)
    return synthetic.training(SMALL), synthetic.inputs(), options


def test_out_of_time_it_ranks_nearly_as_well_as_the_truth(trained, synthetic):
    data, best = synthetic.training(8_000), []
    late = gather_rows(data.validation, synthetic.inputs(), seed=1)
    for day in synthetic.later:
        sample, p = synthetic.sample(day, 8_000)
        best.append(p[~sample.features["sem_dados"].to_numpy()])
    unseen = late.part == ConsumerPart.UNSEEN
    truth = roc_auc_score(late.is_bad[unseen], np.concatenate(best)[unseen])
    assert trained.evidence.out_of_time.auc.estimate > 0.97 * truth


def test_it_is_calibrated_out_of_time(trained):
    late = trained.evidence.out_of_time_all
    assert abs(late.calibration_gap.estimate) < 0.015
    assert late.ece.estimate < 0.02
    assert late.calibration_slope.low < 1.1
    assert late.calibration_slope.high > 0.9


def test_a_population_like_ours_spreads_over_all_four_bands(trained):
    late = trained.evidence.out_of_time
    assert all(band.rows > 0.01 * late.rows for band in late.bands)
    rates = [band.bad_rate.estimate for band in late.bands]
    assert rates == sorted(rates, reverse=True)


def test_terms_follow_their_directions(trained):
    single = {term.features[0]: term for term in trained.points.terms if not term.is_pair}
    assert {"atraso", "renda", "idade", "uf"} <= set(single)
    for name, sign in (("atraso", -1), ("renda", 1)):
        points = np.array(single[name].points)[: single[name].axes[0].bins]
        assert (sign * np.diff(points) >= 0).all()
    spread = {name: np.ptp(term.points) for name, term in single.items()}
    assert all(spread.get(name, 0) < 0.25 * spread["renda"] for name in ("ruido_0", "ruido_1"))


def test_terms_have_codes_and_texts_also_for_two_features(trained):
    labels = {term.features: term for term in trained.points.terms}
    assert labels["atraso",].code == "ATRASO"
    assert labels["atraso",].text_lowers == "atraso reduz o score"
    pairs = [term for term in trained.points.terms if term.is_pair]
    assert pairs
    for term in pairs:
        assert term.code == "_".join(name.upper() for name in term.features)
        assert term.text_raises.startswith("A combinação de ")
        assert term.text_raises != term.text_lowers


def test_points_are_relative_to_the_average_consumer(trained, synthetic):
    rows = split_rows(synthetic.training(8_000), synthetic.inputs(), seed=1).fit
    with_keys = rows.features.append_column("cliente_id", rows.features["cpf"])
    with_keys = with_keys.append_column("sem_dados", pa.array(np.zeros(len(rows.is_bad), bool)))
    parts = contributions(trained.points, with_keys)
    means = [abs(parts[t.code].to_numpy().mean()) for t in trained.points.terms]
    assert max(means) < 3
    assert (
        abs(apply_points(trained.points, with_keys)["score_bruto"].to_numpy().mean() - trained.points.base_points) < 5
    )


def test_every_row_is_used_for_one_thing_by_its_consumer(synthetic):
    data = synthetic.training(4_000)
    rows = split_rows(data, synthetic.inputs(), seed=1)
    people = {name: set(getattr(rows, name).consumer) for name in ("fit", "calibration", "unseen", "strict")}
    assert not people["fit"] & people["calibration"]
    assert not (people["fit"] | people["calibration"]) & (people["unseen"] | people["strict"])
    assert rows.strict.as_of.min() > rows.fit.as_of.max()
    assert set(rows.later.consumer) >= people["strict"]
    total = sum(len(part.is_bad) for part in (rows.fit, rows.calibration, rows.unseen))
    assert total == sum(counts.rows for counts in rows.fit.counts)
    for name, part in (("fit", ConsumerPart.FIT), ("calibration", ConsumerPart.CALIBRATION)):
        assert len(getattr(rows, name).is_bad) / total == pytest.approx(PART_SHARES[part], abs=0.03)


def test_the_record_tells_what_the_model_was_made_from(trained, synthetic):
    record = trained.record.to_json()
    assert [sample["data_referencia"] for sample in record["amostras"]] == ["2023-09-30", "2023-12-31"]
    assert [sample["data_referencia"] for sample in record["validacao"]] == [str(day) for day in synthetic.later]
    assert record["rotulos_de_treino_maduros_na_validacao"] is False
    assert record["copias_procuradas_de"] == ["sexo", "estado_civil"]
    assert record["linhas_por_uso"]["ajuste"] == trained.evidence.fit.rows
    assert record["calibracao"]["linhas"] == trained.evidence.calibration.rows
    assert {use["name"]: use["outcome"] for use in record["variaveis"]}["uf"] == "usada"
    shares = {use["name"]: use["missing_share"] for use in record["variaveis"]}
    assert shares["renda"] == pytest.approx(0.15, abs=0.02)
    assert shares["uf"] == pytest.approx(0.05, abs=0.02)


def test_its_rows_are_described_by_its_own_cells(trained):
    counted = trained.distribution
    assert counted.model == trained.points.sha256
    assert counted.rows == sum(sample.rows for sample in trained.record.samples)
    assert counted.missing_share("renda") == pytest.approx(0.15, abs=0.02)


def test_challengers_are_judged_beside_it(trained):
    found = {one.name: one for one in trained.evidence.challengers}
    assert set(found) == {"gradient_boosting", "regressao_logistica"}
    assert all(0.6 < one.auc.estimate < 0.9 for one in found.values())
    assert all(0 < one.brier.estimate < 0.25 for one in found.values())


def test_a_direction_against_the_data_bends_no_term_that_way(small):
    data, inputs, _ = small
    turned = [replace(f, direction=RiskDirection.LESS_RISK) if f.name == "atraso" else f for f in inputs]
    fit = split_rows(data, turned, seed=1).fit
    model = Champion(tuple(turned), seed=1, jobs=1).fit(Candidate(0, 16), fit.features, fit.is_bad, bags=1)
    term = next(term for term in model.terms if term.name == "atraso")
    assert (np.diff(term.log_odds[: term.axes[0].bins]) <= 0).all()


@pytest.mark.parametrize("name", ["sexo", "estado_civil", "cidade", "sexo_codigo"])
def test_a_forbidden_column_refuses_even_if_it_is_no_input(small, name):
    data, inputs, _ = small
    first = data.samples[0]
    planted = replace(first, features=first.features.append_column(name, pa.array(["x"] * SMALL)))
    with pytest.raises(TrainingRefusedError, match=name):
        train_scorecard(replace(data, samples=[planted, *data.samples[1:]]), inputs)


def test_too_few_labels_are_refused_with_the_counts(synthetic):
    with pytest.raises(
        TrainingRefusedError, match=r"labelled rows .*at least 500 needed.*2023-09-30: \d+ rows, \d+ bad"
    ):
        train_scorecard(synthetic.training(150), synthetic.inputs())


def test_too_few_bads_are_refused(small):
    data, inputs, _ = small
    rare, later = (
        [replace(s, labels=only_bad(s.labels, 10)) for s in some] for some in (data.samples, data.validation)
    )
    with pytest.raises(TrainingRefusedError, match=r"bad and \d+ good consumers, at least 100.*validation has \d+ bad"):
        train_scorecard(replace(data, samples=rare, validation=later), inputs)


def only_bad(labels: pa.Table, count: int) -> pa.Table:
    return labels.set_column(2, labels.schema.field("is_bad"), pa.array(np.arange(labels.num_rows) < count))


def test_dates_out_of_order_and_young_labels_are_refused(small):
    data, inputs, _ = small
    for wrong in (
        replace(data, validation=[*data.validation, data.samples[0]]),
        replace(data, samples=[]),
        replace(data, validation=[]),
        replace(data, samples=[data.samples[0], data.samples[0]]),
    ):
        with pytest.raises(TrainingRefusedError, match="before the validation dates"):
            train_scorecard(wrong, inputs)
    with pytest.raises(TrainingRefusedError, match="2025-06-29"):
        train_scorecard(replace(data, observed_until=date(2025, 6, 28)), inputs)


def test_pure_noise_is_refused(synthetic):
    noise = [f for f in synthetic.inputs() if f.name.startswith("ruido")]
    options = TrainingOptions(candidates=synthetic.one_candidate, jobs=1)
    with pytest.raises(TrainingRefusedError, match="no input tells good from bad"):
        train_scorecard(synthetic.training(2_000), noise, options=options)


def test_rows_without_data_or_label_are_left_out_and_counted(small):
    data, inputs, _ = small
    first = data.samples[0]
    shorter = replace(first, labels=first.labels.slice(100))
    rows = gather_rows([shorter], inputs, seed=1)
    counts = rows.counts[0]
    assert counts.rows == len(rows.is_bad)
    assert counts.rows + counts.without_data + counts.unlabelled == SMALL
    assert counts.without_data == first.features["sem_dados"].to_numpy().sum()
    assert 90 < counts.unlabelled <= 100


def test_a_consumer_twice_or_a_column_missing_is_an_error(small, synthetic):
    data, inputs, _ = small
    first = data.samples[0]
    twice = replace(first, features=pa.concat_tables([first.features, first.features.slice(0, 1)]))
    with pytest.raises(DataIntegrityError, match="more than once"):
        train_scorecard(replace(data, samples=[twice]), inputs)
    with pytest.raises(DataIntegrityError, match="columns missing: ruido_2"):
        train_scorecard(data, synthetic.inputs(noise=3))


def test_an_input_that_is_empty_at_every_date_gets_no_term(small):
    data, inputs, options = small

    def emptied(sample):
        features = sample.features
        for name, kind in (("uf", pa.string()), ("ruido_0", pa.float64())):
            place = features.column_names.index(name)
            features = features.set_column(place, name, pa.nulls(features.num_rows, kind))
        return replace(sample, features=features)

    later = [emptied(sample) for sample in data.validation]
    model = train_scorecard(
        replace(data, samples=list(map(emptied, data.samples)), validation=later), inputs, options=options
    )
    assert not {"uf", "ruido_0"} & set(model.points.features)
    uses = {use.name: use for use in model.record.inputs}
    assert (uses["uf"].outcome, uses["uf"].missing_share) == ("nao_usada", 1.0)


@pytest.fixture(scope="module")
def challenger(small, trained):
    """Return a small model, trained on one thread from labels in another order, with a model in force to beat."""
    data, inputs, options = small

    def shuffled(sample):
        order = np.random.default_rng(3).permutation(SMALL)
        return replace(sample, labels=sample.labels.take(order))

    again = replace(data, samples=list(map(shuffled, data.samples)), validation=list(map(shuffled, data.validation)))
    with threadpool_limits(1):
        return train_scorecard(again, inputs, options=options, incumbent=Incumbent("v1", trained.points))


def test_another_order_of_labels_and_more_threads_and_processes_make_the_same_model(challenger):
    assert run_elsewhere(threads="2", jobs=2) == challenger.points.sha256


def run_elsewhere(*, threads: str, jobs: int) -> str:
    script = (
        "import importlib.util, sys; s = importlib.util.spec_from_file_location('c', sys.argv[1]); "
        "c = importlib.util.module_from_spec(s); s.loader.exec_module(c); from models.training.train import *; "
        f"o = TrainingOptions(name='teste', candidates=c.ONE_CANDIDATE, jobs={jobs}); "
        f"m = train_scorecard(c.make_training({SMALL}), c.make_inputs(), options=o); print(m.points.sha256)"
    )
    conftest = str(Path(__file__).parents[1] / "conftest.py")
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
    environment = {**os.environ, **limits, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [sys.executable, "-c", script, conftest], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_it_is_compared_with_the_model_in_force_on_the_strict_rows(small, challenger, trained):
    check = challenger.decision.checks[0]
    strict = split_rows(small[0], small[1], seed=1).strict
    theirs, ours = (raw_scores(points, strict.features) for points in (trained.points, challenger.points))
    gap = roc_auc_score(~strict.is_bad, ours) - roc_auc_score(~strict.is_bad, theirs)
    assert challenger.decision.incumbent == "v1"
    assert check.name == "modelo_em_vigor"
    assert check.observed.estimate == pytest.approx(gap, abs=1e-6)


def test_a_model_in_force_that_cannot_be_applied_is_told(small, trained):
    data, inputs, _ = small
    fewer = split_rows(data, [feature for feature in inputs if feature.name != "uf"], seed=1)
    for incumbent, said in (
        (Incumbent("v1", trained.points), "já não existem: uf"),
        (Incumbent("v1", None, "não pôde ser lido"), "não pôde ser lido"),
    ):
        compared = compare_with_incumbent(incumbent, trained.points, fewer, seed=1)
        assert compared.difference is None
        assert said in compared.problem


def test_a_consumer_is_always_in_the_same_part():
    cpfs = pa.chunked_array([[f"{i:011d}" for i in range(20_000)]])
    parts = consumer_parts(cpfs, 1)
    for part, share in PART_SHARES.items():
        assert (parts == part).mean() == pytest.approx(share, abs=0.02)
    np.testing.assert_array_equal(parts[::-1], consumer_parts(pa.chunked_array([cpfs.combine_chunks()[::-1]]), 1))
    assert (parts != consumer_parts(cpfs, 2)).any()


def test_the_data_hash_sees_every_value_and_no_layout():
    table = pa.table({"cpf": ["1", None, "23"], "x": pa.array([1.0, None, 2.0])})
    pieces = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert hash_table(pieces) == hash_table(table)
    assert hash_table(table.set_column(0, "cpf", [["12", None, "3"]])) != hash_table(table)
    assert hash_table(table.set_column(0, "cpf", [["1", "", "23"]])) != hash_table(table)
    assert hash_table(table.set_column(1, "x", [[1.0, 0.0, 2.0]])) != hash_table(table)
