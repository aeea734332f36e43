"""Guards the model report: whole, self-contained, made from the registry's documents alone, safe against its data."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from contracts.canonical_json import canonical_json
from contracts.errors import DataIntegrityError
from contracts.feature_terms import InputType, RiskDirection
from flows.model_report import render_model_report
from flows.term_shapes import draw_terms
from models.points.scaling import ScoreScale
from models.points.table import Axis, PointsTable, Term
from models.registered_model import RegisteredModel
from models.validation.evidence import Evidence, TermCounts
from models.validation.number_texts import interval
from tests.model_samples import make_trained

VOID = {"meta", "br", "line", "rect", "path", "use", "link", "hr", "img"}


def as_registered(trained) -> RegisteredModel:
    documents = (part.to_json() for part in (trained.evidence, trained.record, trained.decision))
    metrics, training, decision = (json.loads(canonical_json(document)) for document in documents)
    return RegisteredModel("2025-06-30-12345678", trained.points, metrics, training, decision, "", "")


@pytest.fixture(scope="module")
def model() -> RegisteredModel:
    return as_registered(make_trained(takes_over=False))


@pytest.fixture(scope="module")
def page(model) -> str:
    return render_model_report(model)


class Outline(HTMLParser):
    """What a page links to, fetches, runs, and leaves open."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        self.targets += [
            value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "data", "action")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def outline(page: str) -> Outline:
    found = Outline()
    found.feed(page)
    assert found.open == []
    return found


def test_nothing_is_fetched_or_run(page):
    found = outline(page)
    assert not {"script", "link", "iframe", "object", "embed", "img"} & set(found.tags)
    assert all(target.startswith("#") for target in found.targets)
    assert "url(http" not in page
    assert "@import" not in page


def test_every_part_is_there(page, model):
    found = outline(page)
    assert {"decisao", "dados", "discriminacao", "meses", "calibracao", "faixas", "preco", "estabilidade", "equidade",
            "recusas", "termos", "como"} <= found.ids  # fmt: skip
    for title in ("ROC", "Precisão e revocação", "KS: parcela", "Gini por data", "Calibração", "Score por desfecho",
                  "Inadimplência por faixa", "Inadimplência por decil", "CSI por variável", "AUC fora do"):  # fmt: skip
        assert f">{title}" in page, title
    assert found.tags.count("svg") >= 10 + len(model.points.terms)


def test_the_figures_are_the_evidence(page, model):
    late = Evidence.from_json(model.metrics).out_of_time
    for found in (late.auc, late.gini, late.ks, late.brier, late.log_loss, late.trend.gini_slope):
        assert interval(found) in page
    assert model.points.sha256 in page


def test_a_refused_model_is_said_to_be_refused(page):
    assert "recusado: não assume" in page
    assert page.count("Gini mensal: fora do limite.") == 2


def test_the_same_documents_give_the_same_bytes(page, model):
    assert render_model_report(model) == page


def test_names_from_the_data_are_text_and_not_markup():
    hostile = '<script>alert("1")</script>R$ 5 $x^2$'
    trained = make_trained()
    axis = Axis(hostile, InputType.NUMBER, RiskDirection.FREE, edges=(1.0,))
    state = Axis("uf", InputType.CATEGORY, groups=((hostile,),))
    points = PointsTable(
        hostile, 12, ScoreScale(), 600,
        (Term("A", (axis,), (5, -5, 0, 1)), Term("B", (axis, state), (1,) * 12)),
    )  # fmt: skip
    fairness = tuple(
        replace(one, attribute=hostile, groups=tuple(replace(g, group=hostile + g.group) for g in one.groups))
        for one in trained.evidence.fairness
    )
    stability = tuple(
        replace(one, name="score" if one.name == "score" else hostile) for one in trained.evidence.stability
    )
    terms = (TermCounts("A", (9, 9, 0, 2), (1, 2, 0, 0)), TermCounts("B", (1,) * 12, (0,) * 12))
    evidence = replace(trained.evidence, fairness=fairness, stability=stability, terms=terms)
    page = render_model_report(as_registered(replace(trained, points=points, evidence=evidence)))
    assert "script" not in outline(page).tags
    assert "&lt;script&gt;" in page
    assert "passou em todas as verificações" in page


def test_evidence_of_another_form_is_refused(model):
    with pytest.raises(DataIntegrityError, match="not a document of this form"):
        render_model_report(replace(model, metrics={}))


def test_terms_are_drawn_with_the_weightiest_first_and_every_cell_in_words():
    axis = Axis("renda", InputType.NUMBER, RiskDirection.LESS_RISK, edges=(1_000.0, 5_000.5))
    other = Axis("uf", InputType.CATEGORY, groups=(("SP",), ("RJ", "MG")))
    points = PointsTable(
        "t", 12, ScoreScale(), 600,
        (
            Term("UF", (other,), (1, -1, 0, 0)),
            Term("REN", (axis,), (-50, 0, 60, 0, -10)),
            Term("PAR", (axis, other), tuple(n % 2 for n in range(20))),
        ),
    )  # fmt: skip
    counts = (
        TermCounts("UF", (10, 10, 0, 0), (1, 1, 0, 0)),
        TermCounts("REN", (10, 5, 3, 0, 2), (4, 1, 0, 0, 1)),
        TermCounts("PAR", (2,) * 20, (1,) * 20),
    )
    shapes = draw_terms(points, counts)
    assert [shape.term.code for shape in shapes] == ["REN", "UF", "PAR"]
    assert shapes[0].weight == pytest.approx((50 * 10 + 60 * 3 + 10 * 2) / 20)
    assert re.findall(r"<title>([^<]*)</title>", shapes[0].svg) == [
        "até 1.000: -50 pontos; 10 linhas, 40,0% inadimplentes",
        "acima de 1.000 até 5.000,5: 0 pontos; 5 linhas, 20,0% inadimplentes",
        "acima de 5.000,5: +60 pontos; 3 linhas, 0,0% inadimplentes",
        "ausente: -10 pontos; 2 linhas, 50,0% inadimplentes",
    ]
    assert [cell.name for cell in shapes[1].cells] == ["SP", "RJ, MG", "outros", "ausente"]
    assert len(re.findall("<title>", shapes[2].svg)) == 20
    assert "renda acima de 5.000,5; uf SP: 0 pontos" in shapes[2].svg
