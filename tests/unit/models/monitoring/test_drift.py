"""Planted drift is found and named at its cause; an unchanged population of any size raises nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import DataIntegrityError
from contracts.extraction import TableCounts
from contracts.feature_terms import InputType
from models.monitoring.drift import find_drift
from models.monitoring.drift_findings import LIMITS, DriftReport, Finding, Level, Measure
from models.monitoring.observed_performance import ObservedPerformance, count_outcomes, observe_performance
from models.monitoring.reference_distribution import ReferenceDistribution, describe_distribution
from models.points.apply import raw_scores
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term

SCALE = ScoreScale()
FEATURES = 6
EDGES = tuple(float(edge) for edge in np.linspace(-1.5, 1.5, 9))
COUNTS = {"divida": TableCounts(40_000, 39_600, {}, {"duplicado": 400})}
TRAINING_ROWS = 50_000


def make_points() -> PointsTable:
    """Six numbers; the first matters most, and each is worth more points the higher it is."""
    terms = []
    for i in range(FEATURES):
        steps = np.linspace(-60, 60, len(EDGES) + 1) / (i + 1)
        axis = Axis(f"v{i}", InputType.NUMBER, edges=EDGES)
        terms.append(Term(f"V{i}", (axis,), (*(int(step) for step in steps), 0, -10)))
    return PointsTable("teste", 12, SCALE, 600, tuple(terms))


POINTS = make_points()


def draw_table(rows: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {f"v{i}": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)) for i in range(FEATURES)}


def describe(
    columns: dict[str, np.ndarray], *, counts: dict[str, TableCounts] = COUNTS
) -> tuple[ReferenceDistribution, np.ndarray]:
    table = pa.table(columns)
    raw = raw_scores(POINTS, table)
    return describe_distribution(POINTS, table, raw, counts=counts), raw


@pytest.fixture(scope="module")
def trained() -> ReferenceDistribution:
    return describe(draw_table(TRAINING_ROWS, 1))[0]


def outcomes_of(raw: np.ndarray, *, odds_factor: float = 1.0, seed: int = 9) -> ObservedPerformance:
    p = SCALE.probability(raw).astype(np.float64)
    odds = p / (1 - p) * odds_factor
    is_bad = np.random.default_rng(seed).random(len(raw)) < odds / (1 + odds)
    observed = observe_performance(count_outcomes(raw, is_bad, unknown=0), SCALE)
    assert observed is not None
    return observed


def raised(report: DriftReport) -> set[tuple[str, str]]:
    return {(finding.measure.value, finding.subject) for finding in report.raised}


@pytest.mark.parametrize("rows", [1_000, 10_000, 100_000])
def test_an_unchanged_population_raises_nothing(trained, rows):
    report = find_drift(trained, describe(draw_table(rows, 2))[0], SCALE)
    assert (report.level, report.raised) == (Level.OK, ())
    assert {finding.subject for finding in report.of(Measure.FEATURE_STABILITY)} == {f"v{i}" for i in range(FEATURES)}


@pytest.mark.parametrize(("rows", "most"), [(1_000, 6), (10_000, 0), (100_000, 0)])
def test_false_alarms_are_rare_at_any_size(rows, most):
    """300 runs of 40 features and 20 rules that did not change: one whole report in a hundred may be wrong."""
    shapes = [np.random.default_rng(i).dirichlet(np.full(4 + i % 30, 0.5)) for i in range(40)]
    score_shape = np.random.default_rng(99).dirichlet(np.full(400, 2.0))
    rules = np.geomspace(0.0005, 0.02, 20)

    def draw(rows: int, seed: int) -> ReferenceDistribution:
        rng = np.random.default_rng(seed)
        cells = {f"v{i}": tuple(rng.multinomial(rows, shape).tolist()) for i, shape in enumerate(shapes)}
        scores = dict(enumerate(rng.multinomial(rows, score_shape).tolist(), start=400))
        rejected = {f"r{i}": int(rng.binomial(3 * rows, rate)) for i, rate in enumerate(rules)}
        counts = TableCounts(3 * rows, 3 * rows - sum(rejected.values()), {}, rejected)
        return ReferenceDistribution("modelo", rows, cells, scores, {"divida": counts})

    reference = draw(300_000, 0)
    alarms = [find_drift(reference, draw(rows, seed), SCALE).raised for seed in range(1, 301)]
    assert sum(bool(alarm) for alarm in alarms) <= most


@pytest.mark.parametrize("rows", [1_000, 100_000])
def test_a_shifted_feature_is_named_and_no_other(trained, rows):
    columns = draw_table(rows, 3)
    columns["v3"] = columns["v3"] + 0.8
    report = find_drift(trained, describe(columns)[0], SCALE)
    assert raised(report) == {("estabilidade_da_variavel", "v3")}
    assert report.level is Level.ALERT


def test_a_shift_that_moves_the_score_is_told_of_the_score_too(trained):
    columns = draw_table(20_000, 4)
    columns["v0"] = columns["v0"] - 1.5
    report = find_drift(trained, describe(columns)[0], SCALE)
    assert {("estabilidade_da_variavel", "v0"), ("estabilidade_do_score", ""), ("taxa_esperada", "")} <= raised(report)
    assert report.expected.bad_rate > 1.2 * report.trained.bad_rate


@pytest.mark.parametrize(("share", "level"), [(0.07, Level.ATTENTION), (0.20, Level.ALERT)])
def test_more_missing_is_named(trained, share, level):
    columns = draw_table(20_000, 5)
    columns["v5"] = np.where(np.random.default_rng(5).random(20_000) < share, np.nan, columns["v5"])
    report = find_drift(trained, describe(columns)[0], SCALE)
    [finding] = [finding for finding in report.raised if finding.measure is Measure.MISSING]
    assert (finding.subject, finding.level) == ("v5", level)
    assert finding.change == pytest.approx(0.9 * share, abs=0.015)


def test_a_rule_that_refuses_more_is_named(trained):
    counts = {"divida": TableCounts(40_000, 38_400, {}, {"duplicado": 400, "valor_invalido": 1_200})}
    report = find_drift(trained, describe(draw_table(10_000, 6), counts=counts)[0], SCALE)
    assert raised(report) == {("rejeicao", "divida: valor_invalido")}
    assert report.level is Level.ATTENTION


def test_tables_without_counts_in_training_are_not_compared(trained):
    actual, _ = describe(draw_table(1_000, 7))
    assert find_drift(replace(trained, counts={}), actual, SCALE).of(Measure.REJECTS) == ()


def test_a_higher_bad_rate_shows_once_outcomes_are_known(trained):
    actual, raw = describe(draw_table(20_000, 8))
    assert find_drift(trained, actual, SCALE, observed=outcomes_of(raw)).raised == ()
    worse = find_drift(trained, actual, SCALE, observed=outcomes_of(raw, odds_factor=1.5))
    assert ("calibracao", "") in raised(worse)
    assert {measure for measure, _ in raised(worse)} == {"calibracao"}
    [whole] = [finding for finding in worse.raised if finding.subject == ""]
    assert (whole.level, whole.change) == (Level.ALERT, pytest.approx(0.45, abs=0.1))


def test_outcomes_that_no_longer_follow_the_score_lower_the_observed_auc_alone(trained):
    actual, raw = describe(draw_table(20_000, 8))
    shuffled = np.random.default_rng(3).permutation(raw)
    rate = float(SCALE.probability(shuffled).mean())
    is_bad = np.random.default_rng(4).random(len(raw)) < rate
    observed = observe_performance(count_outcomes(raw, is_bad, unknown=0), SCALE)
    report = find_drift(trained, actual, SCALE, observed=observed)
    assert Level.ALERT in {finding.level for finding in report.of(Measure.OBSERVED_AUC)}
    assert report.of(Measure.EXPECTED_AUC)[0].level is Level.OK


def test_a_few_outcomes_prove_nothing(trained):
    actual, raw = describe(draw_table(150, 10))
    assert find_drift(trained, actual, SCALE, observed=outcomes_of(raw, odds_factor=1.2)).raised == ()


def test_a_change_must_be_both_large_and_beyond_chance():
    limits = LIMITS[Measure.MISSING]
    large, small = limits.alert + 0.01, limits.attention - 0.01

    def level(change: float, chance: float) -> Level:
        return Finding(Measure.MISSING, "v", 0.0, 0.0, change, chance).level

    assert (level(large, 0.0), level(large, large), level(small, 0.0)) == (Level.ALERT, Level.OK, Level.OK)
    assert (level(-large, 0.0), level(limits.attention, 0.0)) == (Level.ALERT, Level.ATTENTION)


def test_two_models_and_empty_sides_are_not_compared(trained):
    with pytest.raises(DataIntegrityError, match="two models"):
        find_drift(trained, replace(trained, model="outro"), SCALE)
    empty = describe(draw_table(0, 1))[0]
    with pytest.raises(DataIntegrityError, match="without rows"):
        find_drift(trained, empty, SCALE)
