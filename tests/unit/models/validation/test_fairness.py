"""Guards fairness: planted differences are found where they are, and small groups are not judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models.validation.fairness import APPROVAL_SCORE, MIN_GROUP_ROWS, AttributeFairness, measure_fairness
from models.validation.intervals import Resampling
from models.validation.judged import JudgedRows
from tests.evidence_samples import SCALE, judge


def measure(rows: JudgedRows) -> dict[str, AttributeFairness]:
    return {one.attribute: one for one in measure_fairness(rows, Resampling(rows.consumer, seed=1))}


def with_sex(rows: JudgedRows, women: np.ndarray) -> JudgedRows:
    return replace(rows, groups={"sexo": pa.array(np.where(women, "F", "M"))})


def test_groups_that_do_not_differ_are_found_alike():
    found = measure(judge(9_000))["sexo"]
    other = next(group for group in found.groups if group.group != found.reference)
    assert other.approval_ratio.low < 1
    assert other.approval_ratio.high > 0.98
    assert other.opportunity_difference.high > -0.02
    assert all(group.calibration_gap.low < 0 < group.calibration_gap.high for group in found.groups)
    assert all(group.auc.low < group.auc.estimate < group.auc.high for group in found.groups)


def test_rates_are_those_of_the_published_score():
    rows = judge(2_000, dates=1)
    women = np.arange(2_000) % 2 == 0
    found = {group.group: group for group in measure(with_sex(rows, women))["sexo"].groups}
    assert APPROVAL_SCORE == 501
    approved = rows.raw_score >= 501
    good = ~rows.is_bad
    assert found["F"].approval_rate.estimate == pytest.approx(approved[women].mean(), abs=1e-8)
    assert found["M"].good_approval_rate.estimate == pytest.approx(approved[~women & good].mean(), abs=1e-8)
    assert found["F"].bad_rate.estimate == pytest.approx(rows.is_bad[women].mean(), abs=1e-8)


def test_a_group_that_is_scored_lower_is_found_so():
    rows = judge(6_000)
    women = (rows.consumer % 2 == 0) & (np.random.default_rng(1).random(6_000) < 0.9)
    raw = rows.raw_score - 100 * women
    biased = with_sex(replace(rows, raw_score=raw, probability=SCALE.probability(raw).astype(np.float64)), women)
    found = measure(biased)["sexo"]
    assert found.reference == "M"
    assert found.lowest_approval_ratio.high < 0.8
    assert found.largest_opportunity_difference.high < -0.2
    assert found.largest_calibration_gap.low > 0.05
    reference = next(group for group in found.groups if group.group == "M")
    assert (reference.approval_ratio.estimate, reference.opportunity_difference.estimate) == (1, 0)


def test_few_rows_or_few_outcomes_are_not_judged():
    rows = judge(9_000)
    few = next(group for group in measure(rows)["faixa_etaria"].groups if group.group == "60 ou mais")
    assert 0 < few.rows < MIN_GROUP_ROWS
    assert not few.judged
    assert few.approval_rate is few.approval_ratio is few.auc is None
    safe = measure(with_sex(rows, rows.raw_score > 800))["sexo"]
    assert [(group.group, group.judged) for group in safe.groups] == [("F", False), ("M", True)]


def test_unknown_rows_are_counted_and_in_no_group():
    rows = judge(3_000)
    found = measure(rows)["sexo"]
    assert found.unknown == rows.groups["sexo"].null_count > 0
    assert sum(group.rows for group in found.groups) + found.unknown == 3_000


def test_no_group_that_can_be_judged_has_no_reference():
    found = measure(judge(150))["sexo"]
    assert found.reference is None
    assert found.lowest_approval_ratio is found.largest_calibration_gap is None
    assert measure(replace(judge(150), groups={"sexo": pa.nulls(150, pa.string())}))["sexo"].groups == ()
