"""Guards stability: nothing moved is within chance, what moved is named, and consumers' rows are not counted twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models.monitoring.population_stability import population_stability
from models.points.apply import raw_scores
from models.validation.judged import JudgedRows
from models.validation.stability import SIGNIFICANCE, StabilityFigures, measure_stability
from tests.evidence_samples import judge, two_feature_points, two_feature_rows

POINTS = two_feature_points()


def judged(table: pa.Table, *, dates: int = 1) -> JudgedRows:
    raw = raw_scores(POINTS, table)
    p = POINTS.scale.probability(raw).astype(np.float64)
    return replace(judge(table.num_rows, dates=dates), raw_score=raw, probability=p)


def measure(before: pa.Table, after: pa.Table, *, dates: int = 1) -> dict[str, StabilityFigures]:
    sides = ((judged(table, dates=dates), table) for table in (before, after))
    return {found.name: found for found in measure_stability(POINTS, *sides, seed=1)}


@pytest.fixture(scope="module")
def before() -> pa.Table:
    return two_feature_rows(3_000, 1)


def test_another_sample_of_the_same_population_is_within_chance(before):
    found = measure(before, two_feature_rows(2_500, 2))
    assert list(found) == ["score", "renda", "uf"]
    for one in found.values():
        assert one.index.low <= one.index.estimate < one.chance_limit < 0.02


def test_the_index_is_that_of_monitoring(before):
    after = two_feature_rows(2_500, 2, richer=1.5)
    found = measure(before, after)["renda"]
    cells = [np.histogram(t["renda"], [-np.inf, 1_000, 5_000, np.inf])[0] for t in (before, after)]
    expected = population_stability(*cells, significance=SIGNIFICANCE)
    assert found.index.estimate == pytest.approx(expected.value, abs=1e-8)
    assert found.index.low > found.chance_limit >= round(expected.chance_limit, 8)


def test_what_moved_is_named_and_what_did_not_is_not(before):
    found = measure(before, two_feature_rows(2_500, 2, richer=2.0))
    assert found["renda"].index.low > 0.1
    assert found["score"].index.low > 0.1
    assert found["uf"].index.estimate < found["uf"].chance_limit


def test_missing_values_are_told_apart(before):
    found = measure(before, two_feature_rows(2_500, 2, no_state=0.3))["uf"]
    assert found.missing_then == pytest.approx(0.05, abs=0.015)
    assert found.missing_now == pytest.approx(0.3, abs=0.03)
    assert found.index.low > 0.1
    assert measure(before, before)["score"].missing_then is None


def test_the_same_rows_have_an_index_of_nothing(before):
    found = measure(before, before)
    assert all(one.index.estimate == one.index.low == 0 for one in found.values())


def test_rows_that_consumers_repeat_are_no_surer_than_the_consumers(before):
    """Three dates of the same values tell as much as one."""
    after = two_feature_rows(2_500, 2)
    once = measure(before, after)["renda"]
    thrice = measure(*(t.take(np.repeat(np.arange(t.num_rows), 3)) for t in (before, after)), dates=3)["renda"]
    assert thrice.index.estimate == pytest.approx(once.index.estimate)
    assert thrice.chance_limit == pytest.approx(once.chance_limit, rel=0.5)
    assert thrice.chance_limit > 0.02 / 3
