"""Guards the estimator: scikit-learn's own checks, anybody's table, directions, exact sums, clear refusals."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from contracts.feature_terms import RiskDirection
from models import Scorecard
from models.points.document import parse_points_table
from models.points.table import MAX_POINTS


@parametrize_with_checks([Scorecard()])
def test_it_is_a_scikit_learn_classifier(estimator, check):
    check(estimator)


def dirty_table(rows: int = 3_000, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """A table as people keep them: sentinels, numbers as texts, dates, blanks, rare categories, odd names."""
    rng = np.random.default_rng(seed)
    debt, age = rng.exponential(1_000, rows), rng.integers(18, 80, rows)
    kind = rng.choice(["a", "b", "c"], rows)
    log_odds = 0.0012 * debt - 0.03 * (age - 45) + 1.2 * (kind == "b") * (age < 40) - 1.5
    y = (rng.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(int)
    frame = pd.DataFrame(
        {
            "dívida (R$)": np.where(rng.random(rows) < 0.1, np.nan, debt),
            "age": np.where(rng.random(rows) < 0.05, -999, age),
            "age as text": [f" {a} " if rng.random() > 0.04 else "?" for a in age],
            "kind": np.where(rng.random(rows) < 0.1, None, kind),
            "city": [f"town {i}" for i in rng.zipf(1.3, rows) % 5_000],
            "flag": pd.array(rng.choice([True, False, None], rows), dtype="boolean"),
            "since": pd.Timestamp("2020-01-01") - pd.to_timedelta(age * 10, unit="D"),
            "day": [date(2020, 1, 1 + int(a) % 28) for a in age],
            "money": [Decimal(int(d)) / 100 for d in debt],
            "band": pd.Categorical(np.where(age < 30, "young", "older")),
            "constant": 7,
            "empty": np.nan,
            "blank": "",
            "infinite": np.where(rng.random(rows) < 0.02, np.inf, debt),
            7: rng.integers(0, 3, rows),
            "base": rng.normal(size=rows),
        }
    )
    return frame, y


@pytest.fixture(scope="module")
def fitted() -> tuple[Scorecard, pd.DataFrame, np.ndarray]:
    frame, y = dirty_table()
    return Scorecard(bags=2, pairs=5, n_jobs=1).fit(frame, y), frame, y


def test_a_dirty_table_is_learnt_from(fitted):
    model, _, _ = fitted
    later, outcome = dirty_table(seed=2)
    probability = model.predict_proba(later)[:, 1]
    assert roc_auc_score(outcome, probability) > 0.72
    assert abs(probability.mean() - outcome.mean()) < 0.03
    assert {"constant", "empty", "blank"}.isdisjoint(model.points_.features)
    assert {"age as text", "kind", "7"} <= set(model.kinds_)


def test_base_and_contributions_are_the_unclipped_score_of_every_row(fitted):
    model, _, _ = fitted
    later, _ = dirty_table(seed=3)
    parts = model.contributions(later)
    assert parts.columns[0] == "base_", "a column of the table is called base"
    assert (parts.dtypes == np.int64).all()
    raw = parts.sum(axis=1).to_numpy()
    assert (model.score_points(later) == np.clip(raw, 0, 1000)).all()
    scale = model.points_.scale
    assert np.array_equal(model.predict_proba(later)[:, 1], scale.probability(raw.astype(np.int32)).astype(float))
    assert np.allclose(model.decision_function(later), -scale.log_odds_of(raw.astype(np.int32)))


def test_reasons_are_the_strongest_contributions(fitted):
    model, frame, _ = fitted
    parts, reasons = model.contributions(frame).iloc[:, 1:], model.reasons(frame, top=3)
    assert list(reasons.columns) == ["reason_1", "points_1", "reason_2", "points_2", "reason_3", "points_3"]
    strongest = np.sort(np.abs(parts.to_numpy()), axis=1)[:, ::-1][:, :3]
    assert np.array_equal(np.abs(reasons[["points_1", "points_2", "points_3"]].to_numpy()), strongest)
    for row in range(20):
        for place in (1, 2, 3):
            name, points = reasons.iloc[row][f"reason_{place}"], reasons.iloc[row][f"points_{place}"]
            assert (points == 0) if name is None else parts.iloc[row][name] == points


def test_more_reasons_than_terms_are_none(fitted):
    model, frame, _ = fitted
    reasons = model.reasons(frame.head(2), top=100)
    assert reasons["reason_100"].isna().all()
    assert (reasons["points_100"] == 0).all()


def test_what_training_never_saw_has_a_documented_place(fitted):
    model, frame, _ = fitted
    rows = pd.concat([frame.head(1)] * 5, ignore_index=True).astype({"age": float})
    rows["kind"] = ["never seen", None, "a", "a", "a"]
    rows["dívida (R$)"] = [10.0, 10.0, 1e300, np.inf, -np.inf]
    parts = model.contributions(rows)
    assert parts["kind"][0] == 0, "no category was rare enough in training to speak for an unknown one"
    assert parts["dívida (R$)"][2] == parts["dívida (R$)"][3]
    greatest = model.contributions(rows.assign(**{"dívida (R$)": frame["dívida (R$)"].max()}))["dívida (R$)"][0]
    assert parts["dívida (R$)"][2] == greatest


def test_numbers_and_texts_of_numbers_are_the_same_at_prediction(fitted):
    model, frame, _ = fitted
    texts = frame.assign(age=frame["age"].astype(str))
    assert np.array_equal(model.score_points(frame), model.score_points(texts))


def test_columns_may_come_in_a_frame_of_any_index(fitted):
    model, frame, _ = fitted
    moved = frame.head(50).set_axis([f"r{i}" for i in range(50)])
    assert list(model.contributions(moved).index) == list(moved.index)
    assert np.array_equal(model.score_points(moved), model.score_points(frame.head(50)))


def test_the_fitted_table_is_json_and_nothing_else_is_needed(fitted):
    points = fitted[0].points_
    again = parse_points_table(json.dumps(points.to_json()).encode())
    assert again == points
    assert again.sha256 == points.sha256


def test_the_same_table_and_seed_give_the_same_points_on_one_process_or_two():
    frame, y = dirty_table(1_500)
    one, two = (Scorecard(bags=2, pairs=3, n_jobs=jobs).fit(frame, y).points_.sha256 for jobs in (1, 2))
    assert one == two


def test_a_direction_holds_for_any_two_rows_whatever_the_other_columns():
    frame, y = dirty_table()
    chosen = {"dívida (R$)": RiskDirection.MORE_RISK, "age": -1}
    model = Scorecard(bags=2, n_jobs=1, monotone=chosen).fit(frame, y)
    rng = np.random.default_rng(5)
    rows = frame.sample(10_000, replace=True, random_state=1, ignore_index=True)
    for name, safer in (("dívida (R$)", "low"), ("age", "high")):
        values = np.sort(rng.normal(0, 3_000, (len(rows), 2)), axis=1)
        low, high = (model.contributions(rows.assign(**{name: values[:, i]})).sum(axis=1) for i in (0, 1))
        assert ((low >= high) if safer == "low" else (high >= low)).all()
        assert (low != high).any()
    assert not any({"age", "dívida (R$)"} & set(term.features) for term in model.points_.terms if term.is_pair)


def test_a_pair_is_found_where_only_two_features_together_tell():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(4_000, 4)), columns=list("abcd"))
    y = rng.random(4_000) < np.where((frame["a"] > 0) ^ (frame["b"] > 0), 0.7, 0.2)
    alone = Scorecard(bags=2, pairs=0, n_jobs=1).fit(frame, y)
    paired = Scorecard(bags=2, pairs=1, n_jobs=1).fit(frame, y)
    assert roc_auc_score(y, alone.predict_proba(frame)[:, 1]) < 0.6
    assert roc_auc_score(y, paired.predict_proba(frame)[:, 1]) > 0.72
    assert [term.features for term in paired.points_.terms if term.is_pair] == [("a", "b")]
    named = Scorecard(bags=2, pairs=[("b", "a")], n_jobs=1).fit(frame, y)
    assert named.points_.sha256 == paired.points_.sha256


def test_a_category_pair_does_not_depend_on_how_the_categories_are_called():
    rng = np.random.default_rng(2)
    codes, x = rng.integers(0, 6, 4_000), rng.normal(size=4_000)
    y = rng.random(4_000) < np.where((codes % 2 == 1) ^ (x > 0), 0.7, 0.2)
    names = np.array(["zeta", "alfa", "ypsilon", "beta", "xi", "gama"])
    model = Scorecard(bags=2, n_jobs=1).fit(pd.DataFrame({"c": names[codes], "x": x}), y)
    assert roc_auc_score(y, model.predict_proba(pd.DataFrame({"c": names[codes], "x": x}))[:, 1]) > 0.7


def test_a_weight_of_two_is_two_rows_and_shares_are_brought_to_rows():
    frame, y = dirty_table(600)
    weights = np.where(np.arange(600) % 3 == 0, 2.0, 1.0)
    shares = Scorecard(bags=1, n_jobs=1).fit(frame, y, sample_weight=weights / weights.sum())
    assert roc_auc_score(y, shares.predict_proba(frame)[:, 1]) > 0.7
    without = Scorecard(bags=1, n_jobs=1).fit(frame[y == 1].head(100), y[y == 1][:100] - (np.arange(100) < 50))
    assert without.points_.base_points


def test_the_scale_moves_the_points_and_not_the_probability():
    frame, y = dirty_table(1_000)
    usual, fico = (
        Scorecard(bags=1, pairs=0, n_jobs=1, **scale).fit(frame, y)
        for scale in ({}, {"base_points": 660, "base_odds": 15.0, "pdo": 40.0})
    )
    difference = np.abs(usual.predict_proba(frame) - fico.predict_proba(frame)).max()
    assert difference < 0.02, "both round to points, of different worth"
    assert usual.contributions(frame).std().sum() > 1.5 * fico.contributions(frame).std().sum()


def test_it_is_calibrated_and_better_than_the_mean(fitted):
    model, _, _ = fitted
    later, outcome = dirty_table(seed=4)
    assert brier_score_loss(outcome, model.predict_proba(later)[:, 1]) < 0.92 * outcome.mean() * (1 - outcome.mean())


def test_few_rows_give_a_modest_model_and_no_extreme_points():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": np.arange(12.0), "y": rng.normal(size=12)})
    model = Scorecard().fit(frame, np.arange(12) >= 6)
    assert (model.predict(frame) == (np.arange(12) >= 6)).all()
    assert max(abs(p) for term in model.points_.terms for p in term.points) < MAX_POINTS / 10


def test_a_table_that_tells_nothing_gives_the_base_alone():
    model = Scorecard().fit(pd.DataFrame({"x": [1.0] * 20}), [0, 1] * 10)
    assert model.points_.terms == ()
    assert np.allclose(model.predict_proba(pd.DataFrame({"x": [2.0]})), 0.5, atol=0.005)
    assert list(model.contributions(pd.DataFrame({"x": [2.0]})).columns) == ["base"]


def test_it_works_in_scikit_learns_tools():
    frame, y = dirty_table(900)
    model = clone(Scorecard(bags=1, pairs=0, n_jobs=1))
    assert cross_val_score(model, frame, y, cv=3, scoring="roc_auc").mean() > 0.65


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"forbidden": ("kind", "age", "absent")}, "forbidden columns: age, kind"),
        ({"monotone": {"kind": 1}}, "kind: a category has no direction"),
        ({"monotone": {"ghost": 1}}, "not there: ghost"),
        ({"monotone": {"age": 2}}, "expected of age"),
        ({"pairs": [("age", "ghost")]}, r"age\*ghost"),
        ({"pairs": [("age", "age")]}, r"age\*age"),
        ({"pairs": [("age", "kind")], "monotone": {"age": -1}}, "have a direction"),
        ({"pairs": "many"}, "'auto'"),
        ({"pairs": -1}, "pairs must be"),
        ({"bags": 0}, "bags must be"),
        ({"max_bins": 1}, "max_bins must be"),
        ({"max_pair_bins": 1.5}, "max_pair_bins must be"),
        ({"random_state": -3}, "random_state must be"),
        ({"pdo": 1}, "pdo must lie"),
        ({"forbidden": "kind"}, "list of names"),
        ({"forbidden": (" AGE ",)}, "forbidden columns: age"),
        ({"pairs": 1.5}, "pairs must be"),
        ({"base_odds": "ten"}, "could not convert|odds"),
        ({"base_points": 600.7}, "base_points must be"),
    ],
)
def test_an_option_that_cannot_be_honoured_is_named(options, message):
    frame, y = dirty_table(60)
    with pytest.raises(ValueError, match=message):
        Scorecard(**options).fit(frame, y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f, y: (f, np.zeros(len(y))), "one class only"),
        (lambda f, y: (f, np.arange(len(y)) % 3), "Only binary"),
        (lambda f, y: (f, np.where(y == 1, np.nan, 0.0)), "NaN|missing"),
        (lambda f, y: (f, y[:-1]), "inconsistent numbers"),
        (lambda f, y: (pd.concat([f, f[["age"]]], axis=1), y), "duplicate column names: age"),
        (lambda f, y: (f.rename(columns={"age": ""}), y), "printable"),
        (lambda f, y: (f.rename(columns={"age": "7", 7: 7}), y), "duplicate column names: 7"),
        (lambda f, y: (f[[]], y), "0 feature"),
        (lambda f, y: (f.head(0), y[:0]), "0 sample|minimum of 1"),
    ],
)
def test_a_table_that_cannot_be_learnt_from_is_refused_clearly(change, message):
    frame, y = change(*dirty_table(60))
    with pytest.raises(ValueError, match=message):
        Scorecard(bags=1).fit(frame, y)


def test_values_that_are_neither_numbers_nor_texts_are_named():
    with pytest.raises(TypeError, match=r"column odd: .*list"):
        Scorecard().fit(pd.DataFrame({"odd": [[1], [2], [3], [4]]}), [0, 1, 0, 1])


def test_before_fit_and_with_other_columns_it_says_so(fitted):
    with pytest.raises(NotFittedError):
        Scorecard().predict([[1.0]])
    with pytest.raises(ValueError, match="feature"):
        fitted[0].predict(fitted[1].drop(columns="kind"))


def test_a_consumers_rows_stop_the_boosting_together_so_that_copies_teach_nothing():
    rng = np.random.default_rng(4)
    noise = pd.DataFrame({"c": rng.choice(list("abcdefghijklmnopqrst"), 900), "x": rng.normal(size=900)})
    y, consumer = (rng.random(900) < 0.2).astype(int), np.arange(900)
    copies, thrice = pd.concat([noise] * 3, ignore_index=True), np.tile(y, 3)

    def span(model):
        return np.ptp(model.contributions(noise).iloc[:, 1:].sum(axis=1))

    together = Scorecard(bags=4, pairs=0, n_jobs=1).fit(copies, thrice, groups=np.tile(consumer, 3))
    apart = Scorecard(bags=4, pairs=0, n_jobs=1).fit(copies, thrice)
    once = Scorecard(bags=4, pairs=0, n_jobs=1).fit(noise, y)
    assert span(together) < 1.5 * span(once)
    assert span(together) < 0.6 * span(apart)
    with pytest.raises(ValueError, match="one name a row"):
        Scorecard().fit(noise, y, groups=consumer[:-1])


def test_declared_categories_stay_categories_and_odd_objects_are_read():
    rng = np.random.default_rng(6)
    codes, values = rng.integers(0, 40, 3_000), rng.normal(size=3_000)
    frame = pd.DataFrame(
        {
            "code": pd.Categorical(codes),
            "cut": pd.cut(values, 4),
            "mixed": pd.Series([Decimal("1.5") if v > 0 else float(v) for v in values], dtype=object),
        }
    )
    model = Scorecard(bags=1, pairs=0, n_jobs=1).fit(frame, (codes % 3 == 0) ^ (values > 1))
    assert {name: kind.value for name, kind in model.kinds_.items()} == {
        "code": "text",
        "cut": "text",
        "mixed": "double",
    }
    assert model.reasons(frame, top=9)["reason_9"].tolist() == [None] * 3_000
