"""A model's report: one HTML file with every figure and plot, nobody's data, and nothing fetched from elsewhere.

Made from what the registry holds (points table, ``metricas.json``, ``treino.json``, ``decisao.json``), so that it can
be made again at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flows import model_plots
from flows.pages import render_page
from flows.term_shapes import draw_terms
from models.registered_model import RegisteredModel
from models.validation import number_texts
from models.validation.card_evidence import PSI_SHIFTED, PSI_STABLE, exceeds_chance, has_moved, price_sentence
from models.validation.evidence import Evidence
from models.validation.fairness import MIN_GROUP_OUTCOMES, MIN_GROUP_ROWS
from models.validation.figure_labels import ATTRIBUTES, BANDS, CHALLENGERS, FIGURES, OUTCOMES, VERDICTS, sets_of
from models.validation.proxies import ALL_INPUTS

TEMPLATE = "modelo.html.j2"


def render_model_report(model: RegisteredModel) -> str:
    """Return the report of a model as HTML; DataIntegrityError if its evidence is of another form."""
    evidence = Evidence.from_json(model.metrics)
    features = [one for one in evidence.stability if one.name != "score"]
    return render_page(
        TEMPLATE,
        m=model,
        e=evidence,
        late=evidence.out_of_time,
        training=model.training,
        decision=model.decision,
        sets=sets_of(evidence),
        figures=FIGURES,
        plots=_plots(evidence),
        shapes=draw_terms(model.points, evidence.terms),
        moved=sorted(evidence.stability, key=lambda one: (one.name != "score", -_index(one.index), one.name)),
        shifted=[one.name for one in features if has_moved(one)],
        beyond_chance=[one.name for one in features if exceeds_chance(one) and not has_moved(one)],
        price=price_sentence(evidence),
        psi_limits=(PSI_STABLE, PSI_SHIFTED),
        group_limits=(MIN_GROUP_ROWS, MIN_GROUP_OUTCOMES),
        names={"attributes": ATTRIBUTES, "bands": BANDS, "challengers": CHALLENGERS, "verdicts": VERDICTS,
               "outcomes": OUTCOMES, "all_inputs": ALL_INPUTS},
        **_writers(),
    )  # fmt: skip


def _plots(evidence: Evidence) -> dict[str, Any]:
    late = evidence.out_of_time
    return {
        "roc": model_plots.roc(late),
        "precision_recall": model_plots.precision_recall(late),
        "ks": model_plots.kolmogorov_smirnov(late),
        "months": model_plots.gini_by_month(evidence),
        "calibration": model_plots.calibration_curve(late),
        "scores": model_plots.score_distribution(late),
        "bands": model_plots.rates_by_band(late),
        "deciles": model_plots.rates_by_decile(late),
        "stability": model_plots.feature_stability(evidence),
        "price": model_plots.price(evidence),
        "fairness": {
            one.attribute: model_plots.fairness(one)
            for one in evidence.fairness
            if any(group.judged for group in one.groups)
        },
    }


def _writers() -> dict[str, Callable[..., str]]:
    return {
        "whole": number_texts.whole,
        "decimal": number_texts.decimal,
        "percent": number_texts.percent,
        "signed": number_texts.signed,
        "interval": number_texts.interval,
        "percent_interval": number_texts.percent_interval,
    }


def _index(found: Any) -> float:
    return 0.0 if found is None else float(found.estimate)
