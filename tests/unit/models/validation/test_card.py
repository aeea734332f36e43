"""Guards the card and the public description: they say what the model is, what it is not, and what was refused."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from contracts.feature_terms import InputType
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from models.training.record import InputUse
from models.validation.card import render_card, render_public_description
from models.validation.intervals import Interval
from models.validation.markdown import markdown_table
from models.validation.number_texts import interval, percent_interval
from models.validation.proxies import ProxyFinding, Verdict
from tests.model_samples import make_trained

VERSION = "2025-06-30-00000000"


@pytest.fixture(scope="module")
def trained():
    made = make_trained()
    left_out = InputUse("bens_qtd", "BEM01", "nao_usada", 0.25)
    finding = ProxyFinding("uf", "sexo", "F", 500, Interval(0.7, 0.68, 0.72), 0.65, 0.1, 0.5, Verdict.REPORTED)
    return replace(
        made,
        record=replace(made.record, inputs=(*made.record.inputs, left_out)),
        evidence=replace(made.evidence, proxies=(finding,)),
    )


@pytest.fixture(scope="module")
def card(trained) -> str:
    return render_card(trained, VERSION)


@pytest.fixture(scope="module")
def description(trained) -> str:
    return render_public_description(trained, VERSION)


def test_the_card_names_the_model_its_dates_and_its_law(trained, card):
    for part in (
        VERSION, trained.points.sha256, "2024-02-29", "2024-03-31", "2025-06-30", "art. 7º-A", "Res. CMN 4.557",
        "SR 26-2", "LGPD", "Pode assumir", "cópias codificadas de sexo, estado_civil",
    ):  # fmt: skip
        assert part in card


def test_the_card_gives_every_figure_its_interval(trained, card):
    late = trained.evidence.out_of_time
    for found in (late.auc, late.gini, late.ks, late.brier, late.ece, late.log_loss, late.average_precision):
        assert interval(found) in card
    for group in (*late.bands, *late.deciles):
        assert percent_interval(group.bad_rate) in card
    for month in late.months:
        assert interval(month.gini) in card
    assert interval(trained.evidence.price_of_transparency) in card
    assert interval(trained.evidence.score_stability.index) in card


def test_the_card_says_what_was_refused_and_why(trained, card):
    assert "`bens_qtd`: oferecida, sem termo no modelo (faltante em 25,0%)." in card
    assert "| Sexo | uf | F | 0,700 (0,680 a 0,720) | 0,65 | 10,0% | relatada |" in card
    refused = render_card(make_trained(takes_over=False), VERSION)
    assert "**Não assume**" in refused
    assert "Verificação de entrada em vigor: gini_amplitude: Gini mensal: fora do limite." in refused


def test_every_term_is_in_both_texts(trained, card, description):
    for term in trained.points.terms:
        assert f"| {term.code} | {' x '.join(term.features)} |" in card
        names = " e ".join(feature.replace("_", " ").capitalize() for feature in term.features)
        assert f"| {term.code} | {names} | {term.text_raises} | {term.text_lowers} |" in description


def test_the_description_speaks_in_words_and_not_by_names_of_fields(description):
    assert re.findall(r"[a-z0-9]+_[a-z0-9_]+", description) == []


def test_the_description_tells_direction_bands_arithmetic_and_rights(description):
    for part in (
        "quanto maior, maior o score", "mais pontos: SP; menos pontos: RJ, MG", "| REN01_PER02 |", "combinação",
        "| Bom | 501 a 700 | de 4,0% a 19,1% |", "Todos partem de 600 pontos", "Somar 80 pontos", "LGPD, art. 20",
        "Lei 12.414, art. 5º, III", "cópias codificadas de sexo e estado civil", "orientação sexual",
    ):  # fmt: skip
        assert part in description


def test_the_description_promises_no_more_than_was_measured(trained):
    unknown = replace(trained, evidence=replace(trained.evidence, out_of_time=replace(
        trained.evidence.out_of_time, auc=None)))  # fmt: skip
    assert "Ainda não há desfechos bastantes" in render_public_description(unknown, VERSION)


def test_directions_of_a_free_number_are_its_best_and_worst_values(trained):
    axis = Axis("idade", InputType.NUMBER, edges=(25.0, 60.5))
    term = Term("IDA", (axis,), (-20, 15, 3, 0, 0), "idade boa", "idade ruim")
    text = render_public_description(
        replace(trained, points=PointsTable("livre", 12, ScoreScale(), 600, (term,))), VERSION
    )
    assert "melhor: acima de 25 até 60,5; pior: até 25" in text


def test_texts_from_anybody_do_not_break_a_table():
    assert markdown_table(["a"], [["x|y\nz"]]).splitlines()[-1] == "| x\\|y z |"


def test_groups_that_were_not_judged_are_said_to_be_few(trained, card):
    few = [g for one in trained.evidence.fairness for g in one.groups if not g.judged]
    assert ("poucas linhas: não julgado" in card) == bool(few)
    nobody = replace(trained, evidence=replace(trained.evidence, fairness=()))
    assert "Não foi medida" in render_card(nobody, VERSION)


def test_the_probability_of_a_band_falls_with_the_score(trained):
    chances = trained.points.scale.probability(np.array([300, 301, 500, 501]))
    assert (np.diff(chances) < 0).all()
