"""Summaries add up: two halves give what the whole gives, and a broken promise of the score is counted."""

import numpy as np
import pyarrow as pa
import pytest

from contracts.extraction import TableCounts
from contracts.score_scale import SCORES_SCHEMA, Status, band_of
from flows.gates import PROMISES
from flows.range_summary import RangeSummary, summarize_features, summarize_scores
from models.monitoring.reference_distribution import ReferenceDistribution

BASE = 500
MODEL = "a" * 64


def scores_table(points: list[int | None]) -> tuple[pa.Table, np.ndarray]:
    rows = []
    for i, point in enumerate(points):
        raw = None if point is None else BASE + point
        score = None if raw is None else min(max(raw, 0), 1000)
        rows.append(
            {
                "cliente_id": f"id-{i}",
                "cpf": f"{i:011d}",
                "score": score,
                "score_bruto": raw,
                "probabilidade": None if raw is None else 1 / (1 + np.exp((raw - 400) / 80)),
                "faixa": None if score is None else band_of(score).value,
                "status": Status.INSUFFICIENT_DATA.value if raw is None else Status.OK.value,
                "motivos": [],
            }
        )
    return pa.Table.from_pylist(rows, schema=SCORES_SCHEMA), np.array([BASE + (p or 0) for p in points], np.int32)


def test_halves_add_up_to_the_whole():
    points = [-600, -100, 0, None, 20, 300, 700, None]
    whole = summarize_scores(*scores_table(points))
    halves = summarize_scores(*scores_table(points[:4])) + summarize_scores(*scores_table(points[4:]))
    assert halves.probability_sum == pytest.approx(whole.probability_sum)
    assert (halves.scored, halves.insufficient, halves.histogram, halves.bands, halves.broken) == (
        whole.scored,
        whole.insufficient,
        whole.histogram,
        whole.bands,
        whole.broken,
    )
    assert (whole.scored, whole.insufficient, whole.minimum, whole.maximum) == (6, 2, 0.0, 1000.0)
    assert sum(whole.broken.values()) == 0


def test_all_that_is_counted_has_a_gate():
    assert set(summarize_scores(*scores_table([0, None])).broken) == set(PROMISES)


@pytest.mark.parametrize(
    ("column", "value", "promise"),
    [
        ("score_bruto", 601, "soma_das_contribuicoes"),
        ("score", 599, "recorte_da_escala"),
        ("faixa", "baixo", "faixa"),
        ("probabilidade", 1.5, "probabilidade_fora_de_0_1"),
    ],
)
def test_a_broken_promise_is_counted(column, value, promise):
    scores, recomputed = scores_table([100, 0, -50])
    values = scores[column].to_pylist()
    values[0] = value
    index = scores.schema.get_field_index(column)
    altered = scores.set_column(index, scores.schema.field(index), pa.array(values, scores.schema.field(index).type))
    assert summarize_scores(altered, recomputed).broken[promise] == 1


def test_rising_probability_is_a_monotone_violation():
    scores, recomputed = scores_table([100, 0, -50])
    index = scores.schema.get_field_index("probabilidade")
    altered = scores.set_column(index, scores.schema.field(index), pa.array([0.9, 0.5, 0.6], pa.float32()))
    assert summarize_scores(altered, recomputed).broken["monotonia"] == 1


def test_feature_summary_tells_missing_from_not_finite():
    table = pa.table({"cpf": ["1", "2", "3"], "a": pa.array([1.0, None, float("inf")]), "uf": ["SP", None, "RJ"]})
    summary = summarize_features(table)
    assert (summary["a"].rows, summary["a"].missing, summary["a"].not_finite, summary["a"].maximum) == (3, 1, 1, 1.0)
    assert (summary["uf"].rows, summary["uf"].missing) == (3, 1)


def test_a_summary_without_rows_adds_nothing_to_a_distribution():
    counted = RangeSummary(distribution=ReferenceDistribution(MODEL, 2, {"a": (1, 1)}, {500: 2}))
    strays = RangeSummary(counts={"divida": TableCounts(1, 0, {}, {"orfao": 1})})
    assert (strays + counted).distribution == (counted + strays).distribution == counted.distribution


def test_json_round_trip_and_reconciliation():
    summary = RangeSummary(
        1,
        {"cliente": TableCounts(10, 7, {"posterior_a_data_referencia": 1}, {"cpf_malformado": 2})},
        summarize_features(pa.table({"a": [1.0, 2.0]})),
        summarize_scores(*scores_table([0, 1, 2, 3, 4, 5, None])),
        {"extrair": 1.5},
        ReferenceDistribution(MODEL, 6, {"a": (4, 0, 2)}, {500: 1, 501: 5}),
    )
    assert RangeSummary.from_json(summary.to_json()) == summary
    assert (summary.extracted_clients, summary.rejected_clients, summary.unaccounted_clients) == (9, 2, 0)
