"""Guards the gate: every limit can refuse a model, noise alone refuses none, and the decision says why."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from contracts.canonical_json import canonical_json
from contracts.feature_terms import RiskDirection
from models.training.takeover import Comparison, decide_takeover
from models.training.takeover_checks import check_interval
from models.training.takeover_limits import Limits
from models.validation.intervals import Interval, paired_auc_difference


@pytest.fixture
def decide(trained, synthetic):
    """Return the gate on the trained model, any of its evidence replaced."""

    def decided(evidence=trained.evidence, *, comparison=None, looked_for=("sexo",), inputs=None, limits=None):
        return decide_takeover(
            evidence,
            trained.points,
            synthetic.inputs() if inputs is None else inputs,
            comparison=comparison,
            copies_looked_for=looked_for,
            limits=limits,
        )

    return decided


def refused(decision):
    assert decision.takes_over is (not decision.refusals)
    return {check.name for check in decision.checks if not check.passed}


def test_the_first_model_needs_no_comparison(decide):
    decision = decide()
    assert decision.takes_over
    assert decision.incumbent is None
    assert "modelo_em_vigor" not in {check.name for check in decision.checks}


@pytest.mark.parametrize(
    ("difference", "passes"),
    [
        (Interval(0.01, 0.002, 0.018), True),
        (Interval(-0.01, -0.021, 0.001), True),
        (Interval(-0.02, -0.03, -0.01), False),
    ],
)
def test_only_a_model_that_is_worse_beyond_chance_stays_out(decide, difference, passes):
    decision = decide(comparison=Comparison("2025-01-31-0a1b2c3d", difference))
    assert decision.takes_over is passes
    assert decision.incumbent == "2025-01-31-0a1b2c3d"


def test_a_model_in_force_that_cannot_be_applied_refuses_and_says_why(decide):
    decision = decide(comparison=Comparison("v1", None, "lê variáveis que já não existem: renda_x"))
    assert refused(decision) == {"modelo_em_vigor"}
    assert "renda_x" in decision.refusals[0]


def late(evidence, **changes):
    return replace(evidence, out_of_time=replace(evidence.out_of_time, **changes))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ece", {"ece_debiased": Interval(0.04, 0.03, 0.05)}),
        ("ece", {"ece_debiased": None}),
        ("calibracao_inclinacao", {"calibration_slope": Interval(0.6, 0.5, 0.7)}),
        ("calibracao_inclinacao", {"calibration_slope": Interval(1.5, 1.4, 1.6)}),
    ],
)
def test_a_broken_calibration_refuses(decide, trained, name, changes):
    assert refused(decide(late(trained.evidence, **changes))) == {name}


def test_a_gini_that_falls_or_jumps_from_month_to_month_refuses(decide, trained):
    trend = trained.evidence.out_of_time.trend
    falling = replace(trend, gini_slope=Interval(-0.06, -0.07, -0.05))
    jumping = replace(trend, gini_spread=Interval(0.2, 0.15, 0.25))
    assert refused(decide(late(trained.evidence, trend=falling))) == {"gini_inclinacao"}
    assert refused(decide(late(trained.evidence, trend=jumping))) == {"gini_amplitude"}
    assert refused(decide(late(trained.evidence, trend=None))) == {"gini_inclinacao", "gini_amplitude"}


def with_group(evidence, attribute, group, **changes):
    """Return the evidence with the figures of one group of an attribute replaced."""
    fairness = [
        replace(
            one,
            reference=one.reference
            if one.reference != group
            else next(g.group for g in one.groups if g.group != group),
            groups=tuple(replace(g, **changes) if g.group == group else g for g in one.groups),
        )
        if one.attribute == attribute
        else one
        for one in evidence.fairness
    ]
    return replace(evidence, fairness=tuple(fairness))


@pytest.mark.parametrize(
    ("where", "changes", "name"),
    [
        (("sexo", "F"), {"approval_ratio": Interval(0.7, 0.65, 0.75)}, "equidade_sexo_aprovacao"),
        (("sexo", "F"), {"opportunity_difference": Interval(-0.2, -0.25, -0.15)}, "equidade_sexo_oportunidade"),
        (("sexo", "M"), {"calibration_gap": Interval(0.08, 0.06, 0.10)}, "equidade_sexo_calibracao"),
        (("faixa_etaria", "18 a 24"), {"approval_ratio": Interval(0.4, 0.35, 0.45)}, "equidade_idade_aprovacao"),
        (("faixa_etaria", "60 ou mais"), {"approval_ratio": Interval(0.7, 0.65, 0.75)}, "equidade_idade_aprovacao"),
        (
            ("faixa_etaria", "60 ou mais"),
            {"calibration_gap": Interval(-0.08, -0.10, -0.06)},
            "equidade_idade_calibracao",
        ),
    ],
)
def test_a_group_beyond_its_limit_refuses(decide, trained, where, changes, name):
    assert refused(decide(with_group(trained.evidence, *where, **changes))) == {name}


def test_older_persons_have_a_stricter_limit_than_the_young(decide, trained):
    ratio = {"approval_ratio": Interval(0.7, 0.65, 0.75)}
    assert decide(with_group(trained.evidence, "faixa_etaria", "18 a 24", **ratio)).takes_over
    assert not decide(with_group(trained.evidence, "faixa_etaria", "60 ou mais", **ratio)).takes_over


def test_a_group_of_few_rows_is_not_judged(decide, trained):
    none = {"judged": False, "approval_ratio": None, "opportunity_difference": None, "calibration_gap": None}
    decision = decide(with_group(trained.evidence, "faixa_etaria", "18 a 24", **none))
    assert decision.takes_over
    assert not any("18 a 24" in check.text for check in decision.checks)


def test_what_was_not_measured_is_not_passed(decide, trained):
    unknown = replace(trained.evidence, fairness=())
    assert refused(decide(unknown)) == {"equidade_sexo", "equidade_idade"}
    assert refused(decide(looked_for=())) == {"lei"}


def test_an_undeclared_input_or_another_direction_refuses(decide, synthetic):
    fewer = [feature for feature in synthetic.inputs() if feature.name != "uf"]
    assert "lei" in refused(decide(inputs=fewer))
    turned = [replace(f, direction=RiskDirection.FREE) if f.name == "renda" else f for f in synthetic.inputs()]
    decision = decide(inputs=turned)
    assert refused(decision) == {"monotonia"}
    assert "renda" in decision.refusals[0]


def test_limits_can_be_set(decide):
    assert refused(decide(limits=Limits(ece=-1.0))) == {"ece"}


def test_the_decision_is_kept_with_every_figure(decide):
    body = json.loads(canonical_json(decide(comparison=Comparison("v1", Interval(0.0, -0.01, 0.01))).to_json()))
    assert body["assume"] is True
    assert body["modelo_em_vigor"] == "v1"
    assert body["verificacoes"][0]["observado"] == {"valor": 0.0, "de": -0.01, "ate": 0.01}
    assert all(set(check) == set(body["verificacoes"][0]) for check in body["verificacoes"])


@pytest.mark.parametrize(("low", "high", "passes"), [(0.0, 0.3, True), (0.21, 0.3, False), (0.2, 0.3, True)])
def test_a_limit_is_broken_only_by_a_whole_interval(low, high, passes):
    assert check_interval("x", "X", Interval(0.25, low, high), at_most=0.2, joint=False).passed is passes
    assert check_interval("x", "X", Interval(-0.25, -high, -low), at_least=-0.2, joint=False).passed is passes


def test_two_equally_good_models_are_told_apart_by_chance_no_more_than_its_level():
    """Of forty pairs of equals, few may be refused: a one-sided 2.5% each."""
    lost = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=1_500)
        is_bad = rng.random(1_500) < 1 / (1 + np.exp(1.5 + truth))
        one, other = ((100 * (truth + rng.normal(0, 0.5, 1_500))).astype(int) for _ in range(2))
        difference = paired_auc_difference(is_bad, one, other, np.arange(1_500), seed=seed)
        lost += not check_interval("x", "X", difference, at_least=0.0, joint=False).passed
    assert lost <= 4


def test_twenty_sound_checks_refuse_a_model_seldom():
    """Of two hundred gates of twenty checks whose truth stands at the limit itself, few may refuse."""
    rng = np.random.default_rng(1)
    refusing = 0
    for _ in range(200):
        drawn = [Interval(x, x - 1.96, x + 1.96) for x in rng.normal(size=20).round(4).tolist()]
        refusing += not all(check_interval("x", "X", one, at_least=0.0).passed for one in drawn)
    assert refusing < 0.05 * 200
